"""Drawing many figures of stored runs, on all cores where there are enough of them to pay for the start."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from models.runs.files import DamageError
from models.runs.run import Run, join
from models.runs.stored import stored
from reports.figures import agreement, curves, distance
from reports.figures.drawing import Drawing
from reports.parallel.workers import cores

__all__ = ["KINDS", "Order", "drawn"]

KINDS: dict[str, Callable[[Run, str, str], Drawing]] = {
    "curves": curves.draw,
    "agreement": agreement.draw,
    "distance": distance.draw,
}

MANY = 12
"""A process that draws starts in a second, mostly matplotlib's import; a figure takes a twelfth of one."""


@dataclass(frozen=True, slots=True)
class Order:
    """Figures of one run to be drawn.

    Attributes:
        experiment: as the report's provenance lists it; its `parts`, if any, are drawn as one run.
        figures: (kind, name, title) of each.
    """

    experiment: dict[str, Any]
    figures: tuple[tuple[str, str, str], ...]


def drawn(store: Path, orders: Sequence[Order]) -> list[list[Drawing | str]]:
    """For each order its drawings, or in a drawing's place the reason why there is none.

    Args:
        store: the run store's folder.
        orders: what to draw.
    """
    workers = min(cores(), len(orders))
    if workers > 1 and sum(len(order.figures) for order in orders) >= MANY:
        # Spawned, not forked: the process may hold threads and xdist's channels.
        context = multiprocessing.get_context("spawn")
        try:
            with ProcessPoolExecutor(workers, mp_context=context) as pool:
                return list(pool.map(_filled, [store] * len(orders), orders))
        except (BrokenProcessPool, OSError):
            pass  # no more processes to be had: this one draws them all the same
    return [_filled(store, order) for order in orders]


def _filled(store: Path, order: Order) -> list[Drawing | str]:
    runs = []
    for part in order.experiment.get("parts") or [order.experiment]:
        try:
            runs.append(stored(store, part["key"], part["sha256"], wanted=_wanted))
        except DamageError as damage:
            return [f"No figure: the run {part['key']} {damage} ({store})."] * len(order.figures)
    try:
        run = join(sorted(runs, key=lambda run: run.spec.first))
    except ValueError as error:
        return [f"No figure: the runs of this name do not belong together ({error})."] * len(order.figures)
    return [_one(run, *figure) for figure in order.figures]


def _wanted(name: str) -> bool:
    """All but the weights; of the predictions only the number of samples is drawn."""
    return not name.startswith("weights/")


def _one(run: Run, kind: str, name: str, title: str) -> Drawing | str:
    if kind == "agreement" and "train_agreement" not in run.arrays:
        return "No figure: a regression has no labels to agree on."
    return KINDS[kind](run, name, title)
