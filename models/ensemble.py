"""Many fully connected ReLU networks as one: pure functions with the ensemble axis first."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor

from models.losses import loss_gradient

__all__ = ["Layers", "flatten", "forward", "gradients", "layer_views", "parameter_count"]

Layers = Sequence[tuple[Tensor, Tensor]]
"""Weights [M, fan_in, fan_out] and biases [M, fan_out] of each layer."""


def parameter_count(sizes: Sequence[int]) -> int:
    """Weights and biases of one network with these layer sizes."""
    return sum((a + 1) * b for a, b in pairwise(sizes))


def layer_views(flat: Tensor, sizes: Sequence[int], members: int) -> list[tuple[Tensor, Tensor]]:
    """Views of one flat buffer [members * parameter_count(sizes)] as layers, in order W1, b1, W2, b2, ...

    One buffer lets Adam update everything in one fused pass.
    """
    views, start = [], 0
    for a, b in pairwise(sizes):
        W = flat[start : start + members * a * b].view(members, a, b)
        start += W.numel()
        bias = flat[start : start + members * b].view(members, b)
        start += bias.numel()
        views.append((W, bias))
    return views


def flatten(layers: Layers) -> Tensor:
    """The layers as one flat buffer, the inverse of `layer_views`."""
    return torch.cat([tensor.reshape(-1) for layer in layers for tensor in layer])


def _product(a: Tensor, b: Tensor, bf16: bool) -> Tensor:
    if bf16:
        return torch.bmm(a.bfloat16(), b.bfloat16()).to(a.dtype)
    return torch.bmm(a, b)


def forward(layers: Layers, x: Tensor, bf16: bool = False) -> Tensor:
    """Pre-activations [M, B, K] of the output layer for inputs x [B, d_x], shared by all members."""
    return _activations(layers, x, bf16)[-1]


def _activations(layers: Layers, x: Tensor, bf16: bool) -> list[Tensor]:
    """Inputs of every layer, each [M, B, fan_in], then the output pre-activations [M, B, K]."""
    h = x.expand(layers[0][0].shape[0], *x.shape)  # [M, B, d_x], stride 0 over the ensemble
    kept = [h]
    for depth, (W, bias) in enumerate(layers):
        h = _product(h, W, bf16).add_(bias.unsqueeze(1))  # [M, B, fan_out]
        if depth < len(layers) - 1:
            h.relu_()
        kept.append(h)
    return kept


def gradients(
    layers: Layers, x: Tensor, y: Tensor, output: str, loss: str, into: Layers, bf16: bool = False
) -> None:
    """Writes the gradient of each member's mean loss on the minibatch into `into`, shaped like `layers`.

    Back-propagation by hand: three matrix products a layer and no graph to build.

    Args:
        layers: the members' weights and biases.
        x: inputs [B, d_x].
        y: targets [B, K].
        output: output activation.
        loss: loss name.
        into: receives the gradients.
        bf16: round the operands of every product to bfloat16.
    """
    kept = _activations(layers, x, bf16)
    delta = loss_gradient(kept[-1], y, output, loss)  # [M, B, K]
    for depth in range(len(layers) - 1, -1, -1):
        h = kept[depth]
        dW, dbias = into[depth]
        if bf16:
            dW.copy_(_product(h.transpose(1, 2), delta, bf16))
        else:
            torch.bmm(h.transpose(1, 2), delta, out=dW)
        torch.sum(delta, 1, out=dbias)
        if depth:
            delta = _product(delta, layers[depth][0].transpose(1, 2), bf16)
            # The subgradient of max(z, 0) at 0 is taken as 0, as torch does.
            delta.mul_(h > 0)
