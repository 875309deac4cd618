"""A local minimum of a smooth piece: a ball around w on which the objective is strongly convex.

Between kinks the objective of a ReLU network with squared error is a polynomial in the weights, and its
majorant (`models.curvature.objective`) has the same terms with positive coefficients. So, for all v with
|v_i - w_i| <= r, entry by entry,

    |H(v) - H(w)| <= H'(|w| + r) - H'(|w|),      |z(v) - z(w)| <= z'(|w| + r) - z'(|w|)

with H' and z' of the majorant. Let mu be the smallest eigenvalue at w less the error of H(w) and the norm
of the first difference. If mu > 0, no pre-activation reaches 0, and 2 ||g|| <= mu r, then the objective is
mu-strongly convex on the ball of radius r, larger on its boundary than at w, and has one minimum inside it,
at most ||g||^2 / (2 mu) below. All of it in the weights that are `essential`: a local minimum there is one
in all.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from models.curvature.dense import SLACK, UNIT, gamma, nonnegative_norm, symmetric_eigensystem
from models.curvature.hessian import dense_hessian
from models.curvature.objective import Objective, network
from models.curvature.products import gradient_error, gradients, hessian_products, majorised
from models.descent.certificates.enclosure import objective, preactivations
from models.descent.certificates.essential import essential
from models.descent.problem import Problem
from models.networks.mlp import MLP, layers_of

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Curved", "curved", "decay_of", "smooth_objective"]

NEWTON = 5
"""Steps to the point beside w, all with the Hessian at w."""

NEAR = 1e-3
"""How far that may be, over the length of the weights."""


@dataclass(frozen=True, slots=True, eq=False)
class Curved:
    """What the Hessian says in the essential weights.

    Attributes:
        curvature: its smallest eigenvalue; infinite where no weight is essential.
        bound: on the error of that; an estimate where the loss has no majorant.
        direction: [P], a unit eigenvector of it, by the eigensolver; 0 in other weights.
        depth: a local minimum beside w lies at most this below; NaN where that is not shown.
        proved: whether `depth` is.
    """

    curvature: float
    bound: float
    direction: Tensor
    depth: float
    proved: bool


def smooth_objective(problem: Problem) -> Objective:
    """The mean loss of one network, without the penalty, as `models.curvature` takes it."""
    spec, made = problem.spec.objective, problem.spec.network
    assert isinstance(made, MLP)
    sizes = made.sizes(tuple(problem.x.shape[1:]), problem.outputs)
    return network(sizes, problem.x.flatten(1).cpu(), problem.y.cpu(), spec.output, spec.loss)


def curved(problem: Problem, w: Tensor) -> Curved:
    """The Hessian's answer at w [1, P], for a fully connected network with no pre-activation at 0.

    Where it is definite and the gradient too large for a proof at w, the proof is made at the point beside w
    to which Newton's method leads.

    Raises:
        ValueError: as `dense_hessian`, beyond its limit.
    """
    here, beside = _at(problem, w)
    if not math.isnan(here.depth) or beside is None:
        return here
    there = _at(problem, beside)[0]
    fall = objective(problem, w).high - objective(problem, beside).low
    return replace(here, depth=max(fall, 0.0) + there.depth, proved=there.proved)


def _at(problem: Problem, w: Tensor) -> tuple[Curved, Tensor | None]:
    """What is found at w itself, and a point beside it where more may be; None where there is none."""
    loss, row = smooth_objective(problem), w[0].cpu()
    found = list(preactivations(problem, w))
    hidden = range(len(found[0]) - 1)
    masks = [torch.cat([(layers[d][0] > 0).double() for layers in found]) for d in hidden]
    keep, decay = essential(problem, w, masks), decay_of(problem)
    index = keep.numpy().nonzero()[0]
    hessian = dense_hessian(loss, row)
    sure, zero = hessian.certified, torch.zeros_like(row)
    if not len(index):
        return Curved(math.inf, 0.0, zero, 0.0, sure), None
    H = hessian.matrix[np.ix_(index, index)] + np.diag(decay.numpy()[index])
    error = np.broadcast_to(hessian.entry_error, hessian.matrix.shape)[np.ix_(index, index)]
    error = error + 2 * UNIT * np.abs(H)
    # The exact Hessian is symmetric: the mean of an entry and its mirror has the mean of their errors.
    values, vectors, bound = symmetric_eigensystem(0.5 * (H + H.T), 0.5 * (error + error.T))
    direction, least = zero.clone(), float(values[0])
    direction[keep] = torch.from_numpy(vectors[:, 0].copy())
    answer = Curved(least, bound, direction, math.nan, False)
    if least <= bound:
        return answer, None

    def slope(at: Tensor) -> Tensor:
        return (gradients(loss, at) + decay * at)[keep]

    slip = gradient_error(loss, row)
    noise = 4 * UNIT * float((decay * row).norm()) + (slip or 0.0)
    g = float(slope(row).norm()) * (1 + SLACK) + noise
    r = 4 * g / (least - bound) + 1e-300
    if _stays(problem, w, keep, r, found):
        lost = _change(loss, row, keep, r) if sure else 0.0
        mu = (least - bound - (math.inf if lost is None else lost)) * (1 - SLACK)
        if mu > 0 and 2 * g <= mu * r:
            return replace(answer, depth=g**2 / (2 * mu), proved=sure and slip is not None), None
    at, V = row.clone(), torch.from_numpy(vectors)
    for _ in range(NEWTON):
        at[keep] -= V @ (V.T @ slope(at) / torch.from_numpy(values))
    near = float((at - row).norm()) <= NEAR * max(float(row.norm()), 1.0)
    return answer, at[None].to(w) if near else None


def decay_of(problem: Problem) -> Tensor:
    """[P], the second derivative of the penalty: an L2's strength at weights."""
    strength = float(getattr(problem.spec.objective.penalty, "strength", 0.0))
    return torch.cat(
        [
            torch.full((math.prod(one.shape),), on, dtype=torch.float64)
            for one in problem.about.values()
            for on in [strength if one.role == "weight" else 0.0]
        ]
    )


