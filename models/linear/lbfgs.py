"""Limited-memory BFGS on an ensemble: every member has its own memory and step, all evaluate together."""

from __future__ import annotations

from typing import Protocol

import numpy as np

__all__ = ["Landscape", "descend"]

MEMORY = 12
"""Pairs kept a member; 3 to 20 is usual (Nocedal & Wright 2006, section 7.2)."""

SUFFICIENT = 1e-4
"""Armijo's constant: the least share of the predicted decrease that a step must achieve."""

HALVINGS = 40
"""Halvings of a step before the member is left to a second-order method."""


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

    Directions by the two-loop recursion (Nocedal & Wright 2006, algorithm 7.4), steps halved from 1
    until they decrease the loss enough (Armijo). A pair (s, y) without positive curvature is not
    remembered, so the quadratic model stays convex near saddles and the step points downwards.
    No step raises a loss by more than its rounding. A member whose line search fails stops.
    """
    w = w.copy()
    waiting = np.arange(len(w))
    state = _State(landscape, w)
    for _ in range(iterations):
        going = state.going & (np.linalg.norm(state.gradient, axis=1) > tolerance)
        if not going.all():
            w[waiting[~going]] = state.w[~going]
            waiting = waiting[going]
            state.keep(going)
        if not len(waiting):
            break
        state.step()
    w[waiting] = state.w
    return w


class _State:
    """Members still descending, with their last MEMORY pairs, oldest first."""

    def __init__(self, landscape: Landscape, w: np.ndarray) -> None:
        self.landscape, self.w = landscape, w.copy()
        self.loss, self.gradient = landscape.loss_and_gradient(w)
        self.going = np.isfinite(self.loss)
        self.steps: list[np.ndarray] = []
        self.changes: list[np.ndarray] = []
        self.inverse: list[np.ndarray] = []  # 1 / s^T y, or 0 for a pair that is not used
        self.scale = 1.0 / np.maximum(np.linalg.norm(self.gradient, axis=1), 1e-300)

    def keep(self, going: np.ndarray) -> None:
        for name in ("w", "loss", "gradient", "going", "scale"):
            setattr(self, name, getattr(self, name)[going])
        for name in ("steps", "changes", "inverse"):
            setattr(self, name, [array[going] for array in getattr(self, name)])

    def direction(self) -> np.ndarray:
        q = self.gradient.copy()
        weights = []
        for s, y, r in zip(self.steps[::-1], self.changes[::-1], self.inverse[::-1], strict=True):
            a = r * _dot(s, q)
            q -= a[:, None] * y
            weights.append(a)
        q *= self.scale[:, None]
        for s, y, r, a in zip(self.steps, self.changes, self.inverse, weights[::-1], strict=True):
            q += (a - r * _dot(y, q))[:, None] * s
        return -q

    def step(self) -> None:
        move = self.direction()
        slope = _dot(move, self.gradient)
        uphill = ~(slope < 0)
        move[uphill], slope[uphill] = -self.gradient[uphill], -_dot(self.gradient, self.gradient)[uphill]
        length = np.ones(len(move))
        trying = np.arange(len(move))
        after = self.w.copy()
        rounding = 4 * np.finfo(np.float64).eps * np.abs(self.loss)
        for _ in range(HALVINGS):
            candidate = self.w[trying] + length[trying, None] * move[trying]
            wanted = self.loss[trying] + SUFFICIENT * length[trying] * slope[trying] + rounding[trying]
            enough = self.landscape.loss(candidate) <= wanted
            after[trying[enough]] = candidate[enough]
            trying = trying[~enough]
            length[trying] /= 2
            if not len(trying):
                break
        self.going[trying] = False
        loss, gradient = self.landscape.loss_and_gradient(after)
        self._remember(after - self.w, gradient - self.gradient)
        self.w, self.loss, self.gradient = after, loss, gradient

    def _remember(self, s: np.ndarray, y: np.ndarray) -> None:
        curvature, square = _dot(s, y), _dot(y, y)
        usable = curvature > 1e-10 * np.sqrt(square * _dot(s, s))
        divisor = np.where(usable, curvature, 1.0)
        self.steps.append(s)
        self.changes.append(y)
        self.inverse.append(np.where(usable, 1.0 / divisor, 0.0))
        self.scale = np.where(usable, divisor / np.where(usable, square, 1.0), self.scale)
        if len(self.steps) > MEMORY:
            for kept in (self.steps, self.changes, self.inverse):
                kept.pop(0)


def _dot(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return np.einsum("mp,mp->m", a, b)
