"""A step of training as a pure function of a group of networks, by torch.func.

One network's objective is differentiated and mapped over the stacked parameters and buffers of the group; the
optimiser's own pure step then updates the stack. Nothing is changed in place.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, NamedTuple

from torch import Tensor
from torch.func import grad, vmap

from models.networks.stream import Stream
from models.objectives.losses import loss_per_sample

if TYPE_CHECKING:
    from models.experiment import Experiment
    from models.networks.network import Parameter

__all__ = ["Stacked", "outputs_of", "step_of"]

Tensors = Mapping[str, Tensor]


class Stacked(NamedTuple):
    """What training changes, by name: parameters and buffers [M, ...], and the optimiser's own state."""

    parameters: Tensors
    buffers: Tensors
    optimiser: Tensors


def step_of(
    spec: Experiment, about: Mapping[str, Parameter]
) -> Callable[[Stacked, Tensor, Tensor, Tensors], Stacked]:
    """The step: takes the networks, their samples x [M, B, *shape], targets y [M, B, K] and random numbers
    [M, B, ...] by name, and returns the networks after it.

    Args:
        spec: names the network, the objective and the optimiser.
        about: the network's parameters.
    """
    network, objective, penalty = spec.network, spec.objective, spec.objective.penalty

    def minimised(
        parameters: Tensors, buffers: Tensors, x: Tensor, y: Tensor, drawn: Tensors
    ) -> tuple[Tensor, Tensors]:
        z, after = network.apply(parameters, buffers, x, True, Stream(drawn))
        value = loss_per_sample(z, y, objective.output, objective.loss).mean()
        return value if penalty is None else value + penalty(parameters, about), after

    gradients_of = vmap(grad(minimised, has_aux=True))

    def step(networks: Stacked, x: Tensor, y: Tensor, drawn: Tensors) -> Stacked:
        gradients, buffers = gradients_of(networks.parameters, networks.buffers, x, y, drawn)
        parameters, state = spec.optimiser.update(networks.parameters, gradients, networks.optimiser)
        return Stacked(parameters, buffers, state)

    return step


def outputs_of(spec: Experiment) -> Callable[[Tensors, Tensors, Tensor], Tensor]:
    """Pre-activations z [M, B, K] of the networks, as they are between steps, on samples x [B, *shape]."""

    def one(parameters: Tensors, buffers: Tensors, x: Tensor) -> Tensor:
        return spec.network.apply(parameters, buffers, x, False, None)[0]

    return vmap(one, in_dims=(0, 0, None))
