"""Trains an experiment epoch by epoch and records its trajectories, whatever the engine.

Every network has its own initial weights and its own order of minibatches, so that n
networks are n independent draws. What a run records depends on its spec and backend,
never on how many threads or workers there were.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch

from models.backend import Backend, Execution, check_precision
from models.engines.choice import engine_module
from models.engines.engine import Engine
from models.objectives.losses import constant_loss
from models.parts.seeds import initial_seeds, order_seeds
from models.recorders.history import History
from models.recorders.pairs import quadruple_pairs

if TYPE_CHECKING:
    from torch import Tensor

    from data import Dataset
    from models.experiment import Experiment

__all__ = ["Trainer"]

_MOST_CLASSES = 255


class Trainer:
    """Trains one experiment epoch by epoch.

    Epoch 0 is recorded at construction, unless it goes on from a state; `run_epoch()` trains one epoch and
    records; `state()` and `load()` stop and resume with the same bytes.

    Args:
        spec: the experiment.
        data: its data set.
        backend: the device.
        threads: most threads to use; the result does not depend on it. None takes every core.
        numbers: of the networks to train, the spec's own by default; a benchmark trains one alone.
        state: of a trainer of the same experiment, data and backend, to go on from.

    Attributes:
        engine: what trains.
        epoch: trained so far.

    Raises:
        ValueError: a precision that the device cannot do, a cross entropy on a regression, whose targets are
            no probabilities, or an experiment that no engine trains.
    """

    def __init__(
        self,
        spec: Experiment,
        data: Dataset,
        backend: Backend,
        threads: int | None = None,
        numbers: Sequence[int] | None = None,
        state: Mapping[str, np.ndarray] | None = None,
    ) -> None:
        if data.classes > _MOST_CLASSES:
            raise ValueError(
                f"got {data.name} with {data.classes} classes, wanted at most {_MOST_CLASSES}: labels are "
                "recorded in a byte"
            )
        loss = spec.objective.loss
        if data.task == "regression" and loss != "mse":
            raise ValueError(f"got loss {loss!r} on {data.name}, which is a regression: wanted mse")
        precision = spec.arithmetic.precision
        check_precision(backend.kind, precision)
        self.spec, self.backend = spec, backend
        numbers = spec.numbers if numbers is None else numbers
        self.initial_seeds = initial_seeds(spec.networks.seed, numbers)
        self.order_seeds = order_seeds(spec.networks.seed, numbers)
        y_train, y_test = (torch.from_numpy(np.array(y)) for y in (data.targets_train, data.targets_test))
        self.baseline = (constant_loss(y_train, y_train, loss), constant_loss(y_train, y_test, loss))
        engine = importlib.import_module(engine_module(spec, backend.kind)).Engine
        self.engine: Engine = engine(spec, data, Execution(backend, precision), threads, numbers)
        self.history = History(spec, data, quadruple_pairs(len(numbers)), len(numbers))
        self.epoch = 0
        if state is None:
            self.record()
        else:
            self.load(state)

    def run_epoch(self) -> None:
        """Trains every network for one epoch and records: after it, and at the early steps inside it."""
        stops = self.history.stops(self.epoch)
        self.history.inside(self.epoch, self.engine.train(self.epoch, stops))
        self.epoch += 1
        self.record()

    def train_epoch(self) -> None:
        """Trains every network for one epoch and records nothing."""
        self.engine.train(self.epoch, ())
        self.epoch += 1

    def record(self) -> None:
        """Records the networks as they are now, as the end of an epoch."""
        self.history.after(self.engine.view())
        if self.epoch in {*self.spec.budget.checkpoints, self.spec.budget.epochs}:
            self.history.keep(self.epoch, self.engine.parameters())

    @property
    def finished(self) -> bool:
        return self.epoch >= self.spec.budget.epochs

    @property
    def progress(self) -> tuple[int, int]:
        """Epochs trained, and how many there will be."""
        return self.epoch, self.spec.budget.epochs

    @property
    def losses(self) -> list[np.ndarray]:
        """Training losses [M] after every epoch so far, for whoever shows progress."""
        return self.history.rows["train_loss"]

    def parameters(self) -> Mapping[str, Tensor]:
        """All networks' parameters [M, ...] by name now, on the CPU."""
        return self.engine.parameters()

    def result(self) -> dict[str, np.ndarray]:
        """Trajectories, weights at the checkpoints, seeds and L0: see `models.runs.run.Run`."""
        seeds = {"initial_seeds": self.initial_seeds, "order_seeds": self.order_seeds}
        return self.history.result() | seeds | {"baseline": np.array(self.baseline)}

    def state(self) -> dict[str, np.ndarray]:
        """Everything a later process needs to go on from this epoch."""
        engine = {f"engine/{name}": value for name, value in self.engine.state().items()}
        return self.history.state() | engine | {"epoch": np.array([self.epoch])}

    def load(self, state: Mapping[str, np.ndarray]) -> None:
        """Goes on from a `state()` of the same experiment, data and backend."""
        self.epoch = int(state["epoch"][0])
        self.history.load(state)
        head = "engine/"
        self.engine.load({k.removeprefix(head): v for k, v in state.items() if k.startswith(head)})
