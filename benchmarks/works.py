"""What is trained to be timed: 5,000 digits, Adam, one epoch a round."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

import numpy as np

from data import Dataset, load
from models.experiment import QUADRUPLE, Experiment
from models.networks.convolutional import Convolutional
from models.objectives.objective import Objective
from models.optimisers.sgd import SGD
from models.penalties.l2 import L2
from tests.helpers.specs import mlp

__all__ = ["GENERAL", "MAIN", "WORKS", "Work", "all_digits"]

FAST = ("engine", "jax")
EVERYONE = (*FAST, "vmap", "loop")
TORCH = ("functional", "vmap", "loop")


@dataclass(frozen=True, slots=True)
class Work:
    """An ensemble to train for an epoch.

    Attributes:
        name: readable id.
        widths: hidden layer widths.
        members: networks side by side.
        batch: samples in a minibatch.
        output: output activation.
        loss: loss name.
        rounds: epochs timed, after one that is not.
        contenders: who takes part; the slowest sit out where they would take minutes.
        evaluated: time what a run records after an epoch, too: engine only, the peers have no such code.
        changes: parts of the experiment that are not a fully connected network under Adam.
    """

    name: str
    widths: tuple[int, ...] = (500,)
    members: int = 16
    batch: int = 100
    output: str = "linear"
    loss: str = "mse"
    rounds: int = 5
    contenders: tuple[str, ...] = EVERYONE
    evaluated: bool = False
    changes: Mapping[str, Any] = field(default_factory=dict)

    @property
    def spec(self) -> Experiment:
        """He's initial weights, so that no number saturates; a run has whole quadruples."""
        networks = -(-self.members // QUADRUPLE) * QUADRUPLE
        spec = mlp("digits", self.widths, self.output, self.loss, networks=networks, batch=self.batch)
        return replace(spec, **self.changes)

    @property
    def numbers(self) -> range:
        """Of the networks that are trained, which may be fewer than a run's."""
        return range(self.members)


MAIN = (
    Work("784-500-10", members=64, rounds=3, contenders=FAST, evaluated=True),
    Work("784-500-300-10", (500, 300), 64, rounds=3, contenders=FAST, evaluated=True),
    Work("784-10-10-10", (10, 10), 64, contenders=FAST, evaluated=True),
)

WORKS = (
    *MAIN,
    Work("1 network", members=1, rounds=15),
    Work("4 networks", members=4),
    Work("16 networks", rounds=3),
    *(Work(f"batch {batch}", batch=batch, rounds=3, contenders=FAST) for batch in (32, 512)),
    Work("softmax output", output="softmax", rounds=3, contenders=FAST),
    Work("binary cross entropy", loss="bce", rounds=3, contenders=FAST),
)

GENERAL = (
    Work("784-500-10, Adam", rounds=3, contenders=("functional", "engine", "vmap", "loop")),
    Work("784-500-10, SGD with momentum", rounds=3, contenders=TORCH, changes={"optimiser": SGD(0.01, 0.9)}),
    Work(
        "784-500-10, Adam, L2",
        rounds=3,
        contenders=TORCH,
        changes={"objective": Objective(penalty=L2(1e-3))},
    ),
    Work("convolutional 8-16, Adam", rounds=3, contenders=TORCH, changes={"network": Convolutional((8, 16))}),
)
"""What the functional engine is timed at; on the first the fast engine trains beside it."""


@cache
def all_digits() -> Dataset:
    """The 5,000 embedded digits, all of them for training; the test part is a handful of the same."""
    digits = load("mnist-5k")
    x = np.concatenate([digits.raw_train, digits.raw_test])
    y = np.concatenate([digits.raw_y_train, digits.raw_y_test])
    return Dataset("digits", "classification", x, y, x[:100], y[:100], 10, digits.checksum, digits.source)
