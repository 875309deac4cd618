"""Networks that train together: a quadruple on a CPU, all of them on an accelerator.

Batched kernels round by how many networks they serve. On a CPU the cut into quadruples is fixed, so that a
network's bytes do not depend on how many others there are, and threads take whole groups.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from models.engines.functional.step import Stacked, outputs_of, step_of
from models.objectives.losses import loss_per_sample
from models.parts.seeds import generator, minibatch_order

if TYPE_CHECKING:
    from models.backend import Execution
    from models.engines.view import Judged
    from models.experiment import Experiment
    from models.networks.network import Parameter

__all__ = ["Group", "Samples"]

_SPAN = 500
"""Samples that are evaluated at once; bounds the memory of their activations."""

Samples = tuple[Tensor, Tensor]
"""Inputs [m, *shape] and targets [m, K] of one side."""


class Group:
    """Some networks of an ensemble.

    Args:
        spec: the experiment.
        about: the network's parameters.
        shape: of one sample.
        networks: parameters and buffers before training; nothing is changed in place.
        seeds: [M] of each network's minibatch order, and of the random numbers inside its steps.
        on: device and arithmetic.

    Attributes:
        networks: as they are now.
    """

    def __init__(
        self,
        spec: Experiment,
        about: Mapping[str, Parameter],
        shape: tuple[int, ...],
        networks: Stacked,
        seeds: Sequence[int],
        on: Execution,
    ) -> None:
        self.networks = networks
        self._seeds, self._on, self._batch = seeds, on, spec.budget.batch
        self._objective, self._randomness = spec.objective, spec.network.randomness(shape)
        self._step, self._outputs = step_of(spec, about), outputs_of(spec)

    def train(self, epoch: int, stops: Sequence[int], of: Samples) -> list[Judged]:
        """Trains for an epoch.

        Args:
            epoch: from 0.
            stops: after which steps of it, ascending, these samples are judged.
            of: the training side.

        Returns:
            Losses and labels after each stop.
        """
        x, y = of
        # A pool's threads keep no books for autograd; torch.func needs them inside a step.
        with torch.inference_mode(False), torch.no_grad():
            order = torch.stack([minibatch_order(len(x), epoch, seed) for seed in self._seeds]).to(x.device)
            batches = order.split(self._batch, 1)
            found: list[Judged] = []
            for index, samples in enumerate(batches):
                drawn = self._draw(epoch * len(batches) + index, samples.shape[1])
                self.networks = self._step(self.networks, x[samples], y[samples], drawn)
                if index + 1 in stops:
                    found.append(self.judge(of))
            return found

    def _draw(self, step: int, samples: int) -> dict[str, Tensor]:
        """Uniform numbers [M, B, ...] by name, of this step counted from the first epoch's start.

        In float32 on the CPU whatever the precision and the device, as initial weights are in float64.
        """

        def one(seed: int, name: str, shape: tuple[int, ...]) -> Tensor:
            return torch.rand(samples, *shape, generator=generator(seed, "step", step, name))

        return {
            name: torch.stack([one(seed, name, shape) for seed in self._seeds]).to(
                self._on.device, self._on.dtype
            )
            for name, shape in self._randomness.items()
        }

    def judge(self, of: Samples) -> Judged:
        """Mean losses [M] float64, without any penalty, and labels [M, m] uint8, as between two steps."""
        totals, labels = [], []
        with torch.inference_mode(False), torch.no_grad():
            for x, y in zip(*(side.split(_SPAN) for side in of), strict=True):
                z = self._outputs(self.networks.parameters, self.networks.buffers, x)
                losses = loss_per_sample(z, y, self._objective.output, self._objective.loss)
                # mps has no float64; the few rows of a span are summed there in float32.
                totals.append((losses if self._on.kind == "mps" else losses.double()).sum(1).cpu().double())
                # Softmax keeps the order of z, ReLU does not: where all outputs are 0 the label is the first.
                h = z.relu() if self._objective.output == "relu" else z
                labels.append(h.argmax(-1).to(torch.uint8).cpu())
        mean = torch.stack(totals).sum(0) / len(of[0])
        return mean.numpy(), torch.cat(labels, 1).numpy()

    def rows(self) -> list[Tensor]:
        """All parameters of each network, [n] each."""
        parts = [tensor.flatten(1) for tensor in self.networks.parameters.values()]
        return list(torch.cat(parts, 1))

    def state(self) -> dict[str, np.ndarray]:
        """What training changes, by name."""
        return {
            f"{part}/{name}": tensor.cpu().numpy()
            for part, tensors in self.networks._asdict().items()
            for name, tensor in tensors.items()
        }

    def load(self, state: Mapping[str, np.ndarray]) -> None:
        """Puts back what `state()` gave.

        Raises:
            KeyError: something is missing.
            RuntimeError: something has another size.
        """

        def put_back(name: str, like: Tensor) -> Tensor:
            # A copy into torch's own memory: where numbers lie decides how some kernels round.
            return torch.empty_like(like).copy_(torch.tensor(state[name]).view_as(like))

        self.networks = Stacked(
            *(
                {name: put_back(f"{part}/{name}", tensor) for name, tensor in tensors.items()}
                for part, tensors in self.networks._asdict().items()
            )
        )
