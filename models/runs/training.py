"""One training or descent as a task: what it needs, where it goes on from, what comes out; nothing of the
store."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from data import Dataset
from models.backend import Backend
from models.engines.memory import give_back, keep_freed
from models.experiment import Experiment
from models.second_leg.descent import Descent

if TYPE_CHECKING:
    from models.engines.trainer import Trainer
    from models.second_leg.descender import Descender

__all__ = ["CHECKPOINT_SECONDS", "Checkpoint", "Trained", "Training"]

CHECKPOINT_SECONDS = 3.0
"""A checkpoint costs a write of the whole training state, so short epochs share one."""

_SHARE = 40
"""Times as long as a checkpoint takes until the next: they cost a fortieth at most."""

_RATE = 300e6
"""Bytes a second that the first one is expected to be written at, its digest and the copies included."""


@dataclass(frozen=True, slots=True, eq=False)
class Checkpoint:
    """A training state between two epochs.

    Attributes:
        epoch: epochs that are over.
        arrays: the trainer's `state()`.
        seconds: wall time spent until here, by all processes that had a part in it.
    """

    epoch: int
    arrays: Mapping[str, np.ndarray]
    seconds: float


@dataclass(frozen=True, slots=True, eq=False)
class Trained:
    """A finished training.

    Attributes:
        arrays: see `models.runs.run.Run`.
        resumed_from: epoch of the checkpoint that it went on from, None when unbroken.
        seconds: wall time, that of the processes before included.
    """

    arrays: Mapping[str, np.ndarray]
    resumed_from: int | None
    seconds: float


@dataclass(frozen=True, eq=False)
class Training:
    """Trains one experiment, or descends from where its training ended, when called; an executor decides
    where.

    Attributes:
        spec: the experiment, or the descent.
        data: its data set.
        backend: the device.
        threads: most threads to use; None takes every core.
        checkpoints: states to go on from, the best first; asked for one after another until one is taken.
        reject: called with a checkpoint that the trainer did not take, and why.
        save: given a checkpoint from time to time; it must not raise where training is to go on.
        every: least seconds between two checkpoints, more where one takes long to write; 0 makes one after
            every epoch.
        progress: called with (spec, epoch, trainer) before the first and after every epoch or round.
        weights: where a descent starts that goes on from a training, [M, ...] by name.
    """

    spec: Experiment | Descent
    data: Dataset
    backend: Backend
    threads: int | None = None
    checkpoints: Iterable[Checkpoint] = ()
    reject: Callable[[Checkpoint, Exception], None] | None = None
    save: Callable[[Checkpoint], None] | None = None
    every: float = CHECKPOINT_SECONDS
    progress: Callable[[Experiment | Descent, int, Trainer | Descender], None] | None = None
    weights: Mapping[str, np.ndarray] | None = None

    def __call__(self) -> Trained:
        """The finished training."""
        started = time.monotonic()
        keep_freed()
        trainer, resumed = self._start()
        resumed_from, spent = (trainer.epoch, resumed.seconds) if resumed else (None, 0.0)
        last, pause, first = time.monotonic(), self.every, True
        self._report(trainer)
        while not trainer.finished:
            trainer.run_epoch()
            self._report(trainer)
            now = time.monotonic()
            if self.save is None or trainer.finished or now - last < pause:
                continue
            state = trainer.state()
            if first and now - last < (pause := self._pause(sum(a.nbytes for a in state.values()) / _RATE)):
                continue
            self.save(Checkpoint(trainer.epoch, state, spent + now - started))
            first, last = False, time.monotonic()
            pause = self._pause(last - now)
        arrays = {name: np.ascontiguousarray(value) for name, value in trainer.result().items()}
        del trainer
        give_back()
        return Trained(arrays, resumed_from, spent + time.monotonic() - started)

    def _pause(self, cost: float) -> float:
        """Seconds between two checkpoints that take so many."""
        return max(self.every, _SHARE * cost) if self.every else 0.0

    def _fresh(self) -> Trainer | Descender:
        # torch is imported only where something trains
        if isinstance(self.spec, Descent):
            from models.second_leg.descender import Descender

            return Descender(self.spec, self.data, self.backend, self.threads, self.weights)
        from models.engines.trainer import Trainer

        return Trainer(self.spec, self.data, self.backend, self.threads)

    def _start(self) -> tuple[Trainer | Descender, Checkpoint | None]:
        """A trainer at the first checkpoint that it takes, or at the beginning."""
        trainer = self._fresh()
        for checkpoint in self.checkpoints:
            try:
                trainer.load(dict(checkpoint.arrays))
                return trainer, checkpoint
            except (LookupError, RuntimeError, TypeError, ValueError) as error:
                if self.reject is not None:
                    self.reject(checkpoint, error)
                trainer = self._fresh()  # nothing of what failed stays
        return trainer, None

    def _report(self, trainer: Trainer | Descender) -> None:
        if self.progress is not None:
            self.progress(self.spec, trainer.epoch, trainer)
