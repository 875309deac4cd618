"""The data: distributions with a median of 0, and what it takes to bring a population's number to an edge."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy import optimize, special

__all__ = ["DATA", "SHAPES", "TINY", "UNEQUAL", "best_window", "by_model", "scaled_to_window", "shaped"]

Rng = np.random.Generator

SHAPES: dict[str, Callable[[Rng, int], np.ndarray]] = {
    "normal": lambda rng, n: rng.standard_normal(n),
    "log-normal": lambda rng, n: np.exp(rng.standard_normal(n)) - 1,
    "t3": lambda rng, n: rng.standard_t(3, n),
}
"""Draws of unit scale and median 0."""

_CDF: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "normal": special.ndtr,
    "log-normal": lambda x: special.ndtr(np.log(np.maximum(x + 1, 1e-300))),
    "t3": lambda x: special.stdtr(3, x),
}

DATA = (*SHAPES, "discrete")
"""Kinds of data; what "discrete" is (two values, or a few networks that are stuck) each scenario says."""

UNEQUAL = np.array([0.25, 0.5, 1.0, 2.0])
"""Scales of the four models where their spreads are unequal."""

TINY = 1e-6
"""How far outside a region a population stands that is "at the edge, outside"."""


def by_model(values: np.ndarray, n: int) -> np.ndarray:
    """One value for each network [n]: network k is of model k % 4."""
    return np.resize(np.asarray(values, dtype=float), n)


def shaped(rng: Rng, data: str, n: int, scales: np.ndarray | float = 1.0) -> np.ndarray:
    """Draws [n] of the shape with median 0, scaled by model."""
    return SHAPES[data](rng, n) * by_model(np.atleast_1d(scales), n)


def best_window(data: str, scales: np.ndarray, width: float) -> float:
    """The largest probability of an interval of that width, for models of one median and these scales."""

    def mass(start: np.ndarray) -> np.ndarray:
        cdf = _CDF[data]
        return np.mean([cdf((start + width) / s) - cdf(start / s) for s in scales], axis=0)

    starts = (
        np.linspace(-width, 0, 4001) if data != "log-normal" else np.linspace(-1.0 * max(scales), 0, 40001)
    )
    return float(mass(starts).max())


def scaled_to_window(data: str, scales: np.ndarray, width: float, share: float) -> np.ndarray:
    """The scales times the factor at which the best window of that width holds the share."""
    scales = np.atleast_1d(np.asarray(scales, dtype=float))
    factor = optimize.brentq(
        lambda c: best_window(data, c * scales, width) - share, 1e-4 * width, 1e3 * width
    )
    return factor * scales
