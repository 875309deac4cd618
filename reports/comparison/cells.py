"""What differs between reports, claim by claim: pure comparing, nothing is read or shown here."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from claims.core.verdict import Strength
from reports import rules
from reports.collector import paper_order
from reports.shift import Shift, shift

__all__ = ["Row", "compare", "interval", "tally"]

Verdict = Mapping[str, Any]
_ALIKE = ("statement", "region", "unit", "alpha", "n", "sampling_unit", "strength", "protocol", "dataset")
"""Fields that must agree for two verdicts to answer the same question equally well."""


@dataclass(frozen=True, slots=True)
class Row:
    """One claim in one setting, across the reports.

    Attributes:
        verdicts: one for each report, None where it has none.
        shift: whether the outcomes flip, change otherwise, or agree, or were reached by different rules.
        apart: whether two of the intervals do not overlap; None with fewer than two intervals, and where the
            rule changed, since the intervals may then be of different quantities.
        unlike: field -> its values, a text for each report ("-" for none), where they differ.
    """

    verdicts: tuple[Verdict | None, ...]
    shift: Shift
    apart: bool | None
    unlike: Mapping[str, tuple[str, ...]]

    @property
    def any(self) -> Verdict:
        """The first report's verdict that there is."""
        return next(verdict for verdict in self.verdicts if verdict is not None)

    @property
    def everywhere(self) -> bool:
        """Whether every report has it."""
        return None not in self.verdicts


def compare(reports: Sequence[Sequence[Verdict]], versions: Sequence[int]) -> list[Row]:
    """One row for each claim and setting that any report has, in the paper's order.

    Where one report holds a claim and setting twice, its last verdict counts, as for a baseline.

    Args:
        reports: the verdicts of each.
        versions: of each report's form.
    """
    tables = [{(verdict["claim"], verdict["setting"]): verdict for verdict in report} for report in reports]
    rows = [
        _row(tuple(table.get(key) for table in tables), versions)
        for key in dict.fromkeys(key for table in tables for key in table)
    ]
    return sorted(rows, key=lambda row: paper_order(dict(row.any)))


def _row(verdicts: tuple[Verdict | None, ...], versions: Sequence[int]) -> Row:
    dated = [pair for pair in zip(verdicts, versions, strict=True) if pair[0] is not None]
    present = [verdict for verdict, _ in dated]
    ruled = rules.changed(dated)
    known = [] if ruled else [ends for verdict in present if (ends := interval(verdict))]
    return Row(
        verdicts,
        Shift.RULE if ruled else shift([verdict["outcome"] for verdict in present]),
        max(low for low, _ in known) > min(high for _, high in known) if len(known) > 1 else None,
        {field: texts for field in _ALIKE if len(set(texts := _texts(verdicts, field)) - {"-"}) > 1},
    )


def _texts(verdicts: tuple[Verdict | None, ...], field: str) -> tuple[str, ...]:
    return tuple("-" if verdict is None else str(verdict.get(field, "-")) for verdict in verdicts)


def interval(verdict: Verdict) -> tuple[float, float] | None:
    """Both ends, infinite where open; a proof's value is an interval of width zero.

    None where a statistical verdict has no interval, or nothing was estimated: then
    nobody knows how far the estimate may be off.
    """
    ends, value = verdict["interval"], verdict["estimate"]
    if ends is not None:
        low, high = ends
        return (-math.inf if low is None else low, math.inf if high is None else high)
    if value is None or verdict["strength"] == Strength.STATISTICAL:
        return None
    return value, value


def tally(rows: Sequence[Row]) -> dict[str, int]:
    """How many rules and outcomes changed, intervals are apart and rows one-sided, zeros included."""
    return {
        "rule": sum(row.shift is Shift.RULE for row in rows),
        "flip": sum(row.shift is Shift.FLIP for row in rows),
        "change": sum(row.shift is Shift.CHANGE for row in rows),
        "apart": sum(bool(row.apart) for row in rows),
        "one-sided": sum(not row.everywhere for row in rows),
        "unlike": sum(bool(row.unlike) for row in rows),
    }
