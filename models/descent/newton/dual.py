"""A damped Gauss-Newton step found among the samples: one equation for each output of each sample."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

from models.descent.newton.conjugate import conjugate_gradients
from models.descent.newton.kernel import tangent_kernel
from models.descent.newton.outputs import output_curvature
from models.descent.newton.step import Step

if TYPE_CHECKING:
    from models.descent.multilayer import Layered, Multilayer

__all__ = ["Dual"]


class Dual:
    """The step p that minimises ||A p + r||^2 / 2 + s ||w + p||^2 / 2 + λ ||p||^2 / 2, A = L^T J / sqrt(m).

    The s is an L2 penalty's and acts on weights only. With D = λ / (λ + s) on weights and 1 on biases, and
    q = (1 - D) w, p = -D A^T v - q where (A D A^T + λ) v = r - A q: as many equations as samples times
    outputs, fewer than a wide network has parameters (Woodbury's identity).

    The preconditioner is the same system with the kernel averaged over outputs, one Cholesky factor for all
    outputs, or one an output where the curvature in outputs differs from sample to sample.

    Args:
        problem: whose loss.
        at: where.
        gram: x x^T [m, m].
        strength: s.
        dtype: of the products; vectors and their inner products are float64.
    """

    def __init__(
        self,
        problem: Multilayer,
        at: Layered,
        strength: float,
        weights: Tensor,
        w: Tensor,
        dtype: torch.dtype,
    ) -> None:
        self.problem, self.at, self.strength, self.dtype = problem, at, strength, dtype
        objective = problem.spec.objective
        curvature = output_curvature(at.z, problem.y, objective.output, objective.loss)
        self.root = problem.samples**0.5
        self.r = curvature.residual / self.root
        self.curvature = curvature.to(dtype)
        self.weights, self.w = weights, w
        self._scale = torch.full_like(at.loss, torch.nan)
        self._build(torch.ones_like(at.loss))
        diagonal = self.blocks.diagonal(0, -2, -1)
        self.size = diagonal.double().flatten(1).mean(1)

    def _build(self, scale: Tensor) -> None:
        if torch.equal(scale, self._scale):
            return
        self._scale = scale
        self.kernel = tangent_kernel(self.at, self.problem.gram, scale, self.dtype)
        blocks = self.kernel.mean()[:, None] / self.problem.samples
        factor = self.curvature.factor
        if factor is not None and factor.dim() == 3:
            blocks = blocks * (factor.mT[..., None] * factor.mT[..., None, :])
        elif factor is not None:
            columns = factor.permute(0, 3, 1, 2)
            blocks = blocks * (columns @ columns.mT)
        self.blocks = blocks

    def solve(self, damping: Tensor, going: Tensor, accuracy: float, most: int) -> Step:
        """The step under λ = damping [M], of the networks that are going [M]."""
        scale = damping / (damping + self.strength)
        self._build(scale)
        shift = damping[:, None, None]
        shifted = self.blocks.clone()
        shifted.diagonal(0, -2, -1).add_(shift.to(self.dtype))
        triangle = torch.linalg.cholesky_ex(shifted)[0]

        def precondition(e: Tensor) -> Tensor:
            e = e.to(self.dtype)
            if triangle.shape[1] == 1:
                return torch.cholesky_solve(e, triangle[:, 0]).double()
            return torch.cholesky_solve(e.mT[..., None], triangle).squeeze(-1).mT.double()

        def product(v: Tensor) -> Tensor:
            u = self.curvature.apply(v.to(self.dtype))
            moved = self.curvature.transposed(self.kernel.product(u))
            return moved.double() / self.problem.samples + shift * v

        b, used = self.r, 0
        if self.strength:
            q = (1 - scale)[:, None] * self.weights * self.w
            b = b - self.curvature.to(torch.float64).transposed(self.at.jvp(q)) / self.root
            used = 1
        b = torch.where(going[:, None, None], b, 0.0)

        def enough(v: Tensor, rest: Tensor) -> Tensor:
            left = rest.square().sum((1, 2)).sqrt()
            return left <= torch.maximum(
                accuracy * b.square().sum((1, 2)).sqrt(), 0.3 * (shift * v).square().sum((1, 2)).sqrt()
            )

        found = conjugate_gradients(product, precondition, b, enough, most)
        u = self.curvature.apply((found.v / self.root).to(self.dtype))
        step = -self.problem.pull(self.kernel.at, u)
        moved = found.rest + shift * found.v - b  # A D A^T v, by what the system says
        if self.strength:
            D = torch.where(self.weights > 0, scale[:, None], 1.0)
            step = D * step - q
            moved = moved - (self.r - b)
        slope = (self.at.gradient * step).sum(1)
        bend = moved.square().sum((1, 2)) + self.strength * (self.weights * step).square().sum(1)
        return Step(step, -slope - bend / 2, 2 * found.products + 1 + used)
