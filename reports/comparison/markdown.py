"""A comparison as Markdown: a table a claim, a column a report."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import groupby
from typing import Any

from reports import table
from reports.comparison.cells import Row
from reports.comparison.columns import Comparison
from reports.comparison.remarks import LEGEND, summary, unlike
from reports.estimates import estimate
from reports.shift import Shift

__all__ = ["render"]

_SPECIAL = re.compile(r"([\\`*_\[\]<>|~#])")


def render(comparison: Comparison, rows: Sequence[Row]) -> str:
    """The whole text; every text from a report is escaped."""
    columns = comparison.columns
    parts = ["# Verdicts compared", "", f"{_text(summary(comparison.rows, len(columns)))}.", ""]
    if len(rows) < len(comparison.rows):
        parts += [f"Shown: {len(rows)} of {len(comparison.rows)} verdicts.", ""]
    parts += [f"- **{_text(column.name)}**: {_text(f'{column.about}; {column.path}')}" for column in columns]
    parts += [f"- Mind: {_text(caution)}" for caution in comparison.cautions]
    for title, in_section in groupby(rows, key=lambda row: table.section(dict(row.any))):
        parts += ["", f"## {_text(title)}"]
        for claim, in_claim in groupby(in_section, key=lambda row: row.any["claim"]):
            same = list(in_claim)
            first = same[0].any
            parts += ["", f"### {_text(claim)}: {_text(first['statement'])}", ""]
            parts += [
                f"Paper: {_text(first['paper'])} ({_text(first['place'])}). Unit: {_text(first['unit'])}.",
                "",
            ]
            parts += _line("setting", *(_text(column.name) for column in columns), "difference")
            parts += _line(*["---"] * (len(columns) + 2))
            for row in same:
                parts += _line(_text(row.any["setting"]), *map(_cell, row.verdicts), _difference(row))
    parts += ["", *(f"- **{_text(word)}**: {_text(meaning)}" for word, meaning in LEGEND.items()), ""]
    return "\n".join(parts)


def _line(*cells: str) -> list[str]:
    return [f"| {' | '.join(cells)} |"]


def _cell(verdict: Any) -> str:
    if verdict is None:
        return "-"
    return f"{_text(verdict['outcome'])}<br>{_text(estimate(verdict))}"


def _difference(row: Row) -> str:
    parts = [f"**{row.shift.upper()}**" if row.shift is Shift.FLIP else str(row.shift)]
    parts += ["apart" if row.apart else "", f"unlike: {_text(unlike(row))}" if row.unlike else ""]
    return ", ".join(part for part in parts if part)


def _text(text: str) -> str:
    """The text with nothing in it that Markdown or HTML would act upon."""
    return _SPECIAL.sub(r"\\\1", text.replace("&", "&amp;"))
