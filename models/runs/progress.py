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
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import msgspec

__all__ = ["EVERY", "Progress", "Reporter", "decoded", "erase", "read"]

EVERY = 0.25
"""Least seconds between two writes of a process: short epochs share one."""


class Progress(msgspec.Struct, frozen=True):
    """How far one process is with one experiment.

    Attributes:
        name: the experiment's, or the descent's.
        written: when this was written, seconds since the Unix epoch.
        epoch: epochs trained, or networks that have ended their descent; None before training starts, which
            another process may hold up.
        epochs: how many there will be.
        loss: L / L0 on the training set, the median over the networks, infinite where that diverged.
        left: estimated seconds from `written` to the end; None before the first epoch trained here.
        node: the host that trains, where that is not this one.
    """

    name: str
    written: float
    epoch: int | None = None
    epochs: int | None = None
    loss: float | None = None
    left: float | None = None
    node: str = ""


class Reporter:
    """Writes what this process trains; the run store calls it as its `progress`.

    Args:
        folder: of the files; None where nobody looks, and then nothing is written.
        who: names this process among those of the folder, such as "gw0".
        clock: seconds since the Unix epoch.
        put: takes what would be written, where there is no folder.
        every: least seconds between two writes; None for `EVERY`.
        node: the host's name, for a reader on another one.
    """

    def __init__(
        self,
        folder: Path | None,
        who: str = "main",
        clock: Callable[[], float] = time.time,
        *,
        put: Callable[[bytes], None] | None = None,
        every: float | None = None,
        node: str = "",
    ) -> None:
        self._path = None if folder is None else folder / f"{who}.progress"
        self._clock, self._put, self._node = clock, put, node
        self._every = every
        self._spec: Any = None
        self._start = self._last = 0
        self._started = self._written = -math.inf

    def __call__(self, spec: Any, epoch: int, trainer: Any) -> None:
        """Called by the store before the first and after every epoch of a training, or round of a descent."""
        if self._silent:
            return
        with suppress(Exception):  # whatever is wrong with a progress line, the training goes on
            done, total = trainer.progress
            self._follow(spec, epoch, done)
            now = self._clock()
            if done >= total:
                self._erase()
            elif now - self._written >= (EVERY if self._every is None else self._every):
                left = self._left(done, total)
                self._write(Progress(spec.name, now, done, total, _loss(trainer), left, self._node))

    @contextmanager
    def wanted(self, spec: Any) -> Iterator[None]:
        """While a run is asked for: it comes from the store at once, or is trained, here or elsewhere."""
        if self._silent:
            yield
            return
        with suppress(Exception):
            self._write(Progress(spec.name, self._clock()))
        try:
            yield
        finally:
            self._erase()

    @property
    def _silent(self) -> bool:
        return self._path is None and self._put is None

    def _erase(self) -> None:
        if self._path is not None:
            erase(self._path.parent, self._path.stem)
        elif self._put is not None:
            self._put(b"")  # no one's progress

    def _follow(self, spec: Any, epoch: int, done: int) -> None:
        if self._spec is None or spec != self._spec or epoch <= self._last:  # a training begins, or goes on
            self._spec, self._start, self._started, self._written = spec, done, self._clock(), -math.inf
        self._last = epoch

    def _left(self, done: int, total: int) -> float | None:
        trained = done - self._start
        if trained <= 0:
            return None
        return (self._clock() - self._started) / trained * (total - done)

    def _write(self, progress: Progress) -> None:
        content = msgspec.msgpack.encode(progress)
        if self._path is not None:
            temporary = self._path.with_suffix(".part")
            temporary.write_bytes(content)
            os.replace(temporary, self._path)
        elif self._put is not None:
            self._put(content)
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
        with suppress(OSError):  # gone in the meantime
            if one := decoded(path.read_bytes()):
                found.append(one)
    return found


def decoded(content: bytes) -> Progress | None:
    """What was written, None where that is none of ours."""
    try:
        return msgspec.msgpack.decode(content, type=Progress)
    except msgspec.DecodeError:
        return None


def erase(folder: Path, who: str) -> None:
    """Take away a process's file, which it may have taken already."""
    with suppress(OSError):
        (folder / f"{who}.progress").unlink()
