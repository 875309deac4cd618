"""Where a report comes from: commit, versions, device, seeds, data checksums, options, durations."""

from __future__ import annotations

import os
import platform
import subprocess
from collections.abc import Iterable
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import pytest

from claims.catalogue.experiments import chosen_scale
from claims.core.design import FIXED, SEQUENTIAL, fixed
from reports.collector import Collector
from reports.recording import experiments_of

__all__ = ["checkout", "describe", "merge", "versions"]

PACKAGES = (
    "landscape-claims",
    "torch",
    "numpy",
    "scipy",
    "pytest",
    "pytest-xdist",
    "python-flint",
    "safetensors",
)
_OPTIONS = (
    "scale",
    "backend",
    "precision",
    "protocols",
    "networks",
    "looks",
    "seed",
    "refresh",
    "fail_on",
)
_PATHS = ("report_dir", "store", "baseline", "data")
_OPTIONS += (*_PATHS, "numprocesses", "dist")


def describe(config: pytest.Config, collector: Collector, interrupted: str | None) -> dict[str, Any]:
    """The report's top-level `provenance`."""
    runs = merge(entry for entries in collector.provenance.values() for entry in entries)
    option = {name: getattr(config.option, name, None) for name in _OPTIONS}
    option |= {name: list(value) for name, value in option.items() if isinstance(value, tuple)}
    option |= {name: _within(config.rootpath, option[name]) for name in _PATHS if option[name] is not None}
    option["design"] = _design(option["networks"], option["looks"])
    option["scale_sizes"] = {
        name: dict(of) for name, of in chosen_scale(option["scale"], config.option.data).sizes.items()
    }
    return {
        **checkout(config.rootpath),
        "versions": versions(),
        **runs,
        "options": option | {"arguments": list(config.invocation_params.args)},
        "durations": {
            "total": round(collector.seconds, 3),
            "tests": {test: round(seconds, 3) for test, seconds in sorted(collector.durations.items())},
        },
        "started": collector.started.isoformat(timespec="seconds"),
        "finished": datetime.now(UTC).isoformat(timespec="seconds"),
        "complete": interrupted is None,
        "interrupted": interrupted,
        "errors": sorted(collector.errors),
        "skipped": sorted(collector.skipped),
    }


def _design(networks: int | None, looks: bool) -> dict[str, Any]:
    """As the claims' fixtures choose it."""
    chosen = SEQUENTIAL if looks else FIXED if networks is None else fixed(networks)
    return dict(chosen.as_json())


def merge(entries: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """One account of where all verdicts came from, whatever process each test ran in.

    Names (device, backend, precision) are joined with "+" where tests differ, lists are
    united, `data` maps each name to its checksum or checksums, `experiments` has each run
    once, `trained` counts verdicts with a run that was trained now rather than read from
    the store, `seconds` is the training time of the runs in all.
    What the tests said beyond these keys is kept under `more`.
    """
    entries = list(entries)
    data: dict[str, set[str]] = {}
    for entry in entries:
        for name, checksum in (entry.get("data") or {}).items():
            data.setdefault(name, set()).add(str(checksum))
    runs = _experiments(entries)
    known = {"device", "backend", "precision", "seeds", "experiments", "data", "trained", "seconds"}
    more = sorted({key for entry in entries for key in entry} - known)
    return {
        **{
            name: "+".join(map(str, _united(entries, name))) or None
            for name in ("device", "backend", "precision")
        },
        "seeds": _united(entries, "seeds"),
        "experiments": runs,
        "data": {name: "+".join(sorted(sums)) for name, sums in sorted(data.items())},
        "trained": sum(map(_trained, entries)),
        "seconds": round(sum(each.get("seconds") or 0.0 for each in [*entries, *runs]), 3),
        "more": {key: _united(entries, key) for key in more},
    }


def _experiments(entries: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Each run once, by key; trained now if any test trained it, for the others read it afterwards."""
    blank = {"name": None, "trained": False, "resumed_from": None, "seconds": None, "sha256": None}
    found: dict[str, dict[str, Any]] = {}
    for run in (run for entry in entries for run in experiments_of(entry)):
        before = found.get(run["key"], {})
        trainer = before if before.get("trained") else run
        found[run["key"]] = blank | before | run | {"trained": bool(trainer.get("trained"))}
    return [found[key] for key in sorted(found)]


def _trained(entry: dict[str, Any]) -> bool:
    return bool(entry.get("trained")) or any(run.get("trained") for run in experiments_of(entry))


def _united(entries: Iterable[dict[str, Any]], key: str) -> list[Any]:
    """Every value under the key once, sorted so that the order of arrival leaves no trace."""
    found: list[Any] = []
    for entry in entries:
        value = entry.get(key)
        found += value if isinstance(value, list) else [] if value is None else [value]
    unique = [value for i, value in enumerate(found) if value not in found[:i]]
    return sorted(
        unique, key=lambda value: (str(type(value)), value if isinstance(value, int) else 0, str(value))
    )


def versions() -> dict[str, str | None]:
    """The interpreter's and the packages' versions; None for one that is not installed."""
    found: dict[str, str | None] = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = None
    return found


def _within(root: Path, path: str) -> str:
    """As seen from the checkout where it lies inside: that is where commands are run, on any machine."""
    return Path(path).relative_to(root).as_posix() if Path(path).is_relative_to(root) else path


def checkout(root: Path) -> dict[str, Any]:
    """The commit and whether files differ from it; None for both outside a git checkout."""
    commit = _git(root, "rev-parse", "HEAD")
    changes = _git(root, "status", "--porcelain") if commit else None
    return {"commit": commit, "dirty": None if changes is None else bool(changes)}


def _git(root: Path, *command: str) -> str | None:
    # Without optional locks, `status` cannot get in the way of a commit being made meanwhile.
    environ = os.environ | {"GIT_OPTIONAL_LOCKS": "0"}
    try:
        done = subprocess.run(
            ["git", "-C", str(root), *command],
            env=environ,
            capture_output=True,
            text=True,
            timeout=20,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None
