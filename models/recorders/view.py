"""What a recorder may look at: the networks as they are after an epoch, asked of the engine when it is
needed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    import numpy as np
    from torch import Tensor

    from models.experiment import Experiment

__all__ = ["Side", "View"]

Side = Literal["train", "test"]


class View(Protocol):
    """M networks between two steps. What is asked twice is computed once."""

    spec: Experiment

    @property
    def pairs(self) -> np.ndarray:
        """Pairs [P, 2] of networks, by place, whose agreement and distance are recorded."""

    def losses(self, side: Side) -> np.ndarray:
        """Mean loss [M] float64 of each network, without any penalty."""

    def predictions(self, side: Side) -> np.ndarray:
        """Label [M, m] that each network gives to each sample; of a classification."""

    def labels(self, side: Side) -> np.ndarray:
        """The true classes [m]; of a classification."""

    def outputs(self, side: Side) -> Tensor:
        """Activations [M, m, K] of the output layer, on the CPU."""

    def parameters(self) -> Mapping[str, Tensor]:
        """Parameters [M, ...] by name, on the CPU."""

    def weight_differences(self) -> tuple[np.ndarray, np.ndarray]:
        """Squared distance [P] between the weights of each pair, and how many of them differ [P]."""
