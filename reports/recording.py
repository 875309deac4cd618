"""How a verdict crosses from the process that ran the test to the one that reports.

Verdicts travel as JSON text in the test report's `user_properties`. Text and
nothing else, because xdist refuses NumPy scalars and `--junitxml` writes
`str(value)`: as text the XML holds valid JSON too.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

import pytest

from claims.core.verdict import Verdict

__all__ = ["experiments_of", "plain", "properties", "recorded_provenance", "recorded_verdicts"]

_VERDICT = "verdict"
_PROVENANCE = "provenance"


def properties(verdict: Verdict, nodeid: str, provenance: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The two user properties of one recorded verdict.

    Raises:
        TypeError: naming the entry that is not plain JSON.
    """
    fields = plain(verdict.as_json(), "verdict") | {"nodeid": nodeid}
    about = plain(dict(provenance), "provenance")
    return [(_VERDICT, json.dumps(fields)), (_PROVENANCE, json.dumps(about))]


def recorded_verdicts(report: pytest.CollectReport | pytest.TestReport) -> list[dict[str, Any]]:
    """The verdicts that the test of this report recorded, in order."""
    return _read(report, _VERDICT)


def recorded_provenance(report: pytest.CollectReport | pytest.TestReport) -> list[dict[str, Any]]:
    """Where those verdicts came from, one entry a verdict."""
    return _read(report, _PROVENANCE)


def experiments_of(provenance: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The runs behind one verdict, each an object with its key in the store and what was said about it.

    Given as a mapping from key to the rest, as a list of keys, or as one key.
    """
    found = provenance.get("experiments") or {}
    if isinstance(found, Mapping):
        return [{"key": key, **about} for key, about in found.items()]
    return [{"key": str(key)} for key in ([found] if isinstance(found, str) else found)]


def _read(report: Any, key: str) -> list[dict[str, Any]]:
    return [json.loads(value) for name, value in getattr(report, "user_properties", ()) if name == key]


def plain(value: Any, where: str) -> Any:
    """The value as strict JSON: tuples become lists, numbers that are not finite become None.

    Raises:
        TypeError: for anything JSON has no word for, such as a tensor or a NumPy scalar.
    """
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return str(value)
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    if isinstance(value, list | tuple):
        return [plain(entry, f"{where}[{i}]") for i, entry in enumerate(value)]
    if isinstance(value, dict) and all(isinstance(key, str) for key in value):
        return {str(key): plain(entry, f"{where}[{key!r}]") for key, entry in value.items()}
    kind = f"{type(value).__module__}.{type(value).__qualname__}".removeprefix("builtins.")
    raise TypeError(
        f"got {where} of type {kind}, wanted plain JSON (None, bool, int, float, str, list, dict by str): "
        "convert it with float(), int(), str() or .tolist() before recording it"
    )
