"""An earlier verdicts.json, to tell which outcomes changed since."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from claims.catalogue import CATALOGUE
from reports import rules
from reports.files import VERSION

__all__ = ["EARLIER", "Baseline", "change", "check", "foreign", "load", "missing", "ruled"]

Verdict = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Baseline:
    """The earlier verdicts by (claim, setting), and the version of their report."""

    verdicts: Mapping[tuple[str, str], Verdict] = field(default_factory=dict)
    version: int = VERSION


EARLIER = pytest.StashKey[Baseline]()
"""What --baseline names, read before the run, whose report may be written to the same file."""

_WANTED = "wanted a verdicts.json written by an earlier run: name that file"


def load(path: Path) -> Baseline:
    """Read the outcomes of an earlier report.

    Raises:
        pytest.UsageError: the file is missing, cannot be read, is not JSON, or is not a report.
    """
    try:
        report = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise pytest.UsageError(
            f"got --baseline {path}, which cannot be read ({error.strerror}), {_WANTED}"
        ) from error
    except ValueError as error:
        raise pytest.UsageError(f"got --baseline {path}, which is not JSON ({error}), {_WANTED}") from error
    verdicts = report.get("verdicts") if isinstance(report, dict) else None
    if not isinstance(verdicts, list) or not all(map(_is_verdict, verdicts)):
        raise pytest.UsageError(
            f"got --baseline {path}, which holds no list 'verdicts' of objects with claim, setting "
            f"and outcome, {_WANTED}"
        )
    if not verdicts:
        raise pytest.UsageError(f"got --baseline {path}, which holds no verdict at all, {_WANTED}")
    version = report.get("version", 1)
    if not isinstance(version, int):
        raise pytest.UsageError(f"got --baseline {path}, which has the version {version!r}, {_WANTED}")
    return Baseline({(v["claim"], v["setting"]): v for v in verdicts}, version)


def check(path: Path) -> Baseline:
    """Read a baseline, and refuse one that cannot be compared with, before anything trains.

    Raises:
        pytest.UsageError: as `load`, and where no claim in it is one of the catalogue's.
    """
    earlier = load(path)
    known = {claim for claim, _ in earlier.verdicts}
    if not known & set(CATALOGUE):
        raise pytest.UsageError(
            f"got --baseline {path}, whose claims ({', '.join(sorted(known)[:3])}) are none of "
            f"the catalogue's, {_WANTED}"
        )
    return earlier


def _is_verdict(entry: Any) -> bool:
    return (
        isinstance(entry, dict)
        and all(isinstance(entry.get(key), str) for key in ("claim", "setting", "outcome"))
        and isinstance(entry.get("rule", ""), str)
    )


def change(verdict: Verdict, baseline: Baseline) -> tuple[str, str] | None:
    """The outcome (before, now) where the two differ by one rule; None where they agree or say nothing."""
    before = baseline.verdicts.get(_key(verdict))
    if before is None or before["outcome"] == verdict["outcome"] or ruled(verdict, baseline):
        return None
    return before["outcome"], verdict["outcome"]


def ruled(verdict: Verdict, baseline: Baseline) -> bool:
    """Whether the baseline's verdict was reached by another rule."""
    before = baseline.verdicts.get(_key(verdict))
    return before is not None and rules.changed([(before, baseline.version), (verdict, VERSION)])


def missing(verdicts: Sequence[Verdict], baseline: Baseline) -> list[Verdict]:
    """Those that the baseline does not have."""
    return [verdict for verdict in verdicts if _key(verdict) not in baseline.verdicts]


def foreign(verdicts: Sequence[Verdict], baseline: Baseline) -> str | None:
    """What is wrong with a baseline that has none of these verdicts, so that nothing was compared."""
    if not verdicts or len(missing(verdicts, baseline)) < len(verdicts):
        return None
    return (
        f"got a --baseline that has none of the {len(verdicts)} verdicts of this run, so that nothing was "
        "compared, wanted an earlier report on the same claims and settings: name its verdicts.json"
    )


def _key(verdict: Verdict) -> tuple[str, str]:
    return verdict["claim"], verdict["setting"]
