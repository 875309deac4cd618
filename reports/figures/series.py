"""What a figure shows of a run: its populations and their pairs over the epochs, with the spread of networks.

Under he all networks are one population; under std and var there are four, the
paper's models i. Pairs are those of the run, all six of every four networks in a
row, and fall into kinds by the populations of the two: one kind under he, six under
std and var.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from models.runs.run import Run

__all__ = [
    "Pair",
    "Spread",
    "Trace",
    "by_pair",
    "by_population",
    "early_and_late",
    "epochs",
    "named",
    "samples",
]

Pair = tuple[int, int]
"""The populations of two networks, the smaller first."""


@dataclass(frozen=True)
class Spread:
    """Over the networks or pairs: median, least and greatest, [K] each; NaN where none is finite."""

    middle: np.ndarray
    low: np.ndarray
    high: np.ndarray


@dataclass(frozen=True)
class Trace:
    """Values [K, ...] at K times, in epochs."""

    times: np.ndarray
    values: np.ndarray


def epochs(values: np.ndarray) -> Trace:
    """Values [T+1, ...] at the ends of the epochs, 0 before training."""
    return Trace(np.arange(len(values), dtype=float), values.astype(float))


def early_and_late(run: Run, name: str) -> Trace:
    """The array of this name [T+1, ...], and where the run has it, early_<name> [G, ...] between its rows."""
    late = epochs(run.arrays[name])
    if f"early_{name}" not in run.arrays or not len(run.arrays["early_steps"]):
        return late
    times = np.concatenate([late.times, run.arrays["early_steps"] / run.steps_per_epoch])
    values = np.concatenate([late.values, run.arrays[f"early_{name}"].astype(float)])
    order = np.argsort(times, kind="stable")
    return Trace(times[order], values[order])


def samples(run: Run, side: str) -> int:
    """How many samples are labelled."""
    return run.arrays[f"{side}_predictions"].shape[-1]


def _spread(values: np.ndarray) -> Spread:
    """Over the last axis of [K, R], leaving out what is not finite."""
    known = np.isfinite(values)
    some = known.any(-1)
    # A row without a number would make NumPy warn; its median is not used.
    middle = np.nanmedian(np.where(some[:, None], np.where(known, values, np.nan), 0.0), axis=-1)
    low = np.where(known, values, np.inf).min(-1)
    high = np.where(known, values, -np.inf).max(-1)
    return Spread(*(np.where(some, series, np.nan) for series in (middle, low, high)))


def by_population(run: Run, values: np.ndarray) -> dict[int, Spread]:
    """For each population the spread over its networks, from [K, M]."""
    return {i: _spread(values[:, run.groups == i]) for i in run.spec.populations}


def by_pair(run: Run, values: np.ndarray) -> dict[Pair, Spread]:
    """For each kind of pair the spread over its pairs, from [K, P]."""
    kinds = np.sort(run.groups[run.arrays["pairs"]], axis=1)
    found = sorted({(int(i), int(j)) for i, j in kinds})
    return {pair: _spread(values[:, (kinds == pair).all(1)]) for pair in found}


def named(run: Run, population: int) -> str:
    """`32 networks` where they are one population, else `model 2`, the paper's i."""
    return f"model {population}" if len(run.spec.populations) > 1 else f"{run.spec.networks} networks"
