"""What the networks of a descent are on the test side: in float32, as training records it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from models.backend import Backend, Execution
from models.engines.mlp.ensemble import Operands
from models.engines.mlp.evaluation import Evaluation
from models.networks.mlp import MLP, layers_of
from models.objectives.losses import loss_per_sample

if TYPE_CHECKING:
    from models.descent.problem import Problem
    from models.engines.view import Judged

__all__ = ["OnTest"]


class OnTest:
    """The test side, cut into blocks once for all networks of a descent.

    Args:
        problem: of its experiment.
        backend: the device.
    """

    def __init__(self, problem: Problem, backend: Backend) -> None:
        self._problem, self._objective, data = problem, problem.spec.objective, problem.data
        x, y = (torch.from_numpy(np.array(a)) for a in (data.x_test, data.targets_test))
        self._x, self._y = (a.to(backend.device, torch.float32) for a in (x, y))
        self._evaluation: Evaluation | None = None
        if isinstance(problem.spec.network, MLP):
            labels = np.asarray(data.y_test) if data.task == "classification" else None
            output, loss = self._objective.output, self._objective.loss
            rows, on = x.flatten(1).float(), Execution(backend, "fp32")
            self._evaluation = Evaluation(rows, y.float(), labels, output, loss, on)

    def __call__(self, w: Tensor) -> Judged:
        """Losses [M] and labels [M, m] of networks at w [M, P]."""
        low = w.to(torch.float32)
        if self._evaluation is not None:
            return self._evaluation(Operands(layers_of(self._problem.stacked(low))))
        z = self._problem.scores(low, self._x)
        h = z.relu() if self._objective.output == "relu" else z
        losses = loss_per_sample(z.double(), self._y.double(), self._objective.output, self._objective.loss)
        return losses.mean(1).cpu().numpy(), h.argmax(-1).to(torch.uint8).cpu().numpy()
