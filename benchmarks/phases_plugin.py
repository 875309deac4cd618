"""A pytest plugin, `-p benchmarks.phases_plugin`: seconds that each process of a run spends on what.

Every process writes its account into the folder that the environment variable `PHASES_FOLDER` names. To be
imported by pytest alone: the import itself begins to watch what is imported.
"""

from __future__ import annotations

import builtins
import json
import os
import sys
import threading
from collections.abc import Callable, Generator
from functools import partial, wraps
from pathlib import Path
from typing import Any

import psutil
import pytest

from benchmarks.phases import Clock

_LIBRARIES = frozenset({"numpy", "scipy", "torch", "flint", "matplotlib"})

_clock = Clock(since=psutil.Process().create_time())


def _timed(phase: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """The function, its time counted for the phase where the main thread calls it."""

    @wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        if threading.current_thread() is not threading.main_thread():
            return function(*args, **kwargs)
        _clock.enter(phase)
        try:
            return function(*args, **kwargs)
        finally:
            _clock.leave()

    return call


def _watch_imports() -> None:
    plain = builtins.__import__
    timed = _timed("import", plain)

    def imported(name: str, *args: Any, **kwargs: Any) -> Any:
        top = name.partition(".")[0]
        return (timed if top in _LIBRARIES and top not in sys.modules else plain)(name, *args, **kwargs)

    builtins.__import__ = imported


def _watch_work() -> None:
    import data
    from claims.evidence.cache import EvidenceCache
    from models.runs.store import RunStore

    data.load = _timed("data", data.load)
    RunStore._train = _timed("training", RunStore._train)  # type: ignore[method-assign]
    RunStore._read = _timed("reading", RunStore._read)  # type: ignore[method-assign]
    EvidenceCache.value = _timed("evidence", EvidenceCache.value)  # type: ignore[method-assign]


def _hook(phase: str) -> Callable[..., Any]:
    """A pytest hook around all others of its name."""

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def hook() -> Generator[None, object, object]:
        _clock.enter(phase)
        try:
            return (yield)
        finally:
            _clock.leave()

    return hook


pytest_collection = _hook("collection")
pytest_runtestloop = _hook("waiting")
pytest_runtest_protocol = _hook("judging")
pytest_sessionfinish = _hook("report")


def pytest_configure(config: pytest.Config) -> None:
    """Once the options are known and before test modules are imported.

    Raises:
        pytest.UsageError: there is no folder for the accounts.
    """
    folder = os.environ.get("PHASES_FOLDER", "")
    if not (folder and Path(folder).is_dir()):
        raise pytest.UsageError(
            f"got PHASES_FOLDER={folder!r} with -p benchmarks.phases_plugin, wanted a folder for the "
            "accounts: make one and name it"
        )
    _watch_work()
    name = getattr(config, "workerinput", {}).get("workerid", "controller")
    config.add_cleanup(partial(_write, Path(folder, f"{name}.json")))


def _write(path: Path) -> None:
    _clock.enter("report")  # counts what has passed
    path.write_text(json.dumps(_clock.seconds), encoding="utf-8")


_watch_imports()
