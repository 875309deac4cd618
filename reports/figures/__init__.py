"""Figures of a report: what they show of a run's two legs, with the spread of networks or pairs.

Under he all networks are one population; under std and var there are four, the
paper's models i. Pairs are those of the run, all six of every four networks in a
row, and fall into kinds by the populations of the two: one kind under he, six under
std and var.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from models.runs.run import Run
from reports.files import csv_text

__all__ = ["Axis", "Group", "Series", "Trace", "by_network", "by_pair", "pair_note", "table", "traced"]

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


@dataclass(frozen=True, slots=True)
class Axis:
    """What x is: epochs, then in two fifths of the axis and on a scale of their own steps of the descent."""

    epochs: int
    steps: int = 0

    @property
    def step(self) -> float:
        """How wide a step is, in epochs; 1 where there are steps only."""
        return self.epochs * 2 / 3 / self.steps if self.epochs and self.steps else 1.0

    @property
    def right(self) -> float:
        """Where the axis ends; it begins at 0."""
        return max(1.0, self.epochs + self.steps * self.step)


@dataclass(frozen=True)
class Trace:
    """Values [K, ...] of a run, each after so many epochs of training and steps of its second leg, [K]."""

    epochs: np.ndarray
    steps: np.ndarray
    values: np.ndarray
    axis: Axis

    @property
    def x(self) -> tuple[Axis, np.ndarray]:
        """The axis, and the places [K] on it."""
        return self.axis, np.minimum(self.epochs, self.axis.epochs) + self.axis.step * self.steps

    @property
    def places(self) -> list[tuple[Any, ...]]:
        """What a row of the CSV begins with: its epoch, and of a run with a second leg its step."""
        epochs = [int(epoch) if float(epoch).is_integer() else float(epoch) for epoch in self.epochs]
        return list(zip(epochs, *([self.steps.tolist()] if self.axis.steps else []), strict=True))


def traced(run: Run, name: str) -> Trace:
    """The array of this name [T+1, ...]; with early_<name> [G, ...], where the run has it, between its rows,
    and with the rows of its second leg after them."""
    parts: list[tuple[Any, Any, np.ndarray]] = []
    if name in run.arrays:
        rows = run.arrays[name]
        parts.append((np.arange(len(rows)), np.zeros(len(rows)), rows))
    if f"early_{name}" in run.arrays:
        steps = run.arrays["early_steps"]
        parts.append((steps / run.steps_per_epoch, np.zeros(len(steps)), run.arrays[f"early_{name}"]))
    axis = Axis(run.last if parts else 0)
    if run.second and name in run.second.arrays:
        rows = run.second.arrays[name]
        axis = Axis(axis.epochs, len(rows) - 1)
        new = np.arange(bool(parts), len(rows))  # the first row is where the training ended
        parts.append((np.full(len(new), run.last), new, rows[new]))
    epochs, steps, values = (np.concatenate(of) for of in zip(*parts, strict=True))
    order = np.lexsort((epochs, steps))
    values = values.astype(float) if values.dtype.kind == "f" else values
    return Trace(epochs[order], steps[order].astype(int), values[order], axis)


def table(who: Mapping[str, Any], columns: Mapping[str, Trace]) -> str:
    """A row a place and network, or pair, whose names `who` has by column; empty where nothing is known."""
    known = {name: dict(zip(of.places, of.values, strict=True)) for name, of in columns.items()}
    longest = max(columns.values(), key=lambda of: len(of.values))
    rows = (
        (*place, *names, *(of[place][k] if place in of else None for of in known.values()))
        for place in longest.places
        for k, names in enumerate(zip(*who.values(), strict=True))
    )
    header = ("epoch", "step")[: len(longest.places[0])]
    return csv_text((*header, *who, *columns), rows, digits=9)


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
