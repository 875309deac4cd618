"""How much a loss changes near a point: the unit in which its gradient and Hessian are called zero.

A constant added to the loss moves no critical point, so the unit may not depend on one: it is made of
differences. The value of the loss itself will not do, since 1e8 + x would be flat beside its own 1e8.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from models.curvature.objective import Objective
from models.curvature.products import losses

__all__ = ["loss_scale"]

DIRECTIONS = 8
"""Random unit vectors, each with its opposite."""


def loss_scale(objective: Objective, w: Tensor, seed: int = 0) -> float:
    """s = max(|L(0) - L(w)|, q), q the lower quartile of |L(u) - L(w)| over 16 points u of the unit sphere.

    The first is what the weights at w have achieved. Where that is nothing (w = 0, or weights whose product
    is 0), the sphere speaks: its quartile, because a few steep directions would make everything look flat.
    L + c has the scale of L, and c L has c times it.

    Args:
        objective: L.
        w: [P] float64.
        seed: of the points.

    Returns:
        s in the unit of the loss; 1 where the loss takes one value at all of these points.

    Raises:
        ValueError: as `losses`.
    """
    half = np.random.default_rng(seed).normal(size=(DIRECTIONS, objective.parameters))
    half /= np.linalg.norm(half, axis=1, keepdims=True)
    here = float(losses(objective, w))
    # One at a time: all at once would hold 16 networks' activations.
    sphere = [abs(float(losses(objective, torch.from_numpy(v))) - here) for v in np.r_[half, -half]]
    finite = [change for change in sphere if np.isfinite(change)] or [0.0]
    found = max(abs(float(losses(objective, w * 0.0)) - here), float(np.quantile(finite, 0.25)))
    return found if 0.0 < found < np.inf else 1.0
