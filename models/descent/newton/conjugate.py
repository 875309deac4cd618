"""Conjugate gradients for several systems side by side, each with its own end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

__all__ = ["Solution", "conjugate_gradients"]


@dataclass(frozen=True, slots=True, eq=False)
class Solution:
    """What was found for M systems A v = b.

    Attributes:
        v: [M, ...].
        rest: b - A v by the recurrence, [M, ...].
        products: with A, [M] int64.
    """

    v: Tensor
    rest: Tensor
    products: Tensor


def conjugate_gradients(
    product: Callable[[Tensor], Tensor],
    precondition: Callable[[Tensor], Tensor],
    b: Tensor,
    enough: Callable[[Tensor, Tensor], Tensor],
    most: int,
) -> Solution:
    """Preconditioned conjugate gradients (Saad 2003, "Iterative methods for sparse linear systems", algorithm
    9.1), in its flexible form (Notay 2000), which bears a preconditioner and products that are rounded more
    coarsely than the vectors.

    Args:
        product: A v of v [M, ...], symmetric and positive definite.
        precondition: an approximate inverse of A.
        b: [M, ...] float64.
        enough: takes v and the rest, and says of which systems [M] this is a solution.
        most: iterations.
    """

    def dot(a: Tensor, c: Tensor) -> Tensor:
        return (a * c).flatten(1).sum(1).view(-1, *[1] * (b.dim() - 1))

    v, rest = torch.zeros_like(b), b
    products = torch.zeros(len(b), dtype=torch.int64, device=b.device)
    going = dot(b, b) > 0
    turned = precondition(rest)
    direction, along = turned, dot(rest, turned)
    for _ in range(most):
        if not bool(going.any()):
            break
        image = product(direction)
        bent = dot(direction, image)
        # A direction without curvature is one of rounding alone: the system is solved as well as it can be.
        going = going & (bent > 0) & (along > 0)
        products += going.flatten()
        step = torch.where(going, along / bent, 0.0)
        before = rest
        v, rest = v + step * direction, rest - step * image
        going = going & ~enough(v, rest).view_as(going)
        if not bool(going.any()):
            break
        turned = precondition(rest)
        next_along = dot(rest, turned)
        share = torch.where(going, dot(rest - before, turned) / along, 0.0)
        direction = torch.where(going, turned + share * direction, direction)
        along = torch.where(going, next_along, along)
    return Solution(v, rest, products)
