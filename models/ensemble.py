"""Many fully connected ReLU networks as one: pure functions with the ensemble axis first.

Storage is chosen for the products. All members read the same inputs, so the first layer
is one product for all of them: its weights lie as [d_x, M * h], and a row is what one
input adds to every hidden unit of every member. Later layers lie as [M, fan_out, fan_in],
activations as [M, units, B]: samples innermost, because a product whose innermost axis
is ten outputs runs at a fifth of the speed of one whose innermost axis is a minibatch.
Outside this file a layer is always seen as [M, fan_in, fan_out].
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor

from models.inputs import Inputs
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
    for depth, (a, b) in enumerate(pairwise(sizes)):
        W = flat[start : start + members * a * b]
        W = W.view(members, b, a).transpose(1, 2) if depth else W.view(a, members, b).permute(1, 0, 2)
        start += W.numel()
        bias = flat[start : start + members * b].view(members, b)
        start += bias.numel()
        views.append((W, bias))
    return views


def flatten(layers: Layers) -> Tensor:
    """The layers as one flat buffer, the inverse of `layer_views`."""
    parts = []
    for depth, (W, bias) in enumerate(layers):
        parts += [W.transpose(1, 2) if depth else W.permute(1, 0, 2), bias]
    return torch.cat([part.reshape(-1) for part in parts])


def _mm(a: Tensor, b: Tensor, bf16: bool) -> Tensor:
    return torch.mm(a.bfloat16(), b.bfloat16()).to(a.dtype) if bf16 else torch.mm(a, b)


def _bmm(a: Tensor, b: Tensor, bf16: bool) -> Tensor:
    return torch.bmm(a.bfloat16(), b.bfloat16()).to(a.dtype) if bf16 else torch.bmm(a, b)


def forward(layers: Layers, inputs: Inputs, bf16: bool = False) -> Tensor:
    """Pre-activations [M, B, K] of the output layer for inputs shared by all members."""
    return _activations(layers, inputs, bf16)[-1].transpose(1, 2)


def _activations(layers: Layers, inputs: Inputs, bf16: bool) -> list[Tensor]:
    """Outputs [M, units, B] of every layer, ReLU applied to all but the last."""
    kept: list[Tensor] = []
    for depth, (W, bias) in enumerate(layers):
        z = _bmm(W.transpose(1, 2), kept[-1], bf16) if depth else _first_layer(W, inputs, bf16)
        z.add_(bias.unsqueeze(2))
        kept.append(z.relu_() if depth < len(layers) - 1 else z)
    return kept


def _first_layer(W: Tensor, inputs: Inputs, bf16: bool) -> Tensor:
    """One product for all members, [M, h, B], over the inputs that are not 0 on all of these samples."""
    members, _, units = W.shape
    rows = _rows(W)
    head = inputs.head.shape[1]
    z = None
    if head or inputs.tail is None:
        z = _mm(rows[:head].t(), inputs.head.t(), bf16)
    if inputs.tail is not None:
        chosen = rows.index_select(0, inputs.places).t()
        if z is None:
            z = _mm(chosen, inputs.tail.t(), bf16)
        elif bf16:
            z += _mm(chosen, inputs.tail.t(), bf16)
        else:
            z.addmm_(chosen, inputs.tail.t())
    return z.view(members, units, -1)


def _rows(W: Tensor) -> Tensor:
    """First-layer weights [M, d_x, h] as they lie, [d_x, M * h]; no copy where `layer_views` made them."""
    return W.permute(1, 0, 2).flatten(1)


def gradients(
    layers: Layers,
    inputs: Inputs,
    y: Tensor,
    output: str,
    loss: str,
    into: Layers,
    bf16: bool = False,
) -> None:
    """Writes the gradient of each member's mean loss on the minibatch into `into`, shaped like `layers`.

    Back-propagation by hand: three matrix products a layer and no graph to build.

    Args:
        layers: the members' weights and biases.
        inputs: of the minibatch, B samples.
        y: targets [B, K].
        output: output activation.
        loss: loss name.
        into: receives the gradients; views of one flat buffer, as `layer_views` makes them.
        bf16: round the operands of every product to bfloat16.
    """
    kept = _activations(layers, inputs, bf16)
    delta = loss_gradient(kept[-1].transpose(1, 2), y, output, loss).transpose(1, 2)  # [M, K, B]
    for depth in range(len(layers) - 1, -1, -1):
        dW, dbias = into[depth]
        torch.sum(delta, 2, out=dbias)
        if not depth:
            _first_gradient(delta, inputs, dW, bf16)
            return
        h = kept[depth - 1]  # [M, fan_in, B]
        if bf16:
            dW.transpose(1, 2).copy_(_bmm(delta, h.transpose(1, 2), bf16))
        else:
            torch.bmm(delta, h.transpose(1, 2), out=dW.transpose(1, 2))
        delta = _bmm(layers[depth][0], delta, bf16)
        # What autograd calls for ReLU: one pass, and no mask of booleans, which costs five
        # times as much on a CPU. The subgradient of max(z, 0) at 0 is taken as 0.
        torch.ops.aten.threshold_backward.grad_input(delta, h, 0, grad_input=delta)


def _first_gradient(delta: Tensor, inputs: Inputs, dW: Tensor, bf16: bool) -> None:
    """X^T delta for all members at once; the rows of inputs that are 0 on all of these samples are 0."""
    rows, slope = _rows(dW), delta.flatten(0, 1).t()  # [d_x, M * h], [B, M * h]
    head = inputs.head.shape[1]
    if bf16:
        rows[:head].copy_(_mm(inputs.head.t(), slope, bf16))
    else:
        torch.mm(inputs.head.t(), slope, out=rows[:head])
    if inputs.tail is not None:
        rest = rows[head:]
        rest.zero_().index_copy_(0, inputs.places - head, _mm(inputs.tail.t(), slope, bf16))
