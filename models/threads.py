"""Threads that work through an ensemble's shards, kept from epoch to epoch."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from typing import TypeVar

import torch

__all__ = ["Threads", "thread_count", "unrecorded"]

Item, Result = TypeVar("Item"), TypeVar("Result")


def thread_count() -> int:
    """Threads this process may train on: its share of the cores under pytest-xdist, else all of them."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, cores // int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1")))


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
        # Saturated units make gradients too small for normal numbers, which CPUs
        # handle in slow microcode; zero is as good. The switch is per thread and has
        # no undo, so the work leaves the caller's thread even where one would do.
        if self._pool is None:
            self._pool = ThreadPoolExecutor(
                self.count, initializer=torch.set_flush_denormal, initargs=(True,)
            )
        running = [self._pool.submit(unrecorded, work, item) for item in items]
        try:
            return [done.result() for done in running]
        finally:  # after an interrupt or an error no item goes on behind the caller's back
            for item in running:
                item.cancel()
            wait(running)


def unrecorded(work: Callable[[Item], Result], item: Item) -> Result:
    """The work without autograd's books, which nothing here reads: a tenth of a narrow network's step."""
    with torch.inference_mode():
        return work(item)
