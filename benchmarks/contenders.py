"""Ways to train the same ensemble: this engine and its peers, each an epoch at a time.

All start from the same initial weights, and every network reads the samples in an order of its own, the
same for every contender. They take Adam's steps and compute the loss summed over outputs and averaged over
the minibatch, so that they end an epoch with the same weights up to rounding; a test of the project checks
it. Each may use all cores in its own way; an epoch is timed with the drawing of its orders.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

from data import Dataset
from models.backend import resolve_backend
from models.engines.trainer import Trainer
from models.experiment import Experiment
from models.initialisations.initialisation import initial_parameters
from models.networks.mlp import layers_of
from models.parts.seeds import initial_seeds, minibatch_order, order_seeds

__all__ = ["CONTENDERS", "Engine", "Jax", "Loop", "Vmap", "absent"]


def _start(
    spec: Experiment, data: Dataset, numbers: Sequence[int]
) -> tuple[list[tuple[Tensor, Tensor]], Tensor, Tensor]:
    """Initial weights [M, fan_in, fan_out] and biases, inputs and targets, in float32."""
    x, y = (torch.from_numpy(np.array(a)).float() for a in (data.rows_train, data.targets_train))
    groups = [number % len(spec.populations) for number in numbers]
    seeds = initial_seeds(spec.networks.seed, numbers).tolist()
    about = spec.network.parameters((data.d_x,), data.d_y)
    layers = layers_of(initial_parameters(about, spec.initialisation, groups, seeds))
    return [(W.float(), b.float()) for W, b in layers], x, y


class _Orders:
    """Every network's own order of the samples, epoch after epoch."""

    def __init__(self, spec: Experiment, numbers: Sequence[int], samples: int) -> None:
        self._seeds, self._samples = order_seeds(spec.networks.seed, numbers).tolist(), samples
        self._epoch = 0

    def next(self) -> Tensor:
        """Of the next epoch, [M, samples]."""
        orders = [minibatch_order(self._samples, self._epoch, seed) for seed in self._seeds]
        self._epoch += 1
        return torch.stack(orders)


def _torch_loss(spec: Experiment) -> Callable[[Tensor, Tensor], Tensor]:
    match spec.objective.output, spec.objective.loss:
        case "linear", "mse":
            return lambda z, y: 0.5 * (z - y).square().sum(-1).mean()
        case "softmax", "mse":
            return lambda z, y: 0.5 * (torch.softmax(z, -1) - y).square().sum(-1).mean()
        case "linear", "bce":
            return lambda z, y: (
                nn.functional.binary_cross_entropy_with_logits(z, y, reduction="none").sum(-1).mean()
            )
    raise ValueError(f"got the objective {spec.objective.label!r}, which no peer is written for")


def _network(sizes: list[int]) -> nn.Sequential:
    modules: list[nn.Module] = []
    for a, b in pairwise(sizes):
        modules += [nn.Linear(a, b), nn.ReLU()]
    return nn.Sequential(*modules[:-1])


class Engine:
    """This project: one shard a thread."""

    name = "engine"
    needs: tuple[str, ...] = ()

    def __init__(self, spec: Experiment, data: Dataset, numbers: Sequence[int]) -> None:
        self._trainer = Trainer(spec, data, resolve_backend("cpu"), os.cpu_count(), numbers)

    def epoch(self) -> None:
        self._trainer.train_epoch()

    def evaluate(self) -> None:
        """What a run records after an epoch: losses, labels, and what the pairs of a quadruple share."""
        self._trainer.record()

    def weights(self) -> list[np.ndarray]:
        """W1 [M, fan_in, fan_out], b1, W2, ..."""
        return [tensor.numpy() for tensor in self._trainer.parameters().values()]


class Loop:
    """An ordinary script: a DataLoader, autograd, torch.optim.Adam, one model after another."""

    name = "loop"
    needs: tuple[str, ...] = ()

    def __init__(self, spec: Experiment, data: Dataset, numbers: Sequence[int]) -> None:
        layers, x, y = _start(spec, data, numbers)
        self._spec, self._loss = spec, _torch_loss(spec)
        self._orders = _Orders(spec, numbers, len(x))
        self._data = TensorDataset(x, y)
        self._models = []
        for member in range(len(numbers)):
            model = _network([data.d_x, *spec.network.widths, data.d_y])
            for linear, (W, b) in zip(model[::2], layers, strict=True):
                linear.weight.data.copy_(W[member].T)
                linear.bias.data.copy_(b[member])
            self._models.append(
                (model, torch.optim.Adam(model.parameters(), lr=spec.optimiser.learning_rate))
            )

    def epoch(self) -> None:
        for (model, optimiser), order in zip(self._models, self._orders.next().tolist(), strict=True):
            for x, y in DataLoader(self._data, batch_size=self._spec.budget.batch, sampler=order):
                optimiser.zero_grad()
                self._loss(model(x), y).backward()
                optimiser.step()

    def weights(self) -> list[np.ndarray]:
        stacked = []
        for linears in zip(*(model[::2] for model, _ in self._models), strict=True):
            stacked += [
                torch.stack([linear.weight.detach().T for linear in linears]).numpy(),
                torch.stack([linear.bias.detach() for linear in linears]).numpy(),
            ]
        return stacked


