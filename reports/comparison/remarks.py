"""The words that every rendering of a comparison shares: what differs, how much, and what the words mean."""

from __future__ import annotations

from collections.abc import Sequence

from reports.comparison.cells import Row, tally
from reports.shift import Shift

__all__ = ["LEGEND", "SHOWN", "selected", "summary", "unlike"]

SHOWN = ("all", "changes", "flips")
"""What `--only` may name."""

LEGEND = {
    "rule": "the rule changed between the reports: the outcomes answer different questions, so that they "
    "neither agree nor flip",
    "flip": "supported in one report, refuted in another",
    "change": "the outcomes differ otherwise: one is inconclusive or not applicable",
    "apart": "two of the intervals do not overlap, so the difference of the estimates exceeds them; "
    "a proof's value is an interval of width zero, inf an open end",
    "unlike": "the verdicts were not reached alike, so that their difference may come from that",
    "-": "the report has no such verdict",
}


def selected(rows: Sequence[Row], only: str) -> list[Row]:
    """The rows that `--only` leaves."""
    wanted = {"all": set(Shift), "changes": set(Shift) - {Shift.NONE}, "flips": {Shift.FLIP}}[only]
    return [row for row in rows if row.shift in wanted]


def unlike(row: Row) -> str:
    """`n: 12 | 48; region: <= 0.05 | <= 0.1` for the fields that differ, "" where none does."""
    return "; ".join(
        "the statement differs" if field == "statement" else f"{field}: {' | '.join(texts)}"
        for field, texts in row.unlike.items()
    )


def summary(rows: Sequence[Row], reports: int) -> str:
    """`117 verdicts in 2 reports: 1 flip, 3 changes, 4 apart, 90 with another rule`."""
    number = tally(rows)
    parts = [
        _counted(number["flip"], "flip"),
        _counted(number["change"], "change"),
        f"{number['apart'] or 'none'} apart",
    ]
    parts += [f"{number['rule']} with another rule"] if number["rule"] else []
    parts += [f"{number['one-sided']} not in every report"] if number["one-sided"] else []
    parts += [f"{number['unlike']} unlike"] if number["unlike"] else []
    return f"{_counted(len(rows), 'verdict')} in {_counted(reports, 'report')}: {', '.join(parts)}"


def _counted(number: int, noun: str) -> str:
    return f"{number or 'no'} {noun}{'' if number == 1 else 's'}"
