"""Trainings on other machines: gathered when the tests are known, submitted longest first, waited for.

Evidence that takes no training goes with them (`claims.harness.trainings.computing`).

With such an executor one process judges. Tests whose runs are there come first, so that verdicts begin while
others train; a look that wants more networks submits them when it comes to it.
"""

from __future__ import annotations

import math
import queue
import time
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from claims.catalogue.declaration import declaration_of
from claims.harness.collection import specs_of
from claims.harness.launch import live
from claims.harness.options import Options
from claims.harness.trainings.computing import Computing
from claims.harness.trainings.legs import planned
from claims.harness.trainings.stores import opened
from models.cluster.errors import ClusterGoneError, ExecutorError
from models.second_leg.descent import Descent

if TYPE_CHECKING:
    from claims.catalogue.computed import Computed, Found
    from claims.evidence.cache import EvidenceCache
    from models.cluster.scheduler import Work
    from models.executors.executor import Cluster
    from models.experiment import Experiment
    from models.runs.progress import Progress
    from models.runs.run import Run
    from models.runs.store import RunStore

__all__ = ["Driver", "driver_of", "needs", "plain_cluster_errors", "release"]

_ASKED_AT_ONCE = 16
"""Questions to the store that are under way at a time: an object store takes 10 ms or so for each."""

_BATCH = 1000
"""Questions that wait in memory."""


def needs(item: pytest.Item, options: Options) -> list[Experiment | Descent]:
    """The runs that a test asks for at its first look, first legs before second ones."""
    declared, specs, scale = declaration_of(item), specs_of(item), options.sizes
    if declared is None or any(scale.left_out(spec) for spec in specs):
        return []
    found: list[Experiment | Descent] = []
    for spec in specs:
        plan = planned(spec, declared.claim.leg, scale)
        found += [leg for leg in (plan.first, plan.second) if leg is not None]
    return found


class Driver:
    """What a test run knows of its cluster.

    Args:
        executor: whose nodes train.
        store: where their runs come back.
        backend: the nodes' device.
        limit: seconds of a training that ends it, None for one by experiment.
    """

    def __init__(self, executor: Cluster, store: RunStore, backend: Any, limit: float | None = None) -> None:
        from models.cluster.scheduler import Scheduler

        self.executor, self.store, self.backend, self.limit = executor, store, backend, limit
        self.scheduler = Scheduler(lambda: executor.slots)
        self._computing = Computing(executor, self.scheduler, store, limit)
        self._keys: dict[Experiment | Descent, str] = {}
        self._there: dict[str, bool] = {}
        """Whether the store had these runs when it was asked."""
        self._open: dict[pytest.Item, set[str]] = {}
        self._asking: dict[str, list[pytest.Item]] = defaultdict(list)
        self._ready: deque[pytest.Item] = deque()
        self._place: dict[pytest.Item, int] = {}

    # -- runs -----------------------------------------------------------------------------

    def gather(self, items: list[pytest.Item], options: Options) -> None:
        """Submits what these tests ask for and the store lacks, all at once, so that the longest chains are
        known; tests that ask for nothing of it come first, then those that ask for what is computed."""
        asked = {item: needs(item, options) for item in items}
        self._look_for(self._key(spec) for specs in asked.values() for spec in specs)
        works: dict[str, Work] = {}
        computations, computed = self._computing.works(items)
        for item, specs in asked.items():
            missing = {key for spec in specs if (key := self._wanted(spec, works))}
            missing |= {computed[item]} if item in computed else set()
            self._open[item] = missing
            for key in missing:
                self._asking[key].append(item)
        self.scheduler.add([*works.values(), *computations])
        items.sort(key=lambda item: (bool(self._open[item]), item not in computed))
        self._place = {item: index for index, item in enumerate(items)}

    def run(self, spec: Experiment | Descent) -> Run:
        """The run, once a node has trained it.

        Raises:
            ExecutorError: it did not come back, and why.
            Exception: what its training raised.
        """
        from data import load

        data = load(spec.data)
        key = self._submitted(spec)
        if key is None:
            found = self._found(spec, data)
            if found is not None:
                return found
            key = self._submitted(spec, again=True)
            assert key is not None
        self.scheduler.wait(key)
        found = self._found(spec, data)
        if found is None:
            raise ExecutorError(
                f"got no run of {spec.name} in {self.store.address} after a node had trained it, wanted one "
                "store for all: name a folder that the nodes share, or an object store, with --store"
            )
        return replace(found, trained=True)

    def computed(self, asked: Computed, own: EvidenceCache) -> Found:
        """Evidence that trains nothing, as `Computing.found`."""
        return self._computing.found(asked, own)

    def _found(self, spec: Experiment | Descent, data: Any) -> Run | None:
        from models.runs.files import DamageError

        try:
            return self.store.find(spec, data, self.backend)
        except DamageError:
            return None  # who trains it again sets it aside

    def _submitted(self, spec: Experiment | Descent, *, again: bool = False) -> str | None:
        """The run's key, with its training submitted; None where the store has it already."""
        works: dict[str, Work] = {}
        key = self._wanted(spec, works, again=again)
        self.scheduler.add(works.values())
        return key

    def _wanted(
        self, spec: Experiment | Descent, works: dict[str, Work], *, again: bool = False
    ) -> str | None:
        """The run's key, its training among these works or known to the scheduler; None where the store has
        the run already."""
        from data import load
        from models.cluster.elsewhere import expected_seconds, limit_of
        from models.cluster.scheduler import Work
        from models.cluster.task import Task

        key = self._key(spec)
        if key in works or self.scheduler.known(key):
            return key
        if not again and not self.store.refresh:
            self._look_for([key])
            if self._there[key]:
                return None
        before = ""
        if isinstance(spec, Descent) and spec.start == "trained":
            before = self._wanted(spec.experiment, works) or ""
        task = Task(spec, self.store, load(spec.data), self.backend, self.limit)
        works[key] = Work(
            key,
            spec.name,
            partial(self.executor.submit, task),
            cost=expected_seconds(spec),
            after=before,
            limit=limit_of(task),
        )
        return key

    def _key(self, spec: Experiment | Descent) -> str:
        from data import load

        if spec not in self._keys:
            self._keys[spec] = self.store.key(spec, load(spec.data), self.backend)
        return self._keys[spec]

    def _look_for(self, keys: Iterable[str]) -> None:
        """Asks the store for the runs that it was not asked for yet, several at a time: each answer may cross
        a network."""
        if self.store.refresh:
            return
        unknown = [key for key in dict.fromkeys(keys) if key not in self._there]
        if len(unknown) == 1:
            self._there[unknown[0]] = self.store.has(unknown[0])
            return
        with ThreadPoolExecutor(_ASKED_AT_ONCE) as pool:
            for start in range(0, len(unknown), _BATCH):
                some = unknown[start : start + _BATCH]
                self._there.update(zip(some, pool.map(self.store.has, some), strict=True))

    # -- the order of tests ---------------------------------------------------------------

    def choose_next(self, items: list[pytest.Item], item: pytest.Item) -> None:
        """Puts a test whose runs are there after the one that follows `item`, which pytest has named."""
        with suppress(queue.Empty):
            while True:
                self._tell(self.scheduler.finished.get_nowait())
        to = self._place[item] + 2
        while self._ready and to < len(items):
            chosen = self._ready.popleft()
            if (where := self._place[chosen]) >= to:
                other = items[to]
                items[to], items[where] = chosen, other
                self._place[chosen], self._place[other] = to, where
                return

    def _tell(self, key: str) -> None:
        for item in self._asking.pop(key, ()):
            self._open[item].discard(key)
            if not self._open[item]:
                self._ready.append(item)

    def close(self) -> None:
        """Lets go of the cluster."""
        from models.cluster import progress

        self.scheduler.close()
        self.executor.shutdown()
        progress.clear(self.store, self.store.session)

    def progress(self) -> Callable[[], list[Progress]]:
        """What gives the nodes' progress, asking for it now and then only: it crosses a network."""
        from models.cluster import progress

        found: list[Progress] = []
        asked = -math.inf

        def said() -> list[Progress]:
            nonlocal found, asked
            if time.monotonic() - asked >= progress.EVERY:
                found, asked = progress.read(self.store, self.store.session), time.monotonic()
            return found

        return said


