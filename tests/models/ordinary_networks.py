"""The slow truth of the functional engine: one ordinary torch module and optimiser a network, in float64."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor, nn

from data import Dataset
from models.experiment import Arithmetic, Budget, Experiment, Networks
from models.initialisations.initialisation import initial_parameters
from models.networks.convolutional import Convolutional
from models.networks.mlp import MLP
from models.objectives.objective import Objective
from models.optimisers.adam import Adam
from models.optimisers.sgd import SGD
from models.parts.seeds import generator, initial_seeds, minibatch_order, order_seeds
from models.penalties.l2 import L2
from tests.helpers.specs import changed

__all__ = ["IMAGES", "KINDS", "Drawn", "Ordinary", "experiment"]


def _images() -> Dataset:
    """47 + 15 images of 2 channels, 6 by 5 pixels, in 3 classes."""
    draw = np.random.default_rng(5)
    pixels = draw.integers(0, 256, (62, 2, 6, 5), dtype=np.uint8)
    labels = draw.integers(0, 3, 62, dtype=np.uint8)
    return Dataset(
        "images", "classification", pixels[:47], labels[:47], pixels[47:], labels[47:], 3, "0", "a test"
    )


IMAGES = _images()


def experiment(network: object, optimiser: object = Adam(0.01), **more: object) -> Experiment:
    """Eight networks on the images for four epochs of four full minibatches and one smaller."""
    objective = Objective("linear", "ce", more.pop("penalty", None))
    spec = Experiment(
        "images", network, objective, optimiser, networks=Networks(8), arithmetic=Arithmetic("fp64")
    )
    return changed(replace(spec, budget=Budget(4, 10)), **more)


KINDS = {
    "convolutional": experiment(
        Convolutional((3, 4), dropout=0.3, batch_norm=True), SGD(0.05, 0.9), precision="fp32"
    ),
    "l2": experiment(MLP((6, 5)), penalty=L2(0.1), precision="fp32"),
}
"""One with buffers and random numbers in every step, one with a penalty."""


class Drawn(nn.Module):
    """Dropout that is told its uniform numbers."""

    def __init__(self, share: float) -> None:
        super().__init__()
        self.share, self.numbers = share, torch.zeros(0)

    def forward(self, h: Tensor) -> Tensor:
        return torch.where(self.numbers < self.share, 0.0, h / (1 - self.share)) if self.training else h


class Ordinary:
    """One network of an experiment as an ordinary module, trained by an ordinary loop.

    Args:
        spec: the experiment.
        data: its data set.
        number: of the network.
        optimiser: makes an optimiser of torch.
        decay: strength of L2, on weights alone.
    """

    def __init__(
        self,
        spec: Experiment,
        data: Dataset,
        number: int,
        optimiser: Callable[..., torch.optim.Optimizer],
        decay: float = 0.0,
    ) -> None:
        self.spec, self.decay = spec, decay
        about = spec.network.parameters(data.sample_shape, data.d_y)
        group = [number % len(spec.populations)]
        drawn = initial_parameters(
            about, spec.initialisation, group, initial_seeds(spec.networks.seed, [number])
        )
        self.start = {name: tensor[0] for name, tensor in drawn.items()}
        (self.seed,) = order_seeds(spec.networks.seed, [number]).tolist()
        self.module = self._convolutional() if isinstance(spec.network, Convolutional) else self._flat()
        self.module.double()
        self.places = self._places()
        with torch.no_grad():
            for name, (tensor, turned) in self.places.items():
                tensor.copy_(self.start[name].T if turned else self.start[name])
        self.optimiser = optimiser(self.module.parameters())
        self.x, self.y = (
            torch.from_numpy(np.array(side)).double() for side in (data.x_train, data.targets_train)
        )
        self.loss = {"mse": lambda z, y: 0.5 * (z - y).square().sum(1).mean(), "ce": nn.CrossEntropyLoss()}[
            spec.objective.loss
        ]
        self.step = 0

    def _flat(self) -> nn.Sequential:
        modules: list[nn.Module] = [nn.Flatten()]
        for name, W in self.start.items():
            if name.startswith("W"):
                modules += [nn.Linear(*W.shape), nn.ReLU()]
        return nn.Sequential(*modules[:-1])

    def _convolutional(self) -> nn.Sequential:
        net, modules = self.spec.network, []
        for name, kernel in self.start.items():
            if name.startswith("K"):
                modules.append(
                    nn.Conv2d(
                        kernel.shape[1],
                        kernel.shape[0],
                        net.kernel,
                        net.stride,
                        net.kernel // 2,
                        bias=not net.batch_norm,
                    )
                )
                modules += [nn.BatchNorm2d(kernel.shape[0])] * net.batch_norm
                modules.append(nn.ReLU())
        modules.append(nn.Flatten())
        modules += [Drawn(net.dropout)] * (net.dropout > 0)
        return nn.Sequential(*modules, nn.Linear(*self.start["W"].shape))

    def _places(self) -> dict[str, tuple[Tensor, bool]]:
        """The module's parameters by this project's names, and whether they lie the other way round."""
        tensors = iter(self.module.parameters())
        return {name: (next(tensors), name.startswith("W")) for name in self.start}

    def parameters(self) -> dict[str, np.ndarray]:
        """By this project's names, lying as there."""
        return {
            name: (tensor.T if turned else tensor).detach().numpy()
            for name, (tensor, turned) in self.places.items()
        }

    def buffers(self) -> list[np.ndarray]:
        """Running means and variances, in order."""
        return [tensor.numpy() for name, tensor in self.module.named_buffers() if "running" in name]

    def epochs(self) -> Iterator[float]:
        """Trains for an epoch at a time and gives the training loss, without the penalty, after each."""
        for epoch in range(self.spec.budget.epochs):
            self.module.train()
            for batch in minibatch_order(len(self.x), epoch, self.seed).split(self.spec.budget.batch):
                for drop in self.module.modules():
                    if isinstance(drop, Drawn):
                        stream = generator(self.seed, "step", self.step, "dropout")
                        drop.numbers = torch.rand(len(batch), len(self.start["W"]), generator=stream)
                self.optimiser.zero_grad()
                loss = self.loss(self.module(self.x[batch]), self.y[batch])
                for name, (tensor, _) in self.places.items():
                    if name[0] in "WK":
                        loss = loss + self.decay / 2 * (tensor**2).sum()
                loss.backward()
                self.optimiser.step()
                self.step += 1
            self.module.eval()
            with torch.no_grad():
                yield float(self.loss(self.module(self.x), self.y))
