"""The median over a population of networks, from order statistics: exact, whatever the distribution.

"Much slower", "a lot worse" are statements about how much, not about whether, and a mean answers them only
for distributions that the networks' need not have: a few stuck ones carry it off. Half of all networks are
above the median, so the number of sampled ones above it is binomial, and an order statistic is a bound
(Thompson, Annals of Mathematical Statistics 7, 1936). A value that is known only to lie in an interval, a
time between two records or the end of a training that goes on, enters each bound by its worse end.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy import special

from claims.statistics.checks import check_alpha

__all__ = ["Median"]


@dataclass(frozen=True, slots=True)
class Median:
    """The median of a population, from units whose values lie in [low, high].

    Attributes:
        lows: sorted lower ends [n]; -inf where nothing is known.
        highs: sorted upper ends [n].
        value: the sample's median, by the middle of every unit's interval (the finite end of an open one);
            NaN where the middle of the sample is not known.
    """

    lows: NDArray[np.float64]
    highs: NDArray[np.float64]
    value: float

    @classmethod
    def of(cls, lows: Iterable[float], highs: Iterable[float] | None = None) -> Median:
        """The median of units with these values, or with values between `lows` and `highs`.

        A NaN means that nothing is known of the unit.

        Raises:
            ValueError: different numbers of lower and upper ends, or a lower end above its upper end.
        """
        low = np.asarray(list(lows), dtype=np.float64)
        high = low if highs is None else np.asarray(list(highs), dtype=np.float64)
        if low.ndim != 1 or low.shape != high.shape:
            raise ValueError(f"got ends of shapes {low.shape} and {high.shape}, wanted one of each a unit")
        unknown = np.isnan(low) | np.isnan(high)
        low, high = np.where(unknown, -math.inf, low), np.where(unknown, math.inf, high)
        if (low > high).any():
            raise ValueError("got a lower end above its upper end, wanted low <= high for every unit")
        return cls(np.sort(low), np.sort(high), _middle(low, high))

    @property
    def n(self) -> int:
        """Units."""
        return len(self.lows)

    def lower(self, alpha: float) -> float:
        k = _rank(self.n, check_alpha(alpha))
        return float(self.lows[k - 1]) if k else -math.inf

    def upper(self, alpha: float) -> float:
        k = _rank(self.n, check_alpha(alpha))
        return float(self.highs[self.n - k]) if k else math.inf

    def at_least(self, edge: float) -> float:
        return _tail(self.n, int((self.lows < edge).sum()))

    def beyond(self, edge: float) -> float:
        return _tail(self.n, int((self.lows <= edge).sum()))

    def at_most(self, edge: float) -> float:
        return _tail(self.n, int((self.highs > edge).sum()))

    def below(self, edge: float) -> float:
        return _tail(self.n, int((self.highs >= edge).sum()))


@cache
def _rank(n: int, alpha: float) -> int:
    """The largest k with P(Bin(n, 1/2) <= k - 1) <= alpha, 0 where n is too small for any."""
    return max((k for k in range(1, n + 1) if _tail(n, k - 1) <= alpha), default=0)


@cache
def _tail(n: int, count: int) -> float:
    """P(Bin(n, 1/2) <= count)."""
    return 1.0 if count >= n else float(special.bdtr(count, n, 0.5))


def _middle(low: NDArray[np.float64], high: NDArray[np.float64]) -> float:
    with np.errstate(invalid="ignore"):
        middle = np.where(np.isinf(low), high, np.where(np.isinf(high), low, (low + high) / 2))
    both = np.isinf(low) & np.isinf(high)
    order = np.sort(np.where(both, math.nan, middle))  # NaN last
    if not len(low) or both.sum() * 2 >= len(low):
        return math.nan
    known = order[: len(low) - int(both.sum())]
    value = float(np.median(known))
    return value if math.isfinite(value) else math.nan
