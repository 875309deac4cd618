"""What a damped system answers with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from torch import Tensor

__all__ = ["Step", "System"]


@dataclass(frozen=True, slots=True, eq=False)
class Step:
    """A step of M networks.

    Attributes:
        p: [M, P] float64.
        predicted: by how much it lowers the quadratic model of the loss, [M].
        products: with the Jacobian or its transpose, [M] int64.
        first: how p moves the first layer's pre-activations, [M, m, width] in the type of the products, where
            that was found on the way.
    """

    p: Tensor
    predicted: Tensor
    products: Tensor
    first: Tensor | None = None


class System(Protocol):
    """A quadratic model of the loss of M networks, that can be minimised under any damping.

    Attributes:
        size: a typical eigenvalue of its curvature, [M]: damping is measured in it.
        finest: the least share of it that rounding leaves to see and that counts, [M]; 1 unless a part of
            the curvature that is far larger than all the rest is seen to by itself.
    """

    size: Tensor
    finest: Tensor

    def solve(self, damping: Tensor, going: Tensor, accuracy: Tensor, most: int) -> Step:
        """The step under this damping.

        Args:
            damping: λ [M].
            going: which networks want a step, [M] bool; the others' is 0.
            accuracy: of the linear system's solution, relative to its right-hand side, [M].
            most: iterations.
        """
