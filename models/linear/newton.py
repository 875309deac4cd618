"""Newton's method with an adaptive shift, one member at a time: it ends what L-BFGS leaves."""

from __future__ import annotations

import numpy as np
from scipy import linalg

from models.linear.lbfgs import Landscape

__all__ = ["newton"]

ACCEPTED = 1e-4
"""Least ratio of the decrease to the predicted one (Nocedal & Wright 2006, algorithm 4.1)."""

GOOD, POOR = 0.75, 0.25
"""Ratios above which the shift falls, and below which it grows."""


def newton(landscape: Landscape, w: np.ndarray, *, tolerance: float, iterations: int) -> np.ndarray:
    """Weights [P] where ||gradient|| <= tolerance, or where the iterations ended.

    Steps solve (H + mu I) s = -gradient with mu such that Cholesky succeeds, which is a trust region
    in its dual form (Nocedal & Wright 2006, section 4.3): mu falls after good steps and grows after poor
    ones. Hessians of deep linear networks are singular at every minimum, since W_2 W_1 = (W_2 R^-1)(R W_1);
    mu >= rounding keeps the systems solvable, and mu <= ||gradient|| keeps the convergence fast
    where the zero eigenvalues belong to a manifold of minima (Yamashita & Fukushima 2001).
    """
    w = w.copy()
    loss, gradient = _at(landscape, w)
    size = np.linalg.norm(gradient)
    mu = size
    for _ in range(iterations):
        if size <= tolerance:
            break
        H = landscape.hessian(w[None])[0]
        least = 1e-13 * np.linalg.norm(H) + 1e-300
        mu = max(mu, least)
        while (factor := _factor(H, mu)) is None:
            mu = max(10 * mu, 1e-6 * np.linalg.norm(H))
        for _ in range(30):
            step = -linalg.cho_solve(factor, gradient, check_finite=False)
            predicted = -(gradient @ step) - 0.5 * step @ H @ step
            after, slope = _at(landscape, w + step)
            # Below the rounding of the loss only the gradient tells whether the step was good.
            blind = predicted <= 100 * np.finfo(np.float64).eps * abs(loss)
            ratio = 1.0 * (np.linalg.norm(slope) < size) if blind else (loss - after) / predicted
            if ratio > ACCEPTED:
                break
            mu = max(4 * mu, least)
            factor = _factor(H, mu)
            assert factor is not None, "a larger shift keeps H + mu I positive definite"
        else:
            return w
        w, loss, gradient, size = w + step, after, slope, np.linalg.norm(slope)
        mu = min(mu / 5, size) if ratio > GOOD else 4 * mu if ratio < POOR else mu
    return w


def _at(landscape: Landscape, w: np.ndarray) -> tuple[float, np.ndarray]:
    loss, gradient = landscape.loss_and_gradient(w[None])
    return float(loss[0]), gradient[0]


def _factor(H: np.ndarray, mu: float | np.floating) -> tuple[np.ndarray, bool] | None:
    shifted = H.copy()
    shifted[np.diag_indices(len(H))] += mu
    try:
        return linalg.cho_factor(shifted, lower=True, overwrite_a=True, check_finite=False)
    except linalg.LinAlgError:
        return None
