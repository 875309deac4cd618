"""What is minimised: a loss of the network's output, and a penalty on its parameters if there is one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from models.parts.checks import one_of
from models.parts.part import Part

if TYPE_CHECKING:
    from models.penalties.penalty import Penalty

__all__ = ["LOSSES", "OUTPUTS", "Objective"]

OUTPUTS = ("linear", "softmax", "relu")
LOSSES = ("mse", "bce", "ce")


@dataclass(frozen=True, slots=True)
class Objective(Part):
    """Output and loss together, since only the pair has a meaning (`models.objectives.losses`).

    Attributes:
        output: activation of the last layer (paper, sections 4.1, 4.2 and equation 1).
        loss: mean squared error (equation 2), binary cross entropy or cross entropy.
        penalty: added to the loss that is minimised; recorded losses are without it.

    Raises:
        ValueError: an output or loss that is none of these.
    """

    output: str = "linear"
    loss: str = "mse"
    penalty: Penalty | None = None

    def __post_init__(self) -> None:
        one_of("output", self.output, OUTPUTS)
        one_of("loss", self.loss, LOSSES)

    @property
    def label(self) -> str:
        """ "linear mse", with a penalty "linear mse l2-0.001"."""
        return f"{self.output} {self.loss}" + (f" {self.penalty.label}" if self.penalty else "")
