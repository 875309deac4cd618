"""Ratios of times that some models never reached: epochs to a threshold, censored at the last epoch run."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from claims.statistics.comparisons import welch_interval

__all__ = ["Ratio", "log_ratio_interval"]


@dataclass(frozen=True, slots=True)
class Ratio:
    """A ratio of geometric mean times, with the models that never arrived counted.

    With any censored time, `value` is a placeholder, computed as if those models
    had arrived at the limit: read the interval.
    """

    value: float
    interval: tuple[float, float]
    censored_slow: int
    censored_fast: int

    @property
    def censored(self) -> bool:
        return self.censored_slow + self.censored_fast > 0


def log_ratio_interval(slow: Iterable[float], fast: Iterable[float], limit: float, alpha: float) -> Ratio:
    """Ratio of geometric mean epochs to a threshold, exp(mean log slow - mean log fast), with censoring.

    A model that did not arrive within `limit` epochs is given as inf or NaN; its
    time is only known to exceed the limit. Setting it to the limit understates
    it, so each end is computed where that errs on the safe side, and is open
    where it does not:

    - lower end: censored slow times at the limit (the ratio can only be larger); 0 if a fast time is
      censored, since the fast models may then be arbitrarily slow;
    - upper end: censored fast times at the limit (the ratio can only be smaller); inf if a slow one is.

    Each end is a Welch bound at alpha/2 for the ratio with times cut at the limit, and that ratio
    bounds the true one from the same side, so the interval misses with at most about alpha.

    Args:
        slow: epochs of the models in the numerator, [n].
        fast: epochs of the models in the denominator, [m].
        limit: epochs that were run.

    Returns:
        (0, inf) with fewer than two models in a group.

    Raises:
        ValueError: for a time that is not positive or exceeds the limit.
    """
    slow_log, slow_cut = _log_times(slow, limit)
    fast_log, fast_cut = _log_times(fast, limit)
    value, (low, high) = welch_interval(slow_log, fast_log, alpha)
    return Ratio(
        _exp(value),
        (0.0 if fast_cut else _exp(low), math.inf if slow_cut else _exp(high)),
        slow_cut,
        fast_cut,
    )


def _log_times(times: Iterable[float], limit: float) -> tuple[list[float], int]:
    x = np.asarray(list(times), dtype=np.float64)
    censored = ~np.isfinite(x)
    known = x[~censored]
    if not 0.0 < limit < math.inf or (known <= 0.0).any() or (known > limit).any():
        raise ValueError(
            f"got times {known.tolist()} with the limit {limit}, wanted 0 < time <= limit: "
            "count epochs from 1 and give a model that did not arrive as inf"
        )
    return np.log(np.where(censored, limit, x)).tolist(), int(censored.sum())


def _exp(x: float) -> float:
    # exp overflows above about 709 and raises; such a ratio is as good as unbounded.
    return math.exp(x) if x < 700.0 else math.inf
