"""The tangent kernel J J^T of multilayer perceptrons: products with it, and its average over outputs.

With δ_l(n, k) the gradient of output k on sample n with respect to the pre-activations of layer l, and h_l
its inputs, the entry of (n, k) and (n', k') is the sum over layers of

    (h_l(n) . h_l(n') + 1) δ_l(n, k) . δ_l(n', k')

(Jacot, Gabriel & Hongler 2018, "Neural tangent kernel"). No product passes through the weights' space: a
layer costs as much as its Gram matrix has to be multiplied by.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from models.descent.multilayer import Layered

__all__ = ["Kernel", "tangent_kernel"]


@dataclass(frozen=True, slots=True, eq=False)
class Kernel:
    """J D J^T of M networks, D the weights' scale on weights and 1 on biases.

    Attributes:
        at: the networks, in the kernel's type.
        grams: scale h h^T + 1 of each layer's inputs, [M, m, m], the first [1, m, m].
    """

    at: Layered
    grams: tuple[Tensor, ...]

    def product(self, u: Tensor) -> Tensor:
        """J D J^T u, [M, m, K]."""
        moved = None
        for layer, delta in enumerate(self.at.backward(u)):
            own = self.grams[layer] @ delta
            if moved is None:
                moved = own
            else:
                moved = torch.baddbmm(own, moved.mul_(self.at.active[layer - 1]), self.at.weights[layer])
        assert moved is not None
        return moved

    def mean(self) -> Tensor:
        """The average over outputs of their own kernels, [M, m, m]."""
        _M, _m, K = self.at.z.shape
        found = self.grams[-1].clone()
        # Each output's gradient, [M, m K, width], with outputs side by side: their inner products are summed.
        for layer in range(len(self.grams) - 2, -1, -1):
            W, active = self.at.weights[layer + 1], self.at.active[layer]
            if layer == len(self.grams) - 2:
                spread = active * (W.square().mean(2).sqrt())[:, None]
                delta = None
            else:
                if delta is None:
                    above = self.at.weights[layer + 2]  # [M, width, K]
                    delta = self.at.active[layer + 1][:, :, None] * above.mT[:, None]
                delta = (delta @ W.mT[:, None]) * active[:, :, None]
                spread = delta.flatten(2) / K**0.5
            found.addcmul_(self.grams[layer], spread @ spread.mT)
        return found


def tangent_kernel(at: Layered, gram: Tensor, scale: Tensor, dtype: torch.dtype) -> Kernel:
    """The kernel at these networks.

    Args:
        at: in float64.
        gram: x x^T [m, m] of the used inputs.
        scale: of the weights, [M].
        dtype: to compute in.
    """
    low = at.to(dtype)
    scales = scale.to(dtype)[:, None, None]
    grams = [gram.to(dtype)[None], *(h @ h.mT for h in low.inputs[1:])]
    if bool((scale == 1).all()):
        return Kernel(low, tuple(one.add(1) for one in grams))
    return Kernel(low, tuple(scales * one + 1 for one in grams))
