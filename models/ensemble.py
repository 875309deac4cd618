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
from dataclasses import dataclass, field
from itertools import pairwise

import torch
from torch import Tensor

from models.inputs import Inputs
from models.losses import loss_gradient

__all__ = ["Layers", "Operands", "flatten", "forward", "gradients", "layer_views", "parameter_count"]

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


@dataclass(slots=True)
class Operands:
    """Layers in the shapes that products take, as views made once: making one costs two microseconds.

    Attributes:
        layers: as `layer_views` makes them, so that nothing here is a copy.
        first: weights of the first layer as they lie, [d_x, M * h].
        later: of every later layer, weights as [M, fan_in, fan_out] and as they lie, [M, fan_out, fan_in].
        columns: biases as [M, fan_out, 1].
    """

    layers: Layers
    first: Tensor = field(init=False)
    later: list[tuple[Tensor, Tensor]] = field(init=False)
    columns: list[Tensor] = field(init=False)
    _cuts: dict[int, tuple[Tensor, Tensor, Tensor]] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        self.first = self.layers[0][0].permute(1, 0, 2).flatten(1)
        self.later = [(W, W.transpose(1, 2)) for W, _ in self.layers[1:]]
        self.columns = [bias.unsqueeze(2) for _, bias in self.layers]

    @property
    def members(self) -> int:
        """M."""
        return self.layers[0][0].shape[0]

    def cut(self, head: int) -> tuple[Tensor, Tensor, Tensor]:
        """First-layer weights of the head [head, M * h], their transpose, and those of the tail."""
        if head not in self._cuts:
            rows = self.first[:head]
            self._cuts[head] = rows, rows.t(), self.first[head:]
        return self._cuts[head]


def _mm(a: Tensor, b: Tensor, bf16: bool) -> Tensor:
    return torch.mm(a.bfloat16(), b.bfloat16()).to(a.dtype) if bf16 else torch.mm(a, b)


def _bmm(a: Tensor, b: Tensor, bf16: bool) -> Tensor:
    return torch.bmm(a.bfloat16(), b.bfloat16()).to(a.dtype) if bf16 else torch.bmm(a, b)


def forward(of: Operands, inputs: Inputs, bf16: bool = False) -> Tensor:
    """Pre-activations [M, B, K] of the output layer for inputs shared by all members."""
    return _activations(of, inputs, bf16)[-1].transpose(1, 2)


def _activations(of: Operands, inputs: Inputs, bf16: bool) -> list[Tensor]:
    """Outputs [M, units, B] of every layer, ReLU applied to all but the last."""
    last = len(of.columns) - 1
    z = _first_layer(of, inputs, bf16)
    kept: list[Tensor] = []
    for depth, bias in enumerate(of.columns):
        if depth:
            z = _bmm(of.later[depth - 1][1], kept[-1], bf16)
        z.add_(bias)
        kept.append(z.relu_() if depth < last else z)
    return kept


def _first_layer(of: Operands, inputs: Inputs, bf16: bool) -> Tensor:
    """One product for all members, [M, h, B], over the inputs that are not 0 on all of these samples."""
    head = inputs.head.shape[0]
    _, head_rows, tail_rows = of.cut(head)
    if inputs.tail is None or inputs.places is None:
        z = _mm(head_rows, inputs.head, bf16)
    else:
        chosen = tail_rows.index_select(0, inputs.places).t()
        if not head:
            z = _mm(chosen, inputs.tail, bf16)
        elif bf16:
            z = _mm(head_rows, inputs.head, bf16) + _mm(chosen, inputs.tail, bf16)
        else:
            z = torch.mm(head_rows, inputs.head).addmm_(chosen, inputs.tail)
    return z.view(of.members, -1, len(inputs))


def gradients(
    of: Operands,
    inputs: Inputs,
    y: Tensor,
    output: str,
    loss: str,
    into: Operands,
    bf16: bool = False,
) -> None:
    """Writes the gradient of each member's mean loss on the minibatch into `into`, shaped like `of`.

    Back-propagation by hand: three matrix products a layer and no graph to build.

    Args:
        of: the members' weights and biases.
        inputs: of the minibatch, B samples.
        y: targets [B, K].
        output: output activation.
        loss: loss name.
        into: receives the gradients.
        bf16: round the operands of every product to bfloat16.
    """
    kept = _activations(of, inputs, bf16)
    delta = loss_gradient(kept[-1].transpose(1, 2), y, output, loss).transpose(1, 2)  # [M, K, B]
    for depth in range(len(kept) - 1, 0, -1):
        torch.sum(delta, 2, out=into.layers[depth][1])
        h, dW = kept[depth - 1], into.later[depth - 1][1]  # [M, fan_in, B], [M, fan_out, fan_in]
        if bf16:
            dW.copy_(_bmm(delta, h.transpose(1, 2), bf16))
        else:
            torch.bmm(delta, h.transpose(1, 2), out=dW)
        delta = _bmm(of.later[depth - 1][0], delta, bf16)
        # What autograd calls for ReLU: one pass, and no mask of booleans, which costs five
        # times as much on a CPU. The subgradient of max(z, 0) at 0 is taken as 0.
        torch.ops.aten.threshold_backward.grad_input(delta, h, 0, grad_input=delta)
    torch.sum(delta, 2, out=into.layers[0][1])
    _first_gradient(delta, inputs, into, bf16)


def _first_gradient(delta: Tensor, inputs: Inputs, into: Operands, bf16: bool) -> None:
    """X^T delta for all members at once; the rows of inputs that are 0 on all of these samples are 0."""
    head_rows, _, tail_rows = into.cut(inputs.head.shape[0])  # [d_x, M * h] in two parts
    slope = delta.flatten(0, 1).t()  # [B, M * h]
    if bf16:
        head_rows.copy_(_mm(inputs.head, slope, bf16))
    else:
        torch.mm(inputs.head, slope, out=head_rows)
    if inputs.tail is not None and inputs.places is not None:
        tail_rows.zero_().index_copy_(0, inputs.places, _mm(inputs.tail, slope, bf16))
