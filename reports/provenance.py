"""Where a report comes from: commit, versions, device, seeds, data checksums, options, durations."""

from __future__ import annotations

import os
import platform
import subprocess
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import msgspec
import pytest

from claims.catalogue.experiments import chosen_scale
from claims.core.design import FIXED, SEQUENTIAL, fixed
from reports.collector import Collector
from reports.options import PATHS
from reports.records import Durations, Options, Origin, Provenance, TrainedRun

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


def describe(config: pytest.Config, collector: Collector, interrupted: str | None) -> Provenance:
    """The report's provenance."""
    return Provenance(
        **checkout(config.rootpath),
        **merge(collector.origins()),
        versions=versions(),
        options=_options(config),
        durations=Durations(
            round(collector.seconds, 3),
            {test: round(seconds, 3) for test, seconds in sorted(collector.durations.items())},
        ),
        started=collector.started.isoformat(timespec="seconds"),
        finished=datetime.now(UTC).isoformat(timespec="seconds"),
        complete=interrupted is None,
        interrupted=interrupted,
        errors=tuple(sorted(collector.errors)),
        skipped=tuple(sorted(collector.skipped)),
    )


def _options(config: pytest.Config) -> Options:
    """The command line, with the design as the claims' fixtures choose it."""
    option = config.option
    found: dict[str, Any] = {name: getattr(option, name, None) for name in Options.__struct_fields__}
    found |= {name: _within(config.rootpath, found[name]) for name in PATHS if found[name] is not None}
    chosen = SEQUENTIAL if option.looks else FIXED if option.networks is None else fixed(option.networks)
    found["design"] = chosen.as_json()
    found["scale_sizes"] = {
        name: dict(of) for name, of in chosen_scale(option.scale, option.data).sizes.items()
    }
    found["arguments"] = list(config.invocation_params.args)
    return msgspec.convert(found, Options)


def merge(origins: Sequence[Origin]) -> dict[str, Any]:
    """One account of where all verdicts came from, whatever process ran each test: fields of Provenance.

    Names (device, backend, precision) are joined with "+" where tests differ, seeds are
    united, `data` maps each name to its checksum or checksums, `experiments` has each run
    once, `trained` counts verdicts with a run that was trained now rather than read from
    the store, `seconds` is the training time of the runs in all.
    """
    data: dict[str, set[str]] = {}
    for origin in origins:
        for name, checksum in origin.data.items():
            data.setdefault(name, set()).add(checksum)
    runs = _experiments(run for origin in origins for run in origin.experiments)
    return {
        "device": _joined(origin.device for origin in origins),
        "backend": _joined(origin.backend for origin in origins),
        "precision": _joined(origin.precision for origin in origins),
        "seeds": tuple(sorted({seed for origin in origins for seed in origin.seeds})),
        "data": {name: "+".join(sorted(sums)) for name, sums in sorted(data.items())},
        "experiments": runs,
        "trained": sum(any(run.trained for run in origin.experiments) for origin in origins),
        "seconds": round(sum(run.seconds or 0.0 for run in runs), 3),
    }


def _joined(names: Iterable[str | None]) -> str | None:
    return "+".join(sorted({name for name in names if name})) or None


def _experiments(runs: Iterable[TrainedRun]) -> tuple[TrainedRun, ...]:
    """Each run once, by key; trained now if any test trained it, for the others read it afterwards."""
    found: dict[str, TrainedRun] = {}
    for run in runs:
        before = found.get(run.key)
        found[run.key] = msgspec.structs.replace(
            run, trained=run.trained or (before is not None and before.trained)
        )
    return tuple(found[key] for key in sorted(found))


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
