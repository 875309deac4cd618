"""A damped Gauss-Newton step found among the parameters: one equation each."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

from models.descent.multilayer import Layered, Multilayer
from models.descent.newton.conjugate import conjugate_gradients
from models.descent.newton.outputs import Curvature, output_curvature
from models.descent.newton.step import Step
from models.descent.newton.units import UnitBlocks

if TYPE_CHECKING:
    from collections.abc import Callable

    from models.descent.problem import Linearisation, Problem

__all__ = ["Primal"]

_GRADIENT = 0.3
"""Accuracies are those of a residual of outputs; most of a gradient lies in few directions: less of it may be
left."""


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
        curvature: L and r; by default the loss's own.
    """

    def __init__(
        self,
        problem: Problem,
        at: Linearisation,
        penalty: Tensor,
        dtype: torch.dtype,
        curvature: Curvature | None = None,
    ) -> None:
        self.problem, self.penalty = problem, penalty
        objective = problem.spec.objective
        if curvature is None:
            curvature = output_curvature(at.z, problem.y, objective.output, objective.loss)
            self.slope = at.gradient
        else:
            self.slope = at.vjp(curvature.apply(curvature.residual)) / problem.samples
        self.curvature = curvature
        self.units: UnitBlocks | None = None
        if isinstance(problem, Multilayer) and isinstance(at, Layered):
            self.low, low = self.curvature.to(dtype), at.to(dtype)
            self.push: Callable[[Tensor], Tensor] = lambda v: problem.push(low, v.to(dtype))
            self.pull: Callable[[Tensor], Tensor] = lambda u: problem.pull(low, u)
            self.units = UnitBlocks(problem, low, self.low, dtype)
            self.size = self.units.trace / problem.parameters
        else:
            self.low = self.curvature
            self.push, self.pull = at.jvp, at.vjp
            # Of a vector of independent signs, the mean of A A^T is a trace.
            signs = torch.ones_like(at.z)
            signs.view(-1)[1::2] = -1
            pulled = at.vjp(self.curvature.apply(signs))
            self.size = pulled.square().sum(1) / problem.samples / problem.parameters
        self.finest = torch.ones_like(self.size)

    def solve(self, damping: Tensor, going: Tensor, accuracy: Tensor, most: int) -> Step:
        """The step under λ = damping [M], of the networks that are going [M]."""
        shift = damping[:, None] + self.penalty
        precondition = self.units.inverse(shift) if self.units else lambda e: e / shift
        m = self.problem.samples

        def product(v: Tensor) -> Tensor:
            u = self.low.apply(self.low.transposed(self.push(v)))
            return self.pull(u / m).double() + shift * v

        b = torch.where(going[:, None], -self.slope, 0.0)

        def enough(v: Tensor, rest: Tensor) -> Tensor:
            return rest.norm(dim=1) <= _GRADIENT * accuracy * b.norm(dim=1)

        found = conjugate_gradients(product, precondition, b, enough, most)
        p = found.v
        # p^T (A^T A + s) p from what is left of the system: (A^T A + s + λ) p = b - rest.
        bend = (p * (b - found.rest - damping[:, None] * p)).sum(1)
        return Step(p, (b * p).sum(1) - bend / 2, 2 * found.products)
