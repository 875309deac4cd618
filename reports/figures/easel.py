"""Drawing many figures of stored runs, on all cores where there are enough of them to pay for the start."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from models.run import Run
from models.sealed import DamageError
from models.stored import stored
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
        experiment: as the report's provenance lists it.
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
    experiment = order.experiment
    try:
        run = stored(store, experiment["key"], experiment["sha256"])
    except DamageError as damage:
        reason = f"No figure: the run {experiment['key']} {damage} ({store})."
        return [reason] * len(order.figures)
    return [_one(run, *figure) for figure in order.figures]


def _one(run: Run, kind: str, name: str, title: str) -> Drawing | str:
    if kind == "agreement" and "train_agreement" not in run.arrays:
        return "No figure: a regression has no labels to agree on."
    return KINDS[kind](run, name, title)
