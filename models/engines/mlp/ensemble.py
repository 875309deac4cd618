"""Many fully connected ReLU networks as one: pure functions with the ensemble axis first.

Storage is chosen for the products. Each network is a row of one buffer, padded to whole vectors of the
processor, so that where a network's numbers lie, and with that its rounding, does not depend on who else
is there. Layers lie as [fan_out, fan_in], activations as [M, units, B]: samples innermost, because a product
whose innermost axis is ten outputs runs at a fifth of the speed of one whose innermost axis is a minibatch.
Only where products leave out inputs, the first layer lies as [d_x, h], so that an input's weights are a row.
Outside this file a layer is always seen as [M, fan_in, fan_out].

In training every network reads samples of its own, and a layer is a batch of products, one a network. In
an evaluation all read the same samples, and the first layer is one product for all of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import torch
from torch import Tensor

from models.engines.mlp.inputs import Inputs
from models.objectives.losses import loss_gradient

__all__ = [
    "Layers",
    "Operands",
    "Rows",
    "activations",
    "backward",
    "behind_first",
    "cut_rows",
    "first_gradient",
    "first_product",
    "forward",
    "gradients",
    "layer_views",
    "parameter_count",
    "rest_views",
    "row_size",
    "rows",
    "write_behind_first",
]

Layers = Sequence[tuple[Tensor, Tensor]]
"""Weights [M, fan_in, fan_out] and biases [M, fan_out] of each layer."""

Rows = tuple[Tensor, Tensor, Tensor]
"""Rows of a first layer: the head's [head, columns], the same transposed, and the tail's; views made once,
since making one costs a microsecond or two."""

_VECTOR = 16
"""A row is a multiple of so many numbers: of the longest vectors that kernels step through, whose
remainders they round in other ways."""


def parameter_count(sizes: Sequence[int]) -> int:
    """Weights and biases of one network with these layer sizes."""
    return sum((a + 1) * b for a, b in pairwise(sizes))


def row_size(sizes: Sequence[int]) -> int:
    """Numbers in a network's row: its parameters, and zeros up to a whole vector."""
    return -(-parameter_count(sizes) // _VECTOR) * _VECTOR


def layer_views(buffer: Tensor, sizes: Sequence[int], by_input: bool = False) -> list[tuple[Tensor, Tensor]]:
    """Views of a buffer [M, row_size(sizes)] as layers; a row is W1, b1, W2, b2, ..., then the padding.

    One buffer lets Adam update everything in one fused pass.

    Args:
        buffer: of the parameters.
        sizes: units of every layer, inputs and outputs included.
        by_input: W1 lies as [d_x, h], not as [h, d_x].
    """
    first = sizes[0] * sizes[1]
    W = buffer[:, :first]
    W = W.unflatten(1, sizes[:2]) if by_input else W.unflatten(1, sizes[1::-1]).transpose(1, 2)
    bias, later = rest_views(buffer[:, first:], sizes)
    return [(W, bias), *later]


def rest_views(rest: Tensor, sizes: Sequence[int]) -> tuple[Tensor, list[tuple[Tensor, Tensor]]]:
    """The same of what follows W1 in every row: b1, and the later layers."""
    bias, start, later = rest[:, : sizes[1]], sizes[1], []
    for a, b in pairwise(sizes[1:]):
        W = rest[:, start : start + a * b].unflatten(1, (b, a)).transpose(1, 2)
        start += a * b
        later.append((W, rest[:, start : start + b]))
        start += b
    return bias, later


def rows(layers: Layers, by_input: bool = False, dtype: torch.dtype | None = None) -> Tensor:
    """The layers as a buffer [M, row_size], the inverse of `layer_views`; of their own type without one."""
    W = layers[0][0]
    sizes = (W.shape[1], *(bias.shape[1] for _, bias in layers))
    buffer = torch.zeros(len(W), row_size(sizes), dtype=dtype or W.dtype)
    for view, layer in zip(layer_views(buffer, sizes, by_input), layers, strict=True):
        for place, tensor in zip(view, layer, strict=True):
            place.copy_(tensor)
    return buffer


@dataclass(slots=True)
class Operands:
    """Layers in the shapes that products take, as views made once: making one costs two microseconds.

    Attributes:
        layers: as `layer_views` makes them, so that nothing here is a copy.
        products: weights of every layer as [M, fan_in, fan_out], and as [M, fan_out, fan_in].
        columns: biases as [M, fan_out, 1].
    """

    layers: Layers
    products: list[tuple[Tensor, Tensor]] = field(init=False)
    columns: list[Tensor] = field(init=False)

    def __post_init__(self) -> None:
        self.products = [(W, W.transpose(1, 2)) for W, _ in self.layers]
        self.columns = [bias.unsqueeze(2) for _, bias in self.layers]

    def joined(self) -> Tensor:
        """The first layers as they are now, side by side: [d_x, M * h]. A copy, unless it lies so."""
        W = self.layers[0][0]
        return W[0] if len(W) == 1 and W[0].is_contiguous() else W.permute(1, 0, 2).flatten(1)


def _mm(a: Tensor, b: Tensor, bf16: bool) -> Tensor:
    return torch.mm(a.bfloat16(), b.bfloat16()).to(a.dtype) if bf16 else torch.mm(a, b)


def _bmm(a: Tensor, b: Tensor, bf16: bool) -> Tensor:
    return torch.bmm(a.bfloat16(), b.bfloat16()).to(a.dtype) if bf16 else torch.bmm(a, b)


def forward(of: Operands, joined: Tensor, inputs: Inputs, bf16: bool = False) -> Tensor:
    """Pre-activations [M, B, K] of the output layer for inputs shared by all members.

    Args:
        of: the members' weights and biases.
        joined: their first layers, `of.joined()`, made once for many calls.
        inputs: of B samples.
        bf16: round the operands of every product to bfloat16.
    """
    z = first_product(cut_rows(joined, inputs.head.shape[0]), inputs, bf16)
    return activations(of, z.view(len(of.layers[0][0]), -1, len(inputs)), bf16)[-1].transpose(1, 2)


def activations(of: Operands, z: Tensor, bf16: bool) -> list[Tensor]:
    """Outputs [M, units, B] of every layer, ReLU on all but the last, from the first one's product."""
    last = len(of.columns) - 1
    kept: list[Tensor] = []
    for depth, bias in enumerate(of.columns):
        if depth:
            z = _bmm(of.products[depth][1], kept[-1], bf16)
        z.add_(bias)
        kept.append(z.relu_() if depth < last else z)
    return kept


def cut_rows(rows: Tensor, head: int) -> Rows:
    """Rows [d_x, columns] of a first layer or its gradient, as the two functions below take them."""
    return rows[:head], rows[:head].t(), rows[head:]


def first_product(weights: Rows, inputs: Inputs, bf16: bool = False) -> Tensor:
    """First-layer weights by the inputs that are not 0, [columns, B]."""
    _, head, tail = weights
    if inputs.tail is None or inputs.places is None:
        return _mm(head, inputs.head, bf16)
    chosen = tail.index_select(0, inputs.places).t()
    if not head.shape[1]:
        return _mm(chosen, inputs.tail, bf16)
    if bf16:
        return _mm(head, inputs.head, bf16) + _mm(chosen, inputs.tail, bf16)
    return torch.mm(head, inputs.head).addmm_(chosen, inputs.tail)


def first_gradient(into: Rows, slope: Tensor, inputs: Inputs, bf16: bool = False) -> None:
    """Writes X^T slope from slopes [B, columns]; the rows of inputs that are 0 on all samples are 0."""
    head, _, tail = into
    if bf16:
        head.copy_(_mm(inputs.head, slope, bf16))
    elif len(head):
        torch.mm(inputs.head, slope, out=head)
    if inputs.tail is not None and inputs.places is not None:
        tail.zero_().index_copy_(0, inputs.places, _mm(inputs.tail, slope, bf16))


def gradients(
    of: Operands,
    x: Tensor,
    y: Tensor,
    output: str,
    loss: str,
    into: Operands,
    bf16: bool = False,
) -> None:
    """Writes the gradient of each member's mean loss on its own minibatch into `into`, shaped like `of`.

    Back-propagation by hand: three matrix products a layer and no graph to build.

    Args:
        of: the members' weights and biases.
        x: inputs [M, d_x, B] of the minibatches.
        y: targets [M, B, K].
        output: output activation.
        loss: loss name.
        into: receives the gradients.
        bf16: round the operands of every product to bfloat16.
    """
    z = _bmm(of.products[0][1], x, bf16)
    slope = behind_first(of, z, y, output, loss, into, bf16)
    _write(into.products[0][1], slope, x.transpose(1, 2), bf16)


def behind_first(
    of: Operands, z: Tensor, y: Tensor, output: str, loss: str, into: Operands, bf16: bool = False
) -> Tensor:
    """Gradients of all but the first layer's weights, from that layer's product z [M, h, B].

    Returns:
        The slope [M, h, B] of each member's loss with respect to z; the first gradient is slope times x.
    """
    kept = activations(of, z, bf16)
    slopes = backward(of, kept, y, output, loss, bf16)
    write_behind_first(into, kept, slopes, bf16)
    return slopes[0]


def backward(
    of: Operands, kept: Sequence[Tensor], y: Tensor, output: str, loss: str, bf16: bool = False
) -> list[Tensor]:
    """Slopes [M, units, B] of each member's mean loss with respect to every layer's product, the first first.

    Args:
        of: the members' weights and biases.
        kept: outputs of every layer, see `activations`.
        y: targets [M, B, K].
        output: output activation.
        loss: loss name.
        bf16: round the operands of every product to bfloat16.
    """
    slopes = [loss_gradient(kept[-1].transpose(1, 2), y, output, loss).transpose(1, 2)]
    for depth in range(len(kept) - 1, 0, -1):
        slope = _bmm(of.products[depth][0], slopes[0], bf16)
        # What autograd calls for ReLU: one pass, and no mask of booleans, which costs five
        # times as much on a CPU. The subgradient of max(z, 0) at 0 is taken as 0.
        torch.ops.aten.threshold_backward.grad_input(slope, kept[depth - 1], 0, grad_input=slope)
        slopes.insert(0, slope)
    return slopes


def write_behind_first(
    into: Operands, kept: Sequence[Tensor], slopes: Sequence[Tensor], bf16: bool = False
) -> None:
    """Writes the gradients of all but the first layer's weights, from outputs and slopes of every layer."""
    for depth, slope in enumerate(slopes):
        torch.sum(slope, 2, out=into.layers[depth][1])
        if depth:
            _write(into.products[depth][1], slope, kept[depth - 1].transpose(1, 2), bf16)


def _write(out: Tensor, a: Tensor, b: Tensor, bf16: bool) -> None:
    if bf16:
        out.copy_(_bmm(a, b, bf16))
    else:
        torch.bmm(a, b, out=out)
