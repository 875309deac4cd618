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
"""log 0 of a class that was never seen counts as this, as in torch.nn.BCELoss."""


def loss_per_sample(z: Tensor, y: Tensor, output: str, loss: str) -> Tensor:
    """Loss [M, B] of the last layer's pre-activations z [M, B, K] against targets y [B, K]."""
    if output == "softmax":
        if loss == "ce":
            return -(y * log_softmax(z, -1)).sum(-1)
        if loss == "bce":
            return _bce_of_softmax(z, y)
        h = torch.softmax(z, -1)
    else:
        h = torch.relu(z) if output == "relu" else z
        if loss == "ce":
            return -(y * log_softmax(h, -1)).sum(-1)
        if loss == "bce":
            return _bce_with_logits(h, y)
    return 0.5 * (h - y).square().sum(-1)


def _bce_with_logits(h: Tensor, y: Tensor) -> Tensor:
    # max(h, 0) - h y + log(1 + exp(-|h|)): no overflow at the large logits of the std protocol. At h = 0
    # autograd takes half of a maximum's slope for each side, which is right, and all of a clamp's.
    return (torch.maximum(h, h.new_zeros(())) - h * y + torch.log1p(torch.exp(-h.abs()))).sum(-1)


def _top(z: Tensor) -> Tensor:
    """True at the largest of the K scores, the first of equals; only its probability can exceed 1/2."""
    return torch.arange(z.shape[-1], device=z.device) == z.argmax(-1, keepdim=True)


def _bce_of_softmax(z: Tensor, y: Tensor) -> Tensor:
    # log h and log(1 - h) without h near 1, which rounds long before its logarithm or that of 1 - h is small.
    top = _top(z)
    h = torch.softmax(z, -1).masked_fill(top, 0.0)
    log_h = torch.where(top, torch.log1p(-h.sum(-1, keepdim=True)), log_softmax(z, -1))
    others = torch.logsumexp(z.masked_fill(top, -torch.inf), -1, keepdim=True)
    log_rest = torch.where(top, others - torch.logsumexp(z, -1, keepdim=True), torch.log1p(-h))
    if z.shape[-1] == 1:  # h is 1 whatever z is
        log_rest = torch.full_like(z, _LOG_FLOOR)
    return -(y * log_h + (1 - y) * log_rest).sum(-1)


def _bce_of_softmax_slope(z: Tensor, y: Tensor) -> Tensor:
    """Gradient with respect to z. With w the top class, r_k = h_k / (1 - h_k) and q the softmax without w,

        dL/dz_j = h_j (Y - y_j) - y_j (1 - h_j) + h_j (1 - y_j)
                  - h_j sum_{k != j, w} (1 - y_k) r_k - [j != w] (1 - y_w) h_w q_j,    Y = sum_k y_k,

    where nothing large is left to cancel: 1 - h_w is the sum of the others, r_k <= 1, and h_j / (1 - h_w),
    which overflows and vanishes, is q_j.
    """
    if z.shape[-1] == 1:
        return torch.zeros_like(z)
    top = _top(z)
    h = torch.softmax(z, -1)
    small = h.masked_fill(top, 0.0)
    rest = torch.where(top, small.sum(-1, keepdim=True), 1 - small)
    odds = (1 - y) * small / (1 - small)
    others = h * (odds.sum(-1, keepdim=True) - odds)
    away = ((1 - y) * h).masked_fill(~top, 0.0).sum(-1, keepdim=True)
    shared = away * torch.softmax(z.masked_fill(top, -torch.inf), -1)
    return h * (y.sum(-1, keepdim=True) - y) + h * (1 - y) - y * rest - others - shared


def loss_gradient(z: Tensor, y: Tensor, output: str, loss: str) -> Tensor:
    """Gradient [M, B, K], with respect to z, of the loss averaged over B samples; y [M, B, K] or [B, K]."""
    scale = 1.0 / z.shape[1]
    if output == "softmax":
        if loss == "bce":
            return _bce_of_softmax_slope(z, y).mul_(scale)
        h = torch.softmax(z, -1)
        if loss == "ce":
            return (h - y).mul_(scale)
        weighted = h * (h - y)
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
