"""Many rows in one report: which of the decided ones still stand once all are counted.

A report of a hundred statistical rows, each with an error rate of 5 %, would hold five
wrong ones if all stood at the edge. Two corrections are made over all rows that have a
p-value, the smallest alpha at which the row is, or for an undecided row would be,
decided (`claims.core.adjustment`). Benjamini and Hochberg's holds the expected share of
wrong ones among those that survive at alpha; Holm's, for the headline, the probability that any is wrong.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from claims.core.adjustment import benjamini_hochberg, holm
from claims.core.verdict import Outcome, Strength
from reports.records import Multiplicity, Row

__all__ = ["METHOD", "corrected", "decided", "fell", "stands", "summary"]

METHOD = "Benjamini-Hochberg over the statistical rows (survives), Holm for the headline"


def corrected(rows: Sequence[Row], alpha: float) -> tuple[Row, ...]:
    """The rows with p_bh, p_holm and survives, in their order.

    The adjusted p-values are those of the whole report and None in a row that has no
    p-value. `survives` is None unless the row is statistical and decided.
    """
    counted = [i for i, row in enumerate(rows) if row.p_value is not None and _sampled(row)]
    p_values = [float(rows[i].p_value or 0.0) for i in counted]
    bh = dict(zip(counted, benjamini_hochberg(p_values), strict=True))
    by_holm = dict(zip(counted, holm(p_values), strict=True))
    return tuple(
        replace(
            row,
            p_bh=bh.get(i),
            p_holm=by_holm.get(i),
            survives=bh[i] <= alpha if i in bh and decided(row) else None,
        )
        for i, row in enumerate(rows)
    )


def summary(rows: Sequence[Row], alpha: float) -> Multiplicity:
    """The report's `multiplicity`, of rows that are corrected."""
    counted = [row for row in rows if row.p_value is not None and _sampled(row)]
    of_those = [row for row in counted if decided(row)]
    return Multiplicity(
        method=METHOD,
        alpha=alpha,
        rows=len(counted),
        decided=len(of_those),
        surviving_bh=sum(bool(row.survives) for row in of_those),
        surviving_holm=sum(stands(row, alpha) for row in of_those),
    )


def decided(row: Row) -> bool:
    """Whether the outcome is one of the two that a p-value speaks for."""
    return row.outcome in (Outcome.SUPPORTED, Outcome.REFUTED)


def fell(row: Row) -> bool:
    """Whether the row is decided by its own error rate, and not once all rows are counted."""
    return row.survives is False


def stands(row: Row, alpha: float) -> bool:
    """Whether a decided row may carry the headline: not sampled, or surviving Holm's correction at alpha."""
    return not _sampled(row) or (row.p_holm is not None and row.p_holm <= alpha)


def _sampled(row: Row) -> bool:
    return row.strength is Strength.STATISTICAL
