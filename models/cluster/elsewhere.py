"""What executors that train on other machines have in common: orders, and what they cost."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from typing import TYPE_CHECKING

from data import entry
from data.packed import packed_digest
from models.cluster import luggage
from models.cluster.memory import estimate
from models.cluster.order import Order, computing_order, training_order
from models.cluster.task import Computation, Task
from models.second_leg.descent import Descent

if TYPE_CHECKING:
    from models.experiment import Experiment

__all__ = ["Handle", "Orders", "expected_seconds", "limit_of", "time_limit", "whole"]

_RATE = 7e9
"""Weights times samples a second that one core of 2020 trains; a second leg's products count alike."""

_LEAST_LIMIT = 900.0
"""Seconds before any task counts as hung: a node may have to import its libraries over the network."""

_PATIENCE = 20.0
"""Times as long as expected before a task counts as hung."""


class Handle(Future[None]):
    """The future of a task on another machine: cancelled, it is stopped there.

    Args:
        stop: ends what runs.
    """

    def __init__(self, stop: Callable[[], object]) -> None:
        super().__init__()
        self._stop = stop

    def cancel(self) -> bool:
        """Stops it, whether it runs or waits; what comes back from it later is not heard."""
        with suppress(Exception):
            self._stop()
        return super().cancel()


def whole(name: str, text: str, least: int = 1) -> int:
    """An executor's option that is a number.

    Raises:
        ValueError: it is none, or too small.
    """
    if not (text.isascii() and text.isdecimal()) or int(text) < least:
        raise ValueError(f"got {name}={text}, wanted a whole number from {least} on: {name}={max(least, 4)}")
    return int(text)


class Orders:
    """Writes orders, and sees that their data sets are in the store.

    Args:
        threads: most threads a task may use.
    """

    def __init__(self, threads: int) -> None:
        self.threads = threads
        self._sent: set[tuple[str, str]] = set()

    def of(self, task: Task | Computation) -> Order:
        """The task's, with its data sent."""
        for dataset in (task.data,) if isinstance(task, Task) else task.data:
            place = (task.store.address, packed_digest(dataset))
            if place not in self._sent:
                luggage.send(task.store, dataset)
                self._sent.add(place)
        if isinstance(task, Computation):
            return computing_order(task, threads=self.threads)
        memory = estimate(task.spec, entry(task.data.name), self.threads)
        return training_order(task, memory=memory, threads=self.threads)


def expected_seconds(spec: Experiment | Descent) -> float:
    """Core seconds of a training, and of a descent that has all its products to go: roughly, from sizes."""
    experiment = spec.experiment if isinstance(spec, Descent) else spec
    of = entry(experiment.data)
    weights = experiment.network.cost(of.sample_shape, of.outputs)
    passes = spec.products if isinstance(spec, Descent) else experiment.budget.epochs
    return passes * of.train * experiment.networks.count * weights / _RATE


def time_limit(seconds: float) -> float:
    """Seconds after which a task that was expected to take so many counts as hung."""
    return max(_LEAST_LIMIT, _PATIENCE * seconds)


def limit_of(task: Task | Computation) -> float:
    """Seconds after which this one counts as hung."""
    seconds = task.seconds if isinstance(task, Computation) else expected_seconds(task.spec)
    return task.limit or time_limit(seconds)
