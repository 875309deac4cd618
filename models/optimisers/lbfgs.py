"""L-BFGS over all samples, for smooth and for nonsmooth losses (Lewis & Overton 2013)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from models.parts.checks import whole_number
from models.parts.part import Part

if TYPE_CHECKING:
    from torch import Tensor

    from models.descent.limited_memory import Function, Members
    from models.descent.method import Descending
    from models.descent.problem import Problem

__all__ = ["LBFGS"]


@dataclass(frozen=True, slots=True)
class LBFGS(Part):
    """Limited-memory BFGS with a weak Wolfe line search (`models.descent.limited_memory`).

    A network whose line search fails forgets its pairs and tries once more along the negative gradient; it
    has stalled where that fails too, or where a whole step lowered its loss by nothing.

    Attributes:
        iterations: of a step, which is what a descent records.
        pairs: (s, y) kept a network.

    Raises:
        ValueError: numbers below 1.
    """

    kind: ClassVar[str] = "lbfgs"

    iterations: int = 20
    pairs: int = 12

    def __post_init__(self) -> None:
        for name in ("iterations", "pairs"):
            object.__setattr__(self, name, whole_number(name, getattr(self, name), least=1))

    @property
    def label(self) -> str:
        """ "lbfgs", with other numbers than the usual "lbfgs-20-5"."""
        usual = LBFGS()
        return "lbfgs" if self == usual else f"lbfgs-{self.iterations}-{self.pairs}"

    def start(self, problem: Problem, w: Tensor) -> Descending:
        """The networks at w [M, P], without pairs."""
        from models.descent.limited_memory import begin

        members = begin(_function(problem), w, self.pairs)
        return _descending(members, ~members.going)

    def step(self, problem: Problem, at: Descending) -> Descending:
        """The networks after so many iterations."""
        import torch

        from models.descent.limited_memory import Members, advance

        evaluations = at.products // 2
        members = Members(at.w, at.loss, evaluations=evaluations, **at.memory)
        moving = torch.nonzero(~at.stalled)[:, 0]
        ends = advance(_function(problem, moving), members.rows(moving), self.iterations, restart=True)
        stalled = at.stalled.clone()
        stalled[moving] = ~ends.going | (ends.loss >= at.loss[moving])
        whole = members.rows(torch.arange(len(at.w), device=at.w.device))
        whole.put(moving, ends)
        return _descending(whole, stalled)


def _function(problem: Problem, among: Tensor | None = None) -> Function:
    """The problem's loss and gradient, of some networks; `among` are their rows in the whole ensemble."""

    def function(w: Tensor, rows: Tensor) -> tuple[Tensor, Tensor]:
        if not problem.buffers:
            return problem.loss_and_gradient(w)
        # What networks carry comes for all of them: the others are asked at zero.
        rows = rows if among is None else among[rows]
        whole = w.new_zeros(len(next(iter(problem.buffers.values()))), w.shape[1])
        whole[rows] = w
        loss, gradient = problem.loss_and_gradient(whole)
        return loss[rows], gradient[rows]

    return function


def _descending(members: Members, stalled: Tensor) -> Descending:
    import torch

    from models.descent.method import Descending

    return Descending(
        w=members.w,
        loss=members.loss,
        gradient=torch.linalg.vector_norm(members.gradient, dim=1),
        products=2 * members.evaluations,
        stalled=stalled,
        residual=torch.full_like(members.loss, torch.nan),
        memory=members.memory(),
    )
