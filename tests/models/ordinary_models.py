"""The slow truth of training: one ordinary torch.nn model a member, autograd and torch.optim.Adam."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor, nn

from models.backend import Backend
from models.initialisation import initial_weights, minibatch_order
from models.pairs import WEIGHT_THRESHOLD
from models.training import Trainer

__all__ = ["assert_equals_reference", "assert_same_bytes", "trained"]


class Reference:
    """One member as an ordinary torch.nn.Sequential in float64, all inputs included."""

    def __init__(self, spec, data, member: int) -> None:
        self.spec = spec
        sizes = (data.d_x, *spec.widths, data.d_y)
        layers = initial_weights(sizes, spec.protocol, spec.members, spec.seed)
        modules: list[nn.Module] = []
        for W, b in layers:
            linear = nn.Linear(W.shape[1], W.shape[2], dtype=torch.float64)
            with torch.no_grad():
                linear.weight.copy_(W[member].T)
                linear.bias.copy_(b[member])
            modules += [linear, nn.ReLU()]
        last = {"linear": nn.Identity(), "relu": nn.ReLU(), "softmax": nn.Softmax(dim=-1)}[spec.output]
        self.network = nn.Sequential(*modules[:-1], last)
        self.optimiser = torch.optim.Adam(self.network.parameters(), lr=spec.learning_rate)

    def loss(self, x: Tensor, y: Tensor) -> Tensor:
        """The loss as torch's own modules have it: summed over outputs, averaged over samples."""
        h, k = self.network(x), y.shape[1]
        if self.spec.loss == "mse":
            return 0.5 * k * nn.MSELoss()(h, y)
        if self.spec.loss == "bce":
            return k * (nn.BCELoss() if self.spec.output == "softmax" else nn.BCEWithLogitsLoss())(h, y)
        if self.spec.output == "softmax":
            return nn.NLLLoss()(h.log(), y.argmax(1))
        return nn.CrossEntropyLoss()(h, y.argmax(1))

    def train(self, x: Tensor, y: Tensor, epoch: int) -> None:
        for batch in minibatch_order(len(x), epoch, self.spec.seed).split(self.spec.batch):
            self.optimiser.zero_grad()
            self.loss(x[batch], y[batch]).backward()
            self.optimiser.step()

    def tensors(self) -> list[np.ndarray]:
        """W1 [fan_in, fan_out], b1, W2, ..."""
        linear = [module for module in self.network if isinstance(module, nn.Linear)]
        return [t.detach().numpy().copy() for layer in linear for t in (layer.weight.T, layer.bias)]


def references(spec, data) -> Iterator[dict[str, np.ndarray]]:
    """What a run should have recorded, epoch by epoch from before the first, computed the plain way."""
    sides = {
        "train": [torch.from_numpy(np.array(a)).double() for a in (data.x_train, data.targets_train)],
        "test": [torch.from_numpy(np.array(a)).double() for a in (data.x_test, data.targets_test)],
    }
    labels = {"train": data.y_train, "test": data.y_test}
    networks = [Reference(spec, data, member) for member in range(len(spec.members))]
    for epoch in range(spec.epochs + 1):
        row: dict[str, np.ndarray] = {}
        for side, (x, y) in sides.items():
            with torch.no_grad():
                row[f"{side}_loss"] = np.array([float(net.loss(x, y)) for net in networks])
                outputs = [net.network(x).numpy() for net in networks]
            if data.task == "classification":
                told = np.array([h.argmax(1) for h in outputs])
                row[f"{side}_predictions"] = told
                row[f"{side}_accuracy"] = np.array([np.mean(t == labels[side]) for t in told])
                row[f"{side}_agreement"] = np.array([[np.sum(a == b) for b in told] for a in told])
        flat = [np.concatenate([t.ravel() for t in net.tensors()]) for net in networks]
        row["weight_distance"] = np.array([[math.dist(a, b) for b in flat] for a in flat])
        row["weights_differ"] = np.array(
            [[np.sum(np.abs(a - b) > WEIGHT_THRESHOLD) for b in flat] for a in flat]
        )
        for index in range(2 * len(spec.widths) + 2):
            name = f"{'Wb'[index % 2]}{index // 2 + 1}"
            row[name] = np.stack([net.tensors()[index] for net in networks])
        yield row
        for net in networks:
            net.train(*sides["train"], epoch)


def trained(spec, data, backend: Backend, threads: int = 1) -> Trainer:
    trainer = Trainer(spec, data, backend, threads)
    while not trainer.finished:
        trainer.run_epoch()
    return trainer


def assert_same_bytes(a: dict[str, np.ndarray], b: dict[str, np.ndarray]) -> None:
    assert a.keys() == b.keys()
    for key in a:
        assert a[key].dtype == b[key].dtype, key
        assert a[key].tobytes() == b[key].tobytes(), key


def assert_equals_reference(spec, data, backend: Backend) -> None:
    """Every recorded number of every epoch, and every weight, against the slow truth."""
    result = trained(spec, data, backend).result()
    recorded = {key for key in result if "/" not in key} - {"baseline", "diverged_at"}
    for epoch, row in enumerate(references(spec, data)):
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
    assert all(len(result[name]) == spec.epochs + 1 for name in recorded)
