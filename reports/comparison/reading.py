"""Reports from folders and files, checked field by field, with a column name each."""

from __future__ import annotations

import glob
import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from claims.core.verdict import Outcome, Strength
from reports.estimates import estimate
from reports.terminal import printable

__all__ = ["Found", "find", "read"]

Report = dict[str, Any]
_NAME = "verdicts.json"
_NEIGHBOURS = ("history.sqlite", "controls.json")
"""What the harness itself puts beside the reports' folders: no reports, and no news to anyone."""
_WANTED = f"wanted a {_NAME} written by a run: python -m pytest claims/ -n auto writes one"


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
        file = path / _NAME if path.is_dir() else path
        if path.is_dir() and not file.exists():
            skipped.append(f"skipped {path}: a folder without a {_NAME}")
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


def read(path: Path) -> Report:
    """One report. Unknown keys are kept, so that reports of other versions compare as well: version 1 had
    fewer, and the next may have more.

    All texts are made harmless to show (`printable`).

    Raises:
        pytest.UsageError: naming the file and what is wrong with it.
    """
    try:
        report = json.loads(path.read_bytes().decode("utf-8"), parse_constant=_no_constant)
        return _checked(report)
    except OSError as error:
        problem = f"cannot be read ({error.strerror})"
    except RecursionError:
        problem = "is nested too deeply for a report"
    except json.JSONDecodeError as error:
        problem = f"is not JSON ({error})"
    except UnicodeDecodeError as error:
        problem = f"is not UTF-8 ({error.reason} at byte {error.start})"
    except (ValueError, OverflowError) as error:
        problem = f"is no report ({error})"
    raise pytest.UsageError(printable(f"got {path}, which {problem}, {_WANTED}"))


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _checked(report: Any) -> Report:
    report = _harmless(report)
    if not isinstance(report, dict) or not isinstance(report.get("verdicts"), list):
        raise ValueError("it holds no list 'verdicts'")
    version = report.get("version", 1)
    if not _whole(version) or version < 1:
        raise ValueError(f"it has the version {json.dumps(version)[:60]}")
    second = version > 1
    about = _fields(report.get("provenance"), "provenance", _PROVENANCE)
    _fields(about["options"], "provenance.options", _OPTIONS | (_OPTIONS_2 if second else _OPTIONS_1))
    for i, verdict in enumerate(report["verdicts"]):
        _verdict(verdict, f"verdicts[{i}]", _VERDICT | (_VERDICT_2 if second else {}))
    return report


def _harmless(value: Any) -> Any:
    if isinstance(value, str):
        return printable(value)
    if isinstance(value, list):
        return [_harmless(entry) for entry in value]
    if isinstance(value, dict):
        return {printable(key): _harmless(entry) for key, entry in value.items()}
    return value


Check = Callable[[Any], bool]


def _text(value: Any) -> bool:
    return isinstance(value, str)


def _whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**53


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _or_null(check: Check) -> Check:
    return lambda value: value is None or check(value)


def _interval(value: Any) -> bool:
    if not (isinstance(value, list) and len(value) == 2 and all(map(_or_null(_number), value))):
        return False
    return None in value or value[0] <= value[1]


def _probability(value: Any) -> bool:
    return _number(value) and 0 <= value <= 1


def _design(value: Any) -> bool:
    return (
        isinstance(value, dict)
        and _text(value.get("kind"))
        and all(map(_probability, (value.get("share"), value.get("alpha"))))
        and _list_of(value.get("networks"), _whole)
        and _list_of(value.get("weights"), _probability)
    )


def _sizes(value: Any) -> bool:
    return isinstance(value, dict) and all(
        isinstance(of, dict) and _whole(of.get("train")) and _whole(of.get("test")) for of in value.values()
    )


def _list_of(value: Any, check: Check) -> bool:
    return isinstance(value, list) and all(map(check, value))


_PROVENANCE: dict[str, Check] = {
    **dict.fromkeys(("commit", "backend", "precision", "device", "interrupted"), _or_null(_text)),
    "dirty": _or_null(lambda value: isinstance(value, bool)),
    "finished": _text,
    "complete": lambda value: isinstance(value, bool),
    "data": lambda value: isinstance(value, dict) and all(map(_text, value.values())),
    "options": lambda value: isinstance(value, dict),
}
_OPTIONS: dict[str, Check] = {
    **dict.fromkeys(("scale", "backend", "precision"), _text),
    "protocols": lambda value: isinstance(value, list) and all(map(_text, value)),
}
_OPTIONS_1: dict[str, Check] = {"replicates": _or_null(_whole)}
_OPTIONS_2: dict[str, Check] = {"networks": _or_null(_whole), "design": _design, "scale_sizes": _sizes}
_TEXTS = ("claim", "setting", "statement", "unit", "region", "protocol", "dataset", "reason")
_VERDICT: dict[str, Check] = {
    **dict.fromkeys((*_TEXTS, "paper", "place", "kind", "nodeid"), _text),
    "outcome": lambda value: value in list(Outcome),
    "strength": lambda value: value in list(Strength),
    **dict.fromkeys(("estimate", "margin"), _or_null(_number)),
    "interval": _or_null(_interval),
    "alpha": _number,
    "n": _whole,
}
_VERDICT_2: dict[str, Check] = {
    **dict.fromkeys(("rule", "sampling_unit", "look", "cites"), _text),
    "rule_since": _whole,
    **dict.fromkeys(("p_value", "p_bh", "p_holm"), _or_null(_probability)),
    "survives": _or_null(lambda value: isinstance(value, bool)),
}


def _fields(value: Any, where: str, checks: Mapping[str, Check]) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ValueError(f"{where} is no object")
    for key, check in checks.items():
        if key not in value:
            raise ValueError(f"{where} has no {key!r}")
        if not check(value[key]):
            shown = json.dumps(value[key])
            raise ValueError(f"{where} has the {key} {shown if len(shown) < 60 else shown[:57] + '...'}")
    return value


def _verdict(verdict: Any, where: str, checks: Mapping[str, Check]) -> None:
    _fields(verdict, where, checks)
    try:
        estimate(verdict)
    except (ValueError, OverflowError):
        raise ValueError(f"{where} has the region {verdict['region']!r}") from None
