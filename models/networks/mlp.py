"""Fully connected ReLU networks (paper, section 3)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import prod
from typing import TYPE_CHECKING, ClassVar

from models.networks.network import Parameter
from models.parts.checks import whole_numbers
from models.parts.part import Part

if TYPE_CHECKING:
    from torch import Tensor

    from models.networks.stream import Stream

__all__ = ["MLP", "layers_of"]


@dataclass(frozen=True, slots=True)
class MLP(Part):
    """Hidden layers of ReLUs; samples of any shape are read flat.

    Attributes:
        widths: of the hidden layers, (500, 300) for 784-500-300-10.

    Raises:
        ValueError: a width that is no whole number of at least 1.
    """

    kind: ClassVar[str] = "mlp"

    widths: tuple[int, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "widths", whole_numbers("widths", self.widths))
        if any(width < 1 for width in self.widths):
            raise ValueError(f"got widths {self.widths}, wanted hidden layers of at least one unit each")

    @property
    def label(self) -> str:
        """The widths, "500-300"."""
        return "-".join(map(str, self.widths))

    def sizes(self, shape: tuple[int, ...], outputs: int) -> tuple[int, ...]:
        """Units of every layer, inputs and outputs included."""
        return (prod(shape), *self.widths, outputs)

    def parameters(self, shape: tuple[int, ...], outputs: int) -> dict[str, Parameter]:
        """W1 [fan_in, fan_out], b1 [fan_out], W2, ..."""
        found: dict[str, Parameter] = {}
        for index, (fan_in, fan_out) in enumerate(pairwise(self.sizes(shape, outputs))):
            found[f"W{index + 1}"] = Parameter((fan_in, fan_out), fan_in, stream=("W", index))
            found[f"b{index + 1}"] = Parameter((fan_out,), fan_in, "bias")
        return found

    def buffers(self, shape: tuple[int, ...], outputs: int) -> dict[str, Tensor]:
        """None."""
        return {}

    def randomness(self, shape: tuple[int, ...]) -> dict[str, tuple[int, ...]]:
        """None."""
        return {}

    def apply(
        self,
        parameters: Mapping[str, Tensor],
        buffers: Mapping[str, Tensor],
        x: Tensor,
        train: bool,
        stream: Stream | None,
    ) -> tuple[Tensor, Mapping[str, Tensor]]:
        """Pre-activations z [B, K] of the output layer."""
        h = x.flatten(1)
        for W, b in layers_of(parameters)[:-1]:
            h = (h @ W + b).relu()
        W, b = layers_of(parameters)[-1]
        return h @ W + b, buffers

    def cost(self, shape: tuple[int, ...], outputs: int) -> int:
        """A multiplication a weight."""
        return sum(a * b for a, b in pairwise(self.sizes(shape, outputs)))


def layers_of(parameters: Mapping[str, Tensor]) -> Sequence[tuple[Tensor, Tensor]]:
    """The parameters W1, b1, W2, ... as layers (W, b)."""
    depth = len(parameters) // 2
    return [(parameters[f"W{d}"], parameters[f"b{d}"]) for d in range(1, depth + 1)]
