"""Ways to train the same ensemble: this project's engines and their peers, each an epoch at a time.

All start from the same initial weights, and every network reads the samples in an order of its own, the
same for every contender. They take the same optimiser's steps and compute the loss summed over outputs and
averaged over the minibatch, so that they end an epoch with the same weights up to rounding; a test of the
project checks it. Each may use all cores in its own way; an epoch is timed with the drawing of its orders.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from importlib.util import find_spec
from itertools import pairwise
from math import prod

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

from data import Dataset
from models.backend import Execution, resolve_backend
from models.engines.functional.engine import Engine as FunctionalEngine
from models.engines.trainer import Trainer
from models.experiment import Experiment
from models.initialisations.initialisation import initial_parameters
from models.networks.convolutional import Convolutional
from models.networks.mlp import MLP, layers_of
from models.optimisers.adam import Adam
from models.optimisers.sgd import SGD
from models.parts.seeds import initial_seeds, minibatch_order, order_seeds
from models.penalties.l2 import L2

__all__ = ["CONTENDERS", "Engine", "Functional", "Jax", "Loop", "Vmap", "absent"]


def _start(
    spec: Experiment, data: Dataset, numbers: Sequence[int]
) -> tuple[dict[str, Tensor], Tensor, Tensor]:
    """Initial parameters [M, ...] by name, inputs and targets, in float32; an MLP's inputs are flat."""
    flat = isinstance(spec.network, MLP)
    inputs = data.rows_train if flat else data.x_train
    x, y = (torch.from_numpy(np.array(a)).float() for a in (inputs, data.targets_train))
    groups = [number % len(spec.populations) for number in numbers]
    seeds = initial_seeds(spec.networks.seed, numbers).tolist()
    about = spec.network.parameters(data.sample_shape, data.d_y)
    drawn = initial_parameters(about, spec.initialisation, groups, seeds)
    return {name: tensor.float() for name, tensor in drawn.items()}, x, y


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


def _penalty(spec: Experiment) -> float:
    """Strength of L2, 0 for none."""
    penalty = spec.objective.penalty
    assert penalty is None or isinstance(penalty, L2)
    return penalty.strength if penalty else 0.0


def _squares(parameters: Iterable[Tensor]) -> Tensor:
    """Half of the squares of the weights, which are the parameters with more than one axis."""
    return 0.5 * torch.stack([tensor.square().sum() for tensor in parameters if tensor.dim() > 1]).sum()


