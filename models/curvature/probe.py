"""Where the Hessian is silent: does the loss fall in every small ball around the point?

At a critical point with a positive semidefinite, singular Hessian the second-order test decides nothing; the
loss may fall to third or fourth order along the null space, or only on a curve through it, as (y - x^2)(y -
3 x^2) does.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor

from models.curvature.dense import UNIT
from models.curvature.objective import Objective
from models.curvature.products import gradients, loss_error, losses

__all__ = ["Descent", "descend_nearby"]

RADII = tuple(2.0**-k for k in range(2, 10))
"""Radii of the balls, in units of the length at the point."""

LOCAL = 2.0**-5
"""A lower loss in a ball this small is near the point; further away it is a better basin, and no sign of a
saddle."""

LAST = 3
"""Lower losses count as being in every small ball where they are in this many of the smallest ones, and fall
from one to the next as a power of the radius."""

ORDERS = (2.5, 6.5)
"""Orders that such a fall may have: to third order half the radius holds 1/8 of the drop, to sixth 1/64. A
basin of its own ends abruptly, or is wholly inside both balls."""

ITERATIONS = 60


@dataclass(frozen=True, eq=False, repr=False)
class Descent:
    """Lower losses in shrinking balls around a point.

    Attributes:
        found: whether they were found in the smallest balls, falling as a power of the radius.
        doubtful: whether they were found near the point but not in the smallest balls, or not falling so:
            that shows neither a descent direction at the point nor its absence.
        radii: [k] of the balls in which a lower loss was found, descending.
        drops: [k], L(w) less the lowest loss found there, as computed.
        excess: [k], the part of each drop that neither rounding nor the gradient at w explains.
        point: [P], the lowest point of the smallest of those balls; w itself if none.
        certified: whether the rounding is bounded rather than estimated.
    """

    found: bool
    doubtful: bool
    radii: np.ndarray
    drops: np.ndarray
    excess: np.ndarray
    point: Tensor
    certified: bool

    def __str__(self) -> str:
        if not len(self.radii):
            return "no lower loss nearby"
        how = "beyond a bound on rounding" if self.certified else "beyond an estimate of rounding"
        return f"loss lower by {self.drops[-1]:.2g} within {self.radii[-1]:.2g} of the point, {how}"


def descend_nearby(
    objective: Objective,
    w: Tensor,
    eigenvalues: np.ndarray,
    vectors: np.ndarray,
    null: np.ndarray,
    length: float = 1.0,
    directions: int = 16,
    seed: int = 0,
) -> Descent:
    """Looks for lower losses in balls of radius RADII * length, from starts in the null space and a short
    descent.

    A drop counts when L(w) - L(v) exceeds the rounding of both losses and ||g(w)|| ||v - w||: on a convex
    loss the drop is at most that, so what exceeds it is curvature on the segment from w to v, not a gradient
    left over. Each ball has its own starts, at half its radius, both signs of random unit vectors of the
    null space and of single eigenvectors, and the lowest point of the ball before, moved inwards; descent is
    by gradients scaled with 1 / max(|eigenvalue|, 1e-3 max |eigenvalue|), kept in the ball.

    Args:
        objective: the loss.
        w: [P], the point.
        eigenvalues: [P] of its Hessian.
        vectors: [P, P], eigenvectors in columns.
        null: indices of the eigenvalues that count as 0.
        length: unit of the radii, of the order of ||w||.
        directions: random directions; half of them plus and minus single eigenvectors where there are more.
        seed: of the directions.
    """
    draw = np.random.default_rng(seed)
    V = torch.from_numpy(vectors)
    largest = float(np.abs(eigenvalues).max())
    scaling = torch.from_numpy(
        np.maximum(np.abs(eigenvalues), 1e-3 * largest) if largest else np.ones(len(V))
    )
    here, slope = float(losses(objective, w)), float(gradients(objective, w).norm())
    certified, noise = _rounding(objective, w, here)
    radii, drops, excess, point = [], [], [], w
    hits: dict[float, float] = {}
    flat, inwards = V[:, null], None
    for radius in RADII:
        r = radius * length
        W = w + 0.5 * r * _starts(draw, vectors, null, directions)
        if inwards is not None:
            W = torch.cat([W, (w + inwards)[None]])
        W, values = _descended(objective, w, W, r, V, scaling)
        best = int(values.argmin())
        moved = W[best] - w
        drop = here - float(values[best])
        known, there = _rounding(objective, W[best], float(values[best]))
        more = drop - noise - there - slope * (1 + 1e-6) * float(moved.norm())
        if more > 0:
            radii.append(r)
            drops.append(drop)
            excess.append(more)
            hits[radius] = drop
            point, certified = W[best], certified and known
        # On a curve through w the other directions move with the square of the null ones.
        inwards = 0.25 * moved + 0.25 * (flat @ (flat.T @ moved))
    found = _falls([hits.get(radius) for radius in RADII[-LAST:]])
    doubtful = not found and any(radius <= LOCAL for radius in hits)
    return Descent(found, doubtful, np.array(radii), np.array(drops), np.array(excess), point, certified)


def _falls(drops: list[float | None]) -> bool:
    """Whether there is a drop in every ball, each half as wide as the one before, of an order in ORDERS."""
    known = [drop for drop in drops if drop is not None]
    if len(known) < len(drops):
        return False
    low, high = (2.0**order for order in ORDERS)
    return all(low <= wide / narrow <= high for wide, narrow in pairwise(known))


def _rounding(objective: Objective, w: Tensor, value: float) -> tuple[bool, float]:
    bound = loss_error(objective, w)
    if bound is not None:
        return True, bound
    return False, 16 * max(objective.roundings, 64) * UNIT * abs(value)


def _starts(draw: np.random.Generator, vectors: np.ndarray, null: np.ndarray, directions: int) -> Tensor:
    """Unit vectors [n, P] of the null space, both signs of each."""
    mixed = draw.normal(size=(directions, len(null)))
    single = np.eye(len(null))[draw.permutation(len(null))[:directions]]
    inside = np.concatenate([mixed, single])
    inside /= np.linalg.norm(inside, axis=1, keepdims=True)
    starts = inside @ vectors[:, null].T
    return torch.from_numpy(np.concatenate([starts, -starts]))


def _descended(
    objective: Objective, w: Tensor, W: Tensor, r: float, V: Tensor, scaling: Tensor
) -> tuple[Tensor, Tensor]:
    """Every start [n, P] after a descent that never leaves the ball of radius r, and its loss [n]."""
    values, step = losses(objective, W), torch.full((len(W), 1), 0.5, dtype=torch.float64)
    for _ in range(ITERATIONS):
        move = (gradients(objective, W) @ V / scaling) @ V.T
        # No move is longer than the ball is wide; a null direction would ask for far more.
        move *= torch.clamp(r / move.norm(dim=1, keepdim=True).clamp(min=1e-300), max=1.0)
        trial = W - step * move - w
        trial *= torch.clamp(r / trial.norm(dim=1, keepdim=True).clamp(min=1e-300), max=1.0)
        trial += w
        found = losses(objective, trial)
        better = found < values
        W = torch.where(better[:, None], trial, W)
        values = torch.where(better, found, values)
        step = torch.where(better[:, None], step * 1.5, step * 0.5)
    return W, values
