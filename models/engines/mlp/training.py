"""The engine: trains an experiment's ensemble and records its trajectories.

Every network has its own initial weights and its own order of minibatches, so that n
networks are n independent draws. What a run records depends on its spec and backend,
never on how many threads or workers there were (`models.engines.mlp.shards`).
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from models.backend import Backend
from models.engines.mlp.ensemble import Layers, parameter_count
from models.engines.mlp.epoch_graph import EpochGraph
from models.engines.mlp.evaluation import Evaluation
from models.engines.mlp.inputs import order_by_use
from models.engines.mlp.narrow import NarrowNetworks
from models.engines.mlp.shards import Shard, is_wide, shard_sizes
from models.engines.mlp.threads import Threads, thread_count
from models.engines.mlp.wide import WideNetwork, input_halves
from models.experiment import QUADRUPLE, Experiment
from models.initialisation import initial_weights
from models.objectives.losses import constant_loss
from models.recorders.pairs import weight_differences
from models.recorders.recorder import Judged, Recorder
from models.seeds import initial_seeds, order_seeds

if TYPE_CHECKING:
    # The arrays are in a run's key, so the code that makes them need not be.
    from data import Dataset

__all__ = ["Trainer"]

_MOST_CLASSES = 255


class Trainer:
    """Trains one experiment epoch by epoch.

    Epoch 0 is recorded at construction; `run_epoch()` trains one epoch and
    records; `state()` and `load()` stop and resume with the same bytes.

    Args:
        spec: the experiment.
        data: its data set.
        backend: device and arithmetic.
        threads: shards trained at once; the result does not depend on it.
        numbers: of the networks to train, the spec's own by default; a benchmark trains one alone.

    Raises:
        ValueError: a cross entropy on a regression, whose targets are no probabilities; more classes than a
            byte tells apart.
    """

    def __init__(
        self,
        spec: Experiment,
        data: Dataset,
        backend: Backend,
        threads: int | None = None,
        numbers: Sequence[int] | None = None,
    ) -> None:
        if data.task == "regression" and spec.loss != "mse":
            raise ValueError(f"got loss {spec.loss!r} on {data.name}, which is a regression: wanted mse")
        if data.classes > _MOST_CLASSES:
            raise ValueError(
                f"got {data.name} with {data.classes} classes, wanted at most {_MOST_CLASSES}: labels are "
                "recorded in a byte"
            )
        self.spec, self.backend = spec, backend
        # The queue of a CUDA device or a Mac's GPU is fed by the calling thread.
        self._threads = Threads((threads or thread_count()) if backend.kind == "cpu" else 0)
        numbers = spec.numbers if numbers is None else numbers
        self.initial_seeds = initial_seeds(spec.seed, numbers)
        self.order_seeds = order_seeds(spec.seed, numbers)
        x_train, x_test = (torch.from_numpy(np.array(x)) for x in (data.rows_train, data.rows_test))
        y_train, y_test = (torch.from_numpy(np.array(y)) for y in (data.targets_train, data.targets_test))
        self.sizes = (x_train.shape[1], *spec.widths, y_train.shape[1])
        self.baseline = (
            constant_loss(y_train, y_train, spec.loss),
            constant_loss(y_train, y_test, spec.loss),
        )

        # An input that is zero on every sample passes no gradient: its weights
        # keep their initial values under Adam, so they need not take part.
        used = self._used = order_by_use(x_train, x_test)
        groups = [number % len(spec.populations) for number in numbers]
        initial = initial_weights(self.sizes, spec.protocol, groups, self.initial_seeds.tolist())
        self._first_layer = initial[0][0].to(backend.dtype)
        layers = [(self._first_layer[:, used], initial[0][1]), *initial[1:]]
        x = x_train[:, used].to(backend.device, backend.dtype)
        y = y_train.t().to(backend.device, backend.dtype).contiguous()
        self._shards = _cut(layers, x, y, spec, backend)
        self._graph: EpochGraph | None = None
        labels = (np.asarray(data.y_train), np.asarray(data.y_test))
        classified = data.task == "classification"
        self.recorder = Recorder(spec, len(numbers), -(-len(x) // spec.batch), labels if classified else None)
        self.epoch = 0
        with backend.arithmetic():
            self._evaluations = [
                Evaluation(x[:, used], y, of if classified else None, spec.output, spec.loss, backend)
                for x, y, of in zip((x_train, x_test), (y_train, y_test), labels, strict=True)
            ]
            self._idle_differences = self._of_idle_weights()
        self.record()

    # -- training ---------------------------------------------------------------------

    def run_epoch(self) -> None:
        """Trains every network for one epoch and records: after it, and at the early steps inside it."""
        self.recorder.inside(self.epoch, self._train_epoch(self.recorder.stops(self.epoch)))
        self.epoch += 1
        self.record()

    def train_epoch(self) -> None:
        """Trains every network for one epoch and records nothing."""
        self._train_epoch(())
        self.epoch += 1

    def _train_epoch(self, stops: Sequence[int]) -> list[Judged]:
        """Trains an epoch; what all networks were on the training side after each of these steps of it."""
        with self.backend.arithmetic():
            self._threads.each(self._draw_order, self._shards)
            if self.backend.kind == "cuda" and not stops:
                self._replayed().replay()
                return []
            if self._spare_threads:
                return self._train_in_lanes(stops)
            by_shard = self._threads.each(lambda shard: self._train(shard, stops), self._shards)
            return [_joined(parts) for parts in zip(*by_shard, strict=True)]

    def _draw_order(self, shard: Shard) -> None:
        shard.draw_order(self.epoch, self.order_seeds[shard.members].tolist())

    def _stretches(self, stops: Sequence[int]) -> list[slice]:
        """The epoch's samples, in the order they are seen, cut after these steps."""
        steps, batch = self.recorder.steps_per_epoch, self.spec.batch
        return [slice(a * batch, b * batch) for a, b in pairwise((0, *stops, steps))]

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
        wide = all(isinstance(shard, WideNetwork) for shard in self._shards)
        return wide and 2 * len(self._shards) <= self._threads.count

    def _train_in_lanes(self, stops: Sequence[int]) -> list[Judged]:
        found: list[Judged] = []
        for stretch in self._stretches(stops):
            lanes = [lane for shard in self._shards for lane in shard.lanes(shard.order[:, stretch])]
            self._threads.together(lanes)
            if len(found) < len(stops):
                found.append(self._judge_all(0))
        return found

    def _replayed(self) -> EpochGraph:
        """The epoch as a CUDA graph; accelerators hold the whole ensemble in one shard."""
        if self._graph is None:
            (shard,) = self._shards
            batch, last = self.spec.batch, (self.recorder.steps_per_epoch - 1) * self.spec.batch

            def warm_up() -> None:  # both shapes of a minibatch
                for part in (shard.order[:, :batch], shard.order[:, last:]):
                    shard.train(part)

            state = (shard.buffer, *shard.moments, *shard.counters)
            self._graph = EpochGraph(lambda: shard.train(shard.order), warm_up, state)
        return self._graph

    # -- recording --------------------------------------------------------------------

    def record(self) -> None:
        """Records the networks as they are now, as the end of an epoch."""
        with self.backend.arithmetic():
            squared, differ = self._differences([row for shard in self._shards for row in shard.buffer])
            squared, differ = squared + self._idle_differences[0], differ + self._idle_differences[1]
            self.recorder.after((self._judge_all(0), self._judge_all(1)), squared, differ)
        if self.epoch in {*self.spec.checkpoints, self.spec.epochs}:
            self.recorder.keep(self.epoch, self.layers())

    def _judge_all(self, side: int) -> Judged:
        return _joined(self._threads.each(lambda shard: self._judge(shard, side), self._shards))

    def _judge(self, shard: Shard, side: int) -> Judged:
        """The shard's networks as they are now on the training (0) or test (1) side."""
        return _joined([self._evaluations[side](of) for of in shard.judged])

    def _differences(self, networks: Sequence[Tensor]) -> tuple[np.ndarray, np.ndarray]:
        """Squared distance [P] and weights that differ [P] of the pairs of each quadruple."""
        last = len(networks) - QUADRUPLE + 1
        quadruples = [networks[start : start + QUADRUPLE] for start in range(0, last, QUADRUPLE)]
        if not quadruples:
            return np.zeros(0), np.zeros(0, dtype=np.int64)
        return _joined(self._threads.each(weight_differences, quadruples))

    def _of_idle_weights(self) -> tuple[np.ndarray, np.ndarray]:
        """What weights that never move add to every pair's distance and count."""
        idle = torch.ones(self.sizes[0], dtype=torch.bool)
        idle[self._used] = False
        return self._differences(list(self._first_layer[:, idle].flatten(1)))

    # -- results ----------------------------------------------------------------------

    @property
    def history(self) -> dict[str, list[np.ndarray]]:
        """What was recorded after every epoch so far, by name."""
        return self.recorder.history

    @property
    def finished(self) -> bool:
        return self.epoch >= self.spec.epochs

    def layers(self) -> list[tuple[Tensor, Tensor]]:
        """All networks' weights [M, fan_in, fan_out] and biases [M, fan_out] now, on the CPU.

        Idle inputs are included, with their initial weights.
        """
        joined = [
            (torch.cat([W for W, _ in layer]).cpu(), torch.cat([b for _, b in layer]).cpu())
            for layer in zip(*(shard.weights.layers for shard in self._shards), strict=True)
        ]
        first = self._first_layer.clone()
        first[:, self._used] = joined[0][0]
        return [(first, joined[0][1]), *joined[1:]]

    def result(self) -> dict[str, np.ndarray]:
        """Trajectories, weights at the checkpoints, seeds and L0: see `models.runs.run.Run`."""
        seeds = {"initial_seeds": self.initial_seeds, "order_seeds": self.order_seeds}
        return self.recorder.result() | seeds | {"baseline": np.array(self.baseline)}

    # -- stopping and resuming --------------------------------------------------------

    def state(self) -> dict[str, np.ndarray]:
        """Everything a later process needs to go on from this epoch."""
        arrays = self.recorder.state() | {"epoch": np.array([self.epoch])}
        for index, shard in enumerate(self._shards):
            arrays |= {f"shard/{index}/{key}": value for key, value in shard.state().items()}
        return arrays

    def load(self, arrays: dict[str, np.ndarray]) -> None:
        """Goes on from a `state()` of the same experiment, data and backend."""
        self.epoch = int(arrays["epoch"][0])
        self.recorder.load(arrays)
        for index, shard in enumerate(self._shards):
            head = f"shard/{index}/"
            shard.load({key.removeprefix(head): a for key, a in arrays.items() if key.startswith(head)})


def _joined(parts: Sequence[tuple[np.ndarray, np.ndarray]]) -> tuple[np.ndarray, np.ndarray]:
    """What shards found, as of all networks."""
    first, second = zip(*parts, strict=True)
    return np.concatenate(first), np.concatenate(second)


def _cut(layers: Layers, x: Tensor, y: Tensor, spec: Experiment, backend: Backend) -> list[Shard]:
    """The ensemble in shards, each with the members' layers it starts from; x [m, d_x], y [K, m]."""
    parameters = parameter_count((x.shape[1], *(W.shape[2] for W, _ in layers)))
    counts = shard_sizes(len(layers[0][0]), parameters, backend.kind)
    members = [slice(*ends) for ends in pairwise(accumulate(counts, initial=0))]
    parts = [[(W[part], b[part]) for W, b in layers] for part in members]
    if backend.kind == "cpu" and is_wide(parameters):
        halves = input_halves(x, spec.batch, len(layers[0][1][0]))
        return [
            WideNetwork(of, own, halves, y, spec, backend) for of, own in zip(members, parts, strict=True)
        ]
    return [NarrowNetworks(of, own, x, y, spec, backend) for of, own in zip(members, parts, strict=True)]
