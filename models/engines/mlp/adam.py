"""Adam over one flat buffer, with its whole state in the open so that a run can stop and resume.

The arithmetic is torch's own functional Adam (Kingma & Ba 2015, algorithm 1, with torch's defaults beta =
(0.9, 0.999), eps = 1e-8), fused where the device has a fused kernel: the same bytes as torch.optim.Adam. A
step through the optimiser class costs 65 microseconds of bookkeeping besides, as much as a whole step of
a narrow network, and ten through the function; so the fused kernel is called by its own name.
"""

from __future__ import annotations

from typing import TypedDict

import torch
from torch import Tensor
from torch.optim.adam import adam

__all__ = ["Adam"]


class _Defaults(TypedDict):
    beta1: float
    beta2: float
    weight_decay: float
    eps: float
    amsgrad: bool


_DEFAULTS: _Defaults = {"beta1": 0.9, "beta2": 0.999, "weight_decay": 0.0, "eps": 1e-8, "amsgrad": False}


class Adam:
    """The optimiser of one buffer of parameters.

    Args:
        parameters: updated in place.
        gradient: of the parameters, of the same shape; read at every step.
        lr: learning rate.
        fused: use the device's fused kernel.
        moments: where to keep the two moments, of the same shape; of its own without them.
    """

    def __init__(
        self,
        parameters: Tensor,
        gradient: Tensor,
        lr: float,
        *,
        fused: bool,
        moments: tuple[Tensor, Tensor] | None = None,
    ) -> None:
        self.parameters, self.gradient, self.lr, self.fused = parameters, gradient, lr, fused
        self.exp_avg, self.exp_avg_sq = moments or (
            torch.zeros_like(parameters),
            torch.zeros_like(parameters),
        )
        # Where torch's kernels want it: on the device if fused, else on the CPU; always float32.
        self.steps = torch.zeros((), dtype=torch.float32, device=parameters.device if fused else "cpu")

    @property
    def state(self) -> tuple[Tensor, Tensor, Tensor]:
        """All that a step changes besides the parameters."""
        return self.exp_avg, self.exp_avg_sq, self.steps

    @torch.no_grad()
    def step(self) -> None:
        """One update from the gradient as it stands."""
        largest: list[Tensor] = []  # of AMSGrad, which this is not
        state = [self.parameters], [self.gradient], [self.exp_avg], [self.exp_avg_sq], largest, [self.steps]
        if self.fused:
            self.steps.add_(1)
            torch._fused_adam_(*state, lr=self.lr, maximize=False, **_DEFAULTS)
        else:
            adam(*state, lr=self.lr, maximize=False, fused=False, foreach=False, **_DEFAULTS)
