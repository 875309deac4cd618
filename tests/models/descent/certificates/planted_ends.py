"""Points where a descent is said to have ended, made by hand."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor

from models.descent.method import Descending
from models.descent.problem import Problem

__all__ = ["dead", "ended", "weights"]


def ended(problem: Problem, w: Tensor, residual: float = math.nan) -> Descending:
    """What a method would return at w [M, P]."""
    loss, gradient = problem.loss_and_gradient(w)
    some = torch.zeros(len(w), dtype=torch.int64)
    return Descending(
        w, loss, gradient.norm(dim=1), some, some.bool(), torch.full((len(w),), residual, dtype=torch.float64)
    )


def weights(problem: Problem, **parameters: Any) -> Tensor:
    """w [1, P] of what is given by name; the rest is 0."""
    found = {name: torch.zeros(1, *one.shape, dtype=torch.float64) for name, one in problem.about.items()}
    for name, value in parameters.items():
        found[name][0] = torch.as_tensor(value, dtype=torch.float64)
    return problem.flat(found)


def dead(problem: Problem, slack: float = 1e-3, layer: int = 1, seed: int = 0) -> Tensor:
    """w [1, P] drawn, with a layer whose units peak at -slack over the samples and the label mean after it.

    What comes after the silent layer but the output bias is 0, so that the output is that bias.
    """
    draw = torch.Generator().manual_seed(seed)
    found = {
        name: torch.randn(1, *one.shape, dtype=torch.float64, generator=draw)
        for name, one in problem.about.items()
    }
    h = problem.x.flatten(1)
    for d in range(1, layer):
        h = (h @ found[f"W{d}"][0] + found[f"b{d}"][0]).relu()
    found[f"b{layer}"][0] = -(h @ found[f"W{layer}"][0]).amax(0) - slack
    depth = len(found) // 2
    for d in range(layer + 1, depth + 1):
        found[f"b{d}"][0] = 0.0
    found[f"b{depth}"][0] = problem.y.mean(0)
    return problem.flat(found)
