"""What an engine is: it trains the networks of an experiment, epoch by epoch, and says what they are now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import numpy as np
    from torch import Tensor

    from data import Dataset
    from models.backend import Execution
    from models.experiment import Experiment
    from models.recorders.view import View

__all__ = ["Engine"]


class Engine(Protocol):
    """Trains M networks, in place.

    Args:
        spec: the experiment.
        data: its data set.
        on: device and arithmetic.
        threads: most threads to use; the result does not depend on it. None takes every core.
        numbers: of the networks to train; a benchmark trains one alone.
    """

    def __init__(
        self,
        spec: Experiment,
        data: Dataset,
        on: Execution,
        threads: int | None,
        numbers: Sequence[int],
    ) -> None: ...

    def train(self, epoch: int, stops: Sequence[int]) -> list[View]:
        """Trains every network for an epoch.

        Args:
            epoch: from 0; with a network's seed it decides the order of the samples.
            stops: after which steps of it, ascending, the training side is looked at.

        Returns:
            What the networks were on the training side after each stop.
        """

    def view(self) -> View:
        """The networks as they are now; to be looked at before the next training."""

    def parameters(self) -> Mapping[str, Tensor]:
        """All networks' parameters [M, ...] by name now, copied to the CPU."""

    def state(self) -> dict[str, np.ndarray]:
        """Everything a later process needs to go on from here."""

    def load(self, state: Mapping[str, np.ndarray]) -> None:
        """Goes on from a `state()` of the same experiment, data and device."""
