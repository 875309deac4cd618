"""Damped Gauss-Newton steps to the nearest scores that are right by a margin, for outputs that saturate."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from models.parts.checks import positive, whole_number
from models.parts.part import Part

if TYPE_CHECKING:
    from torch import Tensor

    from models.descent.method import Descending
    from models.descent.problem import Problem
    from models.objectives.objective import Objective

__all__ = ["ScoreTargets"]

_TRIES = 8
"""Dampings that a step tries, each ten times the last."""

_NOTHING = 1e-13
"""A step that lowers the loss by a smaller share is none."""


@dataclass(frozen=True, slots=True)
class ScoreTargets(Part):
    """A descent for outputs that saturate, where Newton's step of the loss itself has nothing to go by.

    A step solves for the move of all scores to their targets (`models.descent.targets`) as if the loss
    were squared error to these, and goes along it while the loss of the experiment falls. No step raises
    that; a network stalls where no damping lowers it.

    Attributes:
        margin: by which the right class of a softmax shall lead, and each logit of a binary cross entropy be
            on its label's side of 0; in units of scores.
        damping: of the first step, in units of the curvature's typical eigenvalue.
        accuracy: of a step's linear system, relative.
        most: iterations a system.

    Raises:
        ValueError: numbers that are not above 0; at the start, an output that does not saturate, a penalty,
            or targets that no scores are right for.
    """

    kind: ClassVar[str] = "score_targets"

    margin: float = 10.0
    damping: float = 1e-3
    accuracy: float = 0.3
    most: int = 100

    def __post_init__(self) -> None:
        for name in ("margin", "damping", "accuracy"):
            object.__setattr__(self, name, positive(name, getattr(self, name)))
        object.__setattr__(self, "most", whole_number("most", self.most, least=1))

    @property
    def label(self) -> str:
        """ "score-targets"."""
        return "score-targets"

    def start(self, problem: Problem, w: Tensor) -> Descending:
        """The networks before the first step, from w [M, P]."""
        import torch

        from models.descent.method import begun

        _targets(problem.spec.objective)
        damping = torch.full((len(w),), self.damping, dtype=torch.float64, device=w.device)
        return begun(problem, w, damping=damping)

    def step(self, problem: Problem, at: Descending) -> Descending:
        """The networks after a step; those that have stalled stay as they are."""
        from dataclasses import replace

        import torch

        from models.descent.newton.outputs import Curvature
        from models.descent.newton.ray import best_length
        from models.descent.newton.systems import system_at
        from models.descent.residual import ended

        here = problem.linearise(at.w)
        gap = here.z - _targets(problem.spec.objective)(here.z, problem.y, self.margin)
        system = system_at(problem, here, at.w, curvature=Curvature(gap, None))
        going = ~at.stalled
        products = at.products + going * 3
        w, loss, damping = at.w, at.loss, at.memory["damping"]
        accuracy = torch.full_like(loss, self.accuracy)
        for _ in range(_TRIES):
            tried = system.solve(damping * system.size, going, accuracy, self.most)
            ray = problem.along(here, at.w, tried.p, tried.first)
            length = best_length(ray, at.loss, ray(torch.ones_like(at.loss)), going)
            there = at.w + length.t[:, None] * tried.p
            reached = problem.loss(there)
            products = products + going * (tried.products + 1) + length.tried
            better = going & (reached < (1 - _NOTHING) * at.loss)
            w = torch.where(better[:, None], there, w)
            loss = torch.where(better, reached, loss)
            milder = torch.where(length.t < 1, damping, damping / 3)
            damping = torch.where(better, milder, torch.where(going, damping * 10, damping))
            going = going & ~better
            if not bool(going.any()):
                break
        # Of an accepted step this is where the next one starts, and the problem keeps it.
        gradient = problem.linearise(w).gradient.norm(dim=1)
        after = replace(
            at,
            w=w,
            loss=loss,
            gradient=gradient,
            products=products,
            stalled=at.stalled | going,
            memory={"damping": torch.where(at.stalled, at.memory["damping"], damping)},
        )
        return ended(problem, at, after)


def _targets(objective: Objective) -> Callable[[Tensor, Tensor, float], Tensor]:
    """What takes scores, targets and a margin to where the scores should go.

    Raises:
        ValueError: right scores do not make the loss small.
    """
    from models.descent import targets

    if objective.penalty is None and objective.output == "softmax":
        return targets.nearest_right_scores
    if objective.penalty is None and (objective.output, objective.loss) == ("linear", "bce"):
        return targets.nearest_right_logits
    raise ValueError(
        f"got {objective.label}, wanted a softmax, or logits under bce, without a penalty: scores that are "
        "right by a margin are not what other losses lead to; take levenberg_marquardt"
    )
