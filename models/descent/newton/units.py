"""The generalised Gauss-Newton matrix of one unit's own parameters at a time, and its inverse."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

if TYPE_CHECKING:
    from collections.abc import Callable

    from models.descent.multilayer import Layered, Multilayer
    from models.descent.newton.outputs import Curvature

__all__ = ["UnitBlocks"]

_MANY = 64
"""Inputs of a first layer beyond which a block of each unit's own costs more than it saves: hundreds of
products of a narrow network."""


class UnitBlocks:
    """The diagonal blocks of A^T A, A = L^T J / sqrt(m), that belong to a unit's weights and bias.

    The block of unit j is the mean of c_nj (h_n, 1)(h_n, 1)^T over samples, c_nj the squared norm of its
    gradients on sample n. A first layer with many inputs has c_j, their mean, instead (Martens & Grosse 2015,
    "Optimizing neural networks with Kronecker-factored approximate curvature", section 3): its inputs never
    change, and with them diagonalised once no damping and no network costs a factorisation.

    Args:
        problem: whose loss.
        at: the networks.
        curvature: in outputs.
        dtype: of both.

    Attributes:
        trace: of A^T A, [M] float64.
    """

    def __init__(self, problem: Multilayer, at: Layered, curvature: Curvature, dtype: torch.dtype) -> None:
        self.problem, self.dtype = problem, dtype
        M, m, K = at.z.shape
        squares = [h.new_zeros(1) for h in at.inputs]
        for k in range(K):
            one = torch.zeros_like(at.z)
            one[..., k] = 1
            slopes = at.backward(curvature.apply(one))
            squares = [square + slope.square() for square, slope in zip(squares, slopes, strict=True)]
        self.shared = problem.inputs.x.shape[1] > _MANY
        self.means = squares[0].mean(1)  # [M, units]
        self.blocks = []
        self.trace = torch.zeros(M, dtype=torch.float64, device=at.z.device)
        for inputs, square in zip(at.inputs, squares, strict=True):
            h = inputs.expand(M, -1, -1)
            h = torch.cat([h, h.new_ones(M, m, 1)], 2)
            self.trace += (h.square().sum(2) * square.sum(2)).double().mean(1)
            if self.shared and inputs is at.inputs[0]:
                continue
            root = (square / m).sqrt()
            units = [h * root[..., j, None] for j in range(root.shape[2])]
            self.blocks.append(torch.stack([unit.mT @ unit for unit in units], 1))

    def inverse(self, shift: Tensor) -> Callable[[Tensor], Tensor]:
        """What takes [M, P] to the blocks' inverses, shifted by [M, P], times it."""
        shifts = [torch.cat([W, b[:, None]], 1).to(self.dtype) for W, b in self.problem.layers(shift)]
        own = shifts[1:] if self.shared else shifts
        triangles = []
        for block, more in zip(self.blocks, own, strict=True):
            shifted = block.clone()
            shifted.diagonal(0, -2, -1).add_(more.mT)
            triangles.append(torch.linalg.cholesky_ex(shifted)[0])
        if self.shared:
            values, vectors = (part.to(self.dtype) for part in self.problem.inputs.axes)
            # A bias has no penalty and the weights' shift: they share axes.
            divisor = values[:, None] * self.means[:, None] + shifts[0][:, :1]

        # A penalty acts on weights of unused inputs, too, and nothing else does.
        ones = [torch.ones_like(part) for layer in self.problem.layers(shift) for part in layer]
        unused = (1 - self.problem.spread(ones)) / shift

        def apply(e: Tensor) -> Tensor:
            layers = [torch.cat([W, b[:, None]], 1).to(self.dtype) for W, b in self.problem.layers(e)]
            solved = []
            if self.shared:
                solved.append(vectors @ ((vectors.mT @ layers.pop(0)) / divisor))
            for both, triangle in zip(layers, triangles, strict=True):
                solved.append(torch.cholesky_solve(both.mT[..., None], triangle).squeeze(-1).mT)
            found = self.problem.spread([part for one in solved for part in (one[:, :-1], one[:, -1])])
            return torch.addcmul(found, unused, e)

        return apply
