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
from models.descent.kinks.curvature import output_factor
from models.descent.kinks.rows import inner, kink_rows, output_rows, transposed

__all__ = ["Model", "Step"]


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

    Args:
        cell: where it is built.

    Attributes:
        scale: mean of the diagonal of S^T J J^T S, for dampings to be measured against.
    """

    def __init__(self, cell: Cell) -> None:
        self.cell = cell
        self.factor, residual = output_factor(cell)
        self.residual = residual.flatten()
        self.outputs = output_rows(cell, self.factor)
        self.square = inner(cell, self.outputs, self.outputs)
        self.scale = float(self.square.diagonal().mean())

    def damped(self, damping: float) -> None:
        """Sets the damping; kinks are chosen anew."""
        shifted = self.square.clone()
        shifted.diagonal().add_(damping)
        self.damping = damping
        self.root = torch.linalg.cholesky(shifted)
        self.solved = torch.cholesky_solve(self.residual[:, None], self.root)[:, 0]
        self.kinks = self.cell.z.new_zeros(0, dtype=torch.int64)

    def bend(self, kinks: Tensor) -> None:
        """Adds kinks [n], places in the flat [m, units] whose pull is above 0."""
        cell, more = self.cell, kink_rows(self.cell, kinks)
        crossed = inner(cell, self.outputs, more)
        half = torch.linalg.solve_triangular(self.root, crossed, upper=False)
        pull, on = cell.pull.flatten()[kinks], cell.on.flatten()[kinks].to(self.residual.dtype)
        bounds = -on * pull, (1 - on) * pull
        guess = (0.5 - on) * pull
        along = crossed.T @ self.solved
        if not len(self.kinks):
            self.kinks, self.rows, self.half, self.along = kinks, more, half, along
            self.metric = inner(cell, more, more)
            self.low, self.high, self.multipliers = *bounds, guess
            return
        corner = inner(cell, self.rows, more)
        self.metric = torch.cat(
            [torch.cat([self.metric, corner], 1), torch.cat([corner.T, inner(cell, more, more)], 1)]
        )
        self.rows = self.rows.followed_by(more)
        self.kinks, self.half = torch.cat([self.kinks, kinks]), torch.cat([self.half, half], 1)
        self.along = torch.cat([self.along, along])
        self.low, self.high = torch.cat([self.low, bounds[0]]), torch.cat([self.high, bounds[1]])
        # They start at no multiplier, as if the cell went on beyond them.
        self.multipliers = torch.cat([self.multipliers, torch.zeros_like(guess)])

    def step(self) -> Step:
        """The minimiser for the kinks so far."""
        cell, by, n = self.cell, self.solved, self.kinks
        if len(n):
            metric = (self.metric - self.half.T @ self.half) / self.damping
            before = cell.a.flatten()[n]
            self.multipliers = box_minimum(metric, self.along - before, self.low, self.high, self.multipliers)
            back = torch.linalg.solve_triangular(
                self.root.T, (self.half @ self.multipliers)[:, None], upper=True
            )
            by = by - back[:, 0] / self.damping
        layers = [-part for part in transposed(cell, self.outputs, by)]
        if len(n):
            held = transposed(cell, self.rows, self.multipliers / self.damping)
            layers = [part.sub_(other) for part, other in zip(layers, held, strict=True)]
        moved, dz = cell.tangent(layers)
        to = cell.a + moved
        curved = (self.factor.mT @ dz[:, :, None]).square().sum()
        decrease = -float((cell.slope * dz).sum() + 0.5 * curved)
        inside = torch.zeros(0, dtype=torch.bool, device=n.device)
        if len(n):
            inside = (self.multipliers > self.low) & (self.multipliers < self.high)
            ends = to.flatten()[n].masked_fill(inside, 0.0)
            on = cell.on.flatten()[n].to(ends.dtype)
            bent = ends.clamp(min=0) - before.clamp(min=0) - on * (ends - before)
            decrease -= float(cell.pull.flatten()[n] @ bent)
        return Step(layers, to, n[inside], decrease)
