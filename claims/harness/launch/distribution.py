"""How tests are handed to xdist's workers: tests that share an experiment stay on one of them.

They keep their names. xdist's own loadgroup writes the group into the node id, "test_x[he]@group", by setting
a private attribute: with older pytest the terminal, the reports and --lf then show names that nobody typed,
and pytest 9.2 does not read the attribute any more, so that groups are silently lost. Here a worker sends
"id SEPARATOR group" in the one message that lists its tests, the scheduler takes the two apart, and every
other message carries the plain id.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from models.executors.executor import on_cluster

__all__ = ["SEPARATOR", "announce", "choose_distribution", "labelled", "scheduler", "split", "take_over"]

# -- groups ---------------------------------------------------------------------------

SEPARATOR = "\x1f"
"""ASCII's own "unit separator", which pytest escapes in node ids, so none can hold it."""

_GROUPED = pytest.StashKey[bool]()
_GROUPS_INPUT = "landscape_grouped"


def choose_distribution(config: pytest.Config) -> None:
    """On the controller: keep groups together unless --dist says otherwise, in the order of collection.

    The order of collection is the longest experiment first; xdist would sort by the number of tests. Where
    other machines train, one process judges: workers would only wait.
    """
    option = config.option
    if on_cluster(getattr(option, "executor", "")) and getattr(option, "numprocesses", None):
        option.numprocesses = None
    if getattr(option, "numprocesses", None) and option.dist == "no" and not option.distload:
        option.dist = "loadgroup"
    if getattr(option, "dist", "no") == "loadgroup":
        option.loadscopereorder = False


def announce(config: pytest.Config, workerinput: dict[str, object]) -> None:
    """On the controller: tell a worker, which parses the command line anew, whether groups count."""
    workerinput[_GROUPS_INPUT] = config.option.dist == "loadgroup"


def take_over(config: pytest.Config, workerinput: Mapping[str, object]) -> None:
    """On a worker: remember whether groups count, and keep xdist from writing them into node ids."""
    config.stash[_GROUPED] = bool(workerinput.get(_GROUPS_INPUT, False))
    config.option.loadgroup = False


@dataclass(frozen=True, slots=True)
class _Listed:
    """Stands in for an item where only its id is asked for."""

    nodeid: str


@contextmanager
def labelled(session: pytest.Session) -> Iterator[None]:
    """On a worker: while xdist lists the tests for the controller, each id carries its group."""
    if not session.config.stash.get(_GROUPED, False):
        yield
        return
    items = session.items
    session.items = [_Listed(_label(item)) for item in items]  # type: ignore[misc]
    try:
        yield
    finally:
        session.items = items


def _label(item: pytest.Item) -> str:
    groups = {str(_name(mark)) for mark in item.iter_markers("xdist_group")}
    return SEPARATOR.join([item.nodeid, "_".join(sorted(groups))]) if groups else item.nodeid


def _name(mark: pytest.Mark) -> object:
    return mark.args[0] if mark.args else mark.kwargs.get("name", "default")


def split(label: str) -> tuple[str, str]:
    """The node id and its group; a test without one is a group of its own."""
    nodeid, _, group = label.partition(SEPARATOR)
    return nodeid, group or nodeid


def scheduler(config: Any, log: Any = None) -> object:
    """xdist's scheduler by groups, for node ids that do not hold their group."""
    from xdist.scheduler import LoadScopeScheduling  # imported only when xdist runs

    class GroupScheduling(LoadScopeScheduling):  # type: ignore[misc]  # xdist ships no types
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
                test
                for unit in self.assigned_work.pop(node).values()
                for test, done in unit.items()
                if not done
            ]
            for test in left[1:]:
                self.workqueue.setdefault(self._split_scope(test), {})[test] = False
            for other in self.nodes:
                self._reschedule(other)
            return left[0] if left else None

        def _split_scope(self, nodeid: str) -> str:
            return self._groups[nodeid]

    return GroupScheduling(config, log)
