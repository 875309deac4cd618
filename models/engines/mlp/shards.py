"""The ensemble cut into shards, which train side by side on threads.

Every product runs on one thread, so that the bytes do not depend on how many there are; a machine's cores
are used by training several shards at once. The cut depends on the ensemble and the device alone, and no
network's numbers on where the cut falls: a shard is a single network (`mlp.wide`), or quadruples whose
batched products and elementwise operations give a network the same bytes in any company (`mlp.narrow`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from torch import Tensor

from models.backend import Execution
from models.engines.mlp.ensemble import Layers, Operands, layer_views, rows
from models.experiment import QUADRUPLE, Experiment
from models.optimisers.adam import Adam
from models.parts.seeds import minibatch_order

__all__ = ["Shard", "is_wide", "learning_rate", "shard_sizes"]

_WIDE = 100_000
"""Parameters from which a network is a shard of its own.

With Adam's two moments and the gradient one of the paper's wide networks is 6 MB, which stays in the cache
from step to step; two or four of them a shard were 15 % slower.
"""

_SHARD_PARAMETERS = 100_000
"""Parameters of a shard of narrow networks, sixteen of the 784-10-10-10: batched products spare them the
operations' overhead, and the paper's 32 networks still occupy two threads."""


def learning_rate(spec: Experiment) -> float:
    """The step size of the one optimiser that the shards know."""
    assert isinstance(spec.optimiser, Adam)
    return spec.optimiser.learning_rate


def is_wide(parameters: int) -> bool:
    """Whether a network of so many parameters trains alone on a CPU."""
    return parameters >= _WIDE


def shard_sizes(members: int, parameters: int, kind: str) -> list[int]:
    """Members of each shard: one where they are wide, else quadruples; accelerators take all at once."""
    if kind != "cpu":
        return [members]
    if is_wide(parameters):
        return [1] * members
    quadruples = max(1, members // QUADRUPLE)
    shards = min(quadruples, max(1, round(members * parameters / _SHARD_PARAMETERS)))
    sizes = [QUADRUPLE * (quadruples // shards + (index < quadruples % shards)) for index in range(shards)]
    sizes[-1] += members - sum(sizes)  # a benchmark may train networks that are no whole quadruples
    return sizes


class Shard:
    """A few networks that train together: their parameters and moments over one buffer each.

    Args:
        members: their places in the ensemble.
        layers: weights and biases that they start from.
        samples: in the training set.
        on: device and arithmetic.
        by_input: how the first layer lies, see `models.engines.mlp.ensemble.layer_views`.

    Attributes:
        buffer: [M, row] parameters, a row a network, as `models.engines.mlp.ensemble.layer_views` reads them.
        moments: Adam's two, of the same shape.
        weights: the parameters as layers.
        judged: the same a quadruple at a time, as evaluations take them.
        order: [M, m] in which order each network sees the samples in this epoch.
        counters: the steps taken, wherever an optimiser counts them: all the same number.
    """

    counters: Sequence[Tensor]

    def __init__(self, members: slice, layers: Layers, samples: int, on: Execution, by_input: bool) -> None:
        self.members = members
        self.sizes = (layers[0][0].shape[1], *(W.shape[2] for W, _ in layers))
        self.buffer = rows(layers, by_input, on.dtype).to(on.device)
        self.moments = torch.zeros_like(self.buffer), torch.zeros_like(self.buffer)
        self.weights = Operands(layer_views(self.buffer, self.sizes, by_input))
        # One product for the first layers of an evaluation rounds by how many it serves: on the CPU always a
        # quadruple's. An accelerator's kernels promise nothing of the kind, and prefer large products.
        parts = self.buffer.split(QUADRUPLE) if on.kind == "cpu" else [self.buffer]
        self.judged = [Operands(layer_views(part, self.sizes, by_input)) for part in parts]
        self.order = torch.empty(len(self.buffer), samples, dtype=torch.int64, device=on.device)

    def draw_order(self, epoch: int, seeds: Sequence[int]) -> None:
        """Fills in the order of the epoch from the members' seeds."""
        for row, seed in zip(self.order, seeds, strict=True):
            row.copy_(minibatch_order(len(row), epoch, seed))

    def train(self, order: Tensor) -> None:
        """Steps through these samples [M, n] of every network, a minibatch at a time."""
        raise NotImplementedError

    def state(self) -> dict[str, np.ndarray]:
        """What training changes, by name."""
        tensors = {"buffer": self.buffer, "exp_avg": self.moments[0], "exp_avg_sq": self.moments[1]}
        state = {name: tensor.cpu().numpy() for name, tensor in tensors.items()}
        return state | {"steps": self.counters[0].cpu().numpy().reshape(1)}

    def load(self, state: Mapping[str, np.ndarray]) -> None:
        """Puts back what `state()` gave."""
        tensors = {"buffer": self.buffer, "exp_avg": self.moments[0], "exp_avg_sq": self.moments[1]}
        for name, tensor in tensors.items():
            tensor.copy_(torch.from_numpy(state[name].copy()).view_as(tensor))
        for counter in self.counters:
            counter.fill_(float(state["steps"][0]))
