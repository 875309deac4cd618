"""Intervals for one sample of models: means, paired changes, proportions.

The sampling unit is always the model: every value given here must come from an
independently initialised one. All results are plain Python numbers.

A number that cannot be known is never replaced by a guess: with a single model,
or with a NaN or infinite value among them (a diverged model), the interval is
(-inf, inf) and the reader's rule then says "inconclusive".

One-sided use. `sides=2` gives an interval that holds with probability
1 - alpha. `sides=1` puts the whole alpha into each end: the lower and the upper
end are each a bound at 1 - alpha, and both together hold with 1 - 2 alpha.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from scipy import special

__all__ = [
    "UNKNOWN",
    "Estimate",
    "Sample",
    "clopper_pearson",
    "mean_interval",
    "paired_change",
    "proportion_bounds",
    "split_alpha",
    "t_quantile",
]

UNKNOWN = (-math.inf, math.inf)
"""The interval of a quantity about which the data say nothing."""


class Estimate(NamedTuple):
    """A point estimate and its interval; `value, interval = mean_interval(...)` unpacks it."""

    value: float
    interval: tuple[float, float]


class Sample(NamedTuple):
    """What a t-interval needs of one group of models: size, mean, and variance of one value."""

    n: int
    mean: float
    variance: float

    @classmethod
    def of(cls, values: Iterable[float]) -> Sample:
        """Mean and sample variance (divisor n - 1); NaN where a value is not finite or there are too few.

        Equal values have a variance of exactly zero, which rounding in the mean would hide.
        """
        x = np.asarray(list(values), dtype=np.float64)
        if x.ndim != 1:
            raise ValueError(
                f"got values of shape {x.shape}, wanted one number a model: reduce each model first"
            )
        if x.size == 0 or not np.isfinite(x).all():
            return cls(x.size, math.nan, math.nan)
        if x.min() == x.max():
            return cls(x.size, float(x[0]), 0.0 if x.size > 1 else math.nan)
        # A loss near the largest float overflows its own square: the variance is then unknown, not an error.
        with np.errstate(over="ignore", invalid="ignore"):
            mean, variance = float(x.mean()), float(x.var(ddof=1))
        known = math.isfinite(mean) and math.isfinite(variance)
        return cls(x.size, mean if math.isfinite(mean) else math.nan, variance if known else math.nan)


def t_quantile(alpha: float, df: float, sides: int = 2) -> float:
    """The 1 - alpha/sides quantile of Student's t with df > 0 (not only whole) degrees of freedom."""
    return float(special.stdtrit(df, 1.0 - check_alpha(alpha) / check_sides(sides)))


def mean_interval(values: Iterable[float], alpha: float, sides: int = 2) -> Estimate:
    """Student's t-interval for a mean: mean +- t[n-1, 1-alpha/sides] s / sqrt(n).

    Source: Student (1908); Casella and Berger, Statistical Inference, section 9.2.

    Args:
        values: one number for each independent model, [n].
        alpha: probability that the interval misses.
        sides: 2, or 1 for two one-sided bounds (see the module).

    Returns:
        The mean (NaN with a value that is not finite) and its interval, in the values' unit;
        (-inf, inf) for fewer than two models or a value that is not finite. Values all equal
        give the point itself: the sample shows no spread, whatever the population has.
    """
    n, mean, variance = Sample.of(values)
    quantile = t_quantile(alpha, max(n - 1, 1), sides)
    if math.isnan(variance):
        return Estimate(mean, UNKNOWN)
    half = quantile * math.sqrt(variance / n)
    return Estimate(mean, (mean - half, mean + half))


def paired_change(before: Iterable[float], after: Iterable[float], alpha: float, sides: int = 2) -> Estimate:
    """t-interval of the mean of after - before over independent units (models, or replicates).

    Pairing takes out what a unit has in common at both times (its seed, its sigma).

    Raises:
        ValueError: for different numbers of units before and after.
    """
    x = np.asarray(list(before), dtype=np.float64)
    y = np.asarray(list(after), dtype=np.float64)
    if x.shape != y.shape:
        raise ValueError(
            f"got {x.size} units before and {y.size} after, wanted the same units at both times: "
            "keep diverged models in as NaN"
        )
    with np.errstate(over="ignore", invalid="ignore"):
        return mean_interval(y - x, alpha, sides)


def clopper_pearson(successes: int, n: int, alpha: float, sides: int = 2) -> Estimate:
    """Exact interval for a proportion, from the quantiles of the beta distribution.

    low = B(alpha/sides; k, n-k+1), 0 for k = 0; high = B(1-alpha/sides; k+1, n-k), 1 for k = n.
    It covers with at least 1 - alpha whatever the proportion and n.

    Source: Clopper and Pearson, Biometrika 26 (1934).

    Returns:
        k / n (NaN for n = 0) and the interval inside [0, 1]; no trials leave [0, 1].

    Raises:
        ValueError: unless 0 <= successes <= n.
    """
    tail = check_alpha(alpha) / check_sides(sides)
    if not 0 <= successes <= n:
        raise ValueError(
            f"got {successes} successes of {n}, wanted 0 <= successes <= n: check what is counted"
        )
    k = int(successes)
    low = 0.0 if k == 0 else float(special.betaincinv(k, n - k + 1, tail))
    high = 1.0 if k == n else float(special.betaincinv(k + 1, n - k, 1.0 - tail))
    return Estimate(k / n if n else math.nan, (low, high))


def proportion_bounds(hits: int, unresolved: int, n: int, alpha: float, sides: int = 2) -> Estimate:
    """Clopper-Pearson bounds on the share of hits when some models are undecided.

    The lower end counts every undecided model as a miss, the upper end as a hit,
    so the interval holds however they would have turned out. The value is
    hits / n: what is known to have happened.

    Args:
        hits: models that were seen to succeed.
        unresolved: models that a longer run could still turn either way.
        n: all models, misses included.

    Raises:
        ValueError: for negative counts or hits + unresolved > n.
    """
    if min(hits, unresolved) < 0 or hits + unresolved > n:
        raise ValueError(
            f"got {hits} hits and {unresolved} unresolved of {n}, wanted counts that fit into n: "
            "a model is a hit, a miss or unresolved"
        )
    worst = clopper_pearson(hits, n, alpha, sides)
    best = clopper_pearson(hits + unresolved, n, alpha, sides)
    return Estimate(worst.value, (worst.interval[0], best.interval[1]))


def split_alpha(alpha: float, parts: int) -> float:
    """Bonferroni's share, alpha / parts: so many intervals at this level hold at once with 1 - alpha."""
    if parts < 1:
        raise ValueError(f"got {parts} parts, wanted at least 1: there is nothing to share alpha among")
    return check_alpha(alpha) / parts


def check_alpha(alpha: float) -> float:
    """alpha itself, if it is an error rate."""
    if not 0.0 < alpha < 1.0:
        raise ValueError(f"got alpha = {alpha}, wanted 0 < alpha < 1: 0.05 means an interval at 95 %")
    return float(alpha)


def check_sides(sides: int) -> int:
    """sides itself, if it is 1 or 2."""
    if sides not in (1, 2):
        raise ValueError(f"got sides = {sides}, wanted 1 or 2: 1 spends the whole alpha on each end")
    return sides
