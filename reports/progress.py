"""How far training is: each process writes one small file in a folder, which one process reads and shows.

A file is written under a temporary name and renamed, so that the reader sees a
whole one; it goes away when its training ends. Nothing here can make a run fail,
and no byte of a run depends on it.
"""

from __future__ import annotations

import math
import os
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import msgspec

from reports.formats import duration, number
from reports.layout import aligned, clip_middle, first_that_fits

__all__ = ["EVERY", "Progress", "Reporter", "compose", "erase", "read"]

EVERY = 0.25
"""Least seconds between two writes of a process: short epochs share one."""


class Progress(msgspec.Struct, frozen=True):
    """How far one process is with one experiment.

    Attributes:
        name: the experiment's.
        written: when this was written, seconds since the Unix epoch.
        epoch: epochs trained; None before training starts, which another process may hold up.
        epochs: how many there will be.
        loss: L / L0 on the training set, the median over the networks, infinite where that diverged.
        left: estimated seconds from `written` to the end; None before the first epoch trained here.
    """

    name: str
    written: float
    epoch: int | None = None
    epochs: int | None = None
    loss: float | None = None
    left: float | None = None


class Reporter:
    """Writes what this process trains; the run store calls it as its `progress`.

    Args:
        folder: of the files; None where nobody looks, and then nothing is written.
        who: names this process among those of the folder, such as "gw0".
        clock: seconds since the Unix epoch.
    """

    def __init__(
        self, folder: Path | None, who: str = "main", clock: Callable[[], float] = time.time
    ) -> None:
        self._path = None if folder is None else folder / f"{who}.progress"
        self._clock = clock
        self._spec: Any = None
        self._start = self._last = 0
        self._started = self._written = -math.inf

    def __call__(self, spec: Any, epoch: int, trainer: Any) -> None:
        """Called by the store before the first and after every epoch of a training."""
        if self._path is None:
            return
        with suppress(Exception):  # whatever is wrong with a progress line, the training goes on
            self._follow(spec, epoch)
            now = self._clock()
            if epoch >= spec.budget.epochs:
                erase(self._path.parent, self._path.stem)
            elif now - self._written >= EVERY:
                self._write(Progress(spec.name, now, epoch, spec.budget.epochs, _loss(trainer), self._left()))

    @contextmanager
    def wanted(self, spec: Any) -> Iterator[None]:
        """While a run is asked for: it comes from the store at once, or is trained, here or elsewhere."""
        if self._path is None:
            yield
            return
        with suppress(Exception):
            self._write(Progress(spec.name, self._clock()))
        try:
            yield
        finally:
            erase(self._path.parent, self._path.stem)

    def _follow(self, spec: Any, epoch: int) -> None:
        if self._spec is None or spec != self._spec or epoch <= self._last:  # a training begins, or goes on
            self._spec, self._start, self._started, self._written = spec, epoch, self._clock(), -math.inf
        self._last = epoch

    def _left(self) -> float | None:
        trained = self._last - self._start
        if trained <= 0:
            return None
        ahead: int = self._spec.budget.epochs - self._last
        return (self._clock() - self._started) / trained * ahead

    def _write(self, progress: Progress) -> None:
        assert self._path is not None
        temporary = self._path.with_suffix(".part")
        temporary.write_bytes(msgspec.msgpack.encode(progress))
        os.replace(temporary, self._path)
        self._written = progress.written


def _loss(trainer: Any) -> float | None:
    unit = float(trainer.baseline[0])
    losses = [float(loss) for loss in trainer.losses[-1]]
    if not losses or not unit > 0:
        return None
    return statistics.median(math.inf if math.isnan(loss) else loss / unit for loss in losses)


def read(folder: Path) -> list[Progress]:
    """What the files say now, in the order of the processes' names (gw2 before gw10); no file is no line."""
    found = []
    for path in sorted(folder.glob("*.progress"), key=lambda path: (len(path.stem), path.stem)):
        with suppress(OSError, msgspec.DecodeError):  # gone in the meantime, or not one of ours
            found.append(msgspec.msgpack.decode(path.read_bytes(), type=Progress))
    return found


def erase(folder: Path, who: str) -> None:
    """Take away a process's file, which it may have taken already."""
    with suppress(OSError):
        (folder / f"{who}.progress").unlink()


# -- as text --------------------------------------------------------------------------

WAIT_SHOWN_AFTER = 1.0
"""Seconds before a wait is worth a line: a run from the store takes less."""

_NAME_LEAST = 16


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

    def laid_out(kept: tuple[int, ...]) -> tuple[list[str], int]:
        cells = aligned([[_cells(progress, now)[i] for i in kept] for progress in shown], right=(0,))
        rows = ["  ".join(row).rstrip() for row in cells]
        return rows, columns - 3 - max(map(len, rows), default=0)

    rows, room = first_that_fits(
        ((0, 1, 2), (0, 2), (0,)), laid_out, lambda found: found[1] >= min(longest, _NAME_LEAST)
    )
    keep = min(longest, max(room, _NAME_LEAST))
    lines = [
        f"{clip_middle(progress.name, keep, keep // 3):<{keep}}  {_wait(progress, trained) or row}".rstrip()
        for progress, row in zip(shown, rows, strict=True)
    ]
    lines += [f"and {more} more in training"] if more and most > 0 else []
    return [line[: max(0, columns - 1)] for line in lines]


def _cells(progress: Progress, now: float) -> tuple[str, str, str]:
    """Epoch, loss and time left; empty while there is none."""
    if progress.epoch is None:
        return "", "", ""
    epoch = f"epoch {progress.epoch} of {progress.epochs}"
    loss = "" if progress.loss is None else f"L/L0 {number(progress.loss, 2)}"
    if progress.left is None:
        return epoch, loss, ""
    left = math.ceil(progress.left - max(0.0, now - progress.written))
    return epoch, loss, f"{duration(max(1, left))} left"


def _wait(progress: Progress, trained: set[str]) -> str:
    if progress.epoch is not None:
        return ""
    return "another worker trains it" if progress.name in trained else "starting, or trained elsewhere"
