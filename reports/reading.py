"""Reports from files: found, decoded, checked; those of earlier versions are converted here only."""

from __future__ import annotations

import glob
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import pytest

from reports.layout import printable
from reports.records import Report

__all__ = ["NAME", "WANTED", "Found", "find", "harmless", "read", "row_fields"]

NAME = "verdicts.json"
WANTED = f"wanted a {NAME} written by a run: python -m pytest claims/ -n auto writes one"
LIMIT = 2**28
"""Bytes of a report: a thousand times what a run writes."""
_NEIGHBOURS = ("history.sqlite", "controls.json")
"""What the harness itself puts beside the reports' folders: no reports, and no news to anyone."""


@dataclass(frozen=True, slots=True)
class Found:
    """Where the reports are, and one line for each thing passed over."""

    files: tuple[Path, ...]
    skipped: tuple[str, ...]


def find(names: Sequence[str]) -> Found:
    """The report files among folders, files and patterns, in the order given, each once.

    A pattern is expanded here where the shell did not. What is plainly no report is
    passed over with a line, the harness's own files beside the reports' folders without
    one; any other JSON file is taken for a report, so that a broken one cannot hide.

    Raises:
        pytest.UsageError: nothing exists under a name.
    """
    files: dict[Path, Path] = {}
    skipped = []
    for path in (path for name in names for path in _expanded(name)):
        if path.name in _NEIGHBOURS and path.is_file():
            continue
        file = path / NAME if path.is_dir() else path
        if path.is_dir() and not file.exists():
            skipped.append(f"skipped {path}: a folder without a {NAME}")
        elif file.suffix != ".json":
            skipped.append(f"skipped {path}: neither a report's folder nor a JSON file")
        elif file.resolve() in files:
            skipped.append(f"skipped {path}: the same report as {files[file.resolve()]}")
        else:
            files[file.resolve()] = file
    return Found(tuple(files.values()), tuple(map(printable, skipped)))


def _expanded(name: str) -> list[Path]:
    if Path(name).exists():
        return [Path(name)]
    if glob.has_magic(name):
        return [Path(path) for path in sorted(glob.glob(name))]
    raise pytest.UsageError(
        f"got {printable(name)}, which does not exist, wanted folders or files of reports: "
        "for instance reports/out/*"
    )


def read(path: Path, option: str = "", wanted: str = WANTED) -> Report:
    """One report, of this version or an earlier one; all its texts are harmless to show (`printable`).

    Args:
        path: the file.
        option: of the command line that names it, for the error.
        wanted: the end of the error's sentence.

    Raises:
        pytest.UsageError: naming the file and what is wrong with it.
    """
    from data.files import read as content_of  # its room loads NumPy

    try:
        found = msgspec.json.decode(content_of(path, LIMIT))
        return msgspec.convert(_current(harmless(found)), Report)
    except OSError as error:
        problem = f"cannot be read ({error.strerror})"
    except RecursionError:
        problem = "is nested too deeply for a report"
    except UnicodeDecodeError as error:
        problem = f"is not UTF-8 ({error.reason} at byte {error.start})"
    except msgspec.ValidationError as error:
        problem = f"is no report ({error})"
    except msgspec.DecodeError as error:
        problem = f"is not JSON ({error})"
    raise pytest.UsageError(printable(f"got {option}{path}, which {problem}, {wanted}"))


def harmless(value: Any) -> Any:
    """The JSON with every text `printable`."""
    if isinstance(value, str):
        return printable(value)
    if isinstance(value, list):
        return [harmless(entry) for entry in value]
    if isinstance(value, dict):
        return {printable(key): harmless(entry) for key, entry in value.items()}
    return value


# -- earlier versions -----------------------------------------------------------------


def _current(report: Any) -> Any:
    """The JSON of a report as this version has it; what is no report stays so, for the decoder to refuse.

    It keeps its version, since some rules hold only from one on.
    """
    if not isinstance(report, dict) or report.get("version", 1) not in (1, 2):
        return report
    blank = {"method": "", "alpha": 0.05, "rows": 0, "decided": 0, "surviving_bh": 0, "surviving_holm": 0}
    now = {"version": 1, "multiplicity": blank} | report
    if isinstance(rows := report.get("verdicts"), list):
        now["verdicts"] = [row_fields(row) for row in rows]
    about = report.get("provenance")
    options = about.get("options") if isinstance(about, dict) else None
    if isinstance(options, dict) and "design" not in options:
        number = options.get("replicates") or "the scale’s own number of"
        kind = f"{number} replicates of each model"
        design = {"kind": kind, "networks": [], "weights": [], "share": 1.0, "alpha": 0.05}
        now["provenance"] = dict(about or {}) | {"options": options | {"design": design}}
    return now


def row_fields(row: Any) -> Any:
    """The fields of a verdict that version 1 or 2 wrote, as this version has them."""
    if not isinstance(row, dict):
        return row
    blank = {
        "p_value": None, "sampling_unit": "", "look": "", "rule": "", "rule_since": 1, "cites": ""
    }  # fmt: skip
    now = blank | row
    if isinstance(region := row.get("region"), str):
        now["region"] = _region(region)
    return now


def _region(text: str) -> Any:
    """`<= 0.05`, `>= 2` or `[1, 2]`, as versions 1 and 2 wrote a region; else the text, which is refused."""
    try:
        if text.startswith("<="):
            return {"low": None, "high": float(text[2:])}
        if text.startswith(">="):
            return {"low": float(text[2:]), "high": None}
        low, high = text.removeprefix("[").removesuffix("]").split(",")
        return {"low": float(low), "high": float(high)}
    except ValueError:
        return text
