"""Limited-memory BFGS with a weak Wolfe line search, on smooth and on nonsmooth losses.

Members of an ensemble do not see each other: each has its own memory and step length, all evaluate together.
Where gradients jump, the same method descends to points of Clarke stationarity as a rule, because pairs taken
across a kink make the approximate Hessian large across it (Lewis & Overton 2013, "Nonsmooth optimization via
quasi-Newton methods", Mathematical Programming 141, sections 2 and 4).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

__all__ = ["PAIRS", "Function", "Members", "advance", "begin"]

PAIRS = 12
"""Pairs kept a member; 3 to 20 is usual (Nocedal & Wright 2006, section 7.2)."""

SUFFICIENT = 1e-4
"""Armijo's constant: the least share of the predicted decrease that a step must achieve."""

FLATTER = 0.9
"""Wolfe's constant: the slope along the step must have shrunk to this share, so that s^T y > 0 always."""

TRIALS = 40
"""Step lengths tried before a member fails."""

Function = Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]
"""Takes w [n, P] and which members [n] its rows are; returns their losses [n] and gradients [n, P]."""


@dataclass(slots=True, eq=False)
class Members:
    """An ensemble between two iterations, or some of its rows.

    Attributes:
        w, gradient: [M, P].
        loss: [M].
        going: [M] bool, false for those whose line search failed, or whose loss is no number.
        evaluations: [M] int64, of loss and gradient.
        steps, changes: [M, pairs, P] of w and of the gradient, oldest first.
        inverse: [M, pairs], 1 / (s^T y), or 0 for a pair that is not used.
        scale: [M], the approximate inverse Hessian before any pair is that much of the identity.
    """

    w: Tensor
    loss: Tensor
    gradient: Tensor
    going: Tensor
    evaluations: Tensor
    steps: Tensor
    changes: Tensor
    inverse: Tensor
    scale: Tensor

    def rows(self, chosen: Tensor) -> Members:
        """Copies of those members [n]."""
        return Members(*(getattr(self, name)[chosen] for name in self.__slots__))

    def put(self, chosen: Tensor, members: Members) -> None:
        """Puts members into these rows [n]."""
        for name in self.__slots__:
            getattr(self, name)[chosen] = getattr(members, name)

    def memory(self) -> Mapping[str, Tensor]:
        """What does not follow from w, by name."""
        names = ("gradient", "going", "steps", "changes", "inverse", "scale")
        return {name: getattr(self, name) for name in names}


def begin(function: Function, w: Tensor, pairs: int = PAIRS) -> Members:
    """The members before the first iteration, at w [M, P]; the first step has length 1 along -gradient."""
    M = len(w)
    loss, gradient = function(w, torch.arange(M, device=w.device))
    return Members(
        w=w.clone(),
        loss=loss,
        gradient=gradient,
        going=loss.isfinite(),
        evaluations=torch.ones(M, dtype=torch.int64, device=w.device),
        steps=w.new_zeros(M, pairs, w.shape[1]),
        changes=w.new_zeros(M, pairs, w.shape[1]),
        inverse=w.new_zeros(M, pairs),
        scale=1 / _norm(gradient).clamp(min=1e-300),
    )


def advance(
    function: Function, members: Members, iterations: int, tolerance: float = 0.0, *, restart: bool = False
) -> Members:
    """The members after at most so many iterations; one stops when ||gradient|| <= tolerance.

    Directions by the two-loop recursion (Nocedal & Wright 2006, algorithm 7.4), lengths by bisection
    to both weak Wolfe conditions (Lewis & Overton 2013, algorithm 2.6): without the second one, pairs without
    curvature leave the memory stale near saddles and layers drift apart by orders of magnitude.
    No iteration raises a loss by more than its rounding.

    Args:
        function: what is minimised.
        members: as `begin` or the last call left them; they are not changed.
        iterations: at most.
        tolerance: of the gradient's norm.
        restart: whether a member whose line search fails forgets its pairs and tries once more, along
            -gradient, before it stops.
    """
    whole = members.rows(torch.arange(len(members.w), device=members.w.device))
    waiting = torch.arange(len(members.w), device=members.w.device)
    current = _Iteration(function, waiting, members, restart)
    for _ in range(iterations):
        going = current.members.going & (_norm(current.members.gradient) > tolerance)
        if not bool(going.all()):
            current.write(whole, ~going)
            current.keep(going)
        if not len(current.waiting):
            break
        current.step()
    current.write(whole, torch.ones_like(current.waiting, dtype=torch.bool))
    return whole


