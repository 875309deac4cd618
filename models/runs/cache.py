"""The last runs that were used, kept in memory: a worker's for its next test, a reader's by their size."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import replace

from models.experiment import Experiment
from models.runs.run import Run
from models.second_leg.descent import Descent

__all__ = ["RUNS", "Recent", "RunCache"]

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


class Recent:
    """Runs by what names them, the last ones that have so many bytes together.

    A file is read and digested with all its weights, whatever is wanted of it.

    Args:
        limit: bytes of their arrays.
    """

    def __init__(self, limit: int = 2**26) -> None:
        self._limit, self._held = limit, 0
        self._runs: dict[Hashable, tuple[Run, int]] = {}

    def get(self, name: Hashable, read: Callable[[], Run]) -> Run:
        """The run of this name, read where it is not among the last."""
        run, size = self._runs.pop(name, (None, 0))
        if run is None:
            run = read()
            legs = filter(None, (run, run.second))
            size = sum(array.nbytes for leg in legs for array in leg.arrays.values())
            self._held += size
        self._runs[name] = run, size
        while self._held > self._limit:
            self._held -= self._runs.pop(next(iter(self._runs)))[1]
        return run

    def clear(self) -> None:
        """Lets go of all: what lies in the store may be another run by now."""
        self._runs.clear()
        self._held = 0
