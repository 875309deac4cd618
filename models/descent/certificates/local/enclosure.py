"""A fully connected network's pre-activations and loss in float64, with bounds on their rounding.

The bounds run along with the evaluation: ReLU never enlarges an error, and a layer adds that of its dot
products, gamma_n of the sum of the absolute values (Higham 2002, section 3.1), which Cauchy and Schwarz bound
by norms without a second product. So they hold at kinks, too. Elementary functions are taken to be right
within four units in the last place; overflow and underflow are left out.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from models.curvature.dense import SLACK, UNIT, gamma
from models.descent.multilayer import Multilayer
from models.descent.problem import Problem
from models.networks.mlp import MLP, layers_of
from models.objectives.losses import loss_per_sample
from models.penalties.l2 import L2

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Enclosed", "baseline", "encloses", "objective", "preactivations", "zero_is_attained"]

CHUNK = 1_000
"""Samples at a time."""


@dataclass(frozen=True, slots=True)
class Enclosed:
    """A number within `error` of the true one; `bounded` is False where that is an estimate."""

    value: float
    error: float
    bounded: bool = True

    @property
    def low(self) -> float:
        """Lower bound."""
        return self.value - self.error * (1 + SLACK)

    @property
    def high(self) -> float:
        """Upper bound."""
        return self.value + self.error * (1 + SLACK)


def encloses(problem: Problem) -> bool:
    """Whether bounds exist: for fully connected networks."""
    return isinstance(problem.spec.network, MLP)


def preactivations(problem: Problem, w: Tensor) -> Iterator[list[tuple[Tensor, Tensor]]]:
    """By chunks of samples, of every layer z [B, width] and a bound [B, width] on its error.

    Args:
        problem: of a fully connected network.
        w: [1, P].
    """
    if isinstance(problem, Multilayer):  # an input that is 0 on every sample adds 0, and is rounded nowhere
        layers, inputs = [(W[0], b[0]) for W, b in problem.layers(w)], problem.inputs.x
    else:
        named = {name: part[0] for name, part in problem.stacked(w).items()}
        layers, inputs = list(layers_of(named)), problem.x.flatten(1)
    norms = [W.square().sum(0).sqrt() for W, _ in layers]
    for x in inputs.split(CHUNK):
        h, e, found = x, torch.zeros_like(x[:, :1]), []
        for (W, b), norm in zip(layers, norms, strict=True):
            g = gamma(len(W) + 1) * (1 + SLACK)
            z = torch.addmm(b, h, W)
            # The last rounding is that of the bound's own arithmetic, and of the norms in it.
            reach = (e + g * h.abs()).square().sum(1, keepdim=True).sqrt()
            e = (reach * norm + g * b.abs()) * (1 + SLACK)
            found.append((z, e))
            # A unit that is below 0 for sure is 0 without an error.
            h, e = z.relu(), e * (z + e >= 0)
        yield found


def objective(problem: Problem, w: Tensor) -> Enclosed:
    """What is minimised, at w [1, P], as `Problem.loss` has it, enclosed.

    For networks that are not fully connected the rounding is estimated, by sqrt(P) units in the last place.
    """
    spec = problem.spec.objective
    if not encloses(problem):
        value = float(problem.loss(w)[0])
        return Enclosed(value, UNIT * math.sqrt(problem.parameters) * value, bounded=False)
    values, errors = [], []
    for layers, y in zip(preactivations(problem, w), problem.y.split(CHUNK), strict=True):
        z, e = layers[-1]
        each = loss_per_sample(z[None], y, spec.output, spec.loss)[0]
        values.append(each)
        errors.append(
            _loss_error(z, e, y, spec.output, spec.loss, each) + gamma(problem.outputs + 4) * each.abs()
        )
    m = problem.samples
    total = torch.cat(values)
    mean = float(total.sum() / m)
    error = float(torch.cat(errors).sum() / m) + gamma(m + 1) * float(total.abs().sum() / m)
    if spec.penalty is None:
        return Enclosed(mean, error * (1 + SLACK))
    parameters = {name: part[0] for name, part in problem.stacked(w).items()}
    more = float(spec.penalty(parameters, problem.about))
    error += gamma(problem.parameters + 8) * abs(more) + UNIT * abs(mean + more)
    return Enclosed(mean + more, error * (1 + SLACK), bounded=isinstance(spec.penalty, L2))


def baseline(problem: Problem) -> Enclosed:
    """L0, enclosed: the mean of the labels and its loss are rounded as well."""
    y, m = problem.y, problem.samples
    mean = y.mean(0)
    if problem.spec.objective.loss == "mse":
        r = (y - mean).abs()
        d = gamma(m + 1) * y.abs().mean(0) + UNIT * r
        error = float((r * d + 0.5 * d.square()).sum(-1).mean())
    else:
        # p log p moves by (|log p| + 1) times the relative error of p, and the logarithm has its own.
        error = 4 * gamma(m + 8) * (problem.baseline + 2 * float(y.abs().sum(-1).mean()) + problem.outputs)
    error += gamma(m + problem.outputs + 8) * problem.baseline
    return Enclosed(problem.baseline, error * (1 + SLACK))


def zero_is_attained(problem: Problem) -> bool:
    """Whether some finite scores z [m, K] have an objective of 0; whether this network has such is not asked.

    Cross entropies are positive at all finite scores, and softmax never reaches the corner at which a one-hot
    label lies; under a penalty 0 would need weights of 0.
    """
    spec, y = problem.spec.objective, problem.y
    if spec.penalty is not None and getattr(spec.penalty, "strength", 1.0) != 0.0:
        return False
    if spec.output == "softmax":
        if problem.outputs == 1:  # h is 1 whatever z is
            return bool((y == 1).all())
        return spec.loss == "mse" and bool((y > 0).all()) and bool(((y.sum(1) - 1).abs() <= 1e-12).all())
    if spec.loss != "mse":
        return False
    return spec.output == "linear" or bool((y >= 0).all())


def _loss_error(z: Tensor, e: Tensor, y: Tensor, output: str, loss: str, each: Tensor) -> Tensor:
    """Bound [B] on the error of the computed losses `each` [B], but for their last sums; z, e, y [B, K].

    With d = max e, softmax(z + e) is between exp(-2 d) and exp(2 d) times softmax(z), and so is its
    complement, a sum of others. So the logarithm p of either moves by at most 2 d; and, since -p is
    log(1 + odds), by at most exp(2 d) - 1 times itself, which is far less where the loss is small.
    """
    K = z.shape[1]
    d = e.amax(1)
    far = z.abs().amax(1)
    rounding = UNIT * (8 * far + 8 * K + 32)
    if loss == "mse":
        h = z
        if output == "softmax":
            h = torch.softmax(z, -1)
            small = torch.minimum(h, 1 - h) + UNIT
            e = small * torch.expm1(2 * d)[:, None] + h * rounding[:, None]
        elif output == "relu":
            h = z.relu()
        r = (h - y).abs()
        e = e + UNIT * r
        return (r * e + 0.5 * e.square()).sum(1)
    # How many logarithms are added up.
    logarithms = y.abs().sum(1) if loss == "ce" else (y.abs() + (1 - y).abs()).sum(1)
    rounding = logarithms * rounding
    moved = 2 * d * logarithms
    if bool((y >= 0).all()) and (loss == "ce" or bool((y <= 1).all())):
        moved = torch.minimum(moved, (each + rounding) * torch.expm1(2 * d))
    return moved + rounding
