"""Levenberg-Marquardt on the full batch: damped Gauss-Newton steps, accepted if the loss falls."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from models.parts.checks import positive, whole_number
from models.parts.part import Part

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor

    from models.descent.method import Descending
    from models.descent.problem import Linearisation, Problem

__all__ = ["LevenbergMarquardt"]

_TRIES = 10
"""Dampings that a step tries, each larger by twice the factor: the last is 4e16 times the first."""

_NOTHING = 1e-9
"""A step that lowers the loss by a smaller share is none: a network that creeps so has stalled."""

_FAR_DOWN = 0.1
"""A step that lowers the loss to this share is as long as it should be."""

_LEAST = 1e-12
"""Least damping, in units of the curvature's typical eigenvalue."""


_ACCURACY = 0.15, 0.4
"""Least and most of what a later step's linear system may leave: more than the first changes the step by
less than the next linearisation does."""


@dataclass(frozen=True, slots=True)
class LevenbergMarquardt(Part):
    """Levenberg (1944) and Marquardt (1963), with the damping of Nielsen (1999, "Damping parameter in
    Marquardt's method", section 2).

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

        from models.descent.method import Descending

        w = w.double()
        loss, gradient = problem.loss_and_gradient(w)
        none = torch.zeros(len(w), dtype=torch.int64, device=w.device)
        return Descending(
            w=w,
            loss=loss,
            gradient=gradient.norm(dim=1),
            products=none + 3,
            stalled=none > 0,
            residual=torch.full_like(loss, torch.nan),
            memory={
                "damping": torch.full_like(loss, self.damping),
                "accuracy": torch.full_like(loss, self.accuracy),
            },
        )

    def step(self, problem: Problem, at: Descending) -> Descending:
        """The networks after a step; those that have stalled stay as they are."""
        from dataclasses import replace

        import torch

        from models.descent.newton.ray import best_length
        from models.descent.newton.systems import system_at

        here = problem.linearise(at.w)
        system = system_at(problem, here, at.w)
        going = ~at.stalled
        products = at.products + going * 3
        w, loss, damping = at.w, at.loss, at.memory["damping"]
        factor = torch.full_like(damping, 2.0)
        stalled = at.stalled
        for _ in range(_TRIES):
            mild = damping <= self.damping
            tried = system.solve(damping * system.size, going, at.memory["accuracy"], self.most)
            there = at.w + tried.p
            reached = whole = problem.loss(there)
            products = products + going * (tried.products + 1)
            open_ = going & ~(whole <= _FAR_DOWN * at.loss)
            if bool(open_.any()):
                length = best_length(_along(problem, here, at.w, tried.p), at.loss, whole, open_)
                if bool((length.t != 1).any()):
                    there = at.w + length.t[:, None] * tried.p
                    reached = problem.loss(there)
                products = products + length.tried
            better = going & (reached < (1 - _NOTHING) * at.loss)
            w = torch.where(better[:, None], there, w)
            loss = torch.where(better, reached, loss)
            gain = (at.loss - whole) / tried.predicted
            milder = damping * (1 - (2 * gain - 1) ** 3).clamp(0.05, 2.0)
            damping = torch.where(
                better, milder.clamp(min=_LEAST), torch.where(going, damping * factor, damping)
            )
            factor = factor * 2
            going = going & ~better
            # More damping promises less, and with little this is nothing already.
            hopeless = going & (tried.predicted <= _NOTHING * at.loss) & mild
            stalled, going = stalled | hopeless, going & ~hopeless
            if not bool(going.any()):
                break
        # What this step left of the residual is what the next will leave at best (Eisenstat & Walker 1996,
        # "Choosing the forcing terms in an inexact Newton method", choice 2 with exponent 1).
        left = (loss / at.loss).sqrt()
        accuracy = torch.where(at.stalled, at.memory["accuracy"], left.clamp(*_ACCURACY))
        # Of an accepted step this is where the next one starts, and the problem keeps it.
        gradient = problem.linearise(w).gradient.norm(dim=1)
        return replace(
            at,
            w=w,
            loss=loss,
            gradient=gradient,
            products=products,
            stalled=stalled | going,
            memory={"damping": damping, "accuracy": accuracy},
        )


def _along(problem: Problem, at: Linearisation, w: Tensor, p: Tensor) -> Callable[[Tensor], Tensor]:
    """What takes lengths t [M] to the loss at w + t p, [M]."""
    from models.descent.multilayer import Layered, Multilayer

    if isinstance(problem, Multilayer) and isinstance(at, Layered):
        return problem.along(at, w, p)
    return lambda t: problem.loss(w + t[:, None] * p)
