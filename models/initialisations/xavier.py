"""Glorot and Bengio's initial weights (2010), which are named after Xavier Glorot."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from models.initialisations.initialisation import normal
from models.parts.part import Part

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from models.networks.network import Parameter

__all__ = ["Xavier"]


@dataclass(frozen=True, slots=True)
class Xavier(Part):
    """Variance 2 / (fan_in + units), the same for every network; a dense layer's fan_out is its units."""

    kind: ClassVar[str] = "xavier"

    @property
    def populations(self) -> tuple[int, ...]:
        """One."""
        return (0,)

    def draw(self, parameter: Parameter, i: int, stream: torch.Generator) -> Tensor:
        """Variance 2 / (fan_in + units)."""
        units = math.prod(parameter.shape) / parameter.fan_in
        return normal(parameter, math.sqrt(2.0 / (parameter.fan_in + units)), stream)
