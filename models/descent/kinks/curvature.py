"""The curvature of a loss in the outputs, as a factor."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.func import jacrev, vmap

from models.descent.kinks.cell import Cell
from models.objectives.losses import loss_per_sample

__all__ = ["output_factor"]

_LEAST = 1e-3
"""Of a sample's largest curvature: where a loss is flat or curves downwards, steps need some bound."""


def output_factor(cell: Cell) -> tuple[Tensor, Tensor]:
    """S [m, K, K] and r [m, K] with S S^T the second derivative of the mean loss by each sample's z, made
    positive definite by its eigenvalues' absolute values, and S r its gradient.

    For the squared error of linear outputs it is the identity over m, exactly.
    """
    problem = cell.of.problem
    objective, (m, K) = problem.spec.objective, cell.z.shape
    if (objective.output, objective.loss) == ("linear", "mse"):
        return torch.eye(K, dtype=cell.z.dtype, device=cell.z.device).expand(
            m, K, K
        ) / m**0.5, cell.slope * m**0.5

    def value(z: Tensor, y: Tensor) -> Tensor:
        return loss_per_sample(z[None], y[None], objective.output, objective.loss)[0]

    curvature = vmap(jacrev(jacrev(value)))(cell.z, problem.y) / m
    values, vectors = torch.linalg.eigh(curvature)
    size = values.abs()
    root = torch.maximum(size, _LEAST * size.amax(1, keepdim=True).clamp(min=1e-6 / m)).sqrt()
    return vectors * root[:, None], (vectors.mT @ cell.slope[:, :, None])[:, :, 0] / root
