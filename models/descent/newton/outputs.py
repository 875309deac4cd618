"""Curvature of the loss in a sample's outputs, as a factor, and the slope in that factor's coordinates.

The generalised Gauss-Newton matrix is J^T H J / m with H the curvature of one sample's loss in its scores z
(Schraudolph 2002, "Fast curvature matrix-vector products", Neural Computation 14, section 3; Martens 2020,
"New insights and perspectives on the natural gradient method", JMLR 21, sections 8 and 9). With H = L L^T and
L r the sample's slope, a step minimises ||L^T J p + r||^2 / 2m, whatever the loss.

| output       | loss | H                                                                       |
|--------------|------|-------------------------------------------------------------------------|
| linear, relu | mse  | I                                                                       |
| softmax      | mse  | S^2, S = diag(h) - h h^T; r = h - y is what stays when S vanishes       |
| linear, relu | bce  | diag(h (1 - h)), h the sigmoid                                          |
| all          | ce   | diag(h) - h h^T, h the softmax                                          |
| softmax      | bce  | S diag(1 / h (1 - h)) S, the Fisher matrix of K independent labels      |

A relu has rows of 0 where it is inactive. To a cross entropy's H is added what keeps the sample's own step
within its reach, 10 or twice the range of its scores: far on the wrong side these losses are linear, H
vanishes, and the slope does not. Where a sample is right, that damps its step by a tenth.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from models.objectives.losses import loss_gradient

__all__ = ["Curvature", "output_curvature"]

_REACH = 10.0
"""A sample's scores may always move so far in a step, in units of scores."""


@dataclass(frozen=True, slots=True, eq=False)
class Curvature:
    """M networks' curvature in outputs.

    Attributes:
        residual: r [M, m, K], so that L r is m times the slope of the mean loss.
        factor: L: [M, m, K, K]; its diagonal [M, m, K] where there is no more to it; None is the identity.
    """

    residual: Tensor
    factor: Tensor | None

    def to(self, dtype: torch.dtype) -> Curvature:
        """The same in a type."""
        return Curvature(self.residual.to(dtype), None if self.factor is None else self.factor.to(dtype))

    def apply(self, u: Tensor) -> Tensor:
        """L u, [M, m, K]."""
        if self.factor is None:
            return u
        if self.factor.dim() == u.dim():
            return self.factor * u
        return (self.factor @ u[..., None]).squeeze(-1)

    def transposed(self, u: Tensor) -> Tensor:
        """L^T u, [M, m, K]."""
        if self.factor is None or self.factor.dim() == u.dim():
            return self.apply(u)
        return (self.factor.mT @ u[..., None]).squeeze(-1)


def output_curvature(z: Tensor, y: Tensor, output: str, loss: str) -> Curvature:
    """The factor and the residual at scores z [M, m, K] for targets y [m, K]."""
    active = (z > 0).to(z.dtype) if output == "relu" else None
    if loss == "mse":
        if output == "softmax":
            h = torch.softmax(z, -1)
            return Curvature(h - y, torch.diag_embed(h) - h[..., None] * h[..., None, :])
        return Curvature(z - y, None) if active is None else Curvature((z - y) * active, active)
    slope = loss_gradient(z, y, output, loss) * z.shape[1]
    h = z if active is None else z * active
    if loss == "bce" and output != "softmax":
        p = torch.sigmoid(h)
        square = p * torch.sigmoid(-h) + slope.abs() / (2 * h.abs()).clamp(min=_REACH)
        factor = square.sqrt() if active is None else square.sqrt() * active
        return Curvature(torch.where(factor > 0, slope / factor, 0.0), factor)
    square = _fisher_of_bce(h) if loss == "bce" else _fisher_of_ce(h)
    if active is not None:
        square = square * active[..., None] * active[..., None, :]
    reach = (2 * (h.amax(-1) - h.amin(-1))).clamp(min=_REACH)
    # The last is for Cholesky's sake alone, where the slope has underflowed.
    least = slope.norm(dim=-1) / reach + 1e-14 * square.diagonal(0, -2, -1).sum(-1) + 1e-200
    square.diagonal(0, -2, -1).add_(least[..., None])
    factor = torch.linalg.cholesky(square)
    return Curvature(torch.linalg.solve_triangular(factor, slope[..., None], upper=False).squeeze(-1), factor)


def _fisher_of_ce(z: Tensor) -> Tensor:
    h = torch.softmax(z, -1)
    # 1 - h_k is the sum of the others: nothing cancels where h_k is nearly 1.
    others = h[..., None, :] * (1 - torch.eye(z.shape[-1], dtype=z.dtype, device=z.device))
    return torch.diag_embed(h * others.sum(-1)) - h[..., None] * others


def _fisher_of_bce(z: Tensor) -> Tensor:
    """Column k of its factor: sqrt(h_k (1 - h_k)) times e_k less the softmax q of the others."""
    K = z.shape[-1]
    eye = torch.eye(K, dtype=torch.bool, device=z.device)
    h = torch.softmax(z, -1)
    rest = (h[..., None, :] * ~eye).sum(-1)
    # [..., k, j]: the softmax over j without k.
    q = torch.softmax(z[..., None, :].masked_fill(eye, -torch.inf), -1) if K > 1 else z.new_zeros(eye.shape)
    columns = (h * rest).sqrt()[..., None] * (eye.to(z.dtype) - q)
    return columns.mT @ columns
