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
from models.ensemble import Layers, Operands, behind_first, first_gradient, first_product, rest_views
from models.experiment import Experiment
from models.inputs import Inputs, even_cut, head_size
from models.minibatches import InputsInUse, targets_by_network
from models.shards import Shard

__all__ = ["WideNetwork"]


class _Part:
    """Some inputs' rows of the first layer: what they add to the hidden units, and their updates."""

    def __init__(self, rows: Tensor, moments: tuple[Tensor, Tensor], reader: InputsInUse, lr: float) -> None:
        self._rows, self._gradient, self.reader = rows, torch.zeros_like(rows), reader
        self.adam = Adam(rows, self._gradient, lr, fused=True, moments=moments)

    def product(self, inputs: Inputs, bf16: bool) -> Tensor:
        return first_product(self._rows, inputs, bf16)

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


class _Exchange:
    """Two threads that give each other something, over and over."""

    def __init__(self) -> None:
        self._queues: tuple[SimpleQueue[Tensor | None], ...] = (SimpleQueue(), SimpleQueue())

    def swap(self, side: int, mine: Tensor) -> Tensor:
        """Hands over what is mine and waits for the other's."""
        self._queues[1 - side].put(mine)
        theirs = self._queues[side].get()
        if theirs is None:
            raise RuntimeError("the thread that trains the network's other part has failed")
        return theirs

    def abandon(self, side: int) -> None:
        """Lets the other thread fail too, which would wait for ever."""
        self._queues[1 - side].put(None)


class WideNetwork(Shard):
    """A shard of one network.

    Args:
        members: its place in the ensemble.
        layers: weights and biases that it starts from.
        x: inputs [m, d_x] of the training set, ordered by use.
        y: its targets [K, m].
        spec: output, loss, batch and learning rate.
        backend: device and arithmetic.
    """

    def __init__(
        self, members: slice, layers: Layers, x: Tensor, y: Tensor, spec: Experiment, backend: Backend
    ) -> None:
        super().__init__(members, layers, len(x), backend, by_input=True)
        self._y, self._spec, self._bf16 = y, spec, backend.precision == "bf16"
        d_x, h = self.sizes[:2]
        head = head_size(x, spec.batch, h)
        cut = even_cut(x, spec.batch, head)
        first, rest = (
            [whole[:, part] for whole in (self.buffer, *self.moments)]
            for part in (slice(d_x * h), slice(d_x * h, None))
        )
        self._parts = []
        for inputs in (slice(cut), slice(cut, d_x)):
            rows, *moments = (whole.unflatten(1, (d_x, h))[0, inputs] for whole in first)
            start, stop, _ = inputs.indices(d_x)
            reader = InputsInUse(x[:, inputs], min(max(head - start, 0), stop - start))
            self._parts.append(_Part(rows, tuple(moments), reader, spec.learning_rate))
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

    def lanes(self, order: Tensor) -> list[Callable[[], None]]:
        """The same in two halves, which must run at once: each waits for the other at every step."""
        self._twin.copy(self._rest)
        exchange = _Exchange()
        return [partial(self._lane, order, side, exchange) for side in (0, 1)]

    def _lane(self, order: Tensor, side: int, exchange: _Exchange) -> None:
        spec, part, rest = self._spec, self._parts[side], (self._rest, self._twin)[side]
        try:
            for inputs, y in zip(
                part.reader.minibatches(order[0], spec.batch),
                targets_by_network(self._y, order, spec.batch),
                strict=True,
            ):
                mine = part.product(inputs, self._bf16)
                theirs = exchange.swap(side, mine)
                z = theirs + mine if side else mine + theirs  # in one order: it matters to the bits of a NaN
                part.step(rest.slope(z, y, spec, self._bf16), inputs, self._bf16)
        except BaseException:
            exchange.abandon(side)
            raise
