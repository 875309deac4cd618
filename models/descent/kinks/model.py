"""The step to the minimum of a convex model that bends at chosen kinks.

With g and J those of the cell, S S^T the loss's curvature in the outputs, d_k the gradient of the
pre-activation a_k of a chosen kink k and c_k > 0 the loss's derivative by that unit's output,

    model(p) = g^T p + |S^T J p|^2 / 2 + damping |p|^2 / 2
               + sum_k c_k (max(a_k + d_k^T p, 0) - max(a_k, 0) - s_k d_k^T p),

the Gauss-Newton model with the change of slope at those kinks, s_k in {0, 1} being the side that the cell
counts as. With multipliers n_k in c_k [-s_k, 1 - s_k], its dual is a quadratic programme in a box, in as many
variables as there are kinks:

    p = -B^-1 (g + D n),    B = J^T S S^T J + damping,    M = D^T B^-1 D,
    n minimises n^T M n / 2 + (D^T B^-1 g - a)^T n.

Where a multiplier is inside its interval the step ends on the kink, a_k + d_k^T p = 0; at an end of the
interval it leaves to that side. So one solution of the dual holds kinks, goes on to others and releases those
whose multipliers leave [0, 1] in units of c, all at once.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from models.descent.kinks.box import box_minimum
from models.descent.kinks.cell import Cell
from models.descent.kinks.rows import Rows, first_inner, kink_rows, output_rows
from models.descent.newton.outputs import output_curvature

__all__ = ["Model", "Step", "output_factor"]


@dataclass(frozen=True, slots=True, eq=False)
class Step:
    """The model's minimiser.

    Attributes:
        layers: it, as weights are.
        to: [m, units], hidden pre-activations after it to first order.
        on: [n], chosen kinks that it ends on.
        decrease: of the loss, by the model without the damping's share.
    """

    layers: list[Tensor]
    to: Tensor
    on: Tensor
    decrease: float


class Model:
    """The models of one cell, for any damping and any kinks.

    Weights of the first layer are eliminated among the rows of the Jacobian, the other layers' r among
    themselves. With T the first layer's part of S^T J, in coordinates in which it has full rank in every
    sample, F that of r in the same coordinates, L L^T = T T^T + damping and Z = L^-1 F, the Schur complement
    for r is J_r^T S S^T J_r - F^T F + damping (1 + Z^T Z). T has as many rows as samples have active units,
    or outputs if these are fewer: dead units cost nothing.

    Args:
        cell: where it is built.

    Attributes:
        scale: mean of the diagonal of S^T J J^T S, for dampings to be measured against.
    """

    def __init__(self, cell: Cell) -> None:
        self.cell = cell
        self.factor, residual = output_factor(cell)
        outputs = output_rows(cell, self.factor)
        m, K = cell.z.shape
        first, rest = outputs.first.view(m, K, -1), outputs.rest.view(m, K, -1)
        # Active units first, so that a sample's triangular factor has no more rows than these.
        order = cell.active[0].logical_not().to(torch.uint8).argsort(dim=1, stable=True)[:, None]
        Q, R = torch.linalg.qr(first.gather(2, order.expand_as(first)))
        R = torch.zeros_like(R).scatter_(2, order.expand_as(R), R)
        sizes = torch.linalg.vector_norm(R, dim=2)
        full = sizes > 1e-13 * sizes.max()
        self.rows = Rows(full.nonzero()[:, 0], R[full], (Q.mT @ rest)[full])
        self.residual = (Q.mT @ residual[:, :, None])[:, :, 0][full]
        self.square = first_inner(cell, self.rows, self.rows)
        self.rest_square = outputs.rest.T @ outputs.rest - self.rows.rest.T @ self.rows.rest
        self.rest_gradient = outputs.rest.T @ residual.flatten() - self.rows.rest.T @ self.residual
        whole = self.square.diagonal().sum() + outputs.rest.square().sum()
        self.scale = float(whole) / (m * K)

    def damped(self, damping: float) -> None:
        """Sets the damping; kinks are chosen anew."""
        self.damping = damping
        self.root = torch.linalg.cholesky(_shifted(self.square, damping))
        right = torch.cat([self.rows.rest, self.residual[:, None]], 1)
        found = torch.linalg.solve_triangular(self.root, right, upper=False)
        self.Z, solved = found[:, :-1], found[:, -1]
        self.rest_root = torch.linalg.cholesky(
            _shifted(torch.addmm(self.rest_square, self.Z.T, self.Z, alpha=damping), damping)
        )
        gradient = self.rest_gradient + damping * (self.Z.T @ solved)
        self.rest = torch.cholesky_solve(gradient[:, None], self.rest_root)[:, 0]
        self.solved = solved - self.Z @ self.rest
        self.kinks = self.cell.on.new_zeros(0, dtype=torch.int64)

    def bend(self, kinks: Tensor) -> None:
        """Adds kinks [n], places in the flat [m, units] whose pull is above 0."""
        if not len(kinks):
            return
        cell, more = self.cell, kink_rows(self.cell, kinks)
        half = torch.linalg.solve_triangular(self.root, first_inner(cell, self.rows, more), upper=False)
        tail = torch.linalg.solve_triangular(self.rest_root, more.rest.T - self.Z.T @ half, upper=False)
        pull, on = cell.pull.flatten()[kinks], cell.on.flatten()[kinks].to(half.dtype)
        along = half.T @ self.solved + more.rest @ self.rest
        corner = self._metric(more, more, half, tail, half, tail)
        low, high = -on * pull, (1 - on) * pull
        if not len(self.kinks):
            self.kinks, self.bent, self.half, self.tail, self.along = kinks, more, half, tail, along
            self.metric, self.low, self.high, self.multipliers = corner, low, high, (0.5 - on) * pull
            return
        side = self._metric(self.bent, more, self.half, self.tail, half, tail)
        self.metric = torch.cat([torch.cat([self.metric, side], 1), torch.cat([side.T, corner], 1)])
        self.bent = self.bent.followed_by(more)
        self.kinks, self.along = torch.cat([self.kinks, kinks]), torch.cat([self.along, along])
        self.half, self.tail = torch.cat([self.half, half], 1), torch.cat([self.tail, tail], 1)
        self.low, self.high = torch.cat([self.low, low]), torch.cat([self.high, high])
        # They start at no multiplier, as if the cell went on beyond them.
        self.multipliers = torch.cat([self.multipliers, torch.zeros_like(pull)])

    def _metric(self, a: Rows, b: Rows, half: Tensor, tail: Tensor, other: Tensor, end: Tensor) -> Tensor:
        """Part of M = D^T B^-1 D, for two groups of kinks."""
        return (first_inner(self.cell, a, b) - half.T @ other).div_(self.damping).addmm_(tail.T, end)

    def step(self) -> Step:
        """The minimiser for the kinks so far."""
        cell, kinks, by, rest = self.cell, self.kinks, self.solved, self.rest
        x = cell.inputs[0]
        if len(kinks):
            before = cell.a.flatten()[kinks]
            n = box_minimum(self.metric, self.along - before, self.low, self.high, self.multipliers)
            self.multipliers = n
            more = torch.linalg.solve_triangular(self.rest_root.T, (self.tail @ n)[:, None], upper=True)[:, 0]
            rest, by = rest + more, by - self.Z @ more - (self.half @ n) / self.damping
        by = torch.linalg.solve_triangular(self.root.T, by[:, None], upper=True)[:, 0]
        first = -(x[self.rows.samples].T @ (self.rows.first * by[:, None]))
        if len(kinks):
            first -= x[self.bent.samples].T @ (self.bent.first * (n / self.damping)[:, None])
        layers = [first, *cell.split(-rest)]
        moved, dz = cell.tangent(layers)
        to = cell.a + moved
        curved = (self.factor.mT @ dz[:, :, None]).square().sum()
        decrease = -float((cell.slope * dz).sum() + 0.5 * curved)
        if not len(kinks):
            return Step(layers, to, kinks, decrease)
        inside = (n > self.low) & (n < self.high)
        ends = to.flatten()[kinks].masked_fill(inside, 0.0)
        on = cell.on.flatten()[kinks].to(ends.dtype)
        bent = ends.clamp(min=0) - before.clamp(min=0) - on * (ends - before)
        decrease -= float(cell.pull.flatten()[kinks] @ bent)
        return Step(layers, to, kinks[inside], decrease)


def _shifted(A: Tensor, damping: float) -> Tensor:
    shifted = A.clone()
    shifted.diagonal().add_(damping)
    return shifted


def output_factor(cell: Cell) -> tuple[Tensor, Tensor]:
    """S [m, K, K] and r [m, K]: S S^T is the curvature of the mean loss in each z, S r its gradient."""
    objective, (m, K) = cell.of.problem.spec.objective, cell.z.shape
    found = output_curvature(cell.z[None], cell.of.problem.y, objective.output, objective.loss)
    factor = found.factor
    if factor is None:
        factor = torch.eye(K, dtype=cell.z.dtype, device=cell.z.device).expand(1, m, K, K)
    elif factor.dim() == 3:
        factor = torch.diag_embed(factor)
    return factor[0] / m**0.5, found.residual[0] / m**0.5
