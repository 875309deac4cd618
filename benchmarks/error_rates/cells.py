"""Every scenario, the quick choice among them, and their simulation one after another or side by side."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Sequence
from typing import Any

from benchmarks.error_rates import losses, minima, pairs, shares, theory, times
from benchmarks.error_rates.simulate import Scenario, simulate

__all__ = ["EDGE", "FAR", "all_scenarios", "quick_scenarios", "simulated"]

EDGE, FAR = 1000, 100
"""Experiments drawn from a population at the edge, where rates of error count, and from one far from it."""

QUICK = 120


def all_scenarios() -> list[Scenario]:
    """Every scenario, the claims in the order of their files."""
    return [s for module in (shares, losses, pairs, times, theory, minima) for s in module.scenarios()]


def quick_scenarios() -> list[Scenario]:
    """For each claim, side of its edge and spread one scenario, of another kind of data in turn."""
    chosen: dict[tuple, list[Scenario]] = {}
    for scenario in all_scenarios():
        if scenario.edge:
            chosen.setdefault((scenario.claims, scenario.holds, scenario.spread), []).append(scenario)
    return [of[k % len(of)] for k, of in enumerate(chosen.values())]


def _rows(job: tuple[int, int, bool]) -> tuple[int, list[dict[str, Any]], float]:
    place, seed, quick = job
    scenario = (quick_scenarios if quick else all_scenarios)()[place]
    start = time.process_time()
    rows = simulate(scenario, QUICK if quick else EDGE if scenario.edge else FAR, seed)
    return place, rows, time.process_time() - start


def simulated(*, quick: bool = False, seed: int = 0, workers: int = 1) -> tuple[list[dict[str, Any]], float]:
    """The rows of all scenarios, whatever the number of workers, and the seconds of processor time."""
    scenarios: Sequence[Scenario] = quick_scenarios() if quick else all_scenarios()
    jobs = [(place, seed, quick) for place in range(len(scenarios))]
    if workers == 1:
        found = [_rows(job) for job in jobs]
    else:
        with multiprocessing.get_context("spawn").Pool(workers) as pool:
            found = list(pool.imap_unordered(_rows, jobs, chunksize=4))
    found.sort(key=lambda one: one[0])
    return [row for _, rows, _ in found for row in rows], sum(seconds for *_, seconds in found)
