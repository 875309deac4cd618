"""One multilayer perceptron at one w: its pre-activations, and all that follows from which units are active.

Between kinks, inside a cell of the partition of weights by activation patterns, a ReLU network is smooth. A
hidden unit u of sample i has its kink where its pre-activation a[i, u] is 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from models.descent.problem import Problem
from models.networks.mlp import MLP
from models.objectives.losses import loss_gradient, loss_per_sample

__all__ = ["Cell", "Perceptron"]

MOST = 12_000
"""Equations: 784-10-10-10 has up to 10,000 on 1,000 samples, whose factors are 800 MB."""

Layers = Sequence[Tensor]
"""Of each layer [fan_in + 1, fan_out], biases last; the first without rows of inputs that are never used."""


class Perceptron:
    """The problem of networks of kind "mlp" as one network at a time sees it.

    Args:
        problem: its network is a multilayer perceptron with hidden layers, its objective has no penalty.

    Attributes:
        x: [m, d + 1], inputs that are not 0 on all samples, and a column of ones.
        gram: [m, m], their inner products.
        sizes: units of each layer, the d inputs and the outputs included.

    Raises:
        ValueError: another kind of network, a penalty, or more equations than are solved densely.
    """

    def __init__(self, problem: Problem) -> None:
        network, objective = problem.spec.network, problem.spec.objective
        if not isinstance(network, MLP) or not network.widths or objective.penalty is not None:
            wrong = f"the network {network.label}" if objective.penalty is None else "a penalty"
            raise ValueError(
                f"got {wrong}, wanted a fully connected one with hidden layers, without a penalty"
            )
        self.problem = problem
        flat = problem.x.flatten(1)
        self.used = (flat != 0).any(0).nonzero()[:, 0]
        self.x = torch.cat([flat[:, self.used], flat.new_ones(len(flat), 1)], 1)
        self.shapes = [one.shape for name, one in problem.about.items() if name.startswith("W")]
        self.sizes = (len(self.used), *(shape[1] for shape in self.shapes))
        rows = problem.samples * min(self.sizes[1], problem.outputs)
        rest = sum((fan_in + 1) * fan_out for fan_in, fan_out in self.shapes[1:])
        if rows > MOST or rest > MOST:
            raise ValueError(
                f"got {rows} rows of a Jacobian and {rest} weights after the first layer, wanted at most "
                f"{MOST} of each: that many equations are solved densely"
            )
        self.gram = self.x @ self.x.T

    @property
    def units(self) -> int:
        """Hidden units of all layers."""
        return sum(self.sizes[1:-1])

    def layers(self, w: Tensor) -> list[Tensor]:
        """The weights [P] by layer."""
        found, start = [], 0
        for fan_in, fan_out in self.shapes:
            stop = start + (fan_in + 1) * fan_out
            found.append(w[start:stop].view(fan_in + 1, fan_out))
            start = stop
        rows = torch.cat([self.used, self.used.new_tensor([self.shapes[0][0]])])
        return [found[0][rows], *found[1:]]

    def flat(self, layers: Layers, like: Tensor) -> Tensor:
        """The inverse [P]; weights of unused inputs are those of `like` [P]."""
        fan_in, fan_out = self.shapes[0]
        first = like[: (fan_in + 1) * fan_out].view(fan_in + 1, fan_out).clone()
        first[self.used], first[-1] = layers[0][:-1], layers[0][-1]
        return torch.cat([first.flatten(), *(layer.flatten() for layer in layers[1:])])

    def cell(self, layers: Layers) -> Cell:
        """The network at these weights; a unit is active where its pre-activation is above 0."""
        inputs, before = [self.x], []
        for layer in layers[:-1]:
            before.append(inputs[-1] @ layer)
            inputs.append(torch.cat([before[-1].relu(), self.x[:, -1:]], 1))
        return Cell(
            self,
            tuple(layers),
            tuple(inputs),
            tuple(before),
            tuple(a > 0 for a in before),
            inputs[-1] @ layers[-1],
        )


@dataclass(frozen=True, eq=False)
class Cell:
    """A network, and which units count as active.

    Attributes:
        of: the problem.
        layers: its weights.
        inputs: of each layer [m, fan_in + 1], ones last.
        before: pre-activations [m, width] of each hidden layer.
        active: [m, width] bool of each hidden layer; may be chosen freely where a pre-activation is 0.
        z: [m, K].
    """

    of: Perceptron
    layers: tuple[Tensor, ...]
    inputs: tuple[Tensor, ...]
    before: tuple[Tensor, ...]
    active: tuple[Tensor, ...]
    z: Tensor

    @cached_property
    def loss(self) -> float:
        """Mean over the samples."""
        objective = self.of.problem.spec.objective
        return float(loss_per_sample(self.z, self.of.problem.y, objective.output, objective.loss).mean())

    @cached_property
    def slope(self) -> Tensor:
        """Gradient [m, K] of the loss with respect to z."""
        objective = self.of.problem.spec.objective
        return loss_gradient(self.z[None], self.of.problem.y, objective.output, objective.loss)[0]

    @cached_property
    def a(self) -> Tensor:
        """Pre-activations [m, units] of all hidden layers."""
        return torch.cat(self.before, 1)

    @cached_property
    def on(self) -> Tensor:
        """Whether each counts as active, [m, units]."""
        return torch.cat(self.active, 1)

    @cached_property
    def pull(self) -> Tensor:
        """Derivative [m, units] of the loss by each hidden unit's output: above 0 its kink is a valley along
        the pre-activation, below 0 a ridge."""
        found, delta = [], self.slope
        for index in range(len(self.before) - 1, -1, -1):
            found.append(delta @ self.layers[index + 1][:-1].T)
            delta = found[-1] * self.active[index]
        return torch.cat(found[::-1], 1)

    @cached_property
    def gradient(self) -> list[Tensor]:
        """By layer, of the cell's smooth piece."""
        deltas = [*(self.pull * self.on).split(list(self.of.sizes[1:-1]), 1), self.slope]
        return [h.T @ delta for h, delta in zip(self.inputs, deltas, strict=True)]

    def split(self, rest: Tensor) -> list[Tensor]:
        """Weights [R] of all layers but the first, layer by layer."""
        parts = rest.split([layer.numel() for layer in self.layers[1:]])
        return [part.view_as(layer) for part, layer in zip(parts, self.layers[1:], strict=True)]

    def turned(self, where: Tensor) -> Cell:
        """The neighbouring cell that has the other side of these kinks, [m, units] bool."""
        active = (self.on ^ where).split(list(self.of.sizes[1:-1]), 1)
        return Cell(self.of, self.layers, self.inputs, self.before, active, self.z)

    def tangent(self, step: Layers) -> tuple[Tensor, Tensor]:
        """Changes of all hidden pre-activations [m, units] and of z [m, K], to first order in a step."""
        found = [self.inputs[0] @ step[0]]
        for layer, active, h, moved in zip(
            self.layers[1:], self.active, self.inputs[1:], step[1:], strict=True
        ):
            found.append(torch.addmm(h @ moved, found[-1] * active, layer[:-1]))
        return torch.cat(found[:-1], 1), found[-1]
