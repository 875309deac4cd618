"""Losses of a few weights whose derivatives are known by hand, each with its majorant."""

from __future__ import annotations

import torch

from models.curvature.objective import Objective


def point(*values: float) -> torch.Tensor:
    """[P] float64."""
    return torch.tensor(values, dtype=torch.float64)


def quadratic(A: torch.Tensor, centre: torch.Tensor, shift: float = 0.0, slope: float = 0.0) -> Objective:
    """1/2 (w - c)^T A (w - c) + slope w_0 + shift."""

    def loss(w):
        return 0.5 * (w - centre) @ A @ (w - centre) + slope * w[0] + shift

    def twin(w):
        v = w + centre.abs()
        return 0.5 * v @ A.abs() @ v + abs(slope) * w[0] + abs(shift)

    return Objective(len(A), (loss,), lambda w: (twin,), 40)


def separable(diagonal: torch.Tensor, slope: float = 0.0) -> Objective:
    """1/2 sum of d_i w_i^2 + slope w_0, for as many weights as there are d_i."""

    def loss(w):
        return 0.5 * (diagonal * w * w).sum() + slope * w[0]

    def twin(w):
        return 0.5 * (diagonal.abs() * w * w).sum() + abs(slope) * w[0]

    return Objective(len(diagonal), (loss,), lambda w: (twin,), len(diagonal) + 20)


def basin(size: float, centre: float, sign: float) -> Objective:
    """x^2 + size g(s), s = sign (y - centre), g = s^2 - 2 s^3 + 0.9 s^4: strict at s = 0, lower from 0.76."""

    def g(s, minus):
        return s**2 + minus * 2 * s**3 + 0.9 * s**4

    return Objective(
        2,
        (lambda w: w[0] ** 2 + size * g(sign * (w[1] - centre), -1),),
        lambda w: (lambda v: v[0] ** 2 + size * g(v[1] + abs(centre), 1),),
        20,
    )
