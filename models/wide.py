"""A wide network trained alone: its inputs in two parts, each with its product, gradient and optimiser.

The first layer holds nearly all parameters. Each part of its inputs adds a product to the hidden units, and
from their slopes every part's gradient follows; the small rest of the network stands in between. So two
threads can train one network, a part each, and exchange one product a step: each computes the rest for
itself, from the same numbers by the same operations. One thread does the parts in turn. Both add the two
products in the same order, so the bytes are the same.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from queue import SimpleQueue

import torch
from torch import Tensor

from models.adam import Adam
from models.backend import Backend
from models.ensemble import (
    Layers,
    Operands,
    behind_first,
    cut_rows,
    first_gradient,
    first_product,
    rest_views,
)
from models.experiment import Experiment
from models.inputs import Inputs, even_cut, head_size
from models.minibatches import InputsInUse, targets_by_network
from models.shards import Shard
from models.threads import Lane

__all__ = ["WideNetwork", "input_halves"]


def input_halves(x: Tensor, batch: int, units: int) -> tuple[InputsInUse, InputsInUse]:
    """Readers of the two parts of the inputs, for all networks.

    Args:
        x: inputs [m, d_x] of the training set, ordered by use.
        batch: samples in a minibatch.
        units: hidden units that read them.
    """
    head = head_size(x, batch, units)
    cut = even_cut(x, batch, head)
    return InputsInUse(x[:, :cut], min(head, cut)), InputsInUse(x[:, cut:], max(head - cut, 0))


class _Part:
    """Some inputs' rows of the first layer: what they add to the hidden units, and their updates."""

    def __init__(self, rows: Tensor, moments: tuple[Tensor, Tensor], reader: InputsInUse, lr: float) -> None:
        self.reader, gradient = reader, torch.empty_like(rows)  # overwritten at every step
        head = reader.inputs - reader.tail
        self._weights, self._gradient = cut_rows(rows, head), cut_rows(gradient, head)
        self.adam = Adam(rows, gradient, lr, fused=True, moments=moments)

    def product(self, inputs: Inputs, bf16: bool) -> Tensor:
        return first_product(self._weights, inputs, bf16)

    def step(self, slope: Tensor, inputs: Inputs, bf16: bool) -> None:
        first_gradient(self._gradient, slope, inputs, bf16)
        self.adam.step()


class _Rest:
    """The network behind its first product: the biases, the later layers, and their updates."""

    def __init__(
        self,
        rest: Tensor,
        moments: tuple[Tensor, Tensor],
        weights: Operands,
        sizes: tuple[int, ...],
        lr: float,
    ) -> None:
        self.rest, gradient = rest, torch.zeros_like(rest)
        first = weights.layers[0][0]  # takes no part here
        self._weights, self._gradient = (
            Operands([(first, bias), *later])
            for bias, later in (rest_views(rest, sizes), rest_views(gradient, sizes))
        )
        self.adam = Adam(rest, gradient, lr, fused=True, moments=moments)

    def slope(self, z: Tensor, y: Tensor, spec: Experiment, bf16: bool) -> Tensor:
        """Takes the step behind the product z [h, B]; returns the slope [B, h] of the loss along z."""
        slope = behind_first(self._weights, z.unsqueeze(0), y, spec.output, spec.loss, self._gradient, bf16)
        self.adam.step()
        return slope[0].t()

    def copy(self, other: _Rest) -> None:
        """Becomes the other."""
        for mine, theirs in zip((self.rest, *self.adam.state), (other.rest, *other.adam.state), strict=True):
            mine.copy_(theirs)


class WideNetwork(Shard):
    """A shard of one network.

    Args:
        members: its place in the ensemble.
        layers: weights and biases that it starts from.
        halves: readers of its inputs.
        y: targets [K, m] of the training set.
        spec: output, loss, batch and learning rate.
        backend: device and arithmetic.
    """

    def __init__(
        self,
        members: slice,
        layers: Layers,
        halves: tuple[InputsInUse, InputsInUse],
        y: Tensor,
        spec: Experiment,
        backend: Backend,
    ) -> None:
        super().__init__(members, layers, y.shape[1], backend, by_input=True)
        self._y, self._spec, self._bf16 = y, spec, backend.precision == "bf16"
        d_x, h = self.sizes[:2]
        first, rest = (
            [whole[:, part] for whole in (self.buffer, *self.moments)]
            for part in (slice(d_x * h), slice(d_x * h, None))
        )
        by_part = [whole[0].view(d_x, h).split([half.inputs for half in halves]) for whole in first]
        self._parts = [
            _Part(rows, (exp_avg, exp_avg_sq), reader, spec.learning_rate)
            for rows, exp_avg, exp_avg_sq, reader in zip(*by_part, halves, strict=True)
        ]
        self._rest = _Rest(rest[0], (rest[1], rest[2]), self.weights, self.sizes, spec.learning_rate)
        twin = [torch.zeros_like(whole) for whole in rest]
        self._twin = _Rest(twin[0], (twin[1], twin[2]), self.weights, self.sizes, spec.learning_rate)
        self.counters = tuple(one.adam.steps for one in (self._rest, *self._parts))

    def train(self, order: Tensor) -> None:
        """Steps through these samples [1, n], a minibatch at a time."""
        spec, (first, second) = self._spec, self._parts
        for a, b, y in zip(
            first.reader.minibatches(order[0], spec.batch),
            second.reader.minibatches(order[0], spec.batch),
            targets_by_network(self._y, order, spec.batch),
            strict=True,
        ):
            z = first.product(a, self._bf16).add_(second.product(b, self._bf16))
            slope = self._rest.slope(z, y, spec, self._bf16)
            first.step(slope, a, self._bf16)
            second.step(slope, b, self._bf16)

    def lanes(self, order: Tensor) -> list[Lane]:
        """The same in two halves, which must run at once: each waits for the other at every step."""
        self._twin.copy(self._rest)
        here, there = SimpleQueue(), SimpleQueue()
        return [
            Lane(partial(self._train_part, order, 0), here, there),
            Lane(partial(self._train_part, order, 1), there, here),
        ]

    def _train_part(self, order: Tensor, side: int, swap: Callable[[Tensor], Tensor]) -> None:
        spec, part, rest = self._spec, self._parts[side], (self._rest, self._twin)[side]
        for inputs, y in zip(
            part.reader.minibatches(order[0], spec.batch),
            targets_by_network(self._y, order, spec.batch),
            strict=True,
        ):
            mine = part.product(inputs, self._bf16)
            theirs = swap(mine)
            z = theirs + mine if side else mine + theirs  # in one order: it matters to the bits of a NaN
            part.step(rest.slope(z, y, spec, self._bf16), inputs, self._bf16)
