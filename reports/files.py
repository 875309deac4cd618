"""The report put together, and its files: verdicts.json for programs, verdicts.md and .csv for people.

A reader sees the old file or the new one and never a half.
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable, Sequence
from numbers import Integral, Real
from pathlib import Path
from typing import Any

import msgspec
from msgspec.structs import replace

from claims.core.adjustment import adjusted
from reports.formats import count, counted, design, estimate, p_value, sizes
from reports.layout import grouped
from reports.records import Multiplicity, Provenance, Report, Row
from reports.rendering import rendered

__all__ = [
    *("METHOD", "NAMES", "as_csv", "as_json", "as_markdown", "compose", "csv_text", "made", "write"),
    "write_whole",
]

METHOD = "Benjamini-Hochberg over the statistical rows (survives), Holm for the headline"
NAMES = ("verdicts.json", "verdicts.md", "verdicts.csv")


def compose(about: Provenance, rows: Sequence[Row]) -> Report:
    """The whole report of a provenance and verdicts as they were recorded, corrected for their number."""
    alpha = about.options.design.alpha
    found = corrected(rows, alpha)
    return Report(provenance=about, multiplicity=multiplicity(found, alpha), verdicts=found)


def corrected(rows: Sequence[Row], alpha: float) -> tuple[Row, ...]:
    """The rows with p_bh, p_holm and survives, in their order.

    Two corrections are made over all rows that have a p-value (`claims.core.adjustment`): Benjamini and
    Hochberg's holds the expected share of wrong ones among those that survive at alpha; Holm's, for the
    headline, the probability that any is wrong.

    The adjusted p-values are those of the whole report and None in a row that has no
    p-value. `survives` is None unless the row is statistical and decided.
    """
    found = zip(rows, adjusted(rows), strict=True)
    return tuple(
        replace(
            row, p_bh=bh, p_holm=by_holm, survives=bh <= alpha if bh is not None and row.decided else None
        )
        for row, (bh, by_holm) in found
    )


def multiplicity(rows: Sequence[Row], alpha: float) -> Multiplicity:
    """The report's `multiplicity`, of rows that are corrected."""
    counted = [row for row in rows if row.p_value is not None and row.sampled]
    of_those = [row for row in counted if row.decided]
    return Multiplicity(
        method=METHOD,
        alpha=alpha,
        rows=len(counted),
        decided=len(of_those),
        surviving_bh=sum(bool(row.survives) for row in of_those),
        surviving_holm=sum(row.stands(alpha) for row in of_those),
    )


def write(report: Report, folder: Path) -> None:
    """Write all three files.

    Raises:
        OSError: the folder cannot be made or written.
    """
    made(folder)
    for name, text in zip(NAMES, (as_json(report), as_markdown(report), as_csv(report)), strict=True):
        write_whole(folder / name, text)


def made(folder: Path) -> Path:
    """The folder, made if need be; a link in its place is removed, so that nothing is written where it leads.

    Raises:
        OSError: it cannot be made, or a file is in its way.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    if folder.is_symlink():
        folder.unlink()
    folder.mkdir(exist_ok=True)
    return folder


def write_whole(path: Path, text: str) -> None:
    """Write the text under a temporary name beside the path, then rename it, as the store writes its files.

    Raises:
        OSError: the folder is missing or cannot be written.
    """
    from models.runs import files  # its NumPy must not be loaded before the number of threads is chosen

    files.write_whole(path, text.encode())


def as_json(report: Report) -> str:
    """Strict JSON with its digest, as reports/schema/verdicts.schema.json describes it."""
    from models.runs.files import digest_of  # as above

    sealed = replace(report, digest=digest_of(msgspec.json.decode(msgspec.json.encode(report))))
    return msgspec.json.format(msgspec.json.encode(sealed), indent=2).decode() + "\n"


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


def csv_text(header: Sequence[str], rows: Iterable[Iterable[Any]], digits: int = 17) -> str:
    """Plain CSV; numbers to so many digits, one that is not finite empty, a tuple's entries in one cell.

    A text that a spreadsheet would take for a formula has an apostrophe in front.
    """

    def cell(value: Any) -> Any:
        if isinstance(value, Real):
            if isinstance(value, Integral):
                return value
            return float(f"{value:.{digits}g}") if math.isfinite(value) else None
        text = " ".join(map(str, value)) if isinstance(value, tuple) else "" if value is None else str(value)
        return f"'{text}" if text.startswith(_FORMULA) else text

    text = io.StringIO()
    # The writer quotes a cell for the characters of its own line end only, and "\r" would end a line as well.
    csv.writer(text, lineterminator="\r\n").writerows(map(cell, row) for row in (header, *rows))
    return text.getvalue().replace("\r\n", "\n")


_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
"""How a cell begins that a spreadsheet does not show but computes."""


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
        f"{row.outcome}, does not survive" if row.fell else row.outcome,
        estimate(row),
        *(p_value(p) for p in (row.p_value, row.p_bh, row.p_holm)),
        counted(row),
        row.strength,
        row.reason,
    ]
