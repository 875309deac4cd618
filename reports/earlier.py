"""Reports that exist already: found, decoded, checked, and what changed between their verdicts and others.

Those of earlier versions of the format are converted as they are read, and only here.
"""

from __future__ import annotations

import glob
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import pytest

from claims.catalogue import CATALOGUE
from claims.core.change import Change, change, key
from claims.core.verdict import Outcome, Verdict
from reports.layout import printable
from reports.records import VERSION, Report

__all__ = ["BASELINE", "NAME", "UNSEALED", "WORDS", "Baseline", "find", "harmless", "read"]

NAME = "verdicts.json"
WANTED = f"wanted a {NAME} written by a run: python -m pytest claims/ -n auto writes one"
LIMIT = 2**28
"""Bytes of a report: a thousand times what a run writes."""
UNSEALED = "bears no digest, so that a change to its figures since the run would not be seen"
"""What is said of a report that was written before there was one."""
_NEIGHBOURS = ("history.sqlite", "controls.json")
"""What the harness itself puts beside the reports' folders: no reports, and no news to anyone."""


def find(names: Sequence[str]) -> tuple[list[Path], list[str]]:
    """The report files among folders, files and patterns, in the order given; a line for each other.

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
    return list(files.values()), list(map(printable, skipped))


def _expanded(name: str) -> list[Path]:
    if not Path(name).exists() and not glob.has_magic(name):
        raise pytest.UsageError(
            f"got {printable(name)}, which does not exist, wanted folders or files of reports: "
            "for instance reports/out/*"
        )
    return [Path(name)] if Path(name).exists() else [Path(path) for path in sorted(glob.glob(name))]


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
    from models.runs.files import DamageError, bears_digest

    try:
        found = msgspec.json.decode(content_of(path, LIMIT).decode())
        report = msgspec.convert(_upgraded(harmless(found)), Report)
        bears_digest(found)
        return report
    except OSError as error:
        problem = f"cannot be read ({error.strerror})"
    except RecursionError:
        problem = "is nested too deeply for a report"
    except UnicodeDecodeError as error:
        problem = f"is not UTF-8 ({error.reason} at byte {error.start})"
    except DamageError as error:
        problem = str(error)
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


class _Parts(msgspec.Struct):
    """The parts of a report that every version has, and the conversion goes through."""

    provenance: dict[str, Any]
    verdicts: list[dict[str, Any]]


_NEW = {"p_value": None, "sampling_unit": "", "look": "", "rule": "", "rule_since": 1, "cites": ""}
"""Fields of a verdict that version 1 lacks, and what they are there; its rules hold since the beginning."""

_UNDESIGNED: dict[str, Any] = {"networks": [], "weights": [], "share": 1.0, "alpha": 0.05}
_UNCOUNTED = {"method": "", "alpha": 0.05, "rows": 0, "decided": 0, "surviving_bh": 0, "surviving_holm": 0}


def _upgraded(report: Any) -> Any:
    """The JSON of a report of any version as this version has it, with the version that it was written in.

    What is no report stays as it is, for the decoder to refuse.

    Raises:
        msgspec.ValidationError: a report of an earlier version lacks a part, or one is of another kind.
    """
    if not isinstance(report, dict) or report.get("version", 1) not in range(1, VERSION):
        return report
    parts = msgspec.convert(report, _Parts)
    if "version" not in report:
        report = {"version": 1, "multiplicity": _UNCOUNTED} | report
        parts.verdicts = [_NEW | row for row in parts.verdicts]
        if isinstance(options := parts.provenance.get("options"), dict):
            number = options.get("replicates") or "the scale's own number of"
            kind = f"{number} replicates of each model"
            parts.provenance["options"] = options | {"design": _UNDESIGNED | {"kind": kind}}
    rows = [row | {"region": _region(row.get("region"))} for row in parts.verdicts]
    return report | {"provenance": parts.provenance, "verdicts": rows}


def _region(text: Any) -> Any:
    """`<= 0.05`, `>= 2` or `[1, 2]`, as versions 1 and 2 wrote a region; else the same, which is refused."""
    if not isinstance(text, str):
        return text
    try:
        if text.startswith("<="):
            return {"low": None, "high": float(text[2:])}
        if text.startswith(">="):
            return {"low": float(text[2:]), "high": None}
        low, high = text.removeprefix("[").removesuffix("]").split(",")
        return {"low": float(low), "high": float(high)}
    except ValueError:
        return text


# -- what changed ---------------------------------------------------------------------


WORDS: dict[Change, tuple[str, dict[str, bool]]] = {
    Change.NONE: ("", {}),
    Change.RULE: ("rule", {"cyan": True}),
    Change.CHANGE: ("change", {"yellow": True, "bold": True}),
    Change.FLIP: ("FLIP", {"red": True, "bold": True}),
}
"""Word and colour on a terminal; the flip is in capitals for where there are no colours."""


@dataclass(frozen=True, slots=True)
class Baseline:
    """The verdicts of an earlier report by claim and setting."""

    verdicts: Mapping[tuple[str, str], Verdict] = field(default_factory=dict)
    sealed: bool = True
    """Whether the report bears a digest, which was right."""

    @classmethod
    def read(cls, path: Path) -> Baseline:
        """An earlier verdicts.json; one that cannot be compared with is refused before anything trains.

        Raises:
            pytest.UsageError: it is no report, is empty, or none of its claims is one of the catalogue's.
        """
        wanted = f"wanted a {NAME} written by an earlier run: name that file"
        report = read(path, "--baseline ", wanted)
        if not report.verdicts:
            raise pytest.UsageError(f"got --baseline {path}, which holds no verdict at all, {wanted}")
        known = {verdict.claim for verdict in report.verdicts}
        if not known & set(CATALOGUE):
            raise pytest.UsageError(
                f"got --baseline {path}, whose claims ({', '.join(sorted(known)[:3])}) are none of "
                f"the catalogue's, {wanted}"
            )
        return cls({key(verdict): verdict for verdict in report.verdicts}, report.digest is not None)

    def change(self, verdict: Verdict) -> Change:
        """How this run's verdict differs from the earlier one; none where there is no earlier one."""
        before = self.verdicts.get(key(verdict))
        return Change.NONE if before is None else change((before, verdict))

    def moved(self, verdict: Verdict) -> tuple[Outcome, Outcome] | None:
        """The outcome (before, now) where the two differ by one rule; else None."""
        if self.change(verdict) not in (Change.CHANGE, Change.FLIP):
            return None
        return self.verdicts[key(verdict)].outcome, verdict.outcome

    def missing(self, verdicts: Sequence[Verdict]) -> int:
        """How many of these the baseline does not have."""
        return sum(key(verdict) not in self.verdicts for verdict in verdicts)

    def foreign(self, verdicts: Sequence[Verdict]) -> str | None:
        """What is wrong with a baseline that has none of these verdicts, so that nothing was compared."""
        if not verdicts or self.missing(verdicts) < len(verdicts):
            return None
        return (
            f"got a --baseline that has none of the {len(verdicts)} verdicts of this run, so that nothing "
            "was compared, wanted an earlier report on the same claims and settings: name its verdicts.json"
        )


BASELINE = pytest.StashKey[Baseline]()
"""What --baseline names, read before the run, whose report may be written to the same file."""
