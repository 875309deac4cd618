"""The fast engine: fully connected ReLU networks under Adam, back-propagation by hand, on any device.

Inputs that are 0 on a whole minibatch are left out of its products (`inputs`), wide networks train alone and
narrow ones together (`shards`), and a GPU replays an epoch as one graph (`epoch_graph`). What a network
becomes never depends on how many threads there were.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from models.backend import Execution, thread_count
from models.engines.mlp.ensemble import Layers, parameter_count
from models.engines.mlp.epoch_graph import EpochGraph
from models.engines.mlp.evaluation import Evaluation
from models.engines.mlp.inputs import order_by_use
from models.engines.mlp.narrow import NarrowNetworks
from models.engines.mlp.shards import Shard, is_wide, shard_sizes
from models.engines.mlp.wide import WideNetwork, input_halves
from models.engines.threads import Threads
from models.engines.view import SIDES, Judged, NetworksView, early_view, joined
from models.experiment import QUADRUPLE, Experiment
from models.initialisations.initialisation import initial_parameters
from models.networks.mlp import MLP, layers_of
from models.parts.seeds import initial_seeds, order_seeds
from models.recorders.pairs import weight_differences

if TYPE_CHECKING:
    from data import Dataset
    from models.recorders.view import Side, View

__all__ = ["Engine"]


class Engine:
    """See `models.engines.engine.Engine`."""

    def __init__(
        self,
        spec: Experiment,
        data: Dataset,
        on: Execution,
        threads: int | None,
        numbers: Sequence[int],
    ) -> None:
        assert isinstance(spec.network, MLP)
        self.spec, self.on = spec, on
        # The queue of a CUDA device or a Mac's GPU is fed by the calling thread.
        self.threads = Threads((threads or thread_count()) if on.kind == "cpu" else 0)
        self.order_seeds = order_seeds(spec.networks.seed, numbers)
        x_train, x_test = (torch.from_numpy(np.array(x)) for x in (data.rows_train, data.rows_test))
        y_train, y_test = (torch.from_numpy(np.array(y)) for y in (data.targets_train, data.targets_test))
        self.sizes = spec.network.sizes(x_train.shape[1:], y_train.shape[1])

        # An input that is zero on every sample passes no gradient: its weights
        # keep their initial values under Adam, so they need not take part.
        used = self._used = order_by_use(x_train, x_test)
        groups = [number % len(spec.populations) for number in numbers]
        about = spec.network.parameters(x_train.shape[1:], y_train.shape[1])
        seeds = initial_seeds(spec.networks.seed, numbers).tolist()
        initial = layers_of(initial_parameters(about, spec.initialisation, groups, seeds))
        self._first_layer = initial[0][0].to(on.dtype)
        layers = [(self._first_layer[:, used], initial[0][1]), *initial[1:]]
        x = x_train[:, used].to(on.device, on.dtype)
        y = y_train.t().to(on.device, on.dtype).contiguous()
        self._samples = len(x)
        self.shards = _cut(layers, x, y, spec, on)
        self._graph: EpochGraph | None = None
        classified = data.task == "classification"
        labels = (np.asarray(data.y_train), np.asarray(data.y_test)) if classified else None
        self._data = data
        with on.arithmetic():
            self._evaluations = [
                Evaluation(
                    x[:, used],
                    y,
                    labels[side] if labels else None,
                    spec.objective.output,
                    spec.objective.loss,
                    on,
                )
                for side, (x, y) in enumerate(((x_train, y_train), (x_test, y_test)))
            ]
            self._idle_differences = self._of_idle_weights()

    # -- training ---------------------------------------------------------------------

    def train(self, epoch: int, stops: Sequence[int]) -> list[View]:
        """See `models.engines.engine.Engine`."""
        found = self._train_epoch(epoch, stops)
        return [early_view(self.spec, self._data, len(self.order_seeds), judged) for judged in found]

    def _train_epoch(self, epoch: int, stops: Sequence[int]) -> list[Judged]:
        """What all networks were on the training side after each of these steps."""
        with self.on.arithmetic():
            self.threads.each(lambda shard: self._draw_order(shard, epoch), self.shards)
            if self.on.kind == "cuda" and not stops:
                self._replayed().replay()
                return []
            if self._spare_threads:
                return self._train_in_lanes(stops)
            by_shard = self.threads.each(lambda shard: self._train(shard, stops), self.shards)
            return [joined(parts) for parts in zip(*by_shard, strict=True)]

    def _draw_order(self, shard: Shard, epoch: int) -> None:
        shard.draw_order(epoch, self.order_seeds[shard.members].tolist())

    def _stretches(self, stops: Sequence[int]) -> list[slice]:
        """The epoch's samples, in the order they are seen, cut after these steps."""
        batch = self.spec.budget.batch
        return [slice(a * batch, b * batch) for a, b in pairwise((0, *stops, self._steps))]

    @property
    def _steps(self) -> int:
        return -(-self._samples // self.spec.budget.batch)

    def _train(self, shard: Shard, stops: Sequence[int]) -> list[Judged]:
        found: list[Judged] = []
        for stretch in self._stretches(stops):
            shard.train(shard.order[:, stretch])
            if len(found) < len(stops):
                found.append(self._judge(shard, 0))
        return found

    @property
    def _spare_threads(self) -> bool:
        """Whether every shard can have two threads at once."""
        return len(self._wide) == len(self.shards) and 2 * len(self.shards) <= self.threads.count

    @property
    def _wide(self) -> list[WideNetwork]:
        return [shard for shard in self.shards if isinstance(shard, WideNetwork)]

    def _train_in_lanes(self, stops: Sequence[int]) -> list[Judged]:
        found: list[Judged] = []
        for stretch in self._stretches(stops):
            lanes = [lane for shard in self._wide for lane in shard.lanes(shard.order[:, stretch])]
            self.threads.together(lanes)
            if len(found) < len(stops):
                found.append(self._judge_all(0))
        return found

    def _replayed(self) -> EpochGraph:
        """The epoch as a CUDA graph; accelerators hold the whole ensemble in one shard."""
        if self._graph is None:
            (shard,) = self.shards
            batch, last = self.spec.budget.batch, (self._steps - 1) * self.spec.budget.batch

            def warm_up() -> None:  # both shapes of a minibatch
                for part in (shard.order[:, :batch], shard.order[:, last:]):
                    shard.train(part)

            state = (shard.buffer, *shard.moments, *shard.counters)
            self._graph = EpochGraph(lambda: shard.train(shard.order), warm_up, state)
        return self._graph

    # -- recording --------------------------------------------------------------------

    def view(self) -> View:
        """See `models.engines.engine.Engine`."""

        def judge(side: Side) -> Judged:
            with self.on.arithmetic():
                return self._judge_all(SIDES.index(side))

        return NetworksView(
            self.spec, self._data, len(self.order_seeds), judge, self._weight_differences, self.parameters
        )

    def _weight_differences(self) -> tuple[np.ndarray, np.ndarray]:
        with self.on.arithmetic():
            squared, differ = self._differences([row for shard in self.shards for row in shard.buffer])
            return squared + self._idle_differences[0], differ + self._idle_differences[1]

    def _judge_all(self, side: int) -> Judged:
        return joined(self.threads.each(lambda shard: self._judge(shard, side), self.shards))

    def _judge(self, shard: Shard, side: int) -> Judged:
        """The shard's networks as they are now on the training (0) or test (1) side."""
        return joined([self._evaluations[side](of) for of in shard.judged])

    def _differences(self, networks: Sequence[Tensor]) -> tuple[np.ndarray, np.ndarray]:
        """Squared distance [P] and weights that differ [P] of the pairs of each quadruple."""
        last = len(networks) - QUADRUPLE + 1
        quadruples = [networks[start : start + QUADRUPLE] for start in range(0, last, QUADRUPLE)]
        if not quadruples:
            return np.zeros(0), np.zeros(0, dtype=np.int64)
        return joined(self.threads.each(weight_differences, quadruples))

    def _of_idle_weights(self) -> tuple[np.ndarray, np.ndarray]:
        """What weights that never move add to every pair's distance and count."""
        idle = torch.ones(self.sizes[0], dtype=torch.bool)
        idle[self._used] = False
        return self._differences(list(self._first_layer[:, idle].flatten(1)))

    # -- results, stopping and resuming ------------------------------------------------

    def parameters(self) -> dict[str, Tensor]:
        """W1 [M, fan_in, fan_out], b1 [M, fan_out], W2, ..., idle inputs with their initial weights."""
        found: dict[str, Tensor] = {}
        for depth, layer in enumerate(
            zip(*(shard.weights.layers for shard in self.shards), strict=True), start=1
        ):
            W, b = (torch.cat(parts).cpu() for parts in zip(*layer, strict=True))
            if depth == 1:
                first = self._first_layer.clone()
                first[:, self._used] = W
                W = first
            found |= {f"W{depth}": W, f"b{depth}": b}
        return found

    def state(self) -> dict[str, np.ndarray]:
        """See `models.engines.engine.Engine`."""
        return {
            f"shard/{index}/{name}": value
            for index, shard in enumerate(self.shards)
            for name, value in shard.state().items()
        }

    def load(self, state: Mapping[str, np.ndarray]) -> None:
        """See `models.engines.engine.Engine`."""
        for index, shard in enumerate(self.shards):
            head = f"shard/{index}/"
            shard.load({name.removeprefix(head): a for name, a in state.items() if name.startswith(head)})


def _cut(layers: Layers, x: Tensor, y: Tensor, spec: Experiment, on: Execution) -> list[Shard]:
    """The ensemble in shards, each with the members' layers it starts from; x [m, d_x], y [K, m]."""
    parameters = parameter_count((x.shape[1], *(W.shape[2] for W, _ in layers)))
    counts = shard_sizes(len(layers[0][0]), parameters, on.kind)
    members = [slice(*ends) for ends in pairwise(accumulate(counts, initial=0))]
    parts = [[(W[part], b[part]) for W, b in layers] for part in members]
    if on.kind == "cpu" and is_wide(parameters):
        halves = input_halves(x, spec.budget.batch, len(layers[0][1][0]))
        return [WideNetwork(of, own, halves, y, spec, on) for of, own in zip(members, parts, strict=True)]
    return [NarrowNetworks(of, own, x, y, spec, on) for of, own in zip(members, parts, strict=True)]
