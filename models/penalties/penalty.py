"""What a penalty is: a function of one network's parameters that is added to its loss."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

if TYPE_CHECKING:
    from torch import Tensor

    from models.networks.network import Parameter

__all__ = ["Penalty"]


class Penalty(Protocol):
    """A kind of penalty. It is part of what is trained, not of the loss that is recorded."""

    kind: ClassVar[str]

    @property
    def label(self) -> str:
        """How runs name it: "l2-0.001"."""

    def __call__(self, parameters: Mapping[str, Tensor], about: Mapping[str, Parameter]) -> Tensor:
        """Its value for one network, differentiable.

        Args:
            parameters: by name, of one network.
            about: what each of them is (`models.networks.network.Parameter`), by the same names.
        """

    def as_json(self) -> dict[str, Any]:
        """Canonical JSON values."""
