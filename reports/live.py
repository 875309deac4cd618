"""The text of the live lines: how far each training is, in the width that there is."""

from __future__ import annotations

import math
from collections.abc import Sequence

from models.runs.progress import Progress
from reports.formats import duration, number
from reports.layout import Cells, clip_middle, first_that_fits, padded

__all__ = ["compose"]

WAIT_SHOWN_AFTER = 1.0
"""Seconds before a wait is worth a line: a run from the store takes less."""

_NAME_LEAST = 16
_WAITS = ("starting, or trained elsewhere", "another worker trains it")


def compose(found: Sequence[Progress], now: float, columns: int, most: int) -> list[str]:
    """One line an experiment, at most `most` of them, each shorter than `columns`.

    Where the terminal is narrow, names are shortened in the middle; then the loss
    goes, then the time left, and last the line is cut.
    """
    trained = {progress.name for progress in found if progress.epoch is not None}
    shown = [p for p in found if p.epoch is not None or now - p.written >= WAIT_SHOWN_AFTER]
    more = len(shown) - max(0, most - 1) if len(shown) > most else 0
    shown = shown[: len(shown) - more]
    longest = max((len(progress.name) for progress in shown), default=0)

    def laid_out(kept: str) -> tuple[list[str], int]:
        cells = [{name: _cells(progress, now)[name] for name in kept.split()} for progress in shown]
        rows = ["  ".join(row.values()).rstrip() for row in padded(cells, right=("epoch",))]
        return rows, columns - 3 - max(map(len, rows), default=0)

    rows, room = first_that_fits(
        ("epoch loss left", "epoch left", "epoch"),
        laid_out,
        lambda found: found[1] >= min(longest, _NAME_LEAST),
    )
    keep = min(longest, max(room, _NAME_LEAST))
    lines = [
        f"{clip_middle(of.name, keep, keep // 3):<{keep}}  "
        f"{_WAITS[of.name in trained] if of.epoch is None else row}".rstrip()
        for of, row in zip(shown, rows, strict=True)
    ]
    lines += [f"and {more} more in training"] if more and most > 0 else []
    return [line[: max(0, columns - 1)] for line in lines]


def _cells(progress: Progress, now: float) -> Cells:
    """Epoch, loss and time left; empty while there is none."""
    if progress.epoch is None:
        return {"epoch": "", "loss": "", "left": ""}
    epoch = f"epoch {progress.epoch} of {progress.epochs}"
    loss = "" if progress.loss is None else f"L/L0 {number(progress.loss, 2)}"
    left = ""
    if progress.left is not None:
        ahead = math.ceil(progress.left - max(0.0, now - progress.written))
        left = f"{duration(max(1, ahead))} left"
    return {"epoch": epoch, "loss": loss, "left": left}
