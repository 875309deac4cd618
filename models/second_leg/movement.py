"""How far training led from the initial weights (Chizat, Oyallon & Bach 2019, "On lazy training in
differentiable programming", section 1.1: relative change of the weights, and activations that flip)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from models.networks.mlp import MLP, layers_of

if TYPE_CHECKING:
    from models.descent.problem import Problem

__all__ = ["activation_flips", "relative_movement"]


def relative_movement(w0: Tensor, w: Tensor) -> np.ndarray:
    """|w - w0| / |w0| of each network, [M], from flat parameters [M, P]."""
    found: np.ndarray = ((w - w0).norm(dim=1) / w0.norm(dim=1)).cpu().numpy()
    return found


def activation_flips(problem: Problem, w0: Tensor, w: Tensor) -> np.ndarray:
    """Share of (hidden unit, training sample) whose activity differs between w0 and w, [M].

    NaN where a network has no hidden ReLU pattern that is known here: for others than fully connected ones.
    """
    if not isinstance(problem.spec.network, MLP) or not problem.spec.network.widths:
        return np.full(len(w), np.nan)
    x = problem.x.flatten(1).to(torch.float32)  # a share of 500,000 signs; rounding turns few of them
    found = []
    for k in range(len(w)):
        ends = (of[k : k + 1].to(torch.float32) for of in (w0, w))
        pairs = zip(*(_active(problem.stacked(of), x) for of in ends), strict=True)
        differ = [(before ^ after) for before, after in pairs]
        found.append(sum(int(layer.sum()) for layer in differ) / sum(layer.numel() for layer in differ))
    return np.array(found)


def _active(parameters: Mapping[str, Tensor], x: Tensor) -> list[Tensor]:
    """Which hidden unit is active on which sample, [m, width] a layer, of one network."""
    found, h = [], x
    for W, b in layers_of(parameters)[:-1]:
        h = (h @ W[0] + b[0]).relu()
        found.append(h > 0)
    return found
