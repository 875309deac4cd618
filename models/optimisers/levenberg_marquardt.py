"""Levenberg-Marquardt on the full batch: damped Gauss-Newton steps, accepted if the loss falls."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from models.parts.checks import positive, whole_number
from models.parts.part import Part

if TYPE_CHECKING:
    from torch import Tensor

    from models.descent.method import Descending
    from models.descent.problem import Problem

__all__ = ["LevenbergMarquardt"]

_TRIES = 10
"""Dampings that a step tries, each larger by twice the factor: the last is 4e16 times the first."""

_NOTHING = 1e-13
"""A step that lowers the loss by a smaller share is none."""

_CREEPING, _SLOW = 0.01, 3
"""So many steps running that lower the loss by a smaller share, and do not halve the gradient either, are a
creep along a slope that has flattened: the network has stalled."""

_FAR_DOWN = 0.1
"""A step that lowers the loss to this share is as long as it should be."""

_SETTLING = 0.01
"""What a linear system may leave where the gradient vanishes and the loss does not."""

_LEAST = 1e-12
"""Least damping, in units of the curvature's typical eigenvalue."""

_MILDEST = 1e-5
"""Damping that good steps lead to at last: products are float32, and less would be their rounding's size,
some 1e-7 of the largest eigenvalue, which on 4,000 samples is hundreds of typical ones."""

_MILDEST_PRECISE = 1e-9
"""The same with products in float64."""

_ROUNDED = 0.5
"""A step under the mildest damping that leaves more of the loss than this is short of what float32 can say:
from then on products are float64, at twice the time."""

_ACCURACY = 0.15, 0.4
"""Least and most of what a later step's linear system may leave: more than the first changes the step by
less than the next linearisation does."""


@dataclass(frozen=True, slots=True)
class LevenbergMarquardt(Part):
    """Levenberg (1944) and Marquardt (1963), with the damping of Nielsen (1999, "Damping parameter in
    Marquardt's method", section 2) and a search along each step.

    A network stalls where no step lowers its loss, and where it creeps; then it is asked what the best Newton
    step would leave of its gradient (`models.descent.residual`).

    Attributes:
        damping: of the first step, in units of the curvature's typical eigenvalue.
        accuracy: of a step's linear system, relative.
        most: iterations a system.

    Raises:
        ValueError: numbers that are not above 0.
    """

    kind: ClassVar[str] = "levenberg_marquardt"

    damping: float = 1e-3
    accuracy: float = 0.3
    most: int = 100

    def __post_init__(self) -> None:
        for name in ("damping", "accuracy"):
            object.__setattr__(self, name, positive(name, getattr(self, name)))
        object.__setattr__(self, "most", whole_number("most", self.most, least=1))

    @property
    def label(self) -> str:
        """ "levenberg-marquardt"."""
        return "levenberg-marquardt"

    def start(self, problem: Problem, w: Tensor) -> Descending:
        """The networks before the first step, from w [M, P]."""
        import torch

        from models.descent.method import begun

        zero = torch.zeros(len(w), dtype=torch.float64, device=w.device)
        damping, accuracy = zero + self.damping, zero + self.accuracy
        return begun(problem, w, damping=damping, accuracy=accuracy, slow=zero, steepest=zero, precise=zero)

    def step(self, problem: Problem, at: Descending) -> Descending:
        """The networks after a step; those that have stalled stay as they are."""
        from dataclasses import replace

        import torch

        from models.descent.newton.ray import best_length
        from models.descent.newton.systems import system_at
        from models.descent.residual import ended

        here = problem.linearise(at.w)
        going, precise = ~at.stalled, at.memory["precise"] > 0
        # Networks side by side share the type; who goes on with whom does not change.
        exact = bool((going & precise).any())
        system = system_at(problem, here, at.w, torch.float64 if exact else torch.float32)
        mildest = system.finest * torch.where(precise, _MILDEST_PRECISE, _MILDEST)
        products = at.products + going * 3
        w, loss, damping = at.w, at.loss, at.memory["damping"]
        factor = torch.full_like(damping, 2.0)
        stalled = at.stalled
        for _ in range(_TRIES):
            tried = system.solve(damping * system.size, going, at.memory["accuracy"], self.most)
            there = at.w + tried.p
            reached = whole = problem.loss(there)
            products = products + going * (tried.products + 1)
            open_ = going & ~(whole <= _FAR_DOWN * at.loss)
            if bool(open_.any()):
                length = best_length(problem.along(here, at.w, tried.p, tried.first), at.loss, whole, open_)
                if bool((length.t != 1).any()):
                    there = at.w + length.t[:, None] * tried.p
                    reached = problem.loss(there)
                products = products + length.tried
            better = going & (reached < (1 - _NOTHING) * at.loss)
            w = torch.where(better[:, None], there, w)
            loss = torch.where(better, reached, loss)
            gain = (at.loss - whole) / tried.predicted
            milder = (damping * (1 - (2 * gain - 1) ** 3).clamp(0.05, 2.0)).maximum(damping.minimum(mildest))
            going = going & ~better
            # The model promises nothing: with the least damping, or not at all. A loss that it predicts to
            # rise is of a system that was not solved, and wants more damping.
            empty = going & (tried.predicted >= 0) & (tried.predicted <= _NOTHING * at.loss)
            hopeless = empty & (damping <= _LEAST)
            stalled, going = stalled | hopeless, going & ~hopeless
            harsher = torch.where(empty, _LEAST, damping * factor)
            damping = torch.where(going, harsher, torch.where(better, milder, damping)).clamp(min=_LEAST)
            factor = torch.where(empty, factor, factor * 2)
            if not bool(going.any()):
                break
        # What this step left of the residual is what the next will leave at best (Eisenstat & Walker 1996,
        # "Choosing the forcing terms in an inexact Newton method", choice 2 with exponent 1).
        left = (loss / at.loss).sqrt().clamp(*_ACCURACY)
        # Of an accepted step this is where the next one starts, and the problem keeps it.
        gradient = problem.linearise(w).gradient.norm(dim=1)
        slow = torch.where(loss > (1 - _CREEPING) * at.loss, at.memory["slow"] + 1, 0.0)
        steepest = torch.where(slow == 1, at.gradient, at.memory["steepest"])
        settling = (slow > 0) & (gradient <= at.gradient / 2)
        accuracy = torch.where(settling, _SETTLING, left)
        flatter = (slow >= _SLOW) & (gradient <= steepest / 2)
        stalled = stalled | going | ((slow >= _SLOW) & ~flatter)
        rounded = (at.memory["damping"] <= 4 * _MILDEST * system.finest) & (loss > _ROUNDED * at.loss)
        memory = {
            "damping": damping,
            "precise": torch.where(precise | rounded, 1.0, 0.0).double(),
            "accuracy": accuracy,
            "slow": torch.where(flatter, 0.0, slow),
            "steepest": steepest,
        }
        # Who had stalled before stays as it was.
        memory = {name: torch.where(at.stalled, at.memory[name], value) for name, value in memory.items()}
        after = replace(
            at, w=w, loss=loss, gradient=gradient, products=products, stalled=stalled, memory=memory
        )
        return ended(problem, at, after)
