"""Kendall's tau-b.

Two numbers closer than 1e-12 of the largest magnitude among them are tied:
means that are equal in exact arithmetic must not be ranked by their rounding.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["kendall_tau"]

TIE = 1e-12
"""Relative distance below which two numbers are tied: some thousand roundings of float64."""


def kendall_tau(x: ArrayLike, y: ArrayLike) -> float:
    """Kendall's tau-b: concordant less discordant pairs over the geometric mean of the untied ones.

    tau = sum_pq s(x_p - x_q) s(y_p - y_q) / sqrt(sum_pq [x_p != x_q] * the same for y)

    Source: Kendall, Rank Correlation Methods, chapter 3. Time and memory grow with the square of the length.

    Args:
        x, y: equally many numbers, [p].

    Returns:
        tau in [-1, 1]; NaN if x or y is constant, holds a value that is not finite, or is shorter than 2.

    Raises:
        ValueError: different lengths.
    """
    a, b = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    if a.ndim != 1 or a.shape != b.shape:
        raise ValueError(f"got x and y of shapes {a.shape} and {b.shape}, wanted one length")
    if a.size < 2 or not (np.isfinite(a).all() and np.isfinite(b).all()):
        return math.nan
    sx, sy = _signs(a), _signs(b)
    untied = float(np.abs(sx).sum()), float(np.abs(sy).sum())
    if not all(untied):
        return math.nan
    return float(np.clip((sx * sy).sum() / math.sqrt(untied[0] * untied[1]), -1.0, 1.0))


def _signs(values: NDArray[np.float64]) -> NDArray[np.float64]:
    differences = np.subtract.outer(values, values)
    return np.sign(np.where(np.abs(differences) <= TIE * np.abs(values).max(), 0.0, differences))
