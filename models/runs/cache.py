"""The last few runs a worker used, kept in memory for its next test."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import replace

from models.experiment import Experiment
from models.runs.run import Run

__all__ = ["RUNS", "RunCache"]

RUNS = 6
"""Runs a worker keeps, some 40 MB each: tests come grouped by experiment, and D1 compares four."""


class RunCache:
    """Runs by experiment: what it does not hold it fetches, and it forgets what was used longest ago.

    Args:
        fetch: trains an experiment or reads its run from the store.
        size: runs held.
    """

    def __init__(self, fetch: Callable[[Experiment], Run], size: int = RUNS) -> None:
        self._fetch, self._size = fetch, size
        self._runs: OrderedDict[Experiment, Run] = OrderedDict()

    def __call__(self, spec: Experiment) -> Run:
        """The experiment's run; `trained` is true for the first that asked, if it had to be trained."""
        if spec in self._runs:
            self._runs.move_to_end(spec)
            return self._runs[spec]
        run = self._fetch(spec)
        self._runs[spec] = replace(run, trained=False)
        if len(self._runs) > self._size:
            self._runs.popitem(last=False)
        return run