class Vmap:
    """torch.func: one functional module, vmap over its stacked parameters, fused Adam on the stack."""

    name = "vmap"
    needs: tuple[str, ...] = ()

    def __init__(self, spec: Experiment, data: Dataset, numbers: Sequence[int]) -> None:
        layers, self._x, self._y = _start(spec, data, numbers)
        self._spec, self._orders = spec, _Orders(spec, numbers, len(self._x))
        module, loss = _network([data.d_x, *spec.network.widths, data.d_y]).to("meta"), _torch_loss(spec)
        names = [name for name, _ in module.named_parameters()]
        tensors = [part for W, b in layers for part in (W.transpose(1, 2).contiguous(), b.clone())]
        self._params = dict(zip(names, tensors, strict=True))
        self._optimiser = torch.optim.Adam(self._params.values(), lr=spec.optimiser.learning_rate, fused=True)

        def member_loss(params: dict[str, Tensor], x: Tensor, y: Tensor) -> Tensor:
            return loss(torch.func.functional_call(module, params, (x,)), y)

        self._gradients = torch.func.vmap(torch.func.grad(member_loss), in_dims=(0, 0, 0))

    def epoch(self) -> None:
        for samples in self._orders.next().split(self._spec.budget.batch, 1):
            gradients = self._gradients(self._params, self._x[samples], self._y[samples])
            for name, parameter in self._params.items():
                parameter.grad = gradients[name]
            self._optimiser.step()

    def weights(self) -> list[np.ndarray]:
        return [
            (tensor.transpose(1, 2) if name.endswith("weight") else tensor).numpy()
            for name, tensor in self._params.items()
        ]


class Jax:
    """JAX: vmap over stacked parameters, jit, scan over an epoch's minibatches, optax's Adam."""

    name = "jax"
    needs = ("jax", "optax")

    def __init__(self, spec: Experiment, data: Dataset, numbers: Sequence[int]) -> None:
        import jax
        import optax
        from jax import numpy as jnp

        layers, x, y = _start(spec, data, numbers)
        self._jax, self._orders = jax, _Orders(spec, numbers, len(x))
        self._x, self._y = jnp.asarray(x.numpy()), jnp.asarray(y.numpy())
        self._params = [(jnp.asarray(W.numpy()), jnp.asarray(b.numpy())) for W, b in layers]
        adam = optax.adam(spec.optimiser.learning_rate)
        self._state = adam.init(self._params)

        def member_loss(params, x, y):
            h = x
            for W, b in params[:-1]:
                h = jax.nn.relu(h @ W + b)
            W, b = params[-1]
            z = h @ W + b
            match spec.objective.output, spec.objective.loss:
                case "linear", "mse":
                    return 0.5 * jnp.square(z - y).sum(-1).mean()
                case "softmax", "mse":
                    return 0.5 * jnp.square(jax.nn.softmax(z) - y).sum(-1).mean()
                case "linear", "bce":
                    return optax.sigmoid_binary_cross_entropy(z, y).sum(-1).mean()
            raise ValueError(f"got the objective {spec.objective.label!r}, which JAX has none for")

        gradients = jax.vmap(jax.grad(member_loss))

        def step(carry, batch):
            params, state = carry
            updates, state = adam.update(gradients(params, *batch), state, params)
            return (optax.apply_updates(params, updates), state), None

        def gathered(side, samples):
            # Of x[i], take, and this by networks or flat: the fastest at 10-10, as fast as any at 500.
            return side.at[samples].get(mode="promise_in_bounds")

        def epoch(params, state, x, y, order):
            members, samples = order.shape
            whole = samples // spec.budget.batch * spec.budget.batch
            batches = order[:, :whole].reshape(members, -1, spec.budget.batch).swapaxes(0, 1)
            carry, _ = jax.lax.scan(
                lambda c, i: step(c, (gathered(x, i), gathered(y, i))), (params, state), batches
            )
            if whole < samples:
                rest = order[:, whole:]
                carry, _ = step(carry, (gathered(x, rest), gathered(y, rest)))
            return carry

        self._run = jax.jit(epoch, donate_argnums=(0, 1))

    def epoch(self) -> None:
        order = self._orders.next().numpy()
        self._params, self._state = self._run(self._params, self._state, self._x, self._y, order)
        self._jax.block_until_ready(self._params)

    def weights(self) -> list[np.ndarray]:
        return [np.asarray(tensor) for layer in self._params for tensor in layer]


CONTENDERS = {contender.name: contender for contender in (Engine, Loop, Vmap, Jax)}


def absent(name: str) -> str | None:
    """Why a contender cannot take part here, None if it can."""
    missing = [package for package in CONTENDERS[name].needs if find_spec(package) is None]
    return f"{', '.join(missing)} not installed: python -m pip install -e '.[bench]'" if missing else None
