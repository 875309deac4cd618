"""Limited-memory BFGS on an ensemble: every member has its own memory and step, all evaluate together."""

from __future__ import annotations

from typing import Protocol

import numpy as np

__all__ = ["Landscape", "descend"]

MEMORY = 12
"""Pairs kept a member; 3 to 20 is usual (Nocedal & Wright 2006, section 7.2)."""

SUFFICIENT = 1e-4
"""Armijo's constant: the least share of the predicted decrease that a step must achieve."""

FLATTER = 0.9
"""Wolfe's constant: the slope along the step must have shrunk to this share, so that s^T y > 0 always."""

TRIALS = 40
"""Step lengths tried before the member is left to a second-order method."""


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

    Directions by the two-loop recursion (Nocedal & Wright 2006, algorithm 7.4), lengths by bisection
    to both weak Wolfe conditions (Lewis & Overton 2013): without the second one, pairs without
    curvature leave the memory stale near saddles and layers drift apart by orders of magnitude.
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
        after, loss, gradient = self._search(move, slope)
        self._remember(after - self.w, gradient - self.gradient)
        self.w, self.loss, self.gradient = after, loss, gradient

    def _search(self, move: np.ndarray, slope: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Weights, loss and gradient after a step that meets both weak Wolfe conditions, by bisection."""
        after, loss, gradient = self.w.copy(), self.loss.copy(), self.gradient.copy()
        rounding = 4 * np.finfo(np.float64).eps * np.abs(loss)
        low, high, length = np.zeros(len(move)), np.full(len(move), np.inf), np.ones(len(move))
        trying = np.arange(len(move))
        for _ in range(TRIALS):
            candidate = self.w[trying] + length[trying, None] * move[trying]
            value, change = self.landscape.loss_and_gradient(candidate)
            fell = value <= self.loss[trying] + SUFFICIENT * length[trying] * slope[trying] + rounding[trying]
            flat = _dot(change, move[trying]) >= FLATTER * slope[trying]
            kept = trying[fell]
            after[kept], loss[kept], gradient[kept] = candidate[fell], value[fell], change[fell]
            low[kept] = length[kept]
            high[trying[~fell]] = length[trying[~fell]]
            trying = trying[~(fell & flat)]
            if not len(trying):
                break
            bounded = np.isfinite(high[trying])
            middle = (low[trying] + np.where(bounded, high[trying], 0)) / 2
            length[trying] = np.where(bounded, middle, 2 * length[trying])
        self.going[low == 0] = False
        return after, loss, gradient

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
