"""Rules that were weighed and not taken, beside the ones that were, on populations that tell them apart."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
from scipy import special

from claims.core.margins import A_LOT, ALPHA, EQUAL_LOSS, NEAR_ZERO, PAIR_SHARE, SHARE
from claims.statistics import Median, Share, Window

__all__ = ["geometric_mean", "means_or_medians", "pairs_or_window", "weighed"]

Rng = np.random.Generator
REPETITIONS = 2000
SIZES = (12, 32, 96)


# -- Welch's t on means, or a median's exact bounds ---------------------------------------

_DROPS: dict[str, tuple[Callable[[Rng, tuple[int, ...]], np.ndarray], float, float]] = {
    # draws of what is added to the accuracy of networks with softmax, its mean and its median
    "normal": (lambda rng, n: 0.01 * rng.standard_normal(n), 0.0, 0.0),
    "log-normal, few much worse": (
        lambda rng, n: -0.01 * np.exp(1.5 * rng.standard_normal(n)),
        -0.01 * np.exp(1.125),
        -0.01,
    ),
    "log-normal, few much better": (
        lambda rng, n: 0.01 * np.exp(1.5 * rng.standard_normal(n)),
        0.01 * np.exp(1.125),
        0.01,
    ),
    "one in twenty stuck": (
        lambda rng, n: np.where(rng.random(n) < 0.05, -0.8, 0.002 * rng.standard_normal(n)),
        -0.04,
        float("nan"),  # by simulation below
    ),
}


def means_or_medians() -> list[dict[str, Any]]:
    """Rates at which "accuracy falls by a lot" is wrongly supported and wrongly refuted, by Welch's t where
    the difference of the means stands at the margin, by the median where that of the medians does."""
    rows = []
    for data, (draw, mean, median) in _DROPS.items():
        rng = np.random.default_rng(21)
        if np.isnan(median):
            median = float(np.median(draw(rng, (10**6,))))
        for n in SIZES:
            without = 0.002 * rng.standard_normal((REPETITIONS, n))  # unequal spreads
            drop = without - draw(rng, (REPETITIONS, n))
            x, y = without, without - drop
            shift = A_LOT + mean  # the means then differ by A_LOT exactly
            low, high = _welch(x + shift, y)
            middle = float(np.median(0.002 * rng.standard_normal(10**6) - draw(rng, (10**6,))))
            paired = [Median.of(row) for row in drop + A_LOT - middle]
            rows.append(
                {
                    "data": data,
                    "n": n,
                    "welch_supported": float((low >= A_LOT).mean()),
                    "welch_refuted": float((high < A_LOT).mean()),
                    "median_supported": float(np.mean([m.lower(ALPHA) >= A_LOT for m in paired])),
                    "median_refuted": float(np.mean([m.upper(ALPHA) < A_LOT for m in paired])),
                }
            )
    return rows


def _welch(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """One-sided bounds [R] of the difference of the means of [R, n]."""
    n = x.shape[1]
    a, b = x.var(1, ddof=1) / n, y.var(1, ddof=1) / n
    degrees = (a + b) ** 2 / (a**2 + b**2) * (n - 1)
    half = special.stdtrit(degrees, 1 - ALPHA) * np.sqrt(a + b)
    difference = x.mean(1) - y.mean(1)
    return difference - half, difference + half


# -- disjoint pairs, or the fullest window --------------------------------------------------


def _stray(rng: Rng, share: float, n: int) -> np.ndarray:
    return np.where(rng.random(n) < share, 0.2, 1 + 1e3 * rng.random(n))


def _clusters(rng: Rng, share: float, n: int) -> np.ndarray:
    return np.where(rng.random(n) < share, 0.2, 0.3)


def _even(rng: Rng, share: float, n: int) -> np.ndarray:
    return rng.random(n) * EQUAL_LOSS / share


def pairs_or_window() -> list[dict[str, Any]]:
    """Rates at which "all are equal" is supported and refuted, from disjoint pairs within the margin, at
    2 SHARE - 1 of them, and from the fullest window. It is true from a share of SHARE in one window on."""
    rows = []
    for data, draw in {"strays": _stray, "two clusters": _clusters, "even": _even}.items():
        rng = np.random.default_rng(22)
        for share in (0.5, 0.7, SHARE - 1e-6, SHARE, 0.99):
            for n in SIZES:
                counts = {"pairs": [0, 0], "window": [0, 0]}
                for _ in range(REPETITIONS // 2):
                    x = draw(rng, share, n)
                    alike = int((np.abs(x[::2] - x[1::2]) <= EQUAL_LOSS).sum())
                    pairs, window = Share(alike, 0, n // 2), Window.of(x, x, EQUAL_LOSS)
                    for name, of, edge in (("pairs", pairs, PAIR_SHARE), ("window", window, SHARE)):
                        counts[name][0] += _supports(of, edge)
                        counts[name][1] += _refutes(of, edge)
                runs = REPETITIONS // 2
                rows.append(
                    {"data": data, "share": round(share, 3), "true": share >= SHARE, "n": n}
                    | {f"{name}_supported": c[0] / runs for name, c in counts.items()}
                    | {f"{name}_refuted": c[1] / runs for name, c in counts.items()}
                )
    return rows


@cache
def _supports(of: Share | Window, edge: float) -> bool:
    return of.at_least(edge) <= ALPHA


@cache
def _refutes(of: Share | Window, edge: float) -> bool:
    return of.below(edge) <= ALPHA


# -- a geometric mean, or a count -------------------------------------------------------------


def geometric_mean() -> list[dict[str, Any]]:
    """Rates at which "all networks reach zero" is supported and refuted where some are stuck at l = 1 and the
    others are near 0.01, by Student's t on log l and by counting networks."""
    rows = []
    rng = np.random.default_rng(23)
    for stuck in (0.0, 0.05, 0.15, 0.3):
        for n in SIZES:
            logs = np.where(
                rng.random((REPETITIONS, n)) < stuck,
                0.0,
                np.log(0.01) + 0.3 * rng.standard_normal((REPETITIONS, n)),
            )
            half = special.stdtrit(n - 1, 1 - ALPHA) * logs.std(1, ddof=1) / np.sqrt(n)
            edge = np.log(NEAR_ZERO)
            shares = [Share(int(hits), 0, n) for hits in (logs <= edge).sum(1)]
            rows.append(
                {
                    "stuck": stuck,
                    "true": 1 - stuck >= SHARE,
                    "n": n,
                    "mean_supported": float((logs.mean(1) + half <= edge).mean()),
                    "mean_refuted": float((logs.mean(1) - half > edge).mean()),
                    "count_supported": float(np.mean([_supports(s, SHARE) for s in shares])),
                    "count_refuted": float(np.mean([_refutes(s, SHARE) for s in shares])),
                }
            )
    return rows


def weighed() -> dict[str, list[dict[str, Any]]]:
    """All three tables."""
    return {
        "means_or_medians": means_or_medians(),
        "pairs_or_window": pairs_or_window(),
        "geometric_mean": geometric_mean(),
    }
