"""Gauss-Newton steps over the kinks of ReLU networks, by an active set of kinks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from models.parts.checks import whole_number
from models.parts.part import Part

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor

    from models.descent.kinks.step import Place
    from models.descent.method import Descending
    from models.descent.problem import Problem

__all__ = ["ActiveSet"]


@dataclass(frozen=True, slots=True)
class ActiveSet(Part):
    """Descends where smooth methods stall: `models.descent.kinks`.

    It has stalled where neither a step along the kinks that it is on nor the release of any of them lowers
    the loss. What it carries is `held` [M, m, units], the kinks that a network lies on, `damping` [M], and
    `subgradient` [M], the norm of the smallest element of the subdifferential there.

    Attributes:
        iterations: of a step, which is what a descent records.

    Raises:
        ValueError: a number below 1.
    """

    kind: ClassVar[str] = "active_set"

    iterations: int = 5

    def __post_init__(self) -> None:
        object.__setattr__(self, "iterations", whole_number("iterations", self.iterations, least=1))

    @property
    def label(self) -> str:
        """ "active-set", with another number of iterations "active-set-3"."""
        return "active-set" if self == ActiveSet() else f"active-set-{self.iterations}"

    def start(self, problem: Problem, w: Tensor) -> Descending:
        """The networks at w [M, P].

        Raises:
            ValueError: networks that are not fully connected, or a penalty.
        """
        from models.descent.kinks.cell import Perceptron
        from models.descent.kinks.step import place

        of = Perceptron(problem)
        return _descending([place(of, row) for row in w], w)

    def step(self, problem: Problem, at: Descending) -> Descending:
        """The networks after so many iterations."""
        from models.descent.kinks.cell import Perceptron
        from models.descent.kinks.step import Place, advance

        of, memory = Perceptron(problem), at.memory
        places = []
        for k, row in enumerate(at.w):
            here = Place(
                of.cell(of.layers(row)),
                memory["held"][k],
                float(memory["damping"][k]),
                bool(at.stalled[k]),
                products=int(at.products[k]),
            )
            for _ in range(self.iterations):
                here = advance(here)
            places.append(here)
        return _descending(places, at.w)


def _descending(places: Sequence[Place], w: Tensor) -> Descending:
    import torch

    from models.descent.kinks.step import subgradient
    from models.descent.method import Descending

    def column(values: list[float]) -> Tensor:
        return torch.tensor(values, dtype=w.dtype, device=w.device)

    cells = [place.cell for place in places]
    rows = [cell.of.flat(cell.layers, row) for cell, row in zip(cells, w, strict=True)]
    norms = [sum(float(part.square().sum()) for part in cell.gradient) ** 0.5 for cell in cells]
    return Descending(
        w=torch.stack(rows),
        loss=column([cell.loss for cell in cells]),
        gradient=column(norms),
        products=torch.tensor([place.products for place in places], device=w.device),
        stalled=torch.tensor([place.stalled for place in places], device=w.device),
        residual=torch.full((len(w),), torch.nan, dtype=w.dtype, device=w.device),
        memory={
            "held": torch.stack([place.held for place in places]),
            "damping": column([place.damping for place in places]),
            "subgradient": column([subgradient(place) for place in places]),
        },
    )
