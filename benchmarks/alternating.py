"""Contenders measured in turn, so that a machine whose speed drifts slows all of them alike."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping

__all__ = ["alternate", "medians", "paired_ratio"]


def alternate(contenders: Mapping[str, Callable[[], object]]) -> dict[str, float]:
    """Runs each once and returns its seconds."""
    taken = {}
    for name, work in contenders.items():
        started = time.perf_counter()
        work()
        taken[name] = time.perf_counter() - started
    return taken


def medians(rounds: list[dict[str, float]]) -> dict[str, float]:
    """Median seconds of each contender over the rounds."""
    return {name: statistics.median(row[name] for row in rounds) for name in rounds[0]}


def paired_ratio(rounds: list[dict[str, float]], peer: str, of: str) -> float:
    """Median over the rounds of a peer's seconds over another's in the same round; above 1 it is slower."""
    return statistics.median(row[peer] / row[of] for row in rounds)
