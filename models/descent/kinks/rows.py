"""Gradients of outputs and of pre-activations as rows that are never written out.

The gradient of anything at sample i is, in each layer, the outer product of the layer's input at i and of a
vector `delta` of backpropagation. Inner products of rows are sums over layers of the inputs' inner product
times that of the deltas: all products of Jacobians that a step needs come without a Jacobian.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from models.descent.kinks.cell import Cell

__all__ = ["Rows", "inner", "kink_rows", "output_rows", "transposed"]


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """n gradients.

    Attributes:
        samples: [n], which sample each is of; None for every sample's K outputs in turn.
        deltas: [n, fan_out] of each layer.
    """

    samples: Tensor | None
    deltas: tuple[Tensor, ...]

    def followed_by(self, more: Rows) -> Rows:
        """These rows, then those; of kinks."""
        assert self.samples is not None
        assert more.samples is not None
        deltas = tuple(torch.cat(pair) for pair in zip(self.deltas, more.deltas, strict=True))
        return Rows(torch.cat([self.samples, more.samples]), deltas)


def output_rows(cell: Cell, factor: Tensor) -> Rows:
    """Of factor^T z, sample by sample; factor [m, K, r]."""
    deltas = [factor.mT]
    for layer, active in zip(cell.layers[:0:-1], cell.active[::-1], strict=True):
        deltas.append((deltas[-1] @ layer[:-1].T) * active[:, None])
    return Rows(None, tuple(delta.flatten(0, 1) for delta in deltas[::-1]))


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
    return Rows(samples, tuple(deltas[::-1]))


def inner(cell: Cell, one: Rows, other: Rows) -> Tensor:
    """Inner products [n, n'] of rows."""
    total = None
    for gram, a, b in zip(cell.grams, one.deltas, other.deltas, strict=True):
        chosen = _picked(_picked(gram, one, len(a)).T, other, len(b)).T
        product = (a @ b.T).mul_(chosen)
        total = product if total is None else total.add_(product)
    assert total is not None
    return total


def _picked(gram: Tensor, rows: Rows, count: int) -> Tensor:
    if rows.samples is not None:
        return gram[rows.samples]
    return gram if count == len(gram) else gram.repeat_interleave(count // len(gram), 0)


def transposed(cell: Cell, rows: Rows, by: Tensor) -> list[Tensor]:
    """The sum of the rows times `by` [n], layer by layer as weights are."""
    found = []
    for h, delta in zip(cell.inputs, rows.deltas, strict=True):
        scaled = delta * by[:, None]
        if rows.samples is None:
            found.append(h.T @ scaled.view(len(h), -1, delta.shape[1]).sum(1))
        else:
            found.append(h[rows.samples].T @ scaled)
    return found
