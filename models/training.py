"""The engine: trains an experiment's ensemble and records its trajectories.

All members see the same minibatches in the same order, so that they differ by
their initial weights alone. The ensemble is cut into shards of fixed membership
that train on separate threads, each product on one: the bytes of a run depend
on its spec and backend, never on how many threads or workers there were.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from data import Dataset
from models.adam import Adam
from models.backend import Backend
from models.ensemble import Operands, flatten, gradients, layer_views, parameter_count
from models.epoch_graph import EpochGraph
from models.evaluation import Evaluation
from models.experiment import Experiment
from models.initialisation import initial_weights, minibatch_order
from models.inputs import Inputs, head_size, minibatches, order_by_use
from models.losses import constant_loss
from models.pairs import label_agreement, weight_differences

__all__ = ["Trainer", "shard_sizes", "thread_count"]

_SHARD_PARAMETERS = 200_000
"""Parameters a shard holds on the CPU, half of one of the paper's wide networks: those get a shard each.

With Adam's two moments and the gradient a wide network is 6 MB, which stays in the cache from step to
step; two or four of them a shard were 15 % slower. Narrow networks gain from products over many of them,
and at 64 from a second thread.
"""

DIVERGED = 10.0
"""A model has diverged when its training loss left the finite numbers or ends this many times its start."""


def thread_count() -> int:
    """Threads this process may train on: its share of the cores under pytest-xdist, else all of them."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, cores // int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1")))


