"""xdist's scheduler by groups, for node ids that do not hold their group. Imported only when xdist runs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from xdist.scheduler import LoadScopeScheduling

from reports.parallel.groups import split

__all__ = ["GroupScheduling"]


class GroupScheduling(LoadScopeScheduling):
    """Sends each group to one worker, groups in the order of collection."""

    def __init__(self, config: Any, log: Any = None) -> None:
        super().__init__(config, log)
        self._groups: dict[str, str] = {}

    def add_node_collection(self, node: Any, collection: Sequence[str]) -> None:
        """Take the groups off the ids that a worker lists, so that everything after sees plain ids."""
        listed = dict(map(split, collection))
        self._groups |= listed
        super().add_node_collection(node, list(listed))

    def remove_node(self, node: Any) -> str | None:
        """Give a lost worker's remaining tests to the others, without the test that it crashed in.

        xdist would hand that one out again, to crash the next worker as well.
        """
        left = [
            test for unit in self.assigned_work.pop(node).values() for test, done in unit.items() if not done
        ]
        for test in left[1:]:
            self.workqueue.setdefault(self._split_scope(test), {})[test] = False
        for other in self.nodes:
            self._reschedule(other)
        return left[0] if left else None

    def _split_scope(self, nodeid: str) -> str:
        return self._groups[nodeid]
