"""A comparison as a page of its own: no script, no request, readable on a phone and on paper."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

from reports import table
from reports.comparison.cells import Row, tally
from reports.comparison.columns import Comparison
from reports.comparison.remarks import LEGEND, summary, unlike
from reports.estimates import counted, estimate, p_value
from reports.shift import Shift

__all__ = ["render"]


def render(comparison: Comparison, rows: Sequence[Row]) -> str:
    """The whole page; jinja2 escapes every text from a report."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    folder = Path(__file__).parent
    environment = Environment(
        loader=FileSystemLoader(folder),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("page.html").render(
        comparison=comparison,
        shown=len(rows),
        summary=summary(comparison.rows, len(comparison.columns)),
        tally=tally(comparison.rows),
        sections=_sections(rows),
        legend=LEGEND,
    )


def _sections(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """The paper's sections, their claims, their rows, as the template wants them."""
    return [
        {
            "title": title,
            "claims": [
                {"first": same[0].any, "rows": [_view(row) for row in same]}
                for same in (
                    list(group) for _, group in groupby(in_section, key=lambda row: row.any["claim"])
                )
            ],
        }
        for title, in_section in groupby(rows, key=lambda row: table.section(dict(row.any)))
    ]


def _view(row: Row) -> dict[str, Any]:
    return {
        "setting": row.any["setting"],
        "cells": [_cell(verdict) for verdict in row.verdicts],
        "shift": str(row.shift),
        "look": {Shift.RULE: "ruled"}.get(row.shift, str(row.shift)) or "same",
        "apart": bool(row.apart),
        "unlike": unlike(row),
    }


def _cell(verdict: Any) -> dict[str, str] | None:
    if verdict is None:
        return None
    return {
        "outcome": verdict["outcome"],
        "look": verdict["outcome"].replace(" ", "-"),
        "estimate": estimate(verdict),
        "more": ", ".join(
            filter(None, [f"n {counted(verdict)}", verdict["strength"], _p(verdict.get("p_value"))])
        ),
        "reason": verdict["reason"],
    }


def _p(value: float | None) -> str:
    return "" if value is None else f"p {p_value(value)}"