@contextmanager
def plain_cluster_errors(item: pytest.Item) -> Iterator[None]:
    """What did not come back fails the test with its message; a cluster that is gone ends the run after it,
    since every other training would fail likewise."""
    try:
        yield
    except ExecutorError as error:
        if isinstance(error, ClusterGoneError):
            item.session.shouldfail = str(error)
        raise pytest.fail.Exception(str(error), pytrace=False) from None


_DRIVER = pytest.StashKey["Driver | None"]()


def driver_of(config: pytest.Config) -> Driver | None:
    """The test run's, connected the first time; None where trainings run in the processes that ask.

    Raises:
        pytest.UsageError: the cluster cannot be reached, or has no such device.
    """
    if _DRIVER not in config.stash:
        config.stash[_DRIVER] = _connected(config)
    return config.stash[_DRIVER]


def release(config: pytest.Config) -> None:
    """Lets go of the cluster, if there is one."""
    if driver := config.stash.get(_DRIVER, None):
        driver.close()
        config.stash[_DRIVER] = None


def _connected(config: pytest.Config) -> Driver | None:
    from models.executors.executor import Cluster, executor, on_cluster

    options = Options.of(config)
    given = dict(options.executor_option)
    if not on_cluster(options.executor):
        return None
    try:
        limit = _seconds(given.pop("time_limit", None))
        chosen = executor(options.executor, given)
        assert isinstance(chosen, Cluster)
        try:
            driver = Driver(chosen, opened(config), chosen.backend(options.backend), limit)
        except BaseException:
            chosen.shutdown()
            raise
        live.follow(config, driver.progress())
        return driver
    except (ExecutorError, ValueError, OSError) as error:
        raise pytest.UsageError(f"--executor {options.executor}: {error}") from error


def _seconds(text: str | None) -> float | None:
    if text is None:
        return None
    try:
        if 0 < (seconds := float(text)) < float("inf"):
            return seconds
    except ValueError:
        pass
    raise ValueError(f"got time_limit={text}, wanted seconds above 0: time_limit=3600")
