"""The full-batch objective of networks, as a function of flat parameters w [M, P]: value, gradient, Jacobian.

Networks do not see each other: row k of everything depends on row k of w alone. Whoever descends on one
network asks with M = 1. What is here serves any network, by torch.func; a kind that can be computed faster
has a problem of its own with the same methods (`problem_of`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor
from torch.func import grad_and_value, vjp, vmap

from models.objectives.losses import constant_loss, loss_gradient, loss_per_sample

if TYPE_CHECKING:
    from data import Dataset
    from models.descent.spec import Spec

__all__ = ["Linearisation", "Problem", "problem_of"]


@dataclass(frozen=True, slots=True, eq=False)
class Linearisation:
    """The networks at one w, and their outputs to first order.

    Attributes:
        loss: [M] float64, what is minimised: mean loss over the samples, and the penalty.
        gradient: [M, P] of it.
        z: [M, m, K], pre-activations of the output layer.
        slope: [M, m, K], gradient of the mean loss with respect to z.
        jvp: takes v [M, P] to J v [M, m, K], with J = dz/dw.
        vjp: takes u [M, m, K] to J^T u [M, P].
    """

    loss: Tensor
    gradient: Tensor
    z: Tensor
    slope: Tensor
    jvp: Callable[[Tensor], Tensor]
    vjp: Callable[[Tensor], Tensor]


class Problem:
    """Minimise an experiment's objective over all training samples at once, in float64.

    A row of w holds the network's parameters in the order of `Network.parameters`, each flattened: W1
    [fan_in, fan_out], b1, W2, ... for a multilayer perceptron. Networks are taken as they are between
    steps of training: without dropout, with the buffers that they carry.

    Args:
        spec: the experiment: network, objective and data.
        data: its data set.
        device: where to compute.
        buffers: by name, [M, ...] of all networks that will be asked of; none for most networks.

    Attributes:
        x: [m, *shape]; y: [m, K], the training side.
        parameters: P.
        baseline: L0 on the training side, so that l = loss / baseline.
    """

    def __init__(
        self,
        spec: Spec,
        data: Dataset,
        device: torch.device | str = "cpu",
        buffers: Mapping[str, Tensor] | None = None,
    ) -> None:
        self.spec, self.data = spec, data
        self.x, self.y = (
            torch.from_numpy(np.array(a)).to(device, torch.float64)
            for a in (data.x_train, data.targets_train)
        )
        self.about = spec.network.parameters(tuple(self.x.shape[1:]), self.y.shape[1])
        self.parameters = sum(prod(one.shape) for one in self.about.values())
        self.baseline = constant_loss(self.y.cpu(), self.y.cpu(), spec.objective.loss)
        self.buffers = dict(buffers or {})

    @property
    def samples(self) -> int:
        """m."""
        return len(self.x)

    @property
    def outputs(self) -> int:
        """K."""
        return int(self.y.shape[1])

    def stacked(self, w: Tensor) -> dict[str, Tensor]:
        """The parameters by name, [M, ...] views of w [M, P]."""
        found, start = {}, 0
        for name, one in self.about.items():
            size = prod(one.shape)
            found[name] = w[:, start : start + size].unflatten(1, one.shape or (1,))
            start += size
        return found

    def flat(self, parameters: Mapping[str, Tensor | np.ndarray]) -> Tensor:
        """The inverse of `stacked`, float64 [M, P]; of arrays as a run keeps them.

        Raises:
            KeyError: a parameter is missing.
        """
        rows = [torch.as_tensor(parameters[name]).flatten(1) for name in self.about]
        return torch.cat(rows, 1).to(self.x.device, torch.float64)

    # -- values ---------------------------------------------------------------------------

    def scores(self, w: Tensor, x: Tensor | None = None) -> Tensor:
        """Pre-activations z [M, m, K] of the output layer on x [m, *shape], by default the training side."""
        x = self.x if x is None else x
        return vmap(self._scores, in_dims=(0, 0, None))(self.stacked(w), self.buffers, x)

    def loss(self, w: Tensor) -> Tensor:
        """What is minimised, [M]."""
        return vmap(self._minimised)(self.stacked(w), self.buffers)

    def loss_and_gradient(self, w: Tensor) -> tuple[Tensor, Tensor]:
        """[M] and [M, P]."""
        gradients, loss = vmap(grad_and_value(self._minimised))(self.stacked(w), self.buffers)
        return loss, torch.cat([gradients[name].flatten(1) for name in self.about], 1)

    def linearise(self, w: Tensor) -> Linearisation:
        """The networks and their Jacobian at w."""
        loss, gradient = self.loss_and_gradient(w)
        z, pulled, *_ = vjp(self.scores, w)
        # J^T u is linear in u, so that pulling back once more gives J v (the double-backward trick); torch's
        # own forward mode compiles a library of decompositions when it is first imported.
        pushed = vjp(lambda u: pulled(u)[0], torch.zeros_like(z))[1]
        return Linearisation(
            loss=loss,
            gradient=gradient,
            z=z,
            slope=loss_gradient(z, self.y, self.spec.objective.output, self.spec.objective.loss),
            jvp=lambda v: pushed(v)[0],
            vjp=lambda u: pulled(u)[0],
        )

    def forget(self) -> None:
        """Lets go of what is kept for the next step; nothing here."""

    def along(
        self, at: Linearisation, w: Tensor, p: Tensor, first: Tensor | None = None
    ) -> Callable[[Tensor], Tensor]:
        """What takes lengths t [M] to the loss at w + t p, [M], where `at` is the linearisation at w and
        `first` is the step's own (`models.descent.newton.step.Step`)."""
        return lambda t: self.loss(w + t[:, None] * p)

    def _scores(self, parameters: Mapping[str, Tensor], buffers: Mapping[str, Tensor], x: Tensor) -> Tensor:
        return self.spec.network.apply(parameters, buffers, x, False, None)[0]

    def _minimised(self, parameters: Mapping[str, Tensor], buffers: Mapping[str, Tensor]) -> Tensor:
        objective = self.spec.objective
        z = self._scores(parameters, buffers, self.x)
        value = loss_per_sample(z, self.y, objective.output, objective.loss).mean()
        return value if objective.penalty is None else value + objective.penalty(parameters, self.about)


def problem_of(
    spec: Spec,
    data: Dataset,
    device: torch.device | str = "cpu",
    buffers: Mapping[str, Tensor] | None = None,
) -> Problem:
    """The fastest problem that there is for this experiment."""
    from models.descent.multilayer import Multilayer

    if spec.network.kind == "mlp":
        return Multilayer(spec, data, device, buffers)
    return Problem(spec, data, device, buffers)
