"""Stochastic gradient descent, with heavy-ball momentum (Polyak 1964) where it is asked for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from models.parts.checks import positive
from models.parts.part import Part

if TYPE_CHECKING:
    from torch import Tensor

    from models.optimisers.optimiser import Tensors

__all__ = ["SGD"]


@dataclass(frozen=True, slots=True)
class SGD(Part):
    """w <- w - learning_rate v, with v <- momentum v + gradient, as torch.optim.SGD has it.

    Attributes:
        learning_rate: step size.
        momentum: share of the last step that goes on, 0 for plain gradient descent.

    Raises:
        ValueError: a learning rate that is no finite number above 0, a momentum outside [0, 1).
    """

    kind: ClassVar[str] = "sgd"

    learning_rate: float = 0.1
    momentum: float = 0.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "learning_rate", positive("learning_rate", self.learning_rate))
        object.__setattr__(self, "momentum", positive("momentum", self.momentum, or_zero=True))
        if self.momentum >= 1:
            raise ValueError(
                f"got momentum {self.momentum!r}, wanted a number below 1: steps would never end"
            )

    @property
    def label(self) -> str:
        """ "sgd-0.1", with momentum "sgd-0.1-0.9"."""
        return f"sgd-{self.learning_rate:g}" + (f"-{self.momentum:g}" if self.momentum else "")

    def init(self, parameters: Tensors) -> dict[str, Tensor]:
        """A velocity a parameter, none without momentum."""
        import torch

        return {name: torch.zeros_like(parameter) for name, parameter in parameters.items() if self.momentum}

    def update(
        self, parameters: Tensors, gradients: Tensors, state: Tensors
    ) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
        """One step."""
        velocity = {name: self.momentum * v + gradients[name] for name, v in state.items()}
        along = velocity if self.momentum else gradients
        changed = {name: p - self.learning_rate * along[name] for name, p in parameters.items()}
        return changed, velocity
