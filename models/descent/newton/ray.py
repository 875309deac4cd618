"""How far to go along a step: further while the loss falls, or back where it rises.

Newton's step lowers a cross entropy of separable data by a factor e whatever the distance, so that several of
its lengths are worth a try; a step that fails at its full length may hold at a quarter, and a length costs
far less than another system.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

__all__ = ["Length", "best_length"]

_FURTHEST = 64.0
_NEAREST = 0.125


@dataclass(frozen=True, slots=True, eq=False)
class Length:
    """What was found along M steps.

    Attributes:
        t: [M], in units of the step.
        tried: lengths, [M] int64.
    """

    t: Tensor
    tried: Tensor


def best_length(loss: Callable[[Tensor], Tensor], here: Tensor, whole: Tensor, going: Tensor) -> Length:
    """The length of least loss among the powers of 2 up to the first that is worse than the one before.

    Args:
        loss: takes lengths [M] to losses [M].
        here: the loss at length 0, [M].
        whole: the loss at length 1, [M].
        going: which networks are asked of, [M]; the others' length is 1.
    """
    t, best = torch.ones_like(here), whole
    tried = torch.zeros_like(here, dtype=torch.int64)
    up = whole < here
    factor = torch.where(up, 2.0, 0.5).to(here.dtype)
    while True:
        other = t * factor
        going = going & (other <= _FURTHEST) & (other >= _NEAREST)
        if not bool(going.any()):
            # Where nothing lowers the loss, nothing but more damping will do.
            return Length(torch.where(best < here, t, 1.0), tried)
        reached = loss(torch.where(going, other, t))
        tried = tried + going
        # On the way back any length is as good as the last until the loss has fallen.
        going = going & ((reached < best) | (~up & ~(best < here)))
        t, best = torch.where(going, other, t), torch.where(going, reached, best)
