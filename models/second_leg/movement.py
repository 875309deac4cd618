"""How far training led from the initial weights (Chizat, Oyallon & Bach 2019, "On lazy training in
differentiable programming", section 1.1: relative change of the weights, and activations that flip)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from models.descent.multilayer import Multilayer

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

    Args:
        problem: that was linearised at w last, where it is to cost little.
        w0, w: [M, P].
    """
    if not isinstance(problem, Multilayer) or problem.depth == 1:
        return np.full(len(w), np.nan)
    before, after = _active(problem, w0), problem.linearise(w).active
    differ = [of != (there > 0) for of, there in zip(before, after, strict=True)]
    found: np.ndarray = torch.cat([one.flatten(1) for one in differ], 1).double().mean(1).cpu().numpy()
    return found


def _active(problem: Multilayer, w: Tensor) -> list[Tensor]:
    """Which hidden unit is active on which sample, [M, m, width] a layer, in float32: of a share of half a
    million signs rounding turns few."""
    found, h = [], problem.inputs.x.float()
    for W, b in problem.layers(w.float())[:-1]:
        h = (h @ W + b[:, None]).relu()
        found.append(h > 0)
    return found
