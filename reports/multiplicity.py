"""Many rows in one report: which of the decided ones still stand once all are counted.

A report of a hundred statistical rows, each with an error rate of 5 %, would hold five
wrong ones if all stood at the edge. Two corrections are made over all rows that have a
p-value, the smallest alpha at which the row is, or for an undecided row would be,
decided. Benjamini and Hochberg's holds the expected share of wrong ones among those
that survive at alpha; Holm's, for the headline, the probability that any is wrong. Why
one p-value a row is enough for a decision either way: `reports.adjustment`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from claims.core.verdict import Outcome, Strength
from reports.adjustment import benjamini_hochberg, holm

__all__ = ["METHOD", "corrected", "decided", "fell", "stands", "summary"]

METHOD = "Benjamini-Hochberg over the statistical rows (survives), Holm for the headline"

Verdict = Mapping[str, Any]


def corrected(verdicts: Sequence[Verdict], alpha: float) -> list[dict[str, Any]]:
    """The verdicts with p_bh, p_holm and survives, in their order.

    The adjusted p-values are those of the whole report and null in a row that has no
    p-value. `survives` is null unless the row is statistical and decided.
    """
    rows = [i for i, verdict in enumerate(verdicts) if _counted(verdict)]
    p_values = [verdicts[i]["p_value"] for i in rows]
    bh = dict(zip(rows, benjamini_hochberg(p_values), strict=True))
    by_holm = dict(zip(rows, holm(p_values), strict=True))
    return [
        {
            **verdict,
            "p_bh": bh.get(i),
            "p_holm": by_holm.get(i),
            "survives": bh[i] <= alpha if i in bh and decided(verdict) else None,
        }
        for i, verdict in enumerate(verdicts)
    ]


def summary(verdicts: Sequence[Verdict], alpha: float) -> dict[str, Any]:
    """The report's `multiplicity`, of verdicts that are corrected."""
    rows = [verdict for verdict in verdicts if _counted(verdict)]
    of_those = [verdict for verdict in rows if decided(verdict)]
    return {
        "method": METHOD,
        "alpha": alpha,
        "rows": len(rows),
        "decided": len(of_those),
        "surviving_bh": sum(bool(verdict["survives"]) for verdict in of_those),
        "surviving_holm": sum(stands(verdict, alpha) for verdict in of_those),
    }


def decided(verdict: Verdict) -> bool:
    """Whether the outcome is one of the two that a p-value speaks for."""
    return verdict["outcome"] in (Outcome.SUPPORTED, Outcome.REFUTED)


def fell(verdict: Verdict) -> bool:
    """Whether the row is decided by its own error rate, and not once all rows are counted."""
    return verdict.get("survives") is False


def stands(verdict: Verdict, alpha: float) -> bool:
    """Whether a decided row may carry the headline: not sampled, or surviving Holm's correction at alpha."""
    if verdict["strength"] != Strength.STATISTICAL:
        return True
    adjusted = verdict.get("p_holm")
    return adjusted is not None and adjusted <= alpha


def _counted(verdict: Verdict) -> bool:
    return verdict["strength"] == Strength.STATISTICAL and verdict.get("p_value") is not None
