"""How stacked parameters lie in memory.

Products with few outputs, as a last layer has, take half to a quarter of the time where the inputs are
innermost. Gradients lie as their parameters do.
"""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor

__all__ = ["inputs_innermost", "turned"]

_MATRICES = 3
"""Axes of stacked matrices: networks, inputs, outputs."""


def inputs_innermost(parameters: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The parameters [M, ...], matrices [M, inputs, outputs] as copies with the inputs innermost."""
    return turned({name: tensor.contiguous() for name, tensor in turned(parameters).items()})


def turned(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Matrices the other way round: contiguous, where they lie with the inputs innermost, and back again."""
    return {name: t.mT if t.dim() == _MATRICES else t for name, t in tensors.items()}
