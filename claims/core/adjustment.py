"""P-values adjusted for the number of hypotheses, by Holm and by Benjamini and Hochberg.

Held to scipy by a test; scipy.stats itself would cost half a second at the end of each run.

Both take one p-value a row. Where a row may be decided either way, its p-value is
the smaller of two one-sided ones, of which exactly one belongs to a true hypothesis:
a wrong decision is one in the wrong direction. Benjamini and Hochberg's procedure on
such p-values holds the expected share of wrong directions among independent rows at
alpha (Benjamini & Yekutieli 2005: at alpha / 2 on two-sided p-values, which are twice
these). Holm's holds the probability of any wrong direction among independent rows at
alpha (Shaffer 1980); under any dependence only Bonferroni's alpha / m in every step
is proven to. Rows that share networks are positively correlated: a simulation in the
tests shows both rates for these.

Sources: Holm, Scandinavian Journal of Statistics 6 (1979). Benjamini & Hochberg, Journal of the Royal
Statistical Society B 57 (1995).
Benjamini & Yekutieli, Journal of the American Statistical Association 100 (2005).
Shaffer, Annals of Statistics 8 (1980).
"""

from __future__ import annotations

from collections.abc import Sequence

from claims.core.verdict import Verdict

__all__ = ["adjusted", "benjamini_hochberg", "holm"]


def adjusted(verdicts: Sequence[Verdict]) -> list[tuple[float | None, float | None]]:
    """Of each verdict the p-values adjusted by Benjamini and Hochberg's procedure and by Holm's.

    All that are sampled and have a p-value are counted together; the others have neither.
    """
    counted = [i for i, verdict in enumerate(verdicts) if verdict.p_value is not None and verdict.sampled]
    p_values = [float(verdicts[i].p_value or 0.0) for i in counted]
    found: list[tuple[float | None, float | None]] = [(None, None)] * len(verdicts)
    for i, bh, by_holm in zip(counted, benjamini_hochberg(p_values), holm(p_values), strict=True):
        found[i] = bh, by_holm
    return found


def holm(p_values: Sequence[float]) -> list[float]:
    """Holm's step-down procedure: rows at or below alpha hold a wrong one with probability at most alpha.

    With p_(1) <= ... <= p_(m): adjusted p_(k) = max over j <= k of min(1, (m - j + 1) p_(j)).

    Raises:
        ValueError: for a p-value outside [0, 1], or none at all such as NaN.
    """
    order = _ascending(p_values)
    adjusted, highest = [0.0] * len(order), 0.0
    for rank, i in enumerate(order):
        highest = max(highest, min(1.0, (len(order) - rank) * p_values[i]))
        adjusted[i] = highest
    return adjusted


def benjamini_hochberg(p_values: Sequence[float]) -> list[float]:
    """Benjamini and Hochberg's step-up procedure: of the rows at or below alpha, alpha are wrong on average.

    With p_(1) <= ... <= p_(m): adjusted p_(k) = min over j >= k of min(1, m p_(j) / j).

    Raises:
        ValueError: for a p-value outside [0, 1], or none at all such as NaN.
    """
    order = _ascending(p_values)
    adjusted, lowest = [0.0] * len(order), 1.0
    for rank in range(len(order), 0, -1):
        i = order[rank - 1]
        lowest = min(lowest, len(order) * p_values[i] / rank)
        adjusted[i] = lowest
    return adjusted


def _ascending(p_values: Sequence[float]) -> list[int]:
    """Indices from the least to the greatest p-value."""
    for p in p_values:
        if not 0.0 <= p <= 1.0:
            raise ValueError(f"got the p-value {p}, wanted one in [0, 1]: give probabilities, not statistics")
    return sorted(range(len(p_values)), key=p_values.__getitem__)