def _module(spec: Experiment, data: Dataset) -> nn.Sequential:
    """The network as an ordinary module, its parameters in this project's order."""
    network, modules = spec.network, []
    if isinstance(network, MLP):
        for a, b in pairwise([data.d_x, *network.widths, data.d_y]):
            modules += [nn.Linear(a, b), nn.ReLU()]
        return nn.Sequential(*modules[:-1])
    assert isinstance(network, Convolutional)
    shapes = network.shapes(data.sample_shape)
    for (a, *_), (b, *_) in pairwise(shapes):
        modules += [nn.Conv2d(a, b, network.kernel, network.stride, network.kernel // 2), nn.ReLU()]
    return nn.Sequential(*modules, nn.Flatten(), nn.Linear(prod(shapes[-1]), data.d_y))


def _turned(name: str, tensor: Tensor) -> Tensor:
    """A parameter [M, ...] as torch's modules lay it, or back: linear layers the other way round."""
    return tensor.transpose(1, 2) if name.startswith("W") else tensor


def _optimiser(spec: Experiment, parameters: Iterable[Tensor], **options: bool) -> torch.optim.Optimizer:
    """torch's own of the same kind."""
    if isinstance(spec.optimiser, SGD):
        lr, momentum = spec.optimiser.learning_rate, spec.optimiser.momentum
        return torch.optim.SGD(parameters, lr=lr, momentum=momentum, **options)
    assert isinstance(spec.optimiser, Adam)
    return torch.optim.Adam(parameters, lr=spec.optimiser.learning_rate, **options)


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


class Functional:
    """This project's general engine, whatever the experiment: a group of networks a thread."""

    name = "functional"
    needs: tuple[str, ...] = ()

    def __init__(self, spec: Experiment, data: Dataset, numbers: Sequence[int]) -> None:
        on = Execution(resolve_backend("cpu"), spec.arithmetic.precision)
        self._engine, self._epoch = FunctionalEngine(spec, data, on, os.cpu_count(), numbers), 0

    def epoch(self) -> None:
        self._engine.train(self._epoch, ())
        self._epoch += 1

    def weights(self) -> list[np.ndarray]:
        """All parameters [M, ...], in the network's order."""
        return [tensor.numpy() for tensor in self._engine.parameters().values()]


class Loop:
    """An ordinary script: a DataLoader, autograd, torch's own optimiser, one model after another."""

    name = "loop"
    needs: tuple[str, ...] = ()

    def __init__(self, spec: Experiment, data: Dataset, numbers: Sequence[int]) -> None:
        start, x, y = _start(spec, data, numbers)
        self._spec, self._loss, self._penalty = spec, _torch_loss(spec), _penalty(spec)
        self._orders = _Orders(spec, numbers, len(x))
        self._data, self._names = TensorDataset(x, y), list(start)
        self._models = []
        for member in range(len(numbers)):
            model = _module(spec, data)
            for parameter, (name, tensor) in zip(model.parameters(), start.items(), strict=True):
                parameter.data.copy_(_turned(name, tensor)[member])
            self._models.append((model, _optimiser(spec, model.parameters())))

    def epoch(self) -> None:
        for (model, optimiser), order in zip(self._models, self._orders.next().tolist(), strict=True):
            for x, y in DataLoader(self._data, batch_size=self._spec.budget.batch, sampler=order):
                optimiser.zero_grad()
                loss = self._loss(model(x), y)
                if self._penalty:
                    loss = loss + self._penalty * _squares(model.parameters())
                loss.backward()
                optimiser.step()

    def weights(self) -> list[np.ndarray]:
        by_name = zip(*(model.parameters() for model, _ in self._models), strict=True)
        return [
            _turned(name, torch.stack(parts).detach()).numpy()
            for name, parts in zip(self._names, by_name, strict=True)
        ]


class Vmap:
    """torch.func: one functional module, vmap over its stacked parameters, a fused optimiser on the stack."""

    name = "vmap"
    needs: tuple[str, ...] = ()

    def __init__(self, spec: Experiment, data: Dataset, numbers: Sequence[int]) -> None:
        start, self._x, self._y = _start(spec, data, numbers)
        self._spec, self._orders = spec, _Orders(spec, numbers, len(self._x))
        module, loss, penalty = _module(spec, data).to("meta"), _torch_loss(spec), _penalty(spec)
        self._names = list(start)
        tensors = [_turned(name, tensor).clone().contiguous() for name, tensor in start.items()]
        self._params = dict(zip((name for name, _ in module.named_parameters()), tensors, strict=True))
        self._optimiser = _optimiser(spec, self._params.values(), fused=True)

        def member_loss(params: dict[str, Tensor], x: Tensor, y: Tensor) -> Tensor:
            value = loss(torch.func.functional_call(module, params, (x,)), y)
            return value + penalty * _squares(params.values()) if penalty else value

        self._gradients = torch.func.vmap(torch.func.grad(member_loss), in_dims=(0, 0, 0))

    def epoch(self) -> None:
        for samples in self._orders.next().split(self._spec.budget.batch, 1):
            gradients = self._gradients(self._params, self._x[samples], self._y[samples])
            for name, parameter in self._params.items():
                parameter.grad = gradients[name]
            self._optimiser.step()

    def weights(self) -> list[np.ndarray]:
        return [
            _turned(name, tensor).numpy()
            for name, tensor in zip(self._names, self._params.values(), strict=True)
        ]


class Jax:
    """JAX: vmap over stacked parameters, jit, scan over an epoch's minibatches, optax's Adam."""

    name = "jax"
    needs = ("jax", "optax")

    def __init__(self, spec: Experiment, data: Dataset, numbers: Sequence[int]) -> None:
        import jax
        import optax
        from jax import numpy as jnp

        start, x, y = _start(spec, data, numbers)
        layers = layers_of(start)
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


CONTENDERS = {contender.name: contender for contender in (Engine, Functional, Loop, Vmap, Jax)}


def absent(name: str) -> str | None:
    """Why a contender cannot take part here, None if it can."""
    missing = [package for package in CONTENDERS[name].needs if find_spec(package) is None]
    return f"{', '.join(missing)} not installed: python -m pip install -e '.[bench]'" if missing else None
