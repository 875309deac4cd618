"""He's initial weights (He et al. 2015), for comparison with the paper's."""

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

__all__ = ["He"]


@dataclass(frozen=True, slots=True)
class He(Part):
    """Variance 2 / fan_in, the same for every network."""

    kind: ClassVar[str] = "he"

    @property
    def populations(self) -> tuple[int, ...]:
        """One."""
        return (0,)

    def draw(self, parameter: Parameter, i: int, stream: torch.Generator) -> Tensor:
        """Variance 2 / fan_in."""
        return normal(parameter, math.sqrt(2.0 / parameter.fan_in), stream)
