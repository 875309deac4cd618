"""The engine: trains an experiment's ensemble and records its trajectories.

Every network has its own initial weights and its own order of minibatches, so that n
networks are n independent draws. What a run records depends on its spec and backend,
never on how many threads or workers there were (`models.shards`).
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate, pairwise

import numpy as np
import torch
from torch import Tensor

from data import Dataset
from models.backend import Backend
from models.early import early_steps
from models.ensemble import Layers, parameter_count
from models.epoch_graph import EpochGraph
from models.evaluation import Evaluation
from models.experiment import QUADRUPLE, Experiment
from models.initialisation import initial_weights
from models.inputs import order_by_use
from models.losses import constant_loss
from models.narrow import NarrowNetworks
from models.pairs import label_agreement, quadruple_pairs, weight_differences
from models.seeds import initial_seeds, order_seeds
from models.shards import Shard, is_wide, shard_sizes
from models.threads import Threads, thread_count
from models.wide import WideNetwork

__all__ = ["DIVERGED", "Trainer"]

DIVERGED = 10.0
"""A network has diverged when its training loss left the finite numbers or ends this many times its start."""

Judged = tuple[np.ndarray, np.ndarray]
"""Losses [M] and labels [M, m] of networks on one side of the data."""


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
        ValueError: a cross entropy on a regression, whose targets are no probabilities.
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
        self.spec, self.backend = spec, backend
        # The queue of a CUDA device or a Mac's GPU is fed by the calling thread.
        self._threads = Threads((threads or thread_count()) if backend.kind == "cpu" else 0)
        numbers = spec.numbers if numbers is None else numbers
        self.initial_seeds = initial_seeds(spec.seed, numbers)
        self.order_seeds = order_seeds(spec.seed, numbers)
        self.pairs = quadruple_pairs(len(numbers))
        x_train, x_test = (torch.from_numpy(np.array(x)) for x in (data.x_train, data.x_test))
        y_train, y_test = (torch.from_numpy(np.array(y)) for y in (data.targets_train, data.targets_test))
        self._labels = (
            (np.asarray(data.y_train), np.asarray(data.y_test)) if data.task == "classification" else None
        )
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
        layers = [(initial[0][0][:, used], initial[0][1]), *initial[1:]]
        x = x_train[:, used].to(backend.device, backend.dtype)
        y = y_train.t().to(backend.device, backend.dtype).contiguous()
        self._shards = _cut(layers, x, y, spec, backend)
        self.steps_per_epoch = -(-len(x) // spec.batch)
        self.early_steps = early_steps(self.steps_per_epoch, spec.epochs)
        self._graph: EpochGraph | None = None
        with backend.arithmetic():
            self._evaluations = [
                Evaluation(x[:, used], y, labels, spec.output, spec.loss, backend)
                for x, y, labels in zip(
                    (x_train, x_test), (y_train, y_test), self._labels or (None, None), strict=True
                )
            ]
            self._idle_differences = self._of_idle_weights()
        self.epoch = 0
        self.kept: dict[str, np.ndarray] = {}
        self.history: dict[str, list[np.ndarray]] = {}
        self.early = {"early_train_loss": np.zeros((len(self.early_steps), len(numbers)))}
        if self._labels is not None:
            self.early["early_train_agreement"] = np.zeros(
                (len(self.early_steps), len(self.pairs)), dtype=np.int64
            )
        with backend.arithmetic():
            self._record()

    # -- training ---------------------------------------------------------------------

    def run_epoch(self) -> None:
        """Trains every network for one epoch and records: after it, and at the early steps inside it."""
        start = self.epoch * self.steps_per_epoch
        inside = (self.early_steps > start) & (self.early_steps < start + self.steps_per_epoch)
        found = self._advance((self.early_steps[inside] - start).tolist())
        with self.backend.arithmetic():
            self._record_early(np.flatnonzero(inside), found)
            self._record()

    def train_epoch(self) -> None:
        """Trains every network for one epoch and records nothing."""
        self._advance(())

    def _advance(self, stops: Sequence[int]) -> list[list[Judged]]:
        """Trains an epoch; for each step of it after which to stop, what every shard was then."""
        with self.backend.arithmetic():
            self._threads.each(self._draw_order, self._shards)
            if self.backend.kind == "cuda" and not stops:
                self._replayed().replay()
                found: list[list[Judged]] = []
            elif self._spare_threads:
                found = self._in_lanes(stops)
            else:
                by_shard = self._threads.each(lambda shard: self._train(shard, stops), self._shards)
                found = [list(parts) for parts in zip(*by_shard, strict=True)]
        self.epoch += 1
        return found

    def _draw_order(self, shard: Shard) -> None:
        shard.draw_order(self.epoch, self.order_seeds[shard.members].tolist())

    def _stretches(self, stops: Sequence[int]) -> list[slice]:
        """The epoch's samples, in the order they are seen, cut after these steps."""
        batch = self.spec.batch
        return [slice(a * batch, b * batch) for a, b in pairwise((0, *stops, self.steps_per_epoch))]

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

    def _in_lanes(self, stops: Sequence[int]) -> list[list[Judged]]:
        found: list[list[Judged]] = []
        for stretch in self._stretches(stops):
            lanes = [lane for shard in self._shards for lane in shard.lanes(shard.order[:, stretch])]
            self._threads.each(lambda lane: lane(), lanes)
            if len(found) < len(stops):
                found.append(self._threads.each(lambda shard: self._judge(shard, 0), self._shards))
        return found

    def _replayed(self) -> EpochGraph:
        """The epoch as a CUDA graph; accelerators hold the whole ensemble in one shard."""
        if self._graph is None:
            (shard,) = self._shards
            batch, last = self.spec.batch, (self.steps_per_epoch - 1) * self.spec.batch

            def warm_up() -> None:  # both shapes of a minibatch
                for part in (shard.order[:, :batch], shard.order[:, last:]):
                    shard.train(part)

            state = (shard.buffer, *shard.moments, *shard.counters)
            self._graph = EpochGraph(lambda: shard.train(shard.order), warm_up, state)
        return self._graph

    # -- recording --------------------------------------------------------------------

    def _judge(self, shard: Shard, side: int) -> Judged:
        """The shard's networks as they are now on the training (0) or test (1) side."""
        parts = [self._evaluations[side](of) for of in shard.judged]
        return np.concatenate([loss for loss, _ in parts]), np.concatenate([labels for _, labels in parts])

    def _record_early(self, rows: np.ndarray, found: list[list[Judged]]) -> None:
        for row, parts in zip(rows, found, strict=True):
            self.early["early_train_loss"][row] = np.concatenate([loss for loss, _ in parts])
            if self._labels is not None:
                labels = np.concatenate([labels for _, labels in parts])
                self.early["early_train_agreement"][row] = label_agreement(labels, self.pairs)

    def _record(self) -> None:
        """Appends this epoch's losses, labels and what pairs have in common to the history."""
        row: dict[str, np.ndarray] = {}
        for side, name in enumerate(("train", "test")):
            parts = self._threads.each(lambda shard, side=side: self._judge(shard, side), self._shards)
            row[f"{name}_loss"] = np.concatenate([loss for loss, _ in parts])
            if self._labels is not None:
                predictions = np.concatenate([labels for _, labels in parts])
                row[f"{name}_predictions"] = predictions
                row[f"{name}_accuracy"] = (predictions == self._labels[side]).mean(1)
                row[f"{name}_agreement"] = label_agreement(predictions, self.pairs)
        squared, differ = self._differences([network for shard in self._shards for network in shard.buffer])
        squared, differ = squared + self._idle_differences[0], differ + self._idle_differences[1]
        row["weight_distance"], row["weights_differ"] = np.sqrt(squared), differ
        for key, value in row.items():
            self.history.setdefault(key, []).append(value)
        if self.epoch in {*self.spec.checkpoints, self.spec.epochs}:
            for depth, (W, bias) in enumerate(self.layers(), start=1):
                self.kept[f"weights/{self.epoch}/W{depth}"] = W.numpy()
                self.kept[f"weights/{self.epoch}/b{depth}"] = bias.numpy()

    def _differences(self, networks: Sequence[Tensor]) -> tuple[np.ndarray, np.ndarray]:
        """Squared distance [P] and weights that differ [P] of the pairs of each quadruple."""
        last = len(networks) - QUADRUPLE + 1
        quadruples = [networks[start : start + QUADRUPLE] for start in range(0, last, QUADRUPLE)]
        found = self._threads.each(weight_differences, quadruples)
        squared = [distance for distance, _ in found] or [np.zeros(0)]
        differ = [count for _, count in found] or [np.zeros(0, dtype=np.int64)]
        return np.concatenate(squared), np.concatenate(differ)

    def _of_idle_weights(self) -> tuple[np.ndarray, np.ndarray]:
        """What weights that never move add to every pair's distance and count."""
        idle = torch.ones(self.sizes[0], dtype=torch.bool)
        idle[self._used] = False
        return self._differences(list(self._first_layer[:, idle].flatten(1)))

    # -- results ----------------------------------------------------------------------

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
        """Trajectories, weights at the checkpoints, and what a run says of itself: see `models.run.Run`."""
        arrays = {key: np.stack(values) for key, values in self.history.items()}
        losses = arrays["train_loss"]
        with np.errstate(invalid="ignore"):
            blown_up = losses > DIVERGED * losses[0]
        bad = ~np.isfinite(losses) | (blown_up & blown_up[-1])  # a spike that was overcome is no divergence
        first = np.where(bad.any(0), bad.argmax(0), -1)
        ends = {
            "pairs": self.pairs,
            "early_steps": self.early_steps,
            "steps_per_epoch": np.array([self.steps_per_epoch], dtype=np.int64),
            "initial_seeds": self.initial_seeds,
            "order_seeds": self.order_seeds,
            "baseline": np.array(self.baseline),
            "largest_class": self._largest_class(),
            "diverged_at": first.astype(np.int64),
        }
        return arrays | self.early | self.kept | ends

    def _largest_class(self) -> np.ndarray:
        """Share of the most frequent label, train and test [2]: accuracy at chance; NaN for a regression."""
        if self._labels is None:
            return np.full(2, np.nan)
        return np.array([np.bincount(labels).max() / len(labels) for labels in self._labels])

    # -- stopping and resuming --------------------------------------------------------

    def state(self) -> dict[str, np.ndarray]:
        """Everything a later process needs to go on from this epoch."""
        arrays = {f"history/{key}": np.stack(values) for key, values in self.history.items()}
        arrays |= {f"early/{key}": value for key, value in self.early.items()}
        arrays |= {f"kept/{key}": value for key, value in self.kept.items()}
        for index, shard in enumerate(self._shards):
            arrays |= {f"shard/{index}/{key}": value for key, value in shard.state().items()}
        return arrays | {"epoch": np.array([self.epoch])}

    def load(self, arrays: dict[str, np.ndarray]) -> None:
        """Goes on from a `state()` of the same experiment, data and backend."""
        self.epoch = int(arrays["epoch"][0])
        self.history = {key: list(values) for key, values in _under("history/", arrays).items()}
        self.early = {key: value.copy() for key, value in _under("early/", arrays).items()}
        self.kept = _under("kept/", arrays)
        for index, shard in enumerate(self._shards):
            shard.load(_under(f"shard/{index}/", arrays))


def _cut(layers: Layers, x: Tensor, y: Tensor, spec: Experiment, backend: Backend) -> list[Shard]:
    """The ensemble in shards, each with the members' layers it starts from; x [m, d_x], y [K, m]."""
    parameters = parameter_count((x.shape[1], *(W.shape[2] for W, _ in layers)))
    counts = shard_sizes(len(layers[0][0]), parameters, backend.kind)
    made = WideNetwork if backend.kind == "cpu" and is_wide(parameters) else NarrowNetworks
    shards: list[Shard] = []
    for start, count in zip(accumulate(counts, initial=0), counts, strict=False):
        members = slice(start, start + count)
        shards.append(made(members, [(W[members], b[members]) for W, b in layers], x, y, spec, backend))
    return shards


def _under(head: str, arrays: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    return {key.removeprefix(head): value for key, value in arrays.items() if key.startswith(head)}
