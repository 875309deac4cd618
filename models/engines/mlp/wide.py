"""A wide network trained alone: its inputs in two parts, each with its product, gradient and optimiser.

The first layer holds nearly all parameters. Each part of its inputs adds a product to the hidden units, and
from their slopes every part's gradient follows; the small rest of the network stands in between. So two
threads can train one network, a part each. One hands over its product and, while the other takes the step of
the rest, gathers the next minibatch for both: the rest is a score of operations of microseconds, at which two
threads of one interpreter would be in each other's way. One thread does all of it in turn; the operations and
their operands are the same, so the bytes are.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

import torch
from torch import Tensor

from models.backend import Execution
from models.engines.mlp.adam import Adam
from models.engines.mlp.ensemble import (
    Layers,
    Operands,
    activations,
    backward,
    cut_rows,
    first_gradient,
    first_product,
    rest_views,
    write_behind_first,
)
from models.engines.mlp.inputs import Inputs, even_cut, head_size
from models.engines.mlp.minibatches import InputsInUse, targets_by_network
from models.engines.mlp.shards import Shard, learning_rate
from models.engines.threads import Exchange, Lane, lanes
from models.experiment import Experiment

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
        slope = slope[0].t()  # [B, h]
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

    def outputs(self, z: Tensor, bf16: bool) -> list[Tensor]:
        """Outputs of every layer, behind the product z [h, B] of the first."""
        return activations(self._weights, z.unsqueeze(0), bf16)

    def slopes(self, outputs: Sequence[Tensor], y: Tensor, spec: Experiment, bf16: bool) -> list[Tensor]:
        """Of the loss along every layer's product; the first is what the parts ask for."""
        return backward(self._weights, outputs, y, spec.objective.output, spec.objective.loss, bf16)

    def step(self, outputs: Sequence[Tensor], slopes: Sequence[Tensor], bf16: bool) -> None:
        write_behind_first(self._gradient, outputs, slopes, bf16)
        self.adam.step()


class WideNetwork(Shard):
    """A shard of one network.

    Args:
        members: its place in the ensemble.
        layers: weights and biases that it starts from.
        halves: readers of its inputs.
        y: targets [K, m] of the training set.
        spec: output, loss, batch and learning rate.
        on: device and arithmetic.
    """

    def __init__(
        self,
        members: slice,
        layers: Layers,
        halves: tuple[InputsInUse, InputsInUse],
        y: Tensor,
        spec: Experiment,
        on: Execution,
    ) -> None:
        super().__init__(members, layers, y.shape[1], on, by_input=True)
        self._y, self._spec, self._bf16 = y, spec, on.precision == "bf16"
        lr, (d_x, h) = learning_rate(spec), self.sizes[:2]
        first, rest = (
            [whole[:, part] for whole in (self.buffer, *self.moments)]
            for part in (slice(d_x * h), slice(d_x * h, None))
        )
        by_part = [whole[0].view(d_x, h).split([half.inputs for half in halves]) for whole in first]
        self.parts = [
            _Part(rows, (exp_avg, exp_avg_sq), reader, lr)
            for rows, exp_avg, exp_avg_sq, reader in zip(*by_part, halves, strict=True)
        ]
        self._rest = _Rest(rest[0], (rest[1], rest[2]), self.weights, self.sizes, lr)
        self.counters = (self._rest.adam.steps, *(part.adam.steps for part in self.parts))

    def train(self, order: Tensor) -> None:
        """Steps through these samples [1, n], a minibatch at a time."""
        (first, second), bf16 = self.parts, self._bf16
        for a, b, y in self._minibatches(order):
            z = first.product(a, bf16).add_(second.product(b, bf16))
            outputs = self._rest.outputs(z, bf16)
            slopes = self._rest.slopes(outputs, y, self._spec, bf16)
            self._rest.step(outputs, slopes, bf16)
            first.step(slopes[0], a, bf16)
            second.step(slopes[0], b, bf16)

    def lanes(self, order: Tensor) -> list[Lane]:
        """The same in two lanes, which must run at once: each waits for the other at every step."""
        return lanes(
            partial(self._lead, -(-order.shape[1] // self._spec.budget.batch)), partial(self._follow, order)
        )

    def _minibatches(self, order: Tensor) -> Iterator[tuple[Inputs, Inputs, Tensor]]:
        """Each minibatch's inputs of the two parts, and its targets."""
        first, second = (part.reader.minibatches(order[0], self._spec.budget.batch) for part in self.parts)
        return zip(first, second, targets_by_network(self._y, order, self._spec.budget.batch), strict=True)

    def _lead(self, steps: int, exchange: Exchange) -> None:
        """The first part and the rest."""
        part, bf16 = self.parts[0], self._bf16
        for _ in range(steps):
            inputs, y = exchange.take()
            z = part.product(inputs, bf16).add_(exchange.take())
            outputs = self._rest.outputs(z, bf16)
            slopes = self._rest.slopes(outputs, y, self._spec, bf16)
            exchange.give(slopes[0])
            self._rest.step(outputs, slopes, bf16)
            part.step(slopes[0], inputs, bf16)

    def _follow(self, order: Tensor, exchange: Exchange) -> None:
        """The second part, and the minibatches of both."""
        part, bf16 = self.parts[1], self._bf16
        minibatches = self._minibatches(order)
        upcoming = next(minibatches, None)
        if upcoming is not None:
            exchange.give((upcoming[0], upcoming[2]))
        while upcoming is not None:
            _, inputs, _ = upcoming
            exchange.give(part.product(inputs, bf16))
            upcoming = next(minibatches, None)
            if upcoming is not None:
                exchange.give((upcoming[0], upcoming[2]))
            part.step(exchange.take(), inputs, bf16)
