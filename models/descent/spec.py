"""What a full-batch problem needs of an experiment.

Experiments are composed of optimisers (`models.experiment`), and those that descend on a full-batch problem
import this folder; so it does not import experiments.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from models.networks.network import Network
    from models.objectives.objective import Objective

__all__ = ["Spec"]


class Spec(Protocol):
    """An experiment, or any other pair of these."""

    @property
    def network(self) -> Network:
        """What is trained."""

    @property
    def objective(self) -> Objective:
        """What is minimised."""