def _change(loss: Objective, w: Tensor, keep: Tensor, r: float) -> float | None:
    """Bound on ||H(v) - H(w)|| over the essential weights, for v within r of w in these."""
    twin = majorised(loss, w)
    if twin is None:
        return None
    index = keep.nonzero()[:, 0]
    columns = torch.eye(len(w), dtype=torch.float64)[index]

    def of(point: Tensor) -> Tensor:
        return torch.cat([hessian_products(twin, point, block)[:, index] for block in columns.split(256)])

    there, here = of(w.abs() + r * keep.double()), of(w.abs())
    g = gamma(loss.roundings) * (1 + SLACK)
    change = there * (1 + g) - here * (1 - g)
    change = torch.maximum(change, change.T).clamp(min=0.0)
    return nonnegative_norm(change.numpy())


def _stays(
    problem: Problem, w: Tensor, keep: Tensor, r: float, found: Sequence[Sequence[tuple[Tensor, Tensor]]]
) -> bool:
    """Whether no pre-activation that matters reaches 0 while the essential weights move by at most r."""
    last = len(found[0]) if problem.spec.objective.output == "relu" else len(found[0]) - 1
    moved = w.abs() + r * keep.to(w)
    near, far = (
        layers_of({name: part[0] for name, part in problem.stacked(at).items()}) for at in (w.abs(), moved)
    )
    for x, layers in zip(problem.x.flatten(1).abs().split(len(found[0][0][0])), found, strict=True):
        small, large = x, x
        for (z, e), (W, b), (V, c) in list(zip(layers, near, far, strict=True))[:last]:
            small, large = small @ W + b, large @ V + c
            g = gamma(4 * sum(len(A) + 2 for A, _ in near))
            if bool((z.abs() <= e + large * (1 + g) - small * (1 - g)).any()):
                return False
            mask = (z > 0).to(z)
            small, large = small * mask, large * mask
    return True
