"""Output activations and losses of the ensemble: values, gradients and the constant predictor's loss.

Every pair of an output and a loss has a meaning:

| output  | h(x)       | mse              | bce                       | ce                        |
|---------|------------|------------------|---------------------------|---------------------------|
| linear  | z          | 1/2 ||h - y||^2  | logits h                  | logits h                  |
| relu    | max(z, 0)  | 1/2 ||h - y||^2  | logits h                  | logits h                  |
| softmax | softmax(z) | 1/2 ||h - y||^2  | probabilities h           | probabilities h           |

Losses are summed over outputs and averaged over samples; the paper's equation 2
sums over samples too, which only rescales the axis.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import log_softmax

__all__ = ["constant_loss", "loss_gradient", "loss_per_sample"]

_LOG_FLOOR = -100.0
"""torch.nn.BCELoss clamps log(p) here; a saturated softmax would otherwise cost infinity."""

_VARIANCE_FLOOR = 1e-12
"""The same function's floor of p (1 - p) in the gradient."""


def loss_per_sample(z: Tensor, y: Tensor, output: str, loss: str) -> Tensor:
    """Loss [M, B] of the last layer's pre-activations z [M, B, K] against targets y [B, K]."""
    if output == "softmax":
        if loss == "ce":
            return -(y * log_softmax(z, -1)).sum(-1)
        h = torch.softmax(z, -1)
        if loss == "bce":
            log_h, log_rest = h.log().clamp(min=_LOG_FLOOR), torch.log1p(-h).clamp(min=_LOG_FLOOR)
            return -(y * log_h + (1 - y) * log_rest).sum(-1)
    else:
        h = torch.relu(z) if output == "relu" else z
        if loss == "ce":
            return -(y * log_softmax(h, -1)).sum(-1)
        if loss == "bce":
            return _bce_with_logits(h, y)
    return 0.5 * (h - y).square().sum(-1)


def _bce_with_logits(h: Tensor, y: Tensor) -> Tensor:
    # max(h, 0) - h y + log(1 + exp(-|h|)): no overflow at the large logits of the std protocol.
    return (h.clamp(min=0) - h * y + torch.log1p(torch.exp(-h.abs()))).sum(-1)


def loss_gradient(z: Tensor, y: Tensor, output: str, loss: str) -> Tensor:
    """Gradient [M, B, K], with respect to z, of the loss averaged over B samples; y [M, B, K] or [B, K]."""
    scale = 1.0 / z.shape[1]
    if output == "softmax":
        h = torch.softmax(z, -1)
        if loss == "ce":
            return (h - y).mul_(scale)
        slope = h - y
        if loss == "bce":
            slope = slope / (h * (1 - h)).clamp(min=_VARIANCE_FLOOR)
        weighted = h * slope
        return (weighted - h * weighted.sum(-1, keepdim=True)).mul_(scale)
    h = torch.relu(z) if output == "relu" else z
    if loss == "ce":
        slope = torch.softmax(h, -1) - y
    elif loss == "bce":
        slope = torch.sigmoid(h) - y
    else:
        slope = h - y
    if output == "relu":
        slope = slope * (z > 0)
    return slope.mul_(scale)


def constant_loss(y_fit: Tensor, y: Tensor, loss: str) -> float:
    """L0: loss on y [m, K] of the best constant predictor of y_fit [m', K], its mean.

    The mean minimises all three losses over constants: the squared error, and
    for both cross entropies the mean label is the best constant probability.
    """
    y_fit, y = y_fit.double(), y.double()
    mean = y_fit.mean(0)
    if loss == "mse":
        return float(0.5 * (y - mean).square().sum(-1).mean())
    log_p = mean.log().clamp(min=_LOG_FLOOR)
    if loss == "ce":
        return float(-(y * log_p).sum(-1).mean())
    log_rest = torch.log1p(-mean).clamp(min=_LOG_FLOOR)
    return float(-(y * log_p + (1 - y) * log_rest).sum(-1).mean())
