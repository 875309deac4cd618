"""What is known of a field of a run over both of its legs, and the spread of it over networks or pairs.

Under he all networks are one population; under std and var there are four, the paper's models i. Pairs are
those of the run, all six of every four networks in a row, and fall into kinds by the populations of the two:
one kind under he, six under std and var.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from models.runs.run import Run
from reports.plots.records import Axis, Numbers, Series

__all__ = ["Trace", "has", "kinds_of_pairs", "line", "short", "spread", "traced"]

_POINTS = 64
"""Ends of epochs, and steps, that are drawn at most; tables beside the page have all of them."""


@dataclass(frozen=True)
class Trace:
    """Values [K, ...] of a run, each after so many epochs of training and steps of its second leg, [K]."""

    epochs: np.ndarray
    steps: np.ndarray
    values: np.ndarray

    @property
    def places(self) -> list[tuple[Any, ...]]:
        """What a row of a table begins with: its epoch and its step."""
        epochs = [int(epoch) if float(epoch).is_integer() else float(epoch) for epoch in self.epochs]
        return list(zip(epochs, self.steps.tolist(), strict=True))


def has(run: Run, name: str) -> bool:
    """Whether either leg of the run has this field."""
    return name in run.arrays or (run.second is not None and name in run.second.arrays)


def traced(run: Run, name: str, *, raw: bool = False) -> Trace:
    """The array of this name [T+1, ...]; with early_<name> [G, ...], where the run has it, between its rows,
    and with the rows of its second leg after them. Losses are over L0, labels alike shares of the samples,
    unless they are to be as the run has them."""
    parts: list[tuple[Any, Any, np.ndarray]] = []
    if name in run.arrays:
        rows = run.arrays[name]
        parts.append((np.arange(len(rows)), np.zeros(len(rows)), rows))
    if f"early_{name}" in run.arrays:
        steps = run.arrays["early_steps"]
        parts.append((steps / run.steps_per_epoch, np.zeros(len(steps)), run.arrays[f"early_{name}"]))
    if run.second and name in run.second.arrays:
        rows = run.second.arrays[name]
        new = np.arange(bool(parts), len(rows))  # the first row is where the training ended
        parts.append((np.full(len(new), run.last), new, rows[new]))
    epochs, steps, values = (np.concatenate(of) for of in zip(*parts, strict=True))
    order = np.lexsort((epochs, steps))
    return Trace(
        epochs[order],
        steps[order].astype(int),
        values[order].astype(float) / (1.0 if raw else _unit(run, name)),
    )


def _unit(run: Run, name: str) -> float:
    side, _, what = name.partition("_")
    if what == "loss":
        return float(run.arrays["baseline"][("train", "test").index(side)])
    return float(run.samples(side)) if what == "agreement" else 1.0


def spread(run: Run, name: str, *, pairs: bool, by: bool) -> tuple[Axis, list[Series]]:
    """The axis of a field, and a line a population, or a kind of pair; or one line over all.

    Args:
        run: the networks.
        name: of the field.
        pairs: whether the field is of pairs.
        by: whether populations are told apart.
    """
    found = traced(run, name)
    at = _thinned(found)
    values, unit = found.values[at], "pairs" if pairs else "networks"
    groups = (kinds_of_pairs(run) if pairs else _populations(run)) if by else []
    lines = [_series(group, values[:, members], unit) for group, members in groups]
    # what descents alone record has no epochs to show
    epochs = found.epochs[at] * (name in run.arrays)
    return _axis(run, epochs, found.steps[at]), lines or [_series("all", values, unit)]


def line(run: Run, values: np.ndarray, epochs: np.ndarray, steps: np.ndarray) -> tuple[Axis, Series]:
    """A quantity [K] at these moments."""
    return _axis(run, epochs, steps), Series("", 0, _numbers(values))


def _axis(run: Run, epochs: np.ndarray, steps: np.ndarray) -> Axis:
    before = epochs[steps == 0]
    last = int(before[-1]) if len(before) else 0
    later = steps[steps > 0].tolist()
    per_epoch = run.steps_per_epoch if last else 1
    return Axis(_rounded(before), later, last, later[-1] if later else 0, per_epoch)


def _populations(run: Run) -> list[tuple[str, np.ndarray]]:
    of = run.spec.populations
    return [(f"model {i}" if len(of) > 1 else "all", run.groups == i) for i in of]


def kinds_of_pairs(run: Run) -> list[tuple[str, np.ndarray]]:
    """Name and members, [P], of each kind of pair, by the populations of its two networks."""
    kinds = np.sort(run.groups[run.arrays["pairs"]], axis=1)
    found = sorted({(int(i), int(j)) for i, j in kinds})
    return [(f"models {i} and {j}" if len(found) > 1 else "all", (kinds == (i, j)).all(1)) for i, j in found]


def _series(name: str, values: np.ndarray, unit: str) -> Series:
    """Over the last axis of [K, R], leaving out what is not finite."""
    known = np.isfinite(values)
    some = known.any(-1)
    # A row without a number would make NumPy warn; its median is not used.
    middle = np.nanmedian(np.where(some[:, None], np.where(known, values, np.nan), 0.0), axis=-1)
    low = np.where(known, values, np.inf).min(-1)
    high = np.where(known, values, -np.inf).max(-1)
    middle, low, high = (np.where(some, of, np.nan) for of in (middle, low, high))
    return Series(name, 0, _numbers(middle), _numbers(low), _numbers(high), f"{values.shape[-1]} {unit}")


def _numbers(values: np.ndarray) -> Numbers:
    return [short(value) if np.isfinite(value) else None for value in values.tolist()]


def short(value: float) -> float:
    """The value to four significant digits, whole where it is whole: a thousand pixels show no more."""
    short = float(f"{value:.4g}")
    return int(short) if short.is_integer() and abs(short) < 1e15 else short


def _rounded(values: np.ndarray) -> list[float]:
    return [short(value) for value in values.tolist()]


def _thinned(of: Trace) -> np.ndarray:
    """Indices of what is drawn: of the ends of epochs, and of the steps of a descent, an even choice, of the
    early steps inside the first epochs all."""
    second = of.steps > 0
    late = ~second & (of.epochs == np.round(of.epochs))
    chosen = [np.flatnonzero(~second & ~late)]
    for group in map(np.flatnonzero, (late, second)):
        chosen.append(
            group[np.unique(np.linspace(0, len(group) - 1, min(len(group), _POINTS)).round().astype(int))]
        )
    return np.sort(np.concatenate(chosen))
