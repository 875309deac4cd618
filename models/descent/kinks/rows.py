"""Gradients of outputs and of pre-activations, as rows whose part in the first layer is never written out.

The gradient of anything at sample i is, in each layer, the outer product of the layer's input at i and of a
vector `delta` of backpropagation. The first layer has most of the weights; there inner products of rows are
those of the samples times those of the deltas. The weights of the other layers, few in small networks, are
written out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from models.descent.kinks.cell import Cell

__all__ = ["Rows", "first_inner", "inner", "kink_rows", "output_rows", "transposed"]


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """n gradients.

    Attributes:
        samples: [n], which sample each is of.
        first: [n, width], deltas of the first layer.
        rest: [n, R], with respect to the weights of all other layers.
    """

    samples: Tensor
    first: Tensor
    rest: Tensor

    def followed_by(self, more: Rows) -> Rows:
        """These rows, then those."""
        return Rows(
            torch.cat([self.samples, more.samples]),
            torch.cat([self.first, more.first]),
            torch.cat([self.rest, more.rest]),
        )


def output_rows(cell: Cell, factor: Tensor) -> Rows:
    """Of factor^T z, sample by sample; factor [m, K, r]."""
    deltas = [factor.mT]
    for layer, active in zip(cell.layers[:0:-1], cell.active[::-1], strict=True):
        deltas.append((deltas[-1] @ layer[:-1].T) * active[:, None])
    samples = torch.arange(len(cell.z), device=cell.z.device).repeat_interleave(factor.shape[2])
    return _written(cell, samples, [delta.flatten(0, 1) for delta in deltas[::-1]])


def kink_rows(cell: Cell, kinks: Tensor) -> Rows:
    """Of the pre-activations at these places [n] of the flat [m, units]."""
    samples, unit = kinks // cell.of.units, kinks % cell.of.units
    widths = cell.of.sizes[1:]
    deltas = [cell.z.new_zeros(len(kinks), widths[-1])]
    start = cell.of.units
    for index in range(len(cell.before) - 1, -1, -1):
        start -= widths[index]
        own = (unit - start).unsqueeze(1) == torch.arange(widths[index], device=kinks.device)
        above = deltas[-1] @ cell.layers[index + 1][:-1].T
        deltas.append(torch.where(own, 1.0, above * cell.active[index][samples]))
    return _written(cell, samples, deltas[::-1])


def _written(cell: Cell, samples: Tensor, deltas: Sequence[Tensor]) -> Rows:
    parts = [
        (h[samples][:, :, None] * delta[:, None]).flatten(1)
        for h, delta in zip(cell.inputs[1:], deltas[1:], strict=True)
    ]
    return Rows(samples, deltas[0], torch.cat(parts, 1))


def first_inner(cell: Cell, one: Rows, other: Rows) -> Tensor:
    """Inner products [n, n'] in the first layer."""
    # The fewer are picked first: the second pick goes over what the first has left.
    if len(other.samples) < len(one.samples):
        samples = cell.of.gram[other.samples][:, one.samples].T
    else:
        samples = cell.of.gram[one.samples][:, other.samples]
    return (one.first @ other.first.T).mul_(samples)


def inner(cell: Cell, one: Rows, other: Rows) -> Tensor:
    """Inner products [n, n']."""
    return first_inner(cell, one, other).addmm_(one.rest, other.rest.T)


def transposed(cell: Cell, rows: Rows, by: Tensor) -> list[Tensor]:
    """The sum of the rows times `by` [n], layer by layer as weights are."""
    first = cell.inputs[0][rows.samples].T @ (rows.first * by[:, None])
    return [first, *cell.split(by @ rows.rest)]
