"""Adam (Kingma & Ba 2015, algorithm 1), the paper's optimiser."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from models.optimisers.fused import gradients_like, is_fused
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

        # Where torch's kernels want it: on the device if fused, else on the CPU; always float32.
        first = next(iter(parameters.values()))
        where = first.device if is_fused(first) else torch.device("cpu")
        state = {"step": torch.zeros((), dtype=torch.float32, device=where)}
        for name, parameter in parameters.items():
            state |= {
                f"mean/{name}": torch.zeros_like(parameter),
                f"square/{name}": torch.zeros_like(parameter),
            }
        return state

    def update(self, parameters: Tensors, gradients: Tensors, state: Tensors) -> tuple[Tensors, Tensors]:
        """One step, bias corrected: torch's own, in place."""
        from torch.optim.adam import adam

        values = list(parameters.values())
        steps = [state["step"].clone() for _ in values]  # torch counts a parameter at a time
        adam(
            values,
            gradients_like(parameters, gradients),
            [state[f"mean/{name}"] for name in parameters],
            [state[f"square/{name}"] for name in parameters],
            [],
            steps,
            fused=is_fused(values[0]),
            amsgrad=False,
            beta1=BETA1,
            beta2=BETA2,
            lr=self.learning_rate,
            weight_decay=0.0,
            eps=EPSILON,
            maximize=False,
        )
        return parameters, {**state, "step": steps[0]}
