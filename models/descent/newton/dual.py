"""A damped Gauss-Newton step found among the samples: one equation for each output of each sample."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from models.descent.newton.conjugate import conjugate_gradients
from models.descent.newton.kernel import Kernel, inner_products, tangent_kernel
from models.descent.newton.outputs import Curvature, output_curvature
from models.descent.newton.step import Step
from models.descent.newton.surrogate import Surrogate, surrogate

if TYPE_CHECKING:
    from collections.abc import Callable

    from models.descent.multilayer import Layered, Multilayer

__all__ = ["Dual"]

_INNER = 0.5
"""What a solution with the surrogate may leave, in units of the accuracy that is asked for."""

_FELT = 1e-2
"""Of the damping: equations with less of a kernel of their own are solved by the damping alone."""

_DROWNED = 100.0
"""Times the rounding of a Cholesky factor: hidden layers with less of the kernel than that are lost in it."""

_GROUPS = 3
"""Of outputs that share a Cholesky factor, where one for all is too coarse."""


@dataclass(frozen=True, slots=True, eq=False)
class Passed:
    """A vector v [M, K, m] of the equations, passed through the weights.

    Attributes:
        v: itself.
        weights: J^T L v / sqrt(m), [M, P].
        first: how these move the first layer's pre-activations, [M, m, width].
    """

    v: Tensor
    weights: Tensor
    first: Tensor | None = None


class Dual:
    """The step p that minimises ||A p + r||^2 / 2 + s ||w + p||^2 / 2 + λ ||p||^2 / 2, A = L^T J / sqrt(m).

    The s is an L2 penalty's and acts on weights only. With D = λ / (λ + s) on weights and 1 on biases, and
    q = (1 - D) w, p = -D A^T v - q where (A D A^T + λ) v = r - A q: as many equations as samples times
    outputs, fewer than a wide network has parameters (Woodbury's identity).

    Conjugate gradients on these are preconditioned by conjugate gradients with the surrogate kernel, which
    nearly always solve them at once; and those by the kernel averaged over outputs: one Cholesky factor for
    all outputs, or one an output where the curvature in outputs differs from sample to sample, of the samples
    that have any to speak of. Once most are fitted these are few.

    Args:
        problem: whose loss.
        at: where.
        strength: s.
        weights: 1 at weights and 0 at biases, [1, P].
        w: [M, P].
        dtype: of the products; vectors and their inner products are float64, and so is the last layer's part
            where it is set apart.
        curvature: L and r; by default the loss's own.
    """

    def __init__(
        self,
        problem: Multilayer,
        at: Layered,
        strength: float,
        weights: Tensor,
        w: Tensor,
        dtype: torch.dtype,
        curvature: Curvature | None = None,
    ) -> None:
        self.problem, self.at, self.dtype = problem, at, dtype
        self.strength, self.weights, self.w = strength, weights, w
        objective = problem.spec.objective
        if curvature is None:
            curvature = output_curvature(at.z, problem.y, objective.output, objective.loss)
        self.root = problem.samples**0.5
        self.r = curvature.residual.mT / self.root
        self.exact, self.curvature = curvature, curvature.to(dtype)
        self.scale = torch.ones_like(at.loss)
        self._build()
        self.low = at.to(dtype, None if self.last is None else torch.float64)
        self.size = self._diagonal().double().flatten(1).mean(1)

    def _build(self) -> None:
        self.kernel = tangent_kernel(self.at, self.problem.inputs, self.scale, self.dtype)
        self.cheap = surrogate(self.kernel, self.problem.inputs.basis, self.scale)
        self.last: Tensor | None = None
        self.finest = torch.ones_like(self.scale)
        share = _hidden(self.cheap.means)
        rounding = torch.finfo(self.dtype).eps * self.problem.samples
        if not self.strength and bool((share < _DROWNED * rounding).any()):
            self._set_apart(share)
        self.average = _sum(self.cheap.means).expand(len(self.scale), -1, -1) / self.problem.samples
        factor = (self.curvature if self.last is None else self.exact).factor
        if factor is None:
            self.rows = None
        elif factor.dim() == 3:
            self.rows = factor.mT[..., None]
        else:
            self.rows = factor.permute(0, 3, 1, 2)

    def _set_apart(self, share: Tensor) -> None:
        """The last layer's part, to float64. Nearly all of the kernel is its, but of rank q + 1: the hidden
        layers' share [M], which its rounding would hide, is all that there is outside its range. Its
        products have few columns."""
        h = self.at.inputs[-1].double()
        last = torch.cat([h, torch.ones_like(h[..., :1])], 2)  # a bias reads an input that is 1
        means = (*self.cheap.means[:-1], inner_products(last))
        self.cheap = replace(self.cheap, last=None, means=means)
        self.last, self.finest = last, share

    def solve(self, damping: Tensor, going: Tensor, accuracy: Tensor, most: int) -> Step:
        """The step under λ = damping [M], of the networks that are going [M]."""
        if self.strength:
            self.scale = damping / (damping + self.strength)
            self._build()
        shift = damping[:, None, None]
        b, moves = self.r, torch.zeros_like(self.w)
        if self.strength:
            moves = (1 - self.scale)[:, None] * self.weights * self.w
            b = b - self.exact.transposed(self.at.jvp(moves)).mT / self.root
        b = torch.where(going[:, None, None], b, 0.0)
        blockwise, inner = self._blockwise(damping), torch.zeros_like(going, dtype=torch.int64)

        def precondition(e: Tensor) -> Tensor:
            nonlocal inner
            least = _INNER * accuracy * _norm(e)
            product = partial(self._product, self.cheap, shift)
            found = conjugate_gradients(product, blockwise, e, lambda _, rest: _norm(rest) <= least, most)
            inner = inner + found.products
            return found.v

        wanted = accuracy * _norm(b)
        passed: Passed | None = None

        def exact(v: Tensor) -> Tensor:
            nonlocal passed
            if self.strength:
                return self._product(self.kernel, shift, v)
            # As fast as by the Gram matrices, and what it is on the way is nearly always the step, but for
            # its length.
            weights = self._pulled(v)
            first, moved = self.problem.moves(self.low, weights)
            passed = Passed(v, weights, first)
            curvature = self.curvature if self.last is None else self.exact
            return torch.add(shift * v, curvature.transposed(moved).mT, alpha=1 / self.root)

        found = conjugate_gradients(
            exact,
            precondition,
            b,
            lambda _, rest: (_norm(rest) <= wanted) | (inner >= most),
            most,
        )
        once = passed is not None and int(found.products.max()) == 1
        if passed is None or not once:
            passed = Passed(found.v, self._pulled(found.v))
        length = -_along(passed.v, found.v)
        p = length[:, None] * passed.weights
        first = None if passed.first is None else length[:, None, None].to(self.dtype) * passed.first
        bent = found.rest + shift * found.v - b  # A D A^T v, by what the system says
        if self.strength:
            p = torch.where(self.weights > 0, self.scale[:, None], 1.0) * p - moves
            bent = bent - (self.r - b)
        curved = bent.square().sum((1, 2)) + self.strength * (self.weights * p).square().sum(1)
        products = 2 * (found.products + inner) + (not once) + (self.strength > 0)
        return Step(p, -(self.at.gradient * p).sum(1) - curved / 2, products, first)

    def _pulled(self, v: Tensor) -> Tensor:
        """J^T L v / sqrt(m) of v [M, K, m], [M, P]."""
        if self.last is None:
            return self.problem.pull(self.low, self.curvature.apply((v.mT / self.root).to(self.dtype)))
        return self.problem.pull(self.low, self.exact.apply(v.mT / self.root))

    def _product(self, kernel: Kernel | Surrogate, shift: Tensor, v: Tensor) -> Tensor:
        """(A D A^T + λ) v of v [M, K, m]."""
        curvature, u = self.curvature, v.to(self.dtype)
        if self.last is not None:
            curvature, u = self.exact, v
        if curvature.factor is not None:
            u = curvature.apply(u.mT).mT
        moved = kernel.product(u.to(self.dtype))
        if self.last is not None:
            moved = (u @ self.last) @ self.last.mT + moved
        if curvature.factor is not None:
            moved = curvature.transposed(moved.mT).mT
        return torch.add(shift * v, moved, alpha=1 / self.problem.samples)

    def _blockwise(self, damping: Tensor) -> Callable[[Tensor], Tensor]:
        shift = damping[:, None, None]
        if self.curvature.factor is None and len(self.cheap.means) > 2:
            return self._by_groups(shift)
        if self.rows is None:
            triangle = _triangle(self.average, shift)
            return lambda e: _solved(triangle, e.to(triangle.dtype).mT).mT.double()
        diagonal = self._diagonal()
        inverse = (diagonal + shift.to(diagonal.dtype)).reciprocal()
        felt = diagonal > _FELT * shift
        blocks = []
        for index in itertools.product(range(len(felt)), range(felt.shape[1])):
            own = felt[index].nonzero().squeeze(1)
            if len(own):
                part, average = self.rows[index][own], self.average[index[0]]
                block = average[own[:, None], own] * (part @ part.mT)
                blocks.append((index, own, _triangle(block, shift[index[0]])))

        def apply(e: Tensor) -> Tensor:
            low = e.to(inverse.dtype)
            found = inverse * low
            for index, own, triangle in blocks:
                found[index][own] = _solved(triangle, low[index][own, None]).squeeze(1)
            return found.double()

        return apply

    def _diagonal(self) -> Tensor:
        """Of the averaged kernel's blocks, [M, K, m], or [M, 1, m] where all outputs have the same."""
        found = self.average.diagonal(0, -2, -1)[:, None]
        return found if self.rows is None else found * self.rows.square().sum(-1)

    def _by_groups(self, shift: Tensor) -> Callable[[Tensor], Tensor]:
        """Where hidden layers act as T between outputs, each eigenvector of T has a kernel
        of its own; they are taken in three groups of like eigenvalues. Two hidden layers' products are dear
        enough for two factors more."""
        strengths, Q = (one.to(self.average.dtype) for one in torch.linalg.eigh(self.cheap.outputs))
        *hidden, last = (one / self.problem.samples for one in self.cheap.means)
        below = _sum(tuple(hidden))
        groups = [group.tolist() for group in torch.arange(Q.shape[1]).tensor_split(_GROUPS) if len(group)]
        triangles = [
            _triangle(last + strengths[:, group].mean(1)[:, None, None] * below, shift) for group in groups
        ]

        def apply(e: Tensor) -> Tensor:
            low = (Q.mT @ e.to(Q.dtype)).contiguous()
            parts = [
                _solved(triangle, low[:, group].mT).mT
                for group, triangle in zip(groups, triangles, strict=True)
            ]
            return (Q @ torch.cat(parts, 1)).double()

        return apply


def _sum(parts: tuple[Tensor, ...]) -> Tensor:
    found = parts[0]
    for part in parts[1:]:
        found = found + part
    return found


def _hidden(means: tuple[Tensor, ...]) -> Tensor:
    """The share of a kernel's diagonal that hidden layers have, [M]; 1 without any."""
    *hidden, last = (one.diagonal(0, -2, -1).double().mean(1) for one in means)
    if not hidden:
        return torch.ones_like(last)
    below = _sum(tuple(hidden))
    return below / (below + last)


def _triangle(blocks: Tensor, shift: Tensor) -> Tensor:
    """The Cholesky factor of blocks [..., m, m] + shift; of a larger shift where rounding leaves that
    indefinite, which a preconditioner bears."""
    shift = shift.squeeze(-1).to(blocks.dtype)
    while True:
        shifted = blocks.clone()
        shifted.diagonal(0, -2, -1).add_(shift)
        factor, failed = torch.linalg.cholesky_ex(shifted)
        if not bool(failed.any()) or not bool(shifted.isfinite().all()):
            return factor
        shift = torch.where(failed[..., None] > 0, 10 * shift, shift)


def _solved(triangle: Tensor, b: Tensor) -> Tensor:
    """The solution of L L^T v = b with a few columns: two calls take a third of `cholesky_solve`'s time."""
    return torch.linalg.solve_triangular(
        triangle.mT, torch.linalg.solve_triangular(triangle, b, upper=False), upper=True
    )


def _along(v: Tensor, of: Tensor) -> Tensor:
    """How many times v [M, K, m] a multiple of it is, [M]; 0 where v is."""
    square = v.square().sum((1, 2))
    return torch.where(square > 0, (v * of).sum((1, 2)) / square, 0.0)


def _norm(v: Tensor) -> Tensor:
    """Of v [M, K, m], [M]."""
    return v.square().sum((1, 2)).sqrt()
