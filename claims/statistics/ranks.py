"""Ranks: Kendall's tau-b, plain, weighted and along many curves at once.

Two numbers closer than 1e-12 of the largest magnitude among them are tied:
means that are equal in exact arithmetic must not be ranked by their rounding.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["kendall_tau", "kendall_trend", "weighted_taus"]

TIE = 1e-12
"""Relative distance below which two numbers are tied: some thousand roundings of float64."""


def kendall_tau(x: ArrayLike, y: ArrayLike, weights: ArrayLike | None = None) -> float:
    """Kendall's tau-b: concordant less discordant pairs over the geometric mean of the untied ones.

    tau = sum_pq w_p w_q s(x_p - x_q) s(y_p - y_q) / sqrt(sum_pq w_p w_q [x_p != x_q] * the same for y)

    Source: Kendall, Rank Correlation Methods, chapter 3. Time and memory grow with the square of the length.

    Args:
        x, y: equally many numbers, [p].
        weights: how much each observation counts, [p]; all 1 by default.

    Returns:
        tau in [-1, 1]; NaN if x or y is constant, holds a value that is not finite, or is shorter than 2.
    """
    w = np.ones(np.size(x)) if weights is None else np.asarray(weights, dtype=np.float64)
    return float(weighted_taus(x, y, w[None])[0])


def weighted_taus(x: ArrayLike, y: ArrayLike, weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Tau-b of the same observations under many weightings: x, y [p], weights [draws, p] -> [draws]."""
    a, b = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    if a.ndim != 1 or a.shape != b.shape or weights.shape[1:] != a.shape:
        raise ValueError(
            f"got x, y and weights of shapes {a.shape}, {b.shape}, {weights.shape[1:]}, wanted one length: "
            "each observation has one of each"
        )
    if a.size < 2 or not (np.isfinite(a).all() and np.isfinite(b).all()):
        return np.full(len(weights), math.nan)
    sx, sy = _signs(a), _signs(b)

    def total(kernel: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.einsum("dp,dp->d", weights @ kernel, weights)

    return _ratio(total(sx * sy), total(np.abs(sx)), total(np.abs(sy)))


def kendall_trend(curves: ArrayLike) -> NDArray[np.float64]:
    """Tau-b of each curve with its own time axis, curves [draws, t] -> [draws]; NaN for a constant curve."""
    c = np.asarray(curves, dtype=np.float64)
    finite = np.isfinite(c).all(axis=1)
    c = np.where(finite[:, None], c, 0.0)
    tie = TIE * np.abs(c).max(axis=1, keepdims=True, initial=0.0)
    concordant, untied = np.zeros(len(c)), np.zeros(len(c))
    # One lag at a time: all pairs of epochs of all draws at once would not fit for long runs.
    for lag in range(1, c.shape[1]):
        step = c[:, lag:] - c[:, :-lag]
        rises, falls = (step > tie).sum(axis=1), (step < -tie).sum(axis=1)
        concordant += rises - falls
        untied += rises + falls
    pairs = c.shape[1] * (c.shape[1] - 1) / 2
    return np.where(finite, _ratio(concordant, untied, np.full(len(c), pairs)), math.nan)


def _signs(values: NDArray[np.float64]) -> NDArray[np.float64]:
    differences = np.subtract.outer(values, values)
    return np.sign(np.where(np.abs(differences) <= TIE * np.abs(values).max(), 0.0, differences))


def _ratio(
    numerator: NDArray[np.float64], x: NDArray[np.float64], y: NDArray[np.float64]
) -> NDArray[np.float64]:
    defined = (x > 0.0) & (y > 0.0)
    scale = np.sqrt(np.where(defined, x, 1.0)) * np.sqrt(np.where(defined, y, 1.0))
    return np.where(defined, np.clip(numerator / scale, -1.0, 1.0), math.nan)
