"""Figures of a report: what they show of a run, over the epochs and with the spread of networks or pairs.

Under he all networks are one population; under std and var there are four, the
paper's models i. Pairs are those of the run, all six of every four networks in a
row, and fall into kinds by the populations of the two: one kind under he, six under
std and var.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from models.runs.run import Run

__all__ = ["Group", "Series", "Trace", "by_network", "by_pair", "early_and_late", "epochs", "pair_note"]

Group = tuple[int, ...]
"""A population, or the populations of two networks, the smaller first."""


@dataclass(frozen=True)
class Series:
    """One line of a figure: over networks or pairs the median, the least and the greatest, [K] each, NaN
    where none is finite."""

    name: str
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


def by_network(run: Run, values: np.ndarray) -> dict[Group, Series]:
    """For each population the spread over its networks, from [K, M]."""
    names = {i: f"model {i}" for i in run.spec.populations}
    if len(names) == 1:
        names = dict.fromkeys(names, f"{run.spec.networks.count} networks")
    return {(i,): _spread(name, values[:, run.groups == i]) for i, name in names.items()}


def by_pair(run: Run, values: np.ndarray) -> dict[Group, Series]:
    """For each kind of pair the spread over its pairs, from [K, P]."""
    kinds = np.sort(run.groups[run.arrays["pairs"]], axis=1)
    found = sorted({(int(i), int(j)) for i, j in kinds})
    names = [f"{i} and {j}" for i, j in found] if len(found) > 1 else [f"{len(kinds)} pairs"]
    return {
        pair: _spread(name, values[:, (kinds == pair).all(1)])
        for pair, name in zip(found, names, strict=True)
    }


def pair_note(run: Run, kinds: int) -> str:
    """What lines and bands of a figure of pairs are."""
    if kinds == 1:
        return "line: median; band: least to greatest pair"
    return f"pairs of models; median, least to greatest of {len(run.arrays['pairs']) // kinds}"


def _spread(name: str, values: np.ndarray) -> Series:
    """Over the last axis of [K, R], leaving out what is not finite."""
    known = np.isfinite(values)
    some = known.any(-1)
    # A row without a number would make NumPy warn; its median is not used.
    middle = np.nanmedian(np.where(some[:, None], np.where(known, values, np.nan), 0.0), axis=-1)
    low = np.where(known, values, np.inf).min(-1)
    high = np.where(known, values, -np.inf).max(-1)
    return Series(name, *(np.where(some, series, np.nan) for series in (middle, low, high)))
