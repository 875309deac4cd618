"""The dead network: a hidden layer, or output units, that are silent on every sample.

Where all units of a hidden layer are strictly negative on all samples, the output is a constant in a
neighbourhood of the weights up to that layer, whatever the weights after it. There the objective is at least
the least loss of a constant output, since penalties are not negative; if it is that at w, w is a local
minimum (the argument of `models.relu.dead_units`, for any depth and loss). In floats it is so up to a gap,
which is bounded.

A ReLU output that is below 0 on all samples is 0 there and stays 0 nearby, and its share of a squared error
with it. What the other outputs leave is at least 0: where that is small, so is the depth of anything nearby.
"""

from __future__ import annotations

import torch
from torch import Tensor

from models.descent.certificates.local.enclosure import Enclosed, baseline, encloses, preactivations
from models.descent.problem import Problem
from models.objectives.losses import loss_per_sample
from models.penalties.l2 import L2

__all__ = ["least_constant", "silent_layer", "silent_outputs"]


def silent_layer(problem: Problem, w: Tensor) -> int | None:
    """The first hidden layer, from 1, whose units are all below 0 on all samples, rounding included.

    Args:
        problem: any; only fully connected networks can be shown to be silent.
        w: [1, P].
    """
    if not encloses(problem):
        return None
    silent: Tensor | None = None
    for layers in preactivations(problem, w):
        here = torch.stack([(z + e < 0).all() for z, e in layers[:-1]] or [torch.tensor(False)])
        silent = here if silent is None else silent & here
        if not bool(silent.any()):
            return None
    assert silent is not None
    return 1 + int(silent.int().argmax())


def silent_outputs(problem: Problem, w: Tensor) -> Enclosed | None:
    """What silent ReLU outputs leave of a squared error, which nothing nearby takes away; None without any.

    Args:
        problem: any.
        w: [1, P].
    """
    spec = problem.spec.objective
    if (spec.output, spec.loss) != ("relu", "mse") or spec.penalty is not None or not encloses(problem):
        return None
    silent: Tensor | None = None
    for layers in preactivations(problem, w):
        z, e = layers[-1]
        here = (z + e < 0).flatten(0, -2).all(0)
        silent = here if silent is None else silent & here
    if silent is None or not bool(silent.any()):
        return None
    squares = problem.y[:, silent.to(problem.y.device)].square()
    value = float(0.5 * squares.sum() / problem.samples)
    # A sum of so many squares, divided: gamma_n of Higham 2002, section 3.1; none of them is negative.
    return Enclosed(value, 2 * (squares.numel() + 4) * torch.finfo(torch.float64).eps * value)


def least_constant(problem: Problem) -> Enclosed | None:
    """Least objective of networks with a constant output, or a lower bound of it; None where none is known.

    It is L0, the best over all constants h, except that a ReLU output cannot be below 0: squared error then
    wants max(mean, 0), and binary cross entropy a probability of at least 1/2. Shifting scores up does not
    change a softmax.
    """
    spec = problem.spec.objective
    if spec.penalty is not None and not isinstance(spec.penalty, L2):
        return None
    L0 = baseline(problem)
    mean = problem.y.mean(0)
    if spec.output != "relu" or spec.loss == "ce":
        return L0
    best = mean.clamp(min=0.0) if spec.loss == "mse" else torch.logit(mean.clamp(min=0.5, max=1 - 1e-16))
    value = float(loss_per_sample(best.expand(1, *problem.y.shape), problem.y, "linear", spec.loss).mean())
    # The same formulas at a nearby constant: twice the rounding, relative to a loss that is no smaller.
    return Enclosed(max(value, L0.value), 2 * L0.error * max(1.0, value / max(L0.value, 1e-300)))
