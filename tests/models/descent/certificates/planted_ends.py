"""Points where a descent is said to have ended, made by hand."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch
from torch import Tensor

from data import Dataset
from models.descent.method import Descending
from models.descent.problem import Problem

__all__ = ["affine", "dead", "ended", "hinge", "line", "weights"]


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


def line(*y: float) -> Dataset:
    """As many samples -2, -1, 0, ... of one column as there are targets; standardised when they are read."""
    x = np.arange(len(y), dtype=float)[:, None]
    target = np.array(y)
    return Dataset("line", "regression", x, target, x, target, 0, "0" * 64, "written in a test")


def hinge(problem: Problem, knot: int, **more: Any) -> Tensor:
    """w [1, P]: the first unit is max(0, x - x_knot), 0 at that sample, and its weight out and the last bias
    are the best there are; of what else is given by name, the first unit's part is overwritten."""
    x = problem.x[:, 0]
    basis = torch.stack([(x - x[knot]).relu(), torch.ones_like(x)], 1)
    v, c = torch.linalg.lstsq(basis, problem.y)[0][:, 0].tolist()
    units = problem.about["b1"].shape[0]
    found = {"W1": [[0.0] * units], "b1": [0.0] * units, "W2": [[0.0]] * units} | more
    W1, b1, W2 = (torch.tensor(found[name], dtype=torch.float64) for name in ("W1", "b1", "W2"))
    W1[0, 0], b1[0], W2[0, 0] = 1.0, -x[knot], v
    return weights(problem, W1=W1, b1=b1, W2=W2, b2=[c])


def affine(problem: Problem, lift: float = 20.0, units: int = 1) -> Tensor:
    """w [1, P] whose units are active on all samples, so that the network is the least squares plane."""
    x = problem.x.flatten(1)
    lifted = torch.cat([x, torch.ones_like(x[:, :1])], 1)
    plane = torch.linalg.pinv(lifted) @ problem.y
    W1, b1 = plane[:-1].expand(-1, units), [lift] * units
    return weights(problem, W1=W1, b1=b1, W2=[[1.0 / units]] * units, b2=plane[-1] - lift)
