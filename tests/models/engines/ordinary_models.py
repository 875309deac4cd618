"""The slow truth of training: one ordinary torch.nn model a member, autograd and torch.optim.Adam."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from itertools import combinations

import numpy as np
import torch
from torch import Tensor, nn

from models.backend import Backend, resolve_backend
from models.engines.trainer import Trainer
from models.experiment import Arithmetic
from models.parts.seeds import initial_seeds, minibatch_order, order_seeds
from models.recorders.weights import WEIGHT_THRESHOLD
from tests.helpers.specs import initial_weights

__all__ = ["assert_equals_reference", "assert_same_bytes", "started", "trained"]

APART = {
    *("baseline", "largest_class", "diverged_at", "pairs", "steps_per_epoch", "initial_seeds", "order_seeds"),
    *("early_steps", "early_train_loss", "early_train_agreement"),
}
"""Arrays without a row an epoch."""


class Reference:
    """One member as an ordinary torch.nn.Sequential in float64, all inputs included."""

    def __init__(self, spec, data, member: int) -> None:
        self.spec = spec
        sizes = (data.d_x, *spec.network.widths, data.d_y)
        layers = initial_weights(
            sizes, spec.initialisation.kind, spec.groups, initial_seeds(spec.networks.seed, spec.numbers)
        )
        self.order_seed = int(order_seeds(spec.networks.seed, spec.numbers)[member])
        modules: list[nn.Module] = []
        for W, b in layers:
            linear = nn.Linear(W.shape[1], W.shape[2], dtype=torch.float64)
            with torch.no_grad():
                linear.weight.copy_(W[member].T)
                linear.bias.copy_(b[member])
            modules += [linear, nn.ReLU()]
        last = {"linear": nn.Identity(), "relu": nn.ReLU(), "softmax": nn.Softmax(dim=-1)}[
            spec.objective.output
        ]
        self.network = nn.Sequential(*modules[:-1], last)
        self.optimiser = torch.optim.Adam(self.network.parameters(), lr=spec.optimiser.learning_rate)

    def loss(self, x: Tensor, y: Tensor) -> Tensor:
        """The loss as torch's own modules have it: summed over outputs, averaged over samples."""
        h, k = self.network(x), y.shape[1]
        if self.spec.objective.loss == "mse":
            return 0.5 * k * nn.MSELoss()(h, y)
        if self.spec.objective.loss == "bce":
            return k * (nn.BCELoss() if self.spec.objective.output == "softmax" else nn.BCEWithLogitsLoss())(
                h, y
            )
        if self.spec.objective.output == "softmax":
            return nn.NLLLoss()(h.log(), y.argmax(1))
        return nn.CrossEntropyLoss()(h, y.argmax(1))

    def steps(self, x: Tensor, y: Tensor, epoch: int) -> Iterator[None]:
        """Trains for an epoch, a step at a time."""
        for batch in minibatch_order(len(x), epoch, self.order_seed).split(self.spec.budget.batch):
            self.optimiser.zero_grad()
            self.loss(x[batch], y[batch]).backward()
            self.optimiser.step()
            yield

    def tensors(self) -> list[np.ndarray]:
        """W1 [fan_in, fan_out], b1, W2, ..."""
        linear = [module for module in self.network if isinstance(module, nn.Linear)]
        return [t.detach().numpy().copy() for layer in linear for t in (layer.weight.T, layer.bias)]


