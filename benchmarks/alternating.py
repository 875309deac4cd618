"""Contenders measured in turn, so that a machine whose speed drifts slows all of them alike.

Two clocks: the wall's, which is what a user waits for, and the processors', the seconds of all threads
together, which notice other work on the machine less. With every core at work all the time the second
is the first times the cores; other work on the machine stretches the first alone, and most of all for a
contender whose threads wait for each other.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping
from typing import NamedTuple

__all__ = ["Seconds", "alternate", "medians", "paired_ratio"]


class Seconds(NamedTuple):
    """By the clock on the wall, and of all the process's threads on processors."""

    wall: float
    processor: float


def alternate(contenders: Mapping[str, Callable[[], object]]) -> dict[str, Seconds]:
    """Runs each once and returns its seconds."""
    taken = {}
    for name, work in contenders.items():
        wall, processor = time.perf_counter(), time.process_time()
        work()
        taken[name] = Seconds(time.perf_counter() - wall, time.process_time() - processor)
    return taken


def medians(rounds: list[dict[str, Seconds]]) -> dict[str, Seconds]:
    """Median seconds of each contender over the rounds, by either clock."""
    return {
        name: Seconds(
            *(statistics.median(clock) for clock in zip(*(row[name] for row in rounds), strict=True))
        )
        for name in rounds[0]
    }


def paired_ratio(rounds: list[dict[str, Seconds]], peer: str, of: str) -> Seconds:
    """Median over the rounds of a peer's seconds over another's in the same round; above 1 it is slower."""
    pairs = [(row[peer], row[of]) for row in rounds]
    return Seconds(
        statistics.median(a.wall / b.wall for a, b in pairs),
        statistics.median(a.processor / b.processor for a, b in pairs),
    )
