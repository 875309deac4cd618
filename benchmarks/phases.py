"""A pytest plugin, `-p benchmarks.phases`: seconds that each process of a run spends on what.

Every process writes its account into the folder that the environment variable `PHASES_FOLDER` names. Time
counts for the innermost phase only: loading data while training is loading data.
"""

from __future__ import annotations

import builtins
import json
import os
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Generator
from functools import wraps
from pathlib import Path
from typing import Any

import psutil
import pytest

__all__ = ["PHASES", "Clock", "read"]

PHASES = {
    "start": "starting Python and pytest",
    "import": "importing numpy, scipy, torch, flint, matplotlib",
    "collection": "collecting tests",
    "data": "loading data",
    "training": "training",
    "reading": "reading stored runs",
    "evidence": "evidence that is kept: proofs, restarts, statistics over many weights",
    "judging": "statistics and verdicts",
    "waiting": "waiting for the other worker or the controller",
    "report": "report and figures",
}
"""What is accounted for, in the order of a run."""

_LIBRARIES = frozenset({"numpy", "scipy", "torch", "flint", "matplotlib"})


class Clock:
    """Gives passing time to the phase on top of a stack.

    Args:
        now: the clock, seconds.
        since: when the first phase, "start", began.
    """

    def __init__(self, now: Callable[[], float] = time.time, since: float | None = None) -> None:
        self._now, self._stack = now, ["start"]
        self._last = now() if since is None else since
        self.seconds: Counter[str] = Counter()

    def enter(self, phase: str) -> None:
        """What follows counts for this phase."""
        self._count()
        self._stack.append(phase)

    def leave(self) -> None:
        """What follows counts for the phase before."""
        self._count()
        self._stack.pop()

    def _count(self) -> None:
        now = self._now()
        self.seconds[self._stack[-1]] += now - self._last
        self._last = now


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
    from claims.kept import Kept
    from models.store import RunStore

    data.load = _timed("data", data.load)
    RunStore._train = _timed("training", RunStore._train)  # type: ignore[method-assign]
    RunStore._read = _timed("reading", RunStore._read)  # type: ignore[method-assign]
    Kept.value = _timed("evidence", Kept.value)  # type: ignore[method-assign]


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


def pytest_configure() -> None:
    """Once the options are known and before test modules are imported."""
    _watch_work()


@pytest.hookimpl(trylast=True)
def pytest_unconfigure(config: pytest.Config) -> None:
    """Writes the account."""
    _clock.enter("report")  # counts what has passed
    name = getattr(config, "workerinput", {}).get("workerid", "controller")
    Path(os.environ["PHASES_FOLDER"], f"{name}.json").write_text(json.dumps(_clock.seconds), encoding="utf-8")


def read(folder: Path) -> dict[str, float]:
    """Seconds by phase: the controller's for the report, all workers' together for the rest; without workers
    one process is both."""
    accounts = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in folder.glob("*.json")}
    controller = accounts.pop("controller")
    total: Counter[str] = Counter()
    for seconds in accounts.values() or [controller]:
        total.update(seconds)
    total["report"] = controller.get("report", 0.0)
    return {phase: round(total[phase], 6) for phase in PHASES}


_watch_imports()
