"""What torch's own optimisers ask of whoever calls them as functions."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

    from models.optimisers.optimiser import Tensors

__all__ = ["gradients_like", "is_fused"]


def is_fused(parameter: Tensor) -> bool:
    """Whether there is a kernel on this device that reads and writes all that a step changes once."""
    return parameter.device.type in ("cpu", "cuda")


def gradients_like(parameters: Tensors, gradients: Tensors) -> list[Tensor]:
    """The gradients in the parameters' order, each as its parameter lies in memory.

    The fused kernels go through memory from a tensor's start and do not look at its strides.
    """
    import torch

    return [
        g if g.stride() == p.stride() else torch.empty_like(p).copy_(g)
        for p, g in ((p, gradients[name]) for name, p in parameters.items())
    ]
