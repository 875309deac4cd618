"""Convex quadratic programmes in a box, as the multipliers of kinks are found."""

from __future__ import annotations

import torch
from torch import Tensor

__all__ = ["box_minimum"]

_ITERATIONS = 60
_HALVINGS = 20
_SUFFICIENT = 1e-4
_RIDGE = 1e-13
"""Of the mean diagonal, so that rows that say the same can be factored."""


def box_minimum(A: Tensor, b: Tensor, low: Tensor, high: Tensor, start: Tensor) -> Tensor:
    """The x [n] of least x^T A x / 2 + b^T x with low <= x <= high.

    Newton's step in the variables that are not held at a bound, searched along its projection onto the box
    (Bertsekas 1982, "Projected Newton methods for optimization problems with simple constraints", SIAM J.
    Control and Optimization 20, algorithm of section 2). Each iteration lowers the value.

    Args:
        A: [n, n], symmetric and positive semidefinite.
        b, low, high: [n].
        start: [n], a guess.
    """
    x = start.clamp(low, high)
    if not len(x):
        return x
    ridge = float(A.diagonal().mean()) * _RIDGE
    for _ in range(_ITERATIONS):
        gradient = A @ x + b
        free = (((x > low) | (gradient < 0)) & ((x < high) | (gradient > 0))).nonzero()[:, 0]
        if not len(free):
            break
        step = torch.zeros_like(x)
        step[free] = _solved(A[free][:, free], -gradient[free], ridge)
        length, lowered, full = 1.0, 0.0, False
        for _ in range(_HALVINGS):
            after = (x + length * step).clamp(low, high)
            moved = after - x
            change = float(gradient @ moved + 0.5 * moved @ (A @ moved))
            if change <= _SUFFICIENT * float(gradient @ moved):
                lowered, full = -change, length == 1 and bool((moved == step).all())
                x = after
                break
            length /= 2
        if lowered <= 1e-15 * abs(float(0.5 * x @ (A @ x) + b @ x)):
            break
        if full and _optimal(A @ x + b, x, low, high, free):
            break
    return x


def _optimal(gradient: Tensor, x: Tensor, low: Tensor, high: Tensor, solved: Tensor) -> bool:
    """Whether no variable at a bound wants to leave it, the others being solved for."""
    wants = ((x <= low) & (gradient < 0)) | ((x >= high) & (gradient > 0))
    wants[solved] = False
    return not bool(wants.any())


def _solved(A: Tensor, b: Tensor, ridge: float) -> Tensor:
    for _ in range(6):
        shifted = A.clone()
        shifted.diagonal().add_(ridge)
        factor, failed = torch.linalg.cholesky_ex(shifted)
        if not int(failed):
            return torch.cholesky_solve(b[:, None], factor)[:, 0]
        ridge = 1e3 * ridge + 1e-300
    return b / A.diagonal().clamp(min=1e-300)
