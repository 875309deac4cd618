"""The phases of a run, and the clock that gives its time to them; `benchmarks.phases_plugin` fills it.

Time counts for the innermost phase only: loading data while training is loading data.
"""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

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