class _Iteration:
    """Members that are still descending, their pairs as lists, so that the oldest is dropped for nothing."""

    def __init__(self, function: Function, waiting: Tensor, members: Members, restart: bool) -> None:
        self.function, self.waiting, self.members, self.restart = function, waiting, members, restart
        self.pairs = members.inverse.shape[1]
        used = [k for k in range(self.pairs) if bool(members.inverse[:, k].any())]
        self.steps = [members.steps[:, k] for k in used]
        self.changes = [members.changes[:, k] for k in used]
        self.inverse = [members.inverse[:, k] for k in used]

    def keep(self, chosen: Tensor) -> None:
        """Goes on with these [n] bool members alone."""
        self.waiting, self.members = self.waiting[chosen], self.members.rows(chosen)
        for name in ("steps", "changes", "inverse"):
            setattr(self, name, [pair[chosen] for pair in getattr(self, name)])

    def write(self, whole: Members, chosen: Tensor) -> None:
        """Puts these [n] bool members back into the ensemble."""
        if not bool(chosen.any()):
            return
        ends = self.members.rows(chosen)
        for name in ("steps", "changes", "inverse"):
            pairs, found = getattr(self, name), torch.zeros_like(getattr(ends, name))
            for k, pair in enumerate(pairs, start=self.pairs - len(pairs)):
                found[:, k] = pair[chosen]
            setattr(ends, name, found)
        whole.put(self.waiting[chosen], ends)

    def step(self) -> None:
        """One iteration of every member."""
        now = self.members
        move = self._direction()
        slope = _dot(move, now.gradient)
        uphill = ~(slope < 0)
        move = torch.where(uphill[:, None], -now.gradient, move)
        slope = torch.where(uphill, -_dot(now.gradient, now.gradient), slope)
        after, loss, gradient, failed = self._search(move, slope)
        self._remember(after - now.w, gradient - now.gradient, failed)
        now.w, now.loss, now.gradient = after, loss, gradient

    def _direction(self) -> Tensor:
        q = self.members.gradient.clone()
        weights = []
        for s, y, r in zip(self.steps[::-1], self.changes[::-1], self.inverse[::-1], strict=True):
            a = r * _dot(s, q)
            q.addcmul_(a[:, None], y, value=-1)
            weights.append(a)
        q *= self.members.scale[:, None]
        for s, y, r, a in zip(self.steps, self.changes, self.inverse, weights[::-1], strict=True):
            q.addcmul_((a - r * _dot(y, q))[:, None], s)
        return q.neg_()

    def _search(self, move: Tensor, slope: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Weights, loss and gradient after a step that meets both conditions, and who found none."""
        now = self.members
        after, loss, gradient = now.w.clone(), now.loss.clone(), now.gradient.clone()
        rounding = 4 * torch.finfo(loss.dtype).eps * loss.abs()
        low, high, length = torch.zeros_like(loss), torch.full_like(loss, torch.inf), torch.ones_like(loss)
        trying = torch.arange(len(move), device=move.device)
        for _ in range(TRIALS):
            candidate = now.w[trying] + length[trying, None] * move[trying]
            value, change = self.function(candidate, self.waiting[trying])
            now.evaluations[trying] += 1
            fell = value <= now.loss[trying] + SUFFICIENT * length[trying] * slope[trying] + rounding[trying]
            flat = _dot(change, move[trying]) >= FLATTER * slope[trying]
            kept = trying[fell]
            after[kept], loss[kept], gradient[kept] = candidate[fell], value[fell], change[fell]
            low[kept] = length[kept]
            high[trying[~fell]] = length[trying[~fell]]
            trying = trying[~(fell & flat)]
            if not len(trying):
                break
            bounded = high[trying].isfinite()
            middle = (low[trying] + high[trying].where(bounded, high.new_zeros(()))) / 2
            length[trying] = middle.where(bounded, 2 * length[trying])
        return after, loss, gradient, low == 0

    def _remember(self, s: Tensor, y: Tensor, failed: Tensor) -> None:
        now = self.members
        curvature, square = _dot(s, y), _dot(y, y)
        usable = curvature > 1e-10 * (square * _dot(s, s)).sqrt()
        one = curvature.new_ones(())
        divisor = curvature.where(usable, one)
        now.scale = torch.where(usable, divisor / square.where(usable, one), now.scale)
        self.steps.append(s)
        self.changes.append(y)
        self.inverse.append(torch.where(usable, 1 / divisor, 0.0))
        if len(self.inverse) > self.pairs:
            for kept in (self.steps, self.changes, self.inverse):
                kept.pop(0)
        if not bool(failed.any()):
            return
        remembers = torch.stack(self.inverse).any(0)
        now.going = now.going & ~(failed & ~remembers if self.restart else failed)
        if self.restart:
            self.inverse = [r.masked_fill(failed, 0.0) for r in self.inverse]
            now.scale = torch.where(failed, 1 / _norm(now.gradient).clamp(min=1e-300), now.scale)


def _dot(a: Tensor, b: Tensor) -> Tensor:
    return torch.linalg.vecdot(a, b)


def _norm(a: Tensor) -> Tensor:
    return torch.linalg.vector_norm(a, dim=1)
