"""The mean of many Monte-Carlo batches: Student's t. Not for networks, whose means a few stuck ones carry
off."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from scipy import special

from claims.statistics.checks import check_alpha

__all__ = ["BatchMean"]


@dataclass(frozen=True, slots=True)
class BatchMean:
    """The mean of n batches, each itself a mean over many draws and so close to normal.

    Source: Student (1908); Casella & Berger, Statistical Inference, section 9.2.

    Attributes:
        value: the mean.
        error: its standard error; NaN with fewer than two batches, a value that is not finite, or no spread
            at
            all: equal batches show no spread, whatever the population has.
        n: batches.
    """

    value: float
    error: float
    n: int

    @classmethod
    def of(cls, values: Iterable[float]) -> BatchMean:
        x = np.asarray(list(values), dtype=np.float64)
        if x.size < 2 or not np.isfinite(x).all() or x.min() == x.max():
            return cls(float(x.mean()) if x.size else math.nan, math.nan, x.size)
        return cls(float(x.mean()), float(x.std(ddof=1)) / math.sqrt(x.size), x.size)

    def lower(self, alpha: float) -> float:
        return -math.inf if math.isnan(self.error) else self.value - self._t(alpha) * self.error

    def upper(self, alpha: float) -> float:
        return math.inf if math.isnan(self.error) else self.value + self._t(alpha) * self.error

    def at_least(self, edge: float) -> float:
        return self._tail((edge - self.value) / self.error)

    def at_most(self, edge: float) -> float:
        return self._tail((self.value - edge) / self.error)

    beyond, below = at_least, at_most

    def _t(self, alpha: float) -> float:
        return float(special.stdtrit(self.n - 1, 1.0 - check_alpha(alpha)))

    def _tail(self, t: float) -> float:
        return 1.0 if math.isnan(t) else float(special.stdtr(self.n - 1, t))
