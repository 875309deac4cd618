"""What an initialisation is: how a network's weights are drawn before any training.

Biases start at 0 and scales at 1 whatever the initialisation. Everything is drawn in float64 on the CPU,
whatever the precision of training, so that a run in another precision or on another device starts from the
same point.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from models.parts.seeds import generator

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from models.networks.network import Parameter

__all__ = ["Initialisation", "initial_parameters", "normal"]


class Initialisation(Protocol):
    """A kind of initialisation, which the command line and verdicts call a protocol."""

    kind: ClassVar[str]

    @property
    def populations(self) -> tuple[int, ...]:
        """The paper's model indices i that differ in how they draw: (0,) where none do."""

    def draw(self, parameter: Parameter, i: int, stream: torch.Generator) -> Tensor:
        """One network's weights, of the parameter's shape, float64.

        Args:
            parameter: of role "weight".
            i: the network's model index.
            stream: its random numbers.
        """

    def as_json(self) -> dict[str, Any]:
        """Canonical JSON values."""


def normal(parameter: Parameter, deviation: float, stream: torch.Generator) -> Tensor:
    """Independent normal numbers with mean 0 and this standard deviation."""
    import torch

    return torch.empty(parameter.shape, dtype=torch.float64).normal_(generator=stream).mul_(deviation)


def initial_parameters(
    parameters: Mapping[str, Parameter],
    initialisation: Initialisation,
    groups: Sequence[int],
    seeds: Sequence[int],
) -> dict[str, Tensor]:
    """The parameters of M networks before training, [M, ...] each, float64 on the CPU.

    Args:
        parameters: of one network, see `models.networks.network.Network.parameters`.
        initialisation: draws the weights.
        groups: model index i [M] of each network.
        seeds: [M] of each network, see `models.parts.seeds`.
    """
    import torch

    def one(name: str, about: Parameter, i: int, seed: int) -> Tensor:
        if about.role != "weight":
            fill = 1.0 if about.role == "scale" else 0.0
            return torch.full(about.shape, fill, dtype=torch.float64)
        return initialisation.draw(about, i, generator(seed, *(about.stream or (name,))))

    return {
        name: torch.stack([one(name, about, i, seed) for i, seed in zip(groups, seeds, strict=True)])
        for name, about in parameters.items()
    }
