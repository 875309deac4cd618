"""What can change within a ball around a point: the Hessian by so much, and no unit's sign.

Every term of a cell's objective is a monomial in the weights, so that it moves by at most what the same
monomial of the absolute values gains when each of these grows by the radius.
"""

from __future__ import annotations

import torch
from torch import Tensor

from models.curvature.dense import SLACK, gamma, nonnegative_norm
from models.curvature.objective import Objective
from models.curvature.products import hessian_products, majorised
from models.descent.certificates.local.enclosure import preactivations
from models.descent.certificates.local.kink import Kinked
from models.descent.problem import Problem
from models.networks.mlp import layers_of

__all__ = ["change_within", "stays_within"]


def change_within(loss: Objective, w: Tensor, keep: Tensor, r: float) -> tuple[float, float]:
    """Bounds on ||H(v) - H(w)|| and ||H(v)|| over the essential weights, for v within r of w in these."""
    twin = majorised(loss, w)
    assert twin is not None
    index = keep.nonzero()[:, 0]
    columns = torch.eye(len(w), dtype=torch.float64)[index]

    def of(point: Tensor) -> Tensor:
        return torch.cat([hessian_products(twin, point, block)[:, index] for block in columns.split(256)])

    there, here = of(w.abs() + r * keep.double()), of(w.abs())
    g = gamma(loss.roundings) * (1 + SLACK)
    change = there * (1 + g) - here * (1 - g)
    change = torch.maximum(change, change.T).clamp(min=0.0)
    size = torch.maximum(there, there.T) * (1 + g)
    return nonnegative_norm(change.numpy()), nonnegative_norm(size.numpy())


def stays_within(problem: Problem, w: Tensor, keep: Tensor, r: float, kinked: Kinked) -> bool:
    """Whether no other pre-activation reaches 0 while the essential weights move by at most r."""
    row = w[None].to(problem.x)
    found = list(preactivations(problem, row))
    hidden = len(found[0]) - 1
    last = hidden + 1 if problem.spec.objective.output == "relu" else hidden
    moved = row.abs() + r * keep.to(row)
    near, far = (
        layers_of({name: part[0] for name, part in problem.stacked(at).items()}) for at in (row.abs(), moved)
    )
    g = gamma(4 * sum(len(A) + 2 for A, _ in near))
    start = 0
    for x, layers in zip(problem.x.flatten(1).abs().split(len(found[0][0][0])), found, strict=True):
        small, large = x, x
        for d, ((z, e), (W, b), (V, c)) in enumerate(list(zip(layers, near, far, strict=True))[:last]):
            small, large = small @ W + b, large @ V + c
            reached = z.abs() <= e + large * (1 + g) - small * (1 - g)
            mask = (z > 0).to(z)
            if d < hidden:
                active = kinked.active[d][start : start + len(x)]
                reached &= active != 0.5
                mask = (active == 1).to(z)
                reached |= (active != 0.5) & ((z > 0) != (active == 1))
            if bool(reached.any()):
                return False
            small, large = small * mask, large * mask
        start += len(x)
    return True
