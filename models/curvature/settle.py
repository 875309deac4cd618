"""The critical point next to a point that is one only to tolerance.

At a distance d from a minimum with a symmetry, the symmetry's null directions have eigenvalues of order
||g|| / ||w||, of both signs: negative curvature is proved there, and it is the gradient's and not the
minimum's. Newton steps in the other directions take the gradient away, and the false curvature with it.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from models.curvature.objective import Objective
from models.curvature.products import gradient_error, gradients

__all__ = ["settled"]

STEPS = 10


def settled(
    objective: Objective, w: Tensor, eigenvalues: np.ndarray, vectors: np.ndarray, above: float, reach: float
) -> Tensor:
    """A point [P] within reach of w whose gradient is 0 within its rounding; w itself if none was found.

    Chord steps w - V (V^T g / eigenvalues), all with the eigenvectors at the first point, over the
    eigenvalues above a tolerance in size: they converge in a few steps where the critical point is close
    and regular in these directions, and nowhere else.

    Args:
        objective: the loss.
        w: [P].
        eigenvalues: [P] of its Hessian at w.
        vectors: [P, P], eigenvectors in columns.
        above: eigenvalues of at most this size are left alone.
        reach: longest way from w.
    """
    steep = np.abs(eigenvalues) > above
    V, values = torch.from_numpy(vectors[:, steep]), torch.from_numpy(eigenvalues[steep])
    at, before = w, np.inf
    for _ in range(STEPS + 1):
        gradient, rounding = gradients(objective, at), gradient_error(objective, at)
        size = float(gradient.norm())
        if rounding is None or not size < before:
            return w
        if size <= rounding:
            return at
        at, before = at - V @ (V.T @ gradient / values), size
        if not float((at - w).norm()) <= reach:
            return w
    return w
