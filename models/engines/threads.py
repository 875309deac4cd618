"""Threads that work through the parts of an ensemble, kept from epoch to epoch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from queue import SimpleQueue
from typing import Any, TypeVar

import torch

__all__ = ["Exchange", "Lane", "Threads", "lanes", "unrecorded"]

_GIVEN_UP = object()

Item = TypeVar("Item")
Result = TypeVar("Result")


class Threads:
    """A pool whose threads stay: a new one's first products cost milliseconds, a small data set's epoch.

    Args:
        count: how many; 0 works in the caller's thread, for accelerators.
    """

    def __init__(self, count: int) -> None:
        self.count = count
        self._pool: ThreadPoolExecutor | None = None

    def each(self, work: Callable[[Item], Result], items: Sequence[Item]) -> list[Result]:
        """The results in the items' order; as many items at once as there are threads."""
        if not self.count:
            return [work(item) for item in items]
        running = [self._submitted(work, item) for item in items]
        try:
            return [done.result() for done in running]
        finally:  # after an interrupt or an error no item goes on behind the caller's back
            for item in running:
                item.cancel()
            wait(running)

    def _submitted(self, work: Callable[[Item], Result], item: Item) -> Future[Result]:
        # Saturated units make gradients too small for normal numbers, which CPUs
        # handle in slow microcode; zero is as good. The switch is per thread and has
        # no undo, so the work leaves the caller's thread even where one would do.
        if self._pool is None:
            self._pool = ThreadPoolExecutor(
                self.count, initializer=torch.set_flush_denormal, initargs=(True,)
            )
        return self._pool.submit(unrecorded, work, item)

    def together(self, lanes: Sequence[Lane]) -> None:
        """Runs lanes that wait for each other; there must be a thread for each."""
        running = []
        try:
            for lane in lanes:
                running.append(self._submitted(Lane.run, lane))
            for done in running:
                done.result()
        except BaseException:
            for lane in lanes:  # else one would wait for ever for another that never began
                lane.exchange.abandon()
            raise
        finally:
            wait(running)


class Exchange:
    """One end of what two works that run at once hand each other, in order.

    Args:
        mine: where the other finds what this one gives.
        theirs: where this one finds what the other gives.
    """

    def __init__(self, mine: SimpleQueue[Any], theirs: SimpleQueue[Any]) -> None:
        self._mine, self._theirs = mine, theirs

    def give(self, thing: Any) -> None:
        """Hands something over; whoever gives it no longer changes it."""
        self._mine.put(thing)

    def take(self) -> Any:
        """The next thing that the other gives, waited for.

        Raises:
            RuntimeError: the other has given up.
        """
        thing = self._theirs.get()
        if thing is _GIVEN_UP:
            raise RuntimeError("a network's training was given up on its other thread")
        return thing

    def give_up(self) -> None:
        """Lets the other fail when it has taken what was given."""
        self._mine.put(_GIVEN_UP)

    def abandon(self) -> None:
        """Lets this one fail when it has taken what was given."""
        self._theirs.put(_GIVEN_UP)


@dataclass(frozen=True, slots=True)
class Lane:
    """One of two works that wait for each other, with its end of the exchange."""

    work: Callable[[Exchange], None]
    exchange: Exchange

    def run(self) -> None:
        """Does the work; should it fail, the other's fails too."""
        try:
            self.work(self.exchange)
        except BaseException:
            self.exchange.give_up()
            raise


def lanes(first: Callable[[Exchange], None], second: Callable[[Exchange], None]) -> list[Lane]:
    """Two works as lanes that exchange with each other."""
    here: SimpleQueue[Any] = SimpleQueue()
    there: SimpleQueue[Any] = SimpleQueue()
    return [Lane(first, Exchange(here, there)), Lane(second, Exchange(there, here))]


def unrecorded(work: Callable[[Item], Result], item: Item) -> Result:
    """The work without autograd's books, which nothing here reads: a tenth of a narrow network's step."""
    with torch.inference_mode():
        return work(item)
