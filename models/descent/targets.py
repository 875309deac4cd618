"""Where scores should go: the nearest ones with which a sample is right by a margin.

A softmax that is sure of the wrong class has next to no slope and no curvature, however far its loss is from
the least, and a logarithm's curvature vanishes where it is sure, so that Newton's steps there are no guide.
There is a direction all the same: a sample's loss falls all the way along the straight line to the nearest
scores that put its class a margin above every other, since no gap to its class grows; and with logits of
their own, each on its label's side of 0, since each moves to that side.
"""

from __future__ import annotations

import torch
from torch import Tensor

__all__ = ["nearest_right_logits", "nearest_right_scores"]


def nearest_right_scores(z: Tensor, y: Tensor, margin: float) -> Tensor:
    """The scores next to z [M, m, K] in which the class of y [m, K], one-hot, leads by at least the margin.

    The Euclidean projection: the class's score rises by a, and every other one above its new value less the
    margin falls to that; a follows from how many fall, which are the largest.

    Raises:
        ValueError: targets that are not one-hot.
    """
    if not bool(((y == 0) | (y == 1)).all() and (y.sum(-1) == 1).all()):
        raise ValueError("got targets that are not one-hot, wanted one class a sample: others have no margin")
    right = y.bool().expand_as(z)
    own = (z * y).sum(-1, keepdim=True)
    excess = (z - own + margin).masked_fill(right, -torch.inf)
    ordered = excess.sort(-1, descending=True).values
    # If the k largest fall, a is their sum over k + 1, and each of them exceeds it.
    k = torch.arange(2, z.shape[-1] + 2, device=z.device)
    rises = ordered.cumsum(-1) / k
    count = (ordered > rises).sum(-1, keepdim=True)
    a = torch.where(count > 0, rises.gather(-1, (count - 1).clamp(min=0)), 0.0)
    fallen = torch.minimum(z, own + a - margin)
    return torch.where(right, own + a, fallen)


def nearest_right_logits(z: Tensor, y: Tensor, margin: float) -> Tensor:
    """The logits next to z [M, m, K] that are at least the margin above 0 where y [m, K] is 1, below where 0.

    Raises:
        ValueError: targets that are neither 0 nor 1.
    """
    if not bool(((y == 0) | (y == 1)).all()):
        raise ValueError("got targets between 0 and 1, wanted 0 or 1: others have no side that is right")
    return torch.where(y.bool(), z.clamp(min=margin), z.clamp(max=-margin))
