"""Products with the tangent kernel J J^T of multilayer perceptrons.

With δ_l(n, k) the gradient of output k on sample n with respect to the pre-activations of layer l, and h_l
its inputs, the entry of (n, k) and (n', k') is the sum over layers of

    (h_l(n) . h_l(n') + 1) δ_l(n, k) . δ_l(n', k')

(Jacot, Gabriel & Hongler 2018, "Neural tangent kernel"). No product passes through the weights' space: a
layer costs as much as its Gram matrix has to be multiplied by. Samples are innermost: products with few
outputs are faster so.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from models.descent.inputs import Inputs
from models.descent.multilayer import Layered

__all__ = ["Gram", "Kernel", "Slopes", "inner_products", "slopes_of", "tangent_kernel"]


_STRIP = 128
"""Rows of inner products at a time."""


@dataclass(frozen=True, slots=True, eq=False)
class Slopes:
    """What takes gradients from layer to layer.

    Attributes:
        active: which hidden units are, 0 or 1, [M, width, m] of each hidden layer.
        weights: W [M, fan_in, fan_out] of all layers but the first.
    """

    active: tuple[Tensor, ...]
    weights: tuple[Tensor, ...]

    def backward(self, u: Tensor) -> list[Tensor]:
        """Gradients of <u, z>, u [M, K, m], with respect to each layer's pre-activations, [M, width, m]
        each; the first layer's first."""
        found = [u]
        for W, active in zip(reversed(self.weights), reversed(self.active), strict=True):
            found.append((W @ found[-1]).mul_(active))
        return found[::-1]

    def forward(self, own: list[Tensor]) -> Tensor:
        """Moves of z [M, K, m] by each layer's own, [M, width, m] each, which are overwritten."""
        moved = own[0]
        for W, active, here in zip(self.weights, self.active, own[1:], strict=True):
            moved = here.baddbmm_(W.mT, moved.mul_(active))
        return moved


@dataclass(frozen=True, slots=True, eq=False)
class Gram:
    """D h h^T + 1 of a layer's inputs h [M, m, q], D the weights' scale.

    Attributes:
        matrix: itself, [M, m, m]; [1, m, m] where the networks share it.
        factor: F [M, m, q + 1] with F F^T the matrix; None where two products with it are no cheaper.
    """

    matrix: Tensor
    factor: Tensor | None

    def product(self, u: Tensor) -> Tensor:
        """u times it, of u [M, n, m]."""
        return u @ self.matrix if self.factor is None else (u @ self.factor) @ self.factor.mT


@dataclass(frozen=True, slots=True, eq=False)
class Kernel:
    """J D J^T of M networks, D the weights' scale on weights and 1 on biases.

    Attributes:
        slopes: of the networks, in the kernel's type.
        grams: of each layer's inputs; networks share the first where all scales are 1.
    """

    slopes: Slopes
    grams: tuple[Gram, ...]

    def product(self, u: Tensor) -> Tensor:
        """J D J^T u of u [M, K, m]."""
        deltas = self.slopes.backward(u)
        return self.slopes.forward(
            [gram.product(delta) for delta, gram in zip(deltas, self.grams, strict=True)]
        )


def slopes_of(at: Layered, dtype: torch.dtype) -> Slopes:
    """The same in a type."""
    return Slopes(
        tuple(one.mT.to(dtype, memory_format=torch.contiguous_format) for one in at.active),
        tuple(W.to(dtype) for W in at.weights[1:]),
    )


def tangent_kernel(at: Layered, inputs: Inputs, scale: Tensor, dtype: torch.dtype) -> Kernel:
    """The kernel at these networks.

    Args:
        at: in float64.
        inputs: of the training side.
        scale: of the weights, [M].
        dtype: to compute in.
    """
    slopes, own = slopes_of(at, dtype), None
    if bool((scale != 1).any()):
        own = scale.to(dtype)[:, None, None]
    grams = [_gram(inputs.x.to(dtype)[None], inputs.gram.to(dtype, copy=True)[None], own)]
    for h in at.inputs[1:]:
        low = h.to(dtype)
        grams.append(_gram(low, inner_products(low), own))
    return Kernel(slopes, tuple(grams))


def _gram(h: Tensor, products: Tensor, scale: Tensor | None) -> Gram:
    """Of inputs h and their inner products, which are overwritten."""
    if scale is not None:
        h, products = scale.sqrt() * h, scale * products
    m, q = h.shape[1:]
    # The bias reads an input that is 1.
    factor = torch.cat([h, torch.ones_like(h[..., :1])], 2) if 2 * (q + 1) < m else None
    return Gram(products.add_(1), factor)


def inner_products(h: Tensor) -> Tensor:
    """h h^T of h [M, m, width], symmetric to the bit, at little more than half of a product's cost: in strips
    of rows, up to the diagonal."""
    M, m, _ = h.shape
    found = h.new_empty(M, m, m)
    for start in range(0, m, _STRIP):
        rows = slice(start, start + _STRIP)
        torch.bmm(h[:, rows], h[:, : rows.stop].mT, out=found[:, rows, : rows.stop])
        found[:, :start, rows] = found[:, rows, :start].mT
    return found
