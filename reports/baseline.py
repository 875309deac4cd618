"""An earlier verdicts.json, to tell which outcomes changed since."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

__all__ = ["Baseline", "change", "load"]

Baseline = Mapping[tuple[str, str], str]
"""(claim, setting) -> outcome."""

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
    return {(verdict["claim"], verdict["setting"]): verdict["outcome"] for verdict in verdicts}


def _is_verdict(entry: Any) -> bool:
    return isinstance(entry, dict) and all(
        isinstance(entry.get(key), str) for key in ("claim", "setting", "outcome")
    )


def change(verdict: Mapping[str, Any], baseline: Baseline) -> tuple[str, str] | None:
    """The outcome (before, now) where the two differ; None where they agree or there was none before."""
    before = baseline.get((verdict["claim"], verdict["setting"]))
    if before is None or before == verdict["outcome"]:
        return None
    return before, verdict["outcome"]
