"""Many decisions at once: Holm's procedure, and Benjamini and Hochberg's.

Both take one p-value a row. Where a row may be decided either way, its p-value is
the smaller of two one-sided ones, of which exactly one belongs to a true hypothesis:
a wrong decision is one in the wrong direction. Benjamini and Hochberg's procedure on
such p-values holds the expected share of wrong directions among independent rows at
alpha (Benjamini & Yekutieli 2005: at alpha / 2 on two-sided p-values, which are twice
these). Holm's holds the probability of any wrong direction among independent rows at
alpha (Shaffer 1980); under any dependence only Bonferroni's alpha / m in every step
is proven to. Rows that share networks are positively correlated: a simulation in the
tests shows both rates for these.

Sources: Holm, Scandinavian Journal of Statistics 6 (1979). Benjamini & Hochberg,
Journal of the Royal Statistical Society B 57 (1995). Benjamini & Yekutieli, Journal
of the American Statistical Association 100 (2005). Shaffer, Annals of Statistics 8 (1980).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from claims.statistics.checks import check_alpha

__all__ = ["Adjusted", "benjamini_hochberg", "holm"]


@dataclass(frozen=True, slots=True)
class Adjusted:
    """Adjusted p-values and decisions, in the order in which the p-values were given."""

    adjusted: tuple[float, ...]
    rejected: tuple[bool, ...]


def holm(p_values: Sequence[float], alpha: float) -> Adjusted:
    """Holm's step-down procedure: some true hypothesis is rejected with probability at most alpha.

    With p_(1) <= ... <= p_(m): adjusted p_(k) = max over j <= k of min(1, (m - j + 1) p_(j)).
    A NaN p-value is a test that could not be made: it counts as 1, and towards m.

    Raises:
        ValueError: for a p-value outside [0, 1].
    """
    p, order = _sorted(p_values, alpha)
    steps = np.minimum(1.0, p[order] * np.arange(p.size, 0, -1))
    return _adjusted(np.maximum.accumulate(steps), order, alpha)


def benjamini_hochberg(p_values: Sequence[float], alpha: float) -> Adjusted:
    """Benjamini and Hochberg's step-up procedure: the expected share of true hypotheses among the rejected
    ones is at most alpha.

    With p_(1) <= ... <= p_(m): adjusted p_(k) = min over j >= k of min(1, m p_(j) / j).
    A NaN p-value is a test that could not be made: it counts as 1, and towards m.

    Raises:
        ValueError: for a p-value outside [0, 1].
    """
    p, order = _sorted(p_values, alpha)
    steps = np.minimum(1.0, p.size * p[order] / np.arange(1, p.size + 1))
    return _adjusted(np.minimum.accumulate(steps[::-1])[::-1], order, alpha)


def _sorted(p_values: Sequence[float], alpha: float) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    """The p-values [m], NaN as 1, and their indices from the least to the greatest."""
    check_alpha(alpha)
    p = np.asarray(p_values, dtype=np.float64).reshape(-1)
    p = np.where(np.isnan(p), 1.0, p)
    if ((p < 0.0) | (p > 1.0)).any():
        raise ValueError(
            f"got p-values {p.tolist()}, wanted each in [0, 1]: give probabilities, not statistics"
        )
    return p, np.argsort(p, kind="stable")


def _adjusted(steps: NDArray[np.float64], order: NDArray[np.intp], alpha: float) -> Adjusted:
    adjusted = np.empty_like(steps)
    adjusted[order] = steps
    return Adjusted(tuple(adjusted.tolist()), tuple((adjusted <= alpha).tolist()))
