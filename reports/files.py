"""The report's files: verdicts.json for programs, verdicts.md and verdicts.csv for people.

Each is written whole under a temporary name in its own folder and then renamed,
so that a reader sees the old file or the new one and never a half.
"""

from __future__ import annotations

import csv
import io
import math
import os
import tempfile
from collections.abc import Iterable, Sequence
from enum import Enum
from pathlib import Path
from typing import Any

import msgspec

from claims.core.verdict import Region
from reports import multiplicity
from reports.formats import count, counted, design, estimate, p_value, sizes
from reports.layout import grouped
from reports.records import Provenance, Report, Row
from reports.rendering import rendered

__all__ = ["NAMES", "as_csv", "as_json", "as_markdown", "compose", "csv_text", "write", "write_whole"]

NAMES = ("verdicts.json", "verdicts.md", "verdicts.csv")


def compose(about: Provenance, rows: Sequence[Row]) -> Report:
    """The whole report of a provenance and verdicts as they were recorded, corrected for their number."""
    alpha = about.options.design.alpha
    corrected = multiplicity.corrected(rows, alpha)
    return Report(provenance=about, multiplicity=multiplicity.summary(corrected, alpha), verdicts=corrected)


def write(report: Report, folder: Path) -> None:
    """Write all three files.

    Raises:
        OSError: the folder cannot be made or written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in zip(NAMES, (as_json(report), as_markdown(report), as_csv(report)), strict=True):
        write_whole(folder / name, text)


def write_whole(path: Path, text: str) -> None:
    """Write the text under a temporary name beside the path, then rename it.

    Raises:
        OSError: the folder is missing or cannot be written.
    """
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
            file.write(text)
        os.chmod(temporary, 0o644)  # mkstemp's 0600 would hide the report from others
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


def as_json(report: Report) -> str:
    """Strict JSON, as reports/schema/verdicts.schema.json describes it."""
    return msgspec.json.format(msgspec.json.encode(report), indent=2).decode() + "\n"


def as_csv(report: Report) -> str:
    """One row a verdict, one column a field; the interval as `low` and `high`, empty where open."""
    names = [name for name in Row.__struct_fields__ if name != "interval"]
    return csv_text(
        [*names, "low", "high"] if report.verdicts else [],
        (
            (*(getattr(row, name) for name in names), *(row.interval or (None, None)))
            for row in report.verdicts
        ),
    )


def csv_text(header: Sequence[str], rows: Iterable[Iterable[Any]]) -> str:
    """Plain CSV; a number that is not finite is empty, a tuple its entries in one cell."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([header, *(map(_cell, row) for row in rows)])
    return text.getvalue()


def _cell(value: Any) -> Any:
    if isinstance(value, tuple):
        return " ".join(map(str, value))
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return str(value) if isinstance(value, Region | Enum) else value


HEADERS = ("setting", "verdict", "estimate, interval, margin", "p", "BH", "Holm", "n", "strength", "reason")


def as_markdown(report: Report) -> str:
    """The table at full width, one heading a claim, with every reason."""
    options = report.provenance.options
    text = rendered(
        "verdicts.md",
        about=report.provenance,
        of=report.multiplicity,
        counts=count(report.verdicts),
        design=design(options),
        sizes=sizes(options),
        sections=grouped(report.verdicts, lambda row: row),
        headers=HEADERS,
        cells=lambda rows: list(map(_cells, rows)),
        said=_said,
    )
    return text.rstrip("\n") + "\n"


def _said(rows: Sequence[Row], name: str) -> list[str]:
    """What the rows say in this field, each text once."""
    return list(dict.fromkeys(" ".join(text.split()) for row in rows if (text := getattr(row, name))))


def _cells(row: Row) -> list[str]:
    return [
        row.setting,
        f"{row.outcome}, does not survive" if multiplicity.fell(row) else row.outcome,
        estimate(row),
        *(p_value(p) for p in (row.p_value, row.p_bh, row.p_holm)),
        counted(row),
        row.strength,
        row.reason,
    ]
