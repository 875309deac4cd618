"""A local minimum of a smooth piece: a ball on which the objective is strongly convex, at kinks or between.

Within its cell (`cell`) the objective with squared error is a polynomial in the weights, and its majorant has
the same terms with positive coefficients. So, for all v with |v_i - w_i| <= r, entry by entry,

    |H(v) - H(w)| <= H'(|w| + r) - H'(|w|),      |z(v) - z(w)| <= z'(|w| + r) - z'(|w|)

with H' and z' of the majorant. Let mu be the smallest eigenvalue at w less the error of H(w) and the norm
of the first difference. If mu > 0, no pre-activation reaches 0, and 2 ||g|| <= mu r, then the objective is
mu-strongly convex on the ball of radius r, larger on its boundary than at w, and has one minimum inside it,
at most ||g||^2 / (2 mu) below. All of it in the weights that are `essential`: a local minimum there is one
in all.

Where units of the first layer are 0 on samples, all of it is said of the weights with which they stay so: a
linear space, since these pre-activations are linear in the weights. Its minimum is one in all directions if
every pre-activation that leaves 0 costs: with n_i their gradients and g = sum alpha_i n_i that of the cell,
the derivative in a direction d is sum alpha_i t_i + c_i max(0, t_i) for t_i = <n_i, d>, which is positive
where one of the t_i is not 0 if -c_i < alpha_i < 0 for all i (`kink`); second order, being positive along
the space and bounded across it, does not undo that close by. alpha and c are enclosed for all points of the
ball.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from models.curvature.dense import SLACK, UNIT, gamma, nonnegative_norm, symmetric_eigensystem
from models.curvature.hessian import dense_hessian
from models.curvature.products import gradient_error, gradients
from models.descent.certificates.local.ball import change_within, stays_within
from models.descent.certificates.local.cell import cell_masks, cell_objective, decay_of, first_slopes
from models.descent.certificates.local.enclosure import objective
from models.descent.certificates.local.essential import essential
from models.descent.certificates.local.kink import Kinked
from models.descent.problem import Problem

__all__ = ["Curved", "curved"]

NEWTON = 5
"""Steps to a point beside w, all with one Hessian."""

ROUNDS = 3
"""How often such a point is looked for, each beside the last."""

NEAR = 1e-2
"""How far from w that may be, over the length of the weights."""


@dataclass(frozen=True, slots=True, eq=False)
class Curved:
    """What the Hessian says in the essential weights, while what is at 0 stays there.

    Attributes:
        curvature: its smallest eigenvalue; infinite where no weight is essential.
        bound: on the error of that; an estimate where the loss has no majorant.
        size: of the largest eigenvalue.
        direction: [P], a unit eigenvector of the smallest, by the eigensolver; 0 in other weights.
        depth: a local minimum beside w lies at most this below; NaN where that is not shown.
        proved: whether `depth` is.
    """

    curvature: float
    bound: float
    size: float
    direction: Tensor
    depth: float
    proved: bool


def curved(problem: Problem, w: Tensor, kinked: Kinked) -> Curved:
    """The Hessian's answer at w [1, P], for a fully connected network.

    Where it is definite and the gradient too large for a proof at w, the proof is made at the point beside w
    to which Newton's method leads.

    Args:
        problem: what was minimised.
        w: [1, P].
        kinked: what is at 0 there, with its walls.

    Raises:
        ValueError: as `dense_hessian`, beyond its limit.
    """
    here, beside = _Point(problem, w, kinked).judged()
    there, reach = here, NEAR * max(float(w.norm()), 1.0)
    for _ in range(ROUNDS):
        if not math.isnan(there.depth) or beside is None or not float((beside - w).norm()) <= reach:
            break
        at = beside
        there, beside = _Point(problem, at, kinked).judged()
    if there is here or math.isnan(there.depth):
        return here
    fall = objective(problem, w).high - objective(problem, at).low
    return replace(here, depth=max(fall, 0.0) + there.depth, proved=there.proved)


class _Point:
    """One point, its cell, and the space of steps d [q] that keep what is at 0: weights move by Z d."""

    def __init__(self, problem: Problem, w: Tensor, kinked: Kinked) -> None:
        self.problem, self.row, self.kinked = problem, w[0].cpu(), kinked
        self.masks = cell_masks(problem, w, kinked.active)
        self.loss = cell_objective(problem, self.masks)
        self.decay = decay_of(problem)
        self.keep = essential(problem, w, kinked.active)
        self.index = self.keep.nonzero()[:, 0]
        self.walls = self._walls()

    def _walls(self) -> Tensor:
        """[n, q]: gradients of the pre-activations at 0 in the essential weights; equal samples once."""
        found = []
        for at, rows in self.kinked.walls or ():
            rows = torch.unique(rows, dim=0)
            each = torch.zeros(len(rows), len(self.row), dtype=torch.float64)
            each[:, at] = rows.cpu()
            found.append(each[:, self.index])
        return torch.cat(found) if found else torch.zeros(0, len(self.index), dtype=torch.float64)

    def judged(self) -> tuple[Curved, Tensor | None]:
        """What is found here, and a point beside it [1, P] where more may be; None where there is none."""
        hessian, index = dense_hessian(self.loss, self.row), self.index.numpy()
        sure, zero = hessian.certified, torch.zeros_like(self.row)
        n, q = self.walls.shape
        if not q:
            return Curved(math.inf, 0.0, 0.0, zero, 0.0, sure), None
        _, s, Vh = torch.linalg.svd(self.walls, full_matrices=True)
        wall = float(s[-1]) - 1e-12 * float(s[0]) if n else math.inf
        if n >= q or (n and wall <= 1e-10 * float(s[0])):
            # The samples depend on each other, and alpha is not unique: no proof is attempted.
            return Curved(math.nan, math.nan, 0.0, zero, math.nan, False), None
        Z = Vh[n:].T
        H = hessian.matrix[np.ix_(index, index)] + np.diag(self.decay.numpy()[index])
        error = np.broadcast_to(hessian.entry_error, hessian.matrix.shape)[np.ix_(index, index)]
        error = 0.5 * (error + error.T) + 2 * UNIT * np.abs(H)
        H = 0.5 * (H + H.T)
        off = 0.0
        if n:
            # What the computed basis is off the space and off orthonormal, and the roundings of the products.
            rounding = gamma(q) * math.sqrt(q)
            off = (float((self.walls @ Z).norm()) + rounding * float(self.walls.norm())) / wall
            off += float((Z.T @ Z - torch.eye(q - n)).norm()) + 8 * rounding * math.sqrt(q)
            slack = 3 * off * float(np.linalg.norm(H)) + nonnegative_norm(error) * (1 + off)
            H = Z.numpy().T @ H @ Z.numpy()
            values, vectors, bound = symmetric_eigensystem(0.5 * (H + H.T))
            bound += slack
        else:
            values, vectors, bound = symmetric_eigensystem(H, error)
        direction, least = zero.clone(), float(values[0])
        Q = Z @ torch.from_numpy(vectors) if n else torch.from_numpy(vectors)
        direction[self.index] = Q[:, 0]
        answer = Curved(least, bound, float(np.abs(values).max()), direction, math.nan, False)
        if least <= bound:
            return answer, None
        depth, proved = self._proof(Q, least - bound, wall, off, sure)
        if not math.isnan(depth):
            return replace(answer, depth=depth, proved=proved), None
        at = self.row.clone()
        if n:
            at[self.index] -= torch.linalg.pinv(self.walls) @ self._leaves(at)
        for _ in range(NEWTON):
            at[self.index] -= Q @ (Q.T @ self._slope(at) / torch.from_numpy(values))
        return answer, at[None]

    def _leaves(self, at: Tensor) -> Tensor:
        """[n], the pre-activations that count as 0, at another point [P]."""
        found = [torch.unique(rows.cpu(), dim=0) @ at[places] for places, rows in self.kinked.walls or ()]
        return torch.cat(found)

    def _slope(self, at: Tensor) -> Tensor:
        """[q], gradient of the cell in the essential weights at a point [P]."""
        return (gradients(self.loss, at) + self.decay * at)[self.index]

    def _proof(self, Q: Tensor, low: float, wall: float, off: float, sure: bool) -> tuple[float, bool]:
        """The depth of the minimum and whether it is proved; NaN where the argument does not close.

        Args:
            Q: [q, k], an orthonormal basis of the space, up to `off`.
            low: a lower bound of the Hessian's eigenvalues on it.
            wall: a lower bound of the walls' smallest singular value.
            off: see Q.
            sure: whether there is a majorant.
        """
        # In small parts, which are slow and round less.
        fine = cell_objective(self.problem, self.masks, max(16, math.isqrt(self.problem.samples)))
        slope = (gradients(fine, self.row) + self.decay * self.row)[self.index]
        slip = gradient_error(fine, self.row)
        noise = 4 * UNIT * float((self.decay * self.row).norm()) + (slip or 0.0)
        g, whole, away = float(slope.norm()), float(slope.norm()), 0.0
        if len(self.walls):
            g = float((Q.T @ slope).norm()) + (off + gamma(4 * len(slope))) * whole
            away = self._distance() / wall
        g = g * (1 + SLACK) + noise
        r = 4 * g / low + 4 * away + 1e-300
        if not stays_within(self.problem, self.row, self.keep, r, self.kinked):
            return math.nan, False
        change, size = change_within(self.loss, self.row, self.keep, r) if sure else (0.0, 0.0)
        size += float(self.decay.max())
        mu = (low - change) * (1 - SLACK)
        g += away * size
        if not (mu > 0 and 2 * g <= mu * (r - away)):
            return math.nan, False
        depth, proved = g**2 / (2 * mu), sure and slip is not None
        if not len(self.walls):
            return depth, proved
        if not proved:
            return (depth, False) if self.kinked.sharp else (math.nan, False)
        low_costs, steepest = self._costs(r)
        alpha = torch.linalg.lstsq(self.walls.T, slope[:, None])[0][:, 0]
        rest = float((self.walls.T @ alpha - slope).norm()) + gamma(4 * len(slope)) * whole
        slack = (rest + noise + size * r) / wall
        sharp = bool((alpha + slack < 0).all()) and bool((alpha - slack + low_costs > 0).all())
        # From the point itself to the space, where what is at 0 is so exactly.
        depth += away * (whole + noise + size * r + steepest) * (1 + SLACK)
        return (depth, True) if sharp else (math.nan, False)

    def _distance(self) -> float:
        """Bound on the norm of the pre-activations that count as 0."""
        squares, wide = 0.0, 1
        for at, rows in self.kinked.walls or ():
            squares += float((rows.abs().cpu() @ self.row[at].abs()).square().sum())
            wide = max(wide, len(at))
        return float(self._leaves(self.row).norm()) + gamma(wide + 2) * math.sqrt(squares) * (1 + SLACK)

    def _costs(self, r: float) -> tuple[Tensor, float]:
        """Lower bounds [n] on c_i within r, and a bound on the sum of |c_i| ||n_i||."""
        c = first_slopes(self.problem, self.row[None], self.masks)
        small, large = (
            first_slopes(self.problem, v[None], self.masks, majorant=True)
            for v in (self.row.abs(), self.row.abs() + r * self.keep)
        )
        g = gamma(self.loss.roundings)
        low = c - (large * (1 + g) - small * (1 - 2 * g))
        costs, steepest = [], 0.0
        for at, rows in self.kinked.walls or ():
            unit = int(at[0])
            edge = self.kinked.active[0][:, unit] == 0.5
            # Equal samples act as one.
            where = torch.unique(rows, dim=0, return_inverse=True)[1]
            none = torch.zeros(int(where.max()) + 1, dtype=torch.float64)
            costs.append(none.index_add_(0, where, low[edge, unit]))
            steepest += float((large[edge, unit] * rows.norm(dim=1)).sum())
        return torch.cat(costs), steepest * (1 + SLACK)
