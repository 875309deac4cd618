"""Second order where nothing is proved: a search for negative curvature, and its confirmation by a step down.

Beyond the size at which the Hessian is formed, Lanczos looks for its smallest eigenvalue. Finding none
below 0 is evidence and no proof.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from models.curvature.krylov import lanczos
from models.curvature.products import hessian_products
from models.descent.certificates.local.cell import cell_masks, cell_objective, decay_of
from models.descent.certificates.local.enclosure import objective
from models.descent.certificates.local.essential import essential
from models.descent.problem import Problem

if TYPE_CHECKING:
    from models.descent.certificates.local.kink import Kinked

__all__ = ["falls", "lowest_curvature"]

NEAR = tuple(2.0**-k for k in range(5, 27, 3))
"""Lengths of trial steps over that of the weights: beyond the first, a lower loss is another basin's."""


def falls(problem: Problem, w: Tensor, direction: Tensor, *, both: bool = False) -> bool:
    """Whether a short step from w [1, P] along a unit direction [P], or against it, has a lower objective.

    The objectives are enclosed, so that the step down is proved for a fully connected network.
    """
    here, length = objective(problem, w).low, max(float(w.norm()), 1.0)
    ways = (direction, -direction) if both else (direction,)
    return any(objective(problem, w + part * length * way.to(w)).high < here for part in NEAR for way in ways)


def lowest_curvature(
    problem: Problem, w: Tensor, kinked: Kinked, steps: int
) -> tuple[float, float, Tensor] | None:
    """Smallest Ritz value of the Hessian in the essential weights while what is at 0 stays there.

    Args:
        problem: of a fully connected network.
        w: [1, P].
        kinked: what is at 0 there, in the first layer only.
        steps: of Lanczos.

    Returns:
        The value, the largest size of one, and a unit vector [P] of the first; None where the walls are not
        known, or no step is allowed.
    """
    if kinked.walls is None or not steps:
        return None
    smooth, row = cell_objective(problem, cell_masks(problem, w, kinked.active)), w[0].cpu()
    keep, decay = essential(problem, w, kinked.active), decay_of(problem)
    walls = [_orthonormal(at, rows.cpu(), keep) for at, rows in kinked.walls]

    def project(v: Tensor) -> Tensor:
        v = v * keep
        for at, B in walls:
            v[at] -= (v[at] @ B.T) @ B
        return v

    def product(v: np.ndarray) -> np.ndarray:
        inside = project(torch.from_numpy(v))
        return project(hessian_products(smooth, row, inside) + decay * inside).numpy()

    # What is projected away has eigenvalue 0 here, which hides no negative one.
    found = lanczos(product, len(row), steps, seed=0)
    vector = project(torch.from_numpy(found.vector(0)))
    size = float(np.abs(found.theta).max())
    return float(found.theta[0]), size, vector / vector.norm().clamp(min=1e-300)


def _orthonormal(at: Tensor, rows: Tensor, keep: Tensor) -> tuple[Tensor, Tensor]:
    """An orthonormal basis [r, q] of what the samples span in the weights that are kept."""
    _, s, Vh = torch.linalg.svd(rows * keep[at], full_matrices=False)
    return at, Vh[s > 1e-10 * s.max().clamp(min=1e-300)]
