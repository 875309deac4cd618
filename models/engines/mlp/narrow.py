"""Networks trained together by batched products: a layer is one call for all of them.

For networks whose products are too small to be worth a call each, and for accelerators.
"""

from __future__ import annotations

import torch
from torch import Tensor

from models.backend import Execution
from models.engines.mlp.adam import Adam
from models.engines.mlp.ensemble import Layers, Operands, gradients, layer_views
from models.engines.mlp.minibatches import inputs_by_network, targets_by_network
from models.engines.mlp.shards import Shard, learning_rate
from models.experiment import Experiment

__all__ = ["NarrowNetworks"]


class NarrowNetworks(Shard):
    """A shard of networks that share every call.

    Args:
        members: their places in the ensemble.
        layers: weights and biases that they start from.
        x: inputs [m, d_x] of the training set.
        y: its targets [K, m].
        spec: output, loss, batch and learning rate.
        on: device and arithmetic.
    """

    def __init__(
        self, members: slice, layers: Layers, x: Tensor, y: Tensor, spec: Experiment, on: Execution
    ) -> None:
        super().__init__(members, layers, len(x), on, by_input=False)
        self._x, self._y, self._spec, self._bf16 = x, y, spec, on.precision == "bf16"
        gradient = torch.zeros_like(self.buffer)
        self._gradient = Operands(layer_views(gradient, self.sizes))
        fused = on.kind != "mps"
        self._adam = Adam(self.buffer, gradient, learning_rate(spec), fused=fused, moments=self.moments)
        self.counters = (self._adam.steps,)

    def train(self, order: Tensor) -> None:
        """Steps through these samples [M, n] of every network, a minibatch at a time."""
        spec = self._spec
        inputs = inputs_by_network(self._x, order, spec.budget.batch)
        for x, y in zip(inputs, targets_by_network(self._y, order, spec.budget.batch), strict=True):
            gradients(
                self.weights, x, y, spec.objective.output, spec.objective.loss, self._gradient, self._bf16
            )
            self._adam.step()
