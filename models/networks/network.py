"""What a network is to whoever trains it: parameters by name, buffers, and a function of both.

A network is a frozen value, a kind of its own in a file of this folder. It knows shapes and the function; how
initial weights are drawn is the initialisation's (`models.initialisations`), how many are trained at once the
engine's (`models.engines`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Protocol

if TYPE_CHECKING:
    from torch import Tensor

    from models.networks.stream import Stream

__all__ = ["Network", "Parameter", "Role"]

Role = Literal["weight", "bias", "scale"]
"""How it starts: drawn by the initialisation, at 0, at 1."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of one network, before any is drawn.

    Attributes:
        shape: of one network's.
        fan_in: inputs that a unit adds up, for the initialisations that ask.
        role: see `Role`.
        stream: what names its random numbers besides the network's seed; its name where it is empty.
    """

    shape: tuple[int, ...]
    fan_in: int = 1
    role: Role = "weight"
    stream: tuple[object, ...] = ()


class Network(Protocol):
    """A kind of network."""

    kind: ClassVar[str]

    @property
    def label(self) -> str:
        """How settings name it: "500-300"."""

    def parameters(self, shape: tuple[int, ...], outputs: int) -> Mapping[str, Parameter]:
        """Its parameters by name, in order.

        Args:
            shape: of one sample.
            outputs: K.
        """

    def buffers(self, shape: tuple[int, ...], outputs: int) -> Mapping[str, Tensor]:
        """What it carries from step to step besides its parameters (running means), at the start; mostly
        none."""

    def randomness(self, shape: tuple[int, ...]) -> Mapping[str, tuple[int, ...]]:
        """Shapes a sample of the random numbers that a step of training asks of its stream, by name."""

    def apply(
        self,
        parameters: Mapping[str, Tensor],
        buffers: Mapping[str, Tensor],
        x: Tensor,
        train: bool,
        stream: Stream | None,
    ) -> tuple[Tensor, Mapping[str, Tensor]]:
        """The last layer's pre-activations z [B, K] of samples x [B, *shape], and the buffers afterwards.

        A pure function of one network: nothing is changed in place; `torch.func` maps it over networks.

        Args:
            parameters: by name.
            buffers: by name.
            x: samples.
            train: whether this is a step of training (dropout, batch statistics).
            stream: random numbers of this step, see `models.networks.stream`; None where `train` is False.
        """

    def cost(self, shape: tuple[int, ...], outputs: int) -> int:
        """Multiplications a sample of one forward pass, for the order in which experiments start."""

    def as_json(self) -> dict[str, Any]:
        """Canonical JSON values."""