def shard_sizes(members: int, parameters: int, kind: str) -> list[int]:
    """Members of each shard, as equal as can be; accelerators take the whole ensemble at once."""
    if kind != "cpu":
        return [members]
    shards = min(members, max(1, round(members * parameters / _SHARD_PARAMETERS)))
    return [members // shards + (index < members % shards) for index in range(shards)]


@dataclass(slots=True)
class _Shard:
    """A few members training together: parameters, gradient and optimiser over one flat buffer each."""

    members: slice
    flat: Tensor
    weights: Operands
    gradient: Operands
    optimiser: Adam


def _unrecorded(work: Callable[[_Shard], object], shard: _Shard) -> object:
    """The work without autograd's books, which nothing here reads: a tenth of a narrow network's step."""
    with torch.inference_mode():
        return work(shard)


class Trainer:
    """Trains one experiment epoch by epoch.

    `record()` of epoch 0 is taken at construction; `run_epoch()` trains one
    epoch and records; `state()` and `load()` stop and resume with the same bytes.

    Args:
        spec: the experiment.
        data: its data set.
        backend: device and arithmetic.
        threads: shards trained at once; the result does not depend on it.

    Raises:
        ValueError: a cross entropy on a regression, whose targets are no probabilities.
    """

    def __init__(self, spec: Experiment, data: Dataset, backend: Backend, threads: int | None = None) -> None:
        if data.task == "regression" and spec.loss != "mse":
            raise ValueError(f"got loss {spec.loss!r} on {data.name}, which is a regression: wanted mse")
        self.spec, self.backend = spec, backend
        self.threads = threads or thread_count()
        device, dtype = backend.device, backend.dtype
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
        used = order_by_use(x_train, x_test)
        self._used = used
        self._initial = initial_weights(self.sizes, spec.protocol, spec.members, spec.seed)
        self._trained_sizes = (len(used), *self.sizes[1:])
        self._x = x_train[:, used].to(device, dtype)
        self._y = y_train.t().to(device, dtype).contiguous()  # [K, m]: samples innermost, as activations lie
        idle = torch.ones(self.sizes[0], dtype=torch.bool)
        idle[used] = False
        self._idle_weights = self._initial[0][0][:, idle].to(dtype)

        self._shards: list[_Shard] = []
        start = 0
        for count in shard_sizes(len(spec.members), parameter_count(self._trained_sizes), backend.kind):
            members = slice(start, start + count)
            start += count
            layers = [(W[members], b[members]) for W, b in self._initial]
            layers[0] = (layers[0][0][:, used], layers[0][1])
            flat = flatten(layers).to(device, dtype).requires_grad_(False)
            flat.grad = torch.zeros_like(flat)
            self._shards.append(
                _Shard(
                    members,
                    flat,
                    Operands(layer_views(flat, self._trained_sizes, count)),
                    Operands(layer_views(flat.grad, self._trained_sizes, count)),
                    Adam(flat, spec.learning_rate, fused=backend.kind != "mps"),
                )
            )
        self._order = torch.empty(len(self._x), dtype=torch.int64, device=device)
        self._graph: EpochGraph | None = None
        self._pool: ThreadPoolExecutor | None = None
        with backend.arithmetic():
            self._evaluations = [
                Evaluation(x[:, used], y, labels, spec.output, spec.loss, backend)
                for x, y, labels in zip(
                    (x_train, x_test), (y_train, y_test), self._labels or (None, None), strict=True
                )
            ]
            units = self.sizes[1] * max(s.members.stop - s.members.start for s in self._shards)
            self._head = head_size(self._x, spec.batch, units) if backend.kind == "cpu" else len(used)
            self._idle_pairs = weight_differences([self._idle_weights]) if len(used) < self.sizes[0] else None
        self.epoch = 0
        self.kept: dict[str, np.ndarray] = {}
        self.history: dict[str, list[np.ndarray]] = {}
        with backend.arithmetic():
            self._record()

    # -- training ---------------------------------------------------------------------

    def run_epoch(self) -> None:
        """Trains every member for one epoch, then records."""
        self.train_epoch()
        with self.backend.arithmetic():
            self._record()

    def train_epoch(self) -> None:
        """Trains every member for one epoch and records nothing."""
        self._order.copy_(minibatch_order(len(self._x), self.epoch, self.spec.seed))
        with self.backend.arithmetic():
            if self.backend.kind == "cuda":
                self._replayed().replay()
            else:
                batches = list(self._minibatches())
                self._each_shard(lambda shard: self._train(shard, batches))
        self.epoch += 1

    def _minibatches(self) -> Iterator[tuple[Inputs, Tensor]]:
        # Gathered once for all shards: a shard's minibatches are then slices.
        inputs = minibatches(self._x, self._order, self.spec.batch, self._head)
        targets = self._y[:, self._order].split(self.spec.batch, 1)
        return zip(inputs, (part.t() for part in targets), strict=True)

    def _train(self, shard: _Shard, batches: Iterable[tuple[Inputs, Tensor]]) -> None:
        spec, bf16 = self.spec, self.backend.precision == "bf16"
        for x, y in batches:
            gradients(shard.weights, x, y, spec.output, spec.loss, shard.gradient, bf16)
            shard.optimiser.step()

    def _replayed(self) -> EpochGraph:
        """The epoch as a CUDA graph; accelerators hold the whole ensemble in one shard."""
        if self._graph is None:
            (shard,) = self._shards

            def warm_up() -> None:
                batches = list(self._minibatches())
                self._train(shard, {0: batches[0], len(batches) - 1: batches[-1]}.values())  # both shapes

            state = (shard.flat, shard.flat.grad, *shard.optimiser.state)
            self._graph = EpochGraph(lambda: self._train(shard, self._minibatches()), warm_up, state)
        return self._graph

    def _each_shard(self, work: Callable[[_Shard], object]) -> list[object]:
        # Results come back in the shards' order whichever thread ran them.
        if self.backend.kind != "cpu":
            return [work(shard) for shard in self._shards]
        # Saturated units make gradients too small for normal numbers, which CPUs
        # handle in slow microcode; zero is as good. The switch is per thread and has
        # no undo, so the work leaves the caller's thread even where one would do.
        if self._pool is None:
            # Kept: a new thread's first products cost milliseconds, as much as a small data set's epoch.
            self._pool = ThreadPoolExecutor(
                self.threads, initializer=torch.set_flush_denormal, initargs=(True,)
            )
        running = [self._pool.submit(_unrecorded, work, shard) for shard in self._shards]
        try:
            return [done.result() for done in running]
        finally:  # after an interrupt or an error no shard goes on behind the caller's back
            for shard in running:
                shard.cancel()
            wait(running)

    # -- recording --------------------------------------------------------------------

    def _record(self) -> None:
        """Appends this epoch's losses, labels and pairwise quantities to the history."""
        row: dict[str, np.ndarray] = {}
        for side, name in enumerate(("train", "test")):
            parts = self._each_shard(lambda shard, of=self._evaluations[side]: of(shard.weights))
            row[f"{name}_loss"] = np.concatenate([loss for loss, _ in parts])
            if self._labels is not None:
                predictions = np.concatenate([labels for _, labels in parts])
                row[f"{name}_predictions"] = predictions
                row[f"{name}_accuracy"] = (predictions == self._labels[side]).mean(1)
                row[f"{name}_agreement"] = label_agreement(predictions)
        squared, differ = self._weight_differences()
        row["weight_distance"], row["weights_differ"] = np.sqrt(squared), differ
        for key, value in row.items():
            self.history.setdefault(key, []).append(value)
        if self.epoch in {*self.spec.checkpoints, self.spec.epochs}:
            for depth, (W, bias) in enumerate(self.layers(), start=1):
                self.kept[f"weights/{self.epoch}/W{depth}"] = W.numpy()
                self.kept[f"weights/{self.epoch}/b{depth}"] = bias.numpy()

    def _weight_differences(self) -> tuple[np.ndarray, np.ndarray]:
        layers = zip(*(shard.weights.layers for shard in self._shards), strict=True)
        tensors = [torch.cat(parts) for layer in layers for parts in zip(*layer, strict=True)]
        squared, differ = weight_differences(tensors)
        if self._idle_pairs is not None:
            squared, differ = squared + self._idle_pairs[0], differ + self._idle_pairs[1]
        return squared, differ

    # -- results ----------------------------------------------------------------------

    @property
    def finished(self) -> bool:
        return self.epoch >= self.spec.epochs

    def layers(self) -> list[tuple[Tensor, Tensor]]:
        """All members' weights [M, fan_in, fan_out] and biases [M, fan_out] now, on the CPU.

        Idle inputs are included, with their initial weights.
        """
        joined = [
            (torch.cat([W for W, _ in layer]).cpu(), torch.cat([b for _, b in layer]).cpu())
            for layer in zip(*(shard.weights.layers for shard in self._shards), strict=True)
        ]
        first = self._initial[0][0].to(self.backend.dtype).clone()
        first[:, self._used] = joined[0][0]
        return [(first, joined[0][1]), *joined[1:]]

    def result(self) -> dict[str, np.ndarray]:
        """Trajectories [epochs + 1, ...], weights at the checkpoints, L0, and when each model diverged."""
        arrays = {key: np.stack(rows) for key, rows in self.history.items()}
        losses = arrays["train_loss"]
        with np.errstate(invalid="ignore"):
            blown_up = losses > DIVERGED * losses[0]
        bad = ~np.isfinite(losses) | (blown_up & blown_up[-1])  # a spike that was overcome is no divergence
        first = np.where(bad.any(0), bad.argmax(0), -1)
        ends = {"baseline": np.array(self.baseline), "diverged_at": first.astype(np.int64)}
        return arrays | self.kept | ends

    # -- stopping and resuming --------------------------------------------------------

    def state(self) -> dict[str, np.ndarray]:
        """Everything a later process needs to go on from this epoch."""
        arrays = {f"history/{key}": np.stack(rows) for key, rows in self.history.items()}
        arrays |= {f"kept/{key}": value for key, value in self.kept.items()}
        for index, shard in enumerate(self._shards):
            adam = shard.optimiser
            for key, tensor in (
                ("flat", shard.flat),
                ("exp_avg", adam.exp_avg),
                ("exp_avg_sq", adam.exp_avg_sq),
                ("step", adam.steps),
            ):
                arrays[f"shard/{index}/{key}"] = np.atleast_1d(tensor.cpu().numpy())
        return arrays | {"epoch": np.array([self.epoch])}

    def load(self, arrays: dict[str, np.ndarray]) -> None:
        """Goes on from a `state()` of the same experiment, data and backend."""
        self.epoch = int(arrays["epoch"][0])
        self.history = {
            key.removeprefix("history/"): list(rows)
            for key, rows in arrays.items()
            if key.startswith("history/")
        }
        self.kept = {key.removeprefix("kept/"): v for key, v in arrays.items() if key.startswith("kept/")}
        for index, shard in enumerate(self._shards):
            adam = shard.optimiser
            for key, tensor in (
                ("flat", shard.flat),
                ("exp_avg", adam.exp_avg),
                ("exp_avg_sq", adam.exp_avg_sq),
            ):
                tensor.copy_(torch.from_numpy(arrays[f"shard/{index}/{key}"].copy()))
            adam.steps.fill_(float(arrays[f"shard/{index}/step"][0]))
