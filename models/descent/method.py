"""What a full-batch optimiser is to whoever descends: a frozen value that makes a state and steps it.

A kind is a file of `models/optimisers/` like any optimiser's. Its states are values: nothing is changed in
place, all that a later step needs is in them, and their arrays can be written down and read back between any
two steps, with the same bytes afterwards as of an unbroken descent.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

if TYPE_CHECKING:
    from torch import Tensor

    from models.descent.problem import Problem

__all__ = ["Descending", "Method", "begun"]


@dataclass(frozen=True, slots=True, eq=False)
class Descending:
    """M networks between two steps of a full-batch optimiser.

    Attributes:
        w: [M, P] float64.
        loss: [M] float64, what is minimised, at w; no step raises it by more than its rounding.
        gradient: [M], Euclidean norm of the full-batch gradient at w.
        products: [M] int64, so far: products with the Jacobian or its transpose, over all samples; a loss
            counts as one, a gradient as two.
        stalled: [M] bool, whether no step of this method lowers the loss any more. A stall is no minimum.
        residual: [M], norm of (H p + g) over norm of g, with p the step that minimises it and H the curvature
            that the method uses (Frye et al. 2021, "Critical point-finding methods reveal gradient-flat
            regions of deep network losses", Neural Computation 33); NaN where the method solves for none.
        memory: what else the method carries from step to step, by name, [M, ...] each.
    """

    w: Tensor
    loss: Tensor
    gradient: Tensor
    products: Tensor
    stalled: Tensor
    residual: Tensor
    memory: Mapping[str, Tensor] = field(default_factory=dict)


class Method(Protocol):
    """A kind of full-batch optimiser."""

    kind: ClassVar[str]

    @property
    def label(self) -> str:
        """How runs name it."""

    def start(self, problem: Problem, w: Tensor) -> Descending:
        """The networks before the first step, from w [M, P]."""

    def step(self, problem: Problem, at: Descending) -> Descending:
        """The networks after a step; those that have stalled stay as they are."""

    def as_json(self) -> dict[str, Any]:
        """Canonical JSON values."""


def begun(problem: Problem, w: Tensor, **memory: Tensor) -> Descending:
    """Networks at w [M, P] before the first step of a method with this memory."""
    import torch

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
        memory=memory,
    )
