"""Limited-memory BFGS on an ensemble of weights: `models.descent.limited_memory` in NumPy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import numpy as np

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["Landscape", "descend"]


class Landscape(Protocol):
    """A smooth loss over flat weights w [M, P], all members at once."""

    def loss(self, w: np.ndarray) -> np.ndarray:
        """[M]."""

    def loss_and_gradient(self, w: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """[M] and [M, P]."""

    def hessian(self, w: np.ndarray) -> np.ndarray:
        """[M, P, P]."""

    def gradient_error(self, w: np.ndarray) -> np.ndarray:
        """[M]: bound on the norm of the rounding in the gradient."""

    def hessian_error(self, w: np.ndarray) -> np.ndarray:
        """[M]: bound on the spectral norm of the rounding in `hessian`."""

    def third_derivative(self, w: np.ndarray, radius: float) -> np.ndarray:
        """[M]: bound on |D^3 L[u, u, u]|, ||u|| = 1, within `radius` of w."""


def descend(landscape: Landscape, w: np.ndarray, *, tolerance: float, iterations: int) -> np.ndarray:
    """Weights [M, P] after at most so many steps; a member stops when ||gradient|| <= tolerance.

    No step raises a loss by more than its rounding. A member whose line search fails stops, and is left to
    a second-order method.
    """
    import torch

    from models.descent.limited_memory import advance, begin

    def function(w: Tensor, rows: Tensor) -> tuple[Tensor, Tensor]:
        loss, gradient = landscape.loss_and_gradient(w.numpy())
        return torch.from_numpy(loss), torch.from_numpy(gradient)

    members = begin(function, torch.from_numpy(np.array(w)))
    return advance(function, members, iterations, tolerance).w.numpy()
