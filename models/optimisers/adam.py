"""Adam (Kingma & Ba 2015, algorithm 1), the paper's optimiser."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from models.parts.checks import positive
from models.parts.part import Part

if TYPE_CHECKING:
    from torch import Tensor

    from models.optimisers.optimiser import Tensors

__all__ = ["Adam"]

BETA1, BETA2, EPSILON = 0.9, 0.999, 1e-8
"""The authors' own, and torch's defaults."""


@dataclass(frozen=True, slots=True)
class Adam(Part):
    """Adam with the authors' decay rates.

    Attributes:
        learning_rate: step size. 1e-3 is Adam's own default, the paper names none.

    Raises:
        ValueError: a learning rate that is no finite number above 0.
    """

    kind: ClassVar[str] = "adam"

    learning_rate: float = 1e-3

    def __post_init__(self) -> None:
        object.__setattr__(self, "learning_rate", positive("learning_rate", self.learning_rate))

    @property
    def label(self) -> str:
        """None: it is the paper's."""
        return ""

    def init(self, parameters: Tensors) -> dict[str, Tensor]:
        """The step, and two moments a parameter."""
        import torch

        # On the CPU in float64: 1 - beta2^t has lost four digits in float32 at the first step.
        state = {"step": torch.zeros((), dtype=torch.float64)}
        for name, parameter in parameters.items():
            state |= {
                f"mean/{name}": torch.zeros_like(parameter),
                f"square/{name}": torch.zeros_like(parameter),
            }
        return state

    def update(
        self, parameters: Tensors, gradients: Tensors, state: Tensors
    ) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
        """One step, bias corrected."""
        import torch

        step = state["step"] + 1
        corrected = self.learning_rate / (1 - BETA1 ** float(step)), math.sqrt(1 - BETA2 ** float(step))
        changed, kept = {}, {"step": step}
        for name, parameter in parameters.items():
            g = gradients[name]
            mean = torch.lerp(state[f"mean/{name}"], g, 1 - BETA1)
            square = (BETA2 * state[f"square/{name}"]).addcmul_(g, g, value=1 - BETA2)
            spread = square.sqrt().div_(corrected[1]).add_(EPSILON)
            changed[name] = torch.addcdiv(parameter, mean, spread, value=-corrected[0])
            kept |= {f"mean/{name}": mean, f"square/{name}": square}
        return changed, kept