def references(spec, data, early: dict[int, tuple[list, list]]) -> Iterator[dict[str, np.ndarray]]:
    """What a run should have recorded, epoch by epoch from before the first, computed the plain way.

    Losses and agreements on the training set after every single step go into `early`.
    """
    sides = {
        "train": [torch.from_numpy(np.array(a)).double() for a in (data.rows_train, data.targets_train)],
        "test": [torch.from_numpy(np.array(a)).double() for a in (data.rows_test, data.targets_test)],
    }
    labels = {"train": data.y_train, "test": data.y_test}
    pairs = [(q + a, q + b) for q in range(0, spec.networks.count, 4) for a, b in combinations(range(4), 2)]
    step = 0
    networks = [Reference(spec, data, member) for member in range(spec.networks.count)]
    for epoch in range(spec.budget.epochs + 1):
        row: dict[str, np.ndarray] = {}
        for side, (x, y) in sides.items():
            with torch.no_grad():
                row[f"{side}_loss"] = np.array([float(net.loss(x, y)) for net in networks])
                outputs = [net.network(x).numpy() for net in networks]
            if data.task == "classification":
                told = np.array([h.argmax(1) for h in outputs])
                row[f"{side}_predictions"] = told
                row[f"{side}_accuracy"] = np.array([np.mean(t == labels[side]) for t in told])
                row[f"{side}_agreement"] = np.array([np.sum(told[a] == told[b]) for a, b in pairs])
        flat = [np.concatenate([t.ravel() for t in net.tensors()]) for net in networks]
        row["weight_distance"] = np.array([math.dist(flat[a], flat[b]) for a, b in pairs])
        row["weights_differ"] = np.array(
            [np.sum(np.abs(flat[a] - flat[b]) > WEIGHT_THRESHOLD) for a, b in pairs]
        )
        for index in range(2 * len(spec.network.widths) + 2):
            name = f"{'Wb'[index % 2]}{index // 2 + 1}"
            row[name] = np.stack([net.tensors()[index] for net in networks])
        yield row
        for _ in zip(*(net.steps(*sides["train"], epoch) for net in networks), strict=True):
            step += 1
            with torch.no_grad():
                outputs = [net.network(sides["train"][0]).numpy() for net in networks]
                losses = [float(net.loss(*sides["train"])) for net in networks]
            told = [h.argmax(1) for h in outputs]
            early[step] = losses, [np.sum(told[a] == told[b]) for a, b in pairs]


def started(spec, data, on: Backend | Arithmetic, threads: int | None = 1, **more) -> Trainer:
    """A trainer on a device, or on the CPU in some arithmetic."""
    if isinstance(on, Arithmetic):
        spec, on = replace(spec, arithmetic=on), resolve_backend("cpu")
    return Trainer(spec, data, on, threads, **more)


def trained(spec, data, on: Backend | Arithmetic, threads: int = 1) -> Trainer:
    trainer = started(spec, data, on, threads)
    while not trainer.finished:
        trainer.run_epoch()
    return trainer


def assert_same_bytes(a: dict[str, np.ndarray], b: dict[str, np.ndarray]) -> None:
    assert a.keys() == b.keys()
    for key in a:
        assert a[key].dtype == b[key].dtype, key
        assert a[key].tobytes() == b[key].tobytes(), key


def assert_equals_reference(spec, data, on: Backend | Arithmetic, threads: int = 1) -> None:
    """Every recorded number of every epoch, and every weight, against the slow truth."""
    result = trained(spec, data, on, threads).result()
    recorded = {key for key in result if "/" not in key} - APART
    early: dict[int, tuple[list, list]] = {}
    for epoch, row in enumerate(references(spec, data, early)):
        for name, expected in row.items():
            if name not in recorded:
                found = result[f"weights/{epoch}/{name}"]
                np.testing.assert_allclose(
                    found, expected, rtol=0, atol=1e-10, err_msg=f"{name} after {epoch}"
                )
            elif expected.dtype.kind == "i":
                np.testing.assert_array_equal(result[name][epoch], expected, err_msg=f"{name} after {epoch}")
            else:
                np.testing.assert_allclose(
                    result[name][epoch], expected, rtol=1e-10, atol=1e-10, err_msg=name
                )
        assert recorded <= row.keys()
    assert all(len(result[name]) == spec.budget.epochs + 1 for name in recorded)
    steps = result["early_steps"].tolist()
    assert len(result["early_train_loss"]) == len(steps)
    for row, step in enumerate(steps):
        losses, alike = early[step]
        np.testing.assert_allclose(result["early_train_loss"][row], losses, rtol=1e-10, atol=1e-10)
        if data.task == "classification":
            np.testing.assert_array_equal(result["early_train_agreement"][row], alike)
