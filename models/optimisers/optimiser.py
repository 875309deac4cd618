"""What an optimiser is to whoever trains: a pure function of stacked parameters, gradients and its own
state."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["Optimiser", "Tensors"]

Tensors = Mapping[str, "Tensor"]
"""By name; of M networks, each [M, ...]."""


class Optimiser(Protocol):
    """A kind of optimiser. Networks do not see each other: each row of an update depends on that row
    alone."""

    kind: ClassVar[str]

    @property
    def label(self) -> str:
        """How runs name it, "" for the paper's own."""

    def init(self, parameters: Tensors) -> Tensors:
        """Its state before the first step, by names of its own; it is kept in checkpoints."""

    def update(self, parameters: Tensors, gradients: Tensors, state: Tensors) -> tuple[Tensors, Tensors]:
        """Parameters and state after a step; nothing is changed in place.

        Args:
            parameters: by name, [M, ...].
            gradients: of each network's objective, by the same names.
            state: as `init` or the last step left it.
        """

    def as_json(self) -> dict[str, Any]:
        """Canonical JSON values."""
