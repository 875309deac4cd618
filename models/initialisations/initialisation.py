"""What an initialisation is: how a network's weights are drawn before any training.

Biases start at 0 and scales at 1 whatever the initialisation. Everything is drawn in float64 on the CPU,
whatever the precision of training, so that a run in another precision or on another device starts from the
same point.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from threading import Lock
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


_REMEMBERED = 2**27
"""Bytes of normal numbers that a process remembers: those of 32 networks of 784-500-10."""

_LARGE = 2**16
"""Bytes of numbers that are worth it: a stream's state has five thousand."""

_numbers: dict[tuple[bytes, tuple[int, ...]], tuple[Tensor, Tensor]] = {}
_lock = Lock()


def normal(parameter: Parameter, deviation: float, stream: torch.Generator) -> Tensor:
    """Independent normal numbers with mean 0 and this standard deviation.

    Networks of one number begin with the same random numbers in every experiment, and are drawn for both legs
    and for evidence on where they began. Drawing takes ten times as long as multiplying what was drawn.
    """
    import torch

    before = stream.get_state()
    key = before.numpy().tobytes(), tuple(parameter.shape)
    with _lock:
        known = _numbers.get(key)
    if known is not None:
        numbers, after = known
        stream.set_state(after)
        return numbers * deviation
    numbers = torch.empty(parameter.shape, dtype=torch.float64).normal_(generator=stream)
    with _lock:
        # What no longer fits is drawn again: to forget the first for it would leave nothing where all are
        # asked for in turn.
        held = sum(of.nbytes for of, _ in _numbers.values())
        if numbers.nbytes >= _LARGE and held + numbers.nbytes <= _REMEMBERED:
            _numbers[key] = numbers, stream.get_state()
    return numbers * deviation


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
