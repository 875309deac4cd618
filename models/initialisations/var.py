"""The paper's initial weights with sigma_i read as a variance."""

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

__all__ = ["Var"]


@dataclass(frozen=True, slots=True)
class Var(Part):
    """N(0, sigma_i I) with sigma_i = i + 2 (paper, section 3), the other reading of it."""

    kind: ClassVar[str] = "var"

    @property
    def populations(self) -> tuple[int, ...]:
        """The paper's four models."""
        return (0, 1, 2, 3)

    def draw(self, parameter: Parameter, i: int, stream: torch.Generator) -> Tensor:
        """Variance i + 2."""
        return normal(parameter, math.sqrt(i + 2.0), stream)
