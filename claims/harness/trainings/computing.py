"""Evidence that nodes compute: gathered with the trainings, found in the store by the process that judges."""

from __future__ import annotations

from collections import defaultdict
from functools import partial
from typing import TYPE_CHECKING

import pytest

from claims.catalogue.computed import Computed, Found
from claims.harness.collection import computed_of
from models.cluster.errors import ExecutorError

if TYPE_CHECKING:
    from claims.evidence.cache import EvidenceCache
    from models.cluster.scheduler import Scheduler, Work
    from models.executors.executor import Cluster
    from models.runs.store import RunStore

__all__ = ["Computing"]


class Computing:
    """What a test run asks its cluster to compute.

    Args:
        executor: whose nodes compute.
        scheduler: that submits and waits.
        store: where the values come back.
        limit: seconds that end a computation, None for some by its size.
    """

    def __init__(
        self, executor: Cluster, scheduler: Scheduler, store: RunStore, limit: float | None = None
    ) -> None:
        from claims.evidence.cache import EvidenceCache

        self._executor, self._scheduler, self._store, self._limit = executor, scheduler, store, limit
        self._kept = EvidenceCache(store.root, makes=False, remote=store.remote)
        self._keys: dict[str, str] = {}
        """Of the works, by the evidence's name."""

    def works(self, items: list[pytest.Item]) -> tuple[list[Work], dict[pytest.Item, str]]:
        """What is to be computed for these tests, and the key of the work that each of them waits for.

        Tests of one xdist group share what they compute, so one task does them all. What no node could make
        is left to the process that judges.
        """
        groups: dict[str, list[tuple[pytest.Item, Computed]]] = defaultdict(list)
        for item in items:
            asked = computed_of(item)
            if asked is not None and (self._store.refresh or not self._is_kept(asked)):
                groups[_group(item) or asked.name].append((item, asked))
        works, waiting = [], {}
        for name, members in groups.items():
            key = f"evidence {name}"
            try:
                works.append(self._work(key, [asked for _, asked in members]))
            except Exception:
                continue  # the test says what is wrong, when the evidence is made for it
            for item, asked in members:
                waiting[item] = self._keys[asked.name] = key
        return works, waiting

    def found(self, asked: Computed, own: EvidenceCache) -> Found:
        """The evidence, once a node has made it.

        Args:
            asked: describes it.
            own: makes what no node was asked for.

        Raises:
            ExecutorError: it did not come back, and why.
            Exception: what its computation raised.
        """
        from claims.evidence.cache import NotKeptError

        key = self._keys.get(asked.name)
        if key is None:
            return asked.found(own)
        try:
            self._scheduler.wait(key)
        except Exception:
            # Of several that one task makes the first that fails is named, and others may be there.
            if self._store.refresh or not self._is_kept(asked):
                raise
        try:
            return asked.found(self._kept)
        except NotKeptError as error:
            raise ExecutorError(
                f"got no evidence on {asked.name} in {self._store.address} after a node had made it, wanted "
                "one store for all: name a folder that the nodes share, or an object store, with --store"
            ) from error

    def _is_kept(self, asked: Computed) -> bool:
        try:
            asked.found(self._kept)
        except Exception:
            return False  # not there, or its data are not, or it cannot be kept
        return True

    def _work(self, key: str, some: list[Computed]) -> Work:
        from claims.evidence.computed.orders import computation
        from models.cluster.elsewhere import limit_of
        from models.cluster.scheduler import Work

        name = ", ".join(asked.name for asked in some[:3]) + (" and others" if len(some) > 3 else "")
        task = computation(name, some, self._store, self._limit)
        start = partial(self._executor.submit, task)
        # Seconds beside the trainings' minutes, and the first verdicts stand on it.
        return Work(key, name, start, cost=task.seconds, limit=limit_of(task), early=True)


def _group(item: pytest.Item) -> str:
    """The xdist group that the test is marked with."""
    mark = item.get_closest_marker("xdist_group")
    return str(mark.args[0]) if mark is not None and mark.args else ""
