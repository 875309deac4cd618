"""A damped Gauss-Newton step found among the parameters: one equation each."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

from models.descent.multilayer import Layered, Multilayer
from models.descent.newton.conjugate import conjugate_gradients
from models.descent.newton.outputs import output_curvature
from models.descent.newton.step import Step

if TYPE_CHECKING:
    from collections.abc import Callable

    from models.descent.newton.outputs import Curvature
    from models.descent.problem import Linearisation, Problem

__all__ = ["Primal"]


class Primal:
    """The step p that minimises ||A p + r||^2 / 2 + s ||w + p||^2 / 2 + λ ||p||^2 / 2, A = L^T J / sqrt(m).

    (A^T A + s + λ) p = -gradient, with s on weights only. A multilayer perceptron's is preconditioned by the
    diagonal blocks of its units, each the weights and the bias that a unit reads with; other networks by the
    damping alone.

    Args:
        problem: whose loss.
        at: where.
        penalty: s of each parameter, [P].
        dtype: of a multilayer perceptron's products; vectors and their inner products are float64.
    """

    def __init__(self, problem: Problem, at: Linearisation, penalty: Tensor, dtype: torch.dtype) -> None:
        self.problem, self.at, self.penalty = problem, at, penalty
        objective = problem.spec.objective
        self.curvature = output_curvature(at.z, problem.y, objective.output, objective.loss)
        self.blocks: list[Tensor] = []
        self.dtype = dtype
        if isinstance(problem, Multilayer) and isinstance(at, Layered):
            self.low, low = self.curvature.to(dtype), at.to(dtype)
            self.push: Callable[[Tensor], Tensor] = lambda v: problem.push(low, v.to(dtype))
            self.pull: Callable[[Tensor], Tensor] = lambda u: problem.pull(low, u)
            self.blocks = unit_blocks(low, self.low, problem.samples)
            traces = [one.diagonal(0, -2, -1).flatten(1).double().sum(1) for one in self.blocks]
            self.size = torch.stack(traces).sum(0) / problem.parameters
        else:
            self.low, self.dtype = self.curvature, torch.float64
            self.push, self.pull = at.jvp, at.vjp
            # Of a vector of independent signs, the mean of A A^T is a trace.
            signs = torch.ones_like(at.z)
            signs.view(-1)[1::2] = -1
            pulled = at.vjp(self.curvature.apply(signs))
            self.size = pulled.square().sum(1) / problem.samples / problem.parameters

    def solve(self, damping: Tensor, going: Tensor, accuracy: Tensor, most: int) -> Step:
        """The step under λ = damping [M], of the networks that are going [M]."""
        shift = damping[:, None] + self.penalty
        precondition = self._factored(shift) if self.blocks else lambda e: e / shift
        m = self.problem.samples

        def product(v: Tensor) -> Tensor:
            u = self.low.apply(self.low.transposed(self.push(v)))
            return self.pull(u / m).double() + shift * v

        b = torch.where(going[:, None], -self.at.gradient, 0.0)

        def enough(v: Tensor, rest: Tensor) -> Tensor:
            return rest.norm(dim=1) <= accuracy * b.norm(dim=1)

        found = conjugate_gradients(product, precondition, b, enough, most)
        p = found.v
        # p^T (A^T A + s) p from what is left of the system: (A^T A + s + λ) p = b - rest.
        bend = (p * (b - found.rest - damping[:, None] * p)).sum(1)
        return Step(p, (b * p).sum(1) - bend / 2, 2 * found.products)

    def _factored(self, shift: Tensor) -> Callable[[Tensor], Tensor]:
        problem = self.problem
        assert isinstance(problem, Multilayer)
        triangles = []
        for block, (W, b) in zip(self.blocks, problem.layers(shift), strict=True):
            own = torch.cat([W, b[:, None]], 1).mT  # [M, units, fan_in + 1]
            shifted = block.clone()
            shifted.diagonal(0, -2, -1).add_(own.to(self.dtype))
            triangles.append(torch.linalg.cholesky_ex(shifted)[0])

        def precondition(e: Tensor) -> Tensor:
            parts = []
            for (W, b), triangle in zip(problem.layers(e), triangles, strict=True):
                both = torch.cat([W, b[:, None]], 1).mT[..., None].to(self.dtype)
                solved = torch.cholesky_solve(both, triangle).squeeze(-1).mT.double()
                parts += [solved[:, :-1], solved[:, -1]]
            return problem.spread(parts)

        return precondition


def unit_blocks(at: Layered, curvature: Curvature, samples: int) -> list[Tensor]:
    """A^T A of each unit's own parameters, weights and then the bias: [M, units, fan_in + 1, fan_in + 1] of
    each layer."""
    M, m, K = at.z.shape
    squares = [h.new_zeros(1) for h in at.inputs]
    for k in range(K):
        one = torch.zeros_like(at.z)
        one[..., k] = 1
        slopes = at.backward(curvature.apply(one))
        squares = [square + slope.square() for square, slope in zip(squares, slopes, strict=True)]
    blocks = []
    for inputs, square in zip(at.inputs, squares, strict=True):
        h = inputs.expand(M, -1, -1)
        h = torch.cat([h, h.new_ones(M, m, 1)], 2)
        root = (square / samples).sqrt()
        units = [(h * root[..., j, None]) for j in range(root.shape[2])]
        blocks.append(torch.stack([u.mT @ u for u in units], 1))
    return blocks
