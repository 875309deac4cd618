"""The report's files: verdicts.json for programs, verdicts.md and verdicts.csv for people.

Each is written whole under a temporary name in its own folder and then renamed,
so that a reader sees the old file or the new one and never a half.
"""

from __future__ import annotations

import csv
import io
import json
import os
import tempfile
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

from tabulate import tabulate

from reports import multiplicity
from reports.design import design, sizes
from reports.estimates import counted, estimate, p_value
from reports.outcomes import count
from reports.table import section

__all__ = [
    "NAMES",
    "VERSION",
    "as_csv",
    "as_json",
    "as_markdown",
    "compose",
    "folder_name",
    "write",
    "write_whole",
]

NAMES = ("verdicts.json", "verdicts.md", "verdicts.csv")

VERSION = 2
"""Of verdicts.json. Version 1 had no `version`, no p-values, and no rule in its rows."""

Report = dict[str, Any]


def compose(about: dict[str, Any], verdicts: Sequence[dict[str, Any]]) -> Report:
    """The whole report of a provenance and verdicts as they were recorded, corrected for their number."""
    alpha = about["options"]["design"]["alpha"]
    corrected = multiplicity.corrected(verdicts, alpha)
    return {
        "version": VERSION,
        "provenance": about,
        "multiplicity": multiplicity.summary(corrected, alpha),
        "verdicts": corrected,
    }


def folder_name(provenance: dict[str, Any]) -> str:
    """`cpu`, `cpu-fp64`, `cuda-tf32`: the backend that trained, and the precision unless it is fp32.

    What the tests report counts; the option is asked only where no test trained.
    """
    options = provenance["options"]
    backend = provenance["backend"] or ("cpu" if options["backend"] == "auto" else options["backend"])
    return backend if options["precision"] == "fp32" else f"{backend}-{options['precision']}"


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
    return json.dumps(report, indent=2, allow_nan=False, ensure_ascii=False) + "\n"


def as_csv(report: Report) -> str:
    """One row a verdict, one column a field; the interval as `low` and `high`, empty where open."""
    rows = []
    for verdict in report["verdicts"]:
        low, high = verdict["interval"] or (None, None)
        row = {name: value for name, value in verdict.items() if name != "interval"}
        row["experiments"] = " ".join(verdict.get("experiments", ()))
        rows.append(row | {"low": low, "high": high})
    text = io.StringIO()
    writer = csv.DictWriter(text, fieldnames=list(rows[0]) if rows else [], lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def as_markdown(report: Report) -> str:
    """The table at full width, one heading a claim, with every reason."""
    about = report["provenance"]
    parts = ["# Verdicts", ""]
    if not about["complete"]:
        parts += [f"**Partial report: {about['interrupted']}.**", ""]
    numbers = count([verdict["outcome"] for verdict in report["verdicts"]])
    parts += [", ".join(f"{number} {outcome}" for outcome, number in numbers.items()) + ".", ""]
    parts += [_about(about), ""]
    parts += [f"{_sentence(design(about['options']), sizes(about['options']))} {_survived(report)}", ""]
    for title, in_section in groupby(report["verdicts"], key=section):
        parts += [f"## {title}", ""]
        for claim, group in groupby(in_section, key=lambda verdict: verdict["claim"]):
            rows = list(group)
            first = rows[0]
            parts += [f"### {claim}: {first['statement']}", ""]
            parts += [
                f"Paper: {first['paper']} ({first['place']}). Unit: {first['unit']}.",
                "",
                *_said("Rule", rows, "rule"),
                *_said("Leans on", rows, "cites"),
                _table(rows),
                "",
            ]
    return "\n".join(parts)


def _about(about: dict[str, Any]) -> str:
    commit = about["commit"] or "no checkout"
    dirty = " with local changes" if about["dirty"] else ""
    device = about["device"] or "device unknown"
    shown = ", ".join(f"{name} {version}" for name, version in about["versions"].items() if version)
    return f"Commit {commit}{dirty}; {device}; {shown}; finished {about['finished']}."


def _sentence(*texts: str) -> str:
    return " ".join(f"{text[0].upper()}{text[1:]}." for text in texts if text)


def _survived(report: Report) -> str:
    of = report["multiplicity"]
    return (
        f"Of {of['decided']} decided rows among {of['rows']} with a p-value, {of['surviving_bh']} survive "
        f"Benjamini and Hochberg's correction at {of['alpha']:g} and {of['surviving_holm']} Holm's."
    )


def _said(title: str, rows: list[dict[str, Any]], field: str) -> list[str]:
    """A line with what these rows say in this field, each text once."""
    texts = dict.fromkeys(" ".join(row[field].split()) for row in rows if row[field])
    return [f"{title}: {'; '.join(texts)}", ""] if texts else []


_HEADERS = ("setting", "verdict", "estimate, interval, margin", "p", "BH", "Holm", "n", "strength", "reason")


def _table(rows: list[dict[str, Any]]) -> str:
    cells = [
        [
            row["setting"],
            f"{row['outcome']}, does not survive" if multiplicity.fell(row) else row["outcome"],
            estimate(row),
            *(p_value(row[name]) for name in ("p_value", "p_bh", "p_holm")),
            counted(row),
            row["strength"],
            row["reason"],
        ]
        for row in rows
    ]
    escaped = [[" ".join(str(cell).replace("|", "\\|").split()) for cell in row] for row in cells]
    return tabulate(escaped, headers=_HEADERS, tablefmt="github", disable_numparse=True)
