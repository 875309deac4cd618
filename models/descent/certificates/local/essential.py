"""The weights that matter near a point: holding the others where they are loses no lower objective.

A ReLU network computes the same function at many weights, and the Hessian has a zero eigenvalue for every
such freedom, so that it is positive definite nowhere. Near w each weight left out here can be moved back to
its value at w by a continuous change of the rest that leaves all outputs as they are:

    a unit that is silent on all samples: nothing depends on the weights into it and out of it;
    a weight of an input that is 0 on all samples on which its unit is active: nothing depends on it;
    a unit that is active on all samples: a shift of its bias is taken up by the biases of the next layer;
    any unit: alpha > 0 times the weights into it and 1 / alpha times those out of it (only without a
    penalty), so one weight into it can be fixed, the largest;
    the scores of a softmax: a shift of all of them changes nothing, so those of one class can be fixed.

So a local minimum over the weights that are kept is a local minimum over all of them. Taken layer by layer, a
change disturbs nothing that was put right before.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

from models.descent.problem import Problem

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["essential"]


def essential(problem: Problem, w: Tensor, masks: Sequence[Tensor]) -> Tensor:
    """Which parameters are kept, [P] bool.

    Args:
        problem: of a fully connected network.
        w: [1, P].
        masks: of every hidden layer [m, width], 1 where a unit is active on a sample, 1/2 where it is at 0.
    """
    penalised = problem.spec.objective.penalty is not None
    keep = {name: torch.ones(one.shape, dtype=torch.bool) for name, one in problem.about.items()}
    values = {name: part[0] for name, part in problem.stacked(w).items()}
    h = problem.x.flatten(1)
    for d, mask in enumerate(masks, 1):
        active = mask > 0
        W, b = values[f"W{d}"], values[f"b{d}"]
        into, bias, out = keep[f"W{d}"], keep[f"b{d}"], keep[f"W{d + 1}"]
        silent, always = ~active.any(0), (mask == 1).all(0)
        # A penalty moves weights that nothing else depends on; biases are free of it.
        if not penalised:
            into &= ((h != 0).double().T @ active.double() > 0).cpu()
            out[silent.cpu()] = False
        bias &= ~(silent | always).cpu()
        if not penalised:
            weights = torch.cat([W, b[None]]).abs().cpu()
            kept = torch.cat([into, bias[None]])
            weights[~kept] = 0.0
            largest, row = weights.max(0)
            found = (largest > 0).nonzero()[:, 0]
            kept[row[found], found] = False
            keep[f"W{d}"], keep[f"b{d}"] = kept[:-1], kept[-1]
        h = (h @ W + b) * mask
    spec, last = problem.spec.objective, len(masks) + 1
    if spec.output == "softmax" or (spec.output == "linear" and spec.loss == "ce"):
        keep[f"b{last}"][-1] = False
        if not penalised:
            keep[f"W{last}"][:, -1] = False
    return torch.cat([keep[name].flatten() for name in problem.about])
