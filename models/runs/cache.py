"""The last few runs a worker used, kept in memory for its next test."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import replace

from models.experiment import Experiment
from models.runs.run import Run
from models.second_leg.descent import Descent

__all__ = ["RUNS", "RunCache"]

RUNS = 16
"""Legs a worker keeps, 50 to 100 MB each at the quick scale: tests come grouped by experiment, and a
comparison of four in two legs needs eight; with eight kept, each was read from the disk two or three times
in a run."""


class RunCache:
    """Runs by experiment: what it does not hold it fetches, and it forgets what was used longest ago.

    Args:
        fetch: trains an experiment or reads its run from the store.
        size: runs held.
    """

    def __init__(self, fetch: Callable[[Experiment | Descent], Run], size: int = RUNS) -> None:
        self._fetch, self._size = fetch, size
        self._runs: OrderedDict[Experiment | Descent, Run] = OrderedDict()

    def __call__(self, spec: Experiment | Descent) -> Run:
        """The experiment's run; `trained` is true for the first that asked, if it had to be trained."""
        if spec in self._runs:
            self._runs.move_to_end(spec)
            return self._runs[spec]
        run = self._fetch(spec)
        self._runs[spec] = replace(run, trained=False)
        if len(self._runs) > self._size:
            self._runs.popitem(last=False)
        return run
