"""Adam with a step size that decays geometrically."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from models.optimisers.adam import Adam
from models.parts.checks import positive, whole_number
from models.parts.part import Part

if TYPE_CHECKING:
    from torch import Tensor

    from models.optimisers.optimiser import Tensors

__all__ = ["DecayedAdam"]


@dataclass(frozen=True, slots=True)
class DecayedAdam(Part):
    """Adam whose step size falls by the same factor at every step, and stays once it has reached its end.

    With a step size that stays, minibatch noise keeps the weights away from any minimum; Kingma & Ba (2015,
    section 4) prove convergence on average for one that decays. The schedule is torch's ExponentialLR with
    gamma = (end / start)^(1 / steps), a scheduler's step after each of the optimiser's.

    Attributes:
        start: step size of the first step.
        end: step size after `steps` steps, and from then on.
        steps: minibatches until then.

    Raises:
        ValueError: step sizes that are no finite numbers above 0, an end above the start, or less than one
            step.
    """

    kind: ClassVar[str] = "decayed_adam"

    start: float = 1e-2
    end: float = 1e-6
    steps: int = 10_000

    def __post_init__(self) -> None:
        for name in ("start", "end"):
            object.__setattr__(self, name, positive(name, getattr(self, name)))
        object.__setattr__(self, "steps", whole_number("steps", self.steps, least=1))
        if self.end > self.start:
            raise ValueError(
                f"got end {self.end!r} above start {self.start!r}, wanted a step size that falls or stays"
            )

    @property
    def label(self) -> str:
        """ "decayed-adam-0.01-1e-06-10000"."""
        return f"decayed-adam-{self.start:g}-{self.end:g}-{self.steps}"

    def learning_rate(self, done: int) -> float:
        """Step size of the step after so many."""
        return self.start * (self.end / self.start) ** (min(done, self.steps) / self.steps)

    def init(self, parameters: Tensors) -> dict[str, Tensor]:
        """Adam's."""
        return Adam(self.start).init(parameters)

    def update(
        self, parameters: Tensors, gradients: Tensors, state: Tensors
    ) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
        """One step of Adam with the step size of now."""
        return Adam(self.learning_rate(int(state["step"]))).update(parameters, gradients, state)
