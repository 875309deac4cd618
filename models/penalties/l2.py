"""Weight decay as a penalty: the squared Euclidean norm of the weights."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from models.parts.checks import positive
from models.parts.part import Part

if TYPE_CHECKING:
    from torch import Tensor

    from models.networks.network import Parameter

__all__ = ["L2"]


@dataclass(frozen=True, slots=True)
class L2(Part):
    """strength / 2 times the sum of the squares of all weights; biases are free.

    Attributes:
        strength: at least 0.

    Raises:
        ValueError: a strength that is no finite number of at least 0.
    """

    kind: ClassVar[str] = "l2"

    strength: float

    def __post_init__(self) -> None:
        object.__setattr__(self, "strength", positive("strength", self.strength, or_zero=True))

    @property
    def label(self) -> str:
        """ "l2-0.001"."""
        return f"l2-{self.strength:g}"

    def __call__(self, parameters: Mapping[str, Tensor], about: Mapping[str, Parameter]) -> Tensor:
        """The penalty of one network, a scalar."""
        import torch

        squares = [parameters[name].square().sum() for name, one in about.items() if one.role == "weight"]
        return 0.5 * self.strength * torch.stack(squares).sum()
