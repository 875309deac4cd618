"""The objective of a cell: which unit is active on which sample is fixed, and so it is smooth everywhere.

With squared error it is a polynomial in the weights. Where units are exactly 0 on some samples, the network's
objective and this one, in which they are silent there, agree as long as they stay 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from math import prod

import torch
from torch import Tensor

from models.curvature.objective import Objective, Part
from models.descent.problem import Problem
from models.networks.mlp import MLP, layers_of
from models.objectives.losses import loss_per_sample

__all__ = ["cell_masks", "cell_objective", "decay_of", "first_slopes"]

CHUNK = 1_000
"""Samples a part."""


def cell_masks(problem: Problem, w: Tensor, active: Sequence[Tensor]) -> list[Tensor]:
    """Masks of every layer as `cell_objective` takes them, at w [1, P]; `active` is that of `kink.Kinked`."""
    hidden = [(mask == 1).double().cpu() for mask in active]
    z = problem.scores(w)[0].cpu()
    output = (z > 0).double() if problem.spec.objective.output == "relu" else torch.ones_like(z)
    return [*hidden, output]


def cell_objective(problem: Problem, masks: Sequence[Tensor], chunk: int = CHUNK) -> Objective:
    """The mean loss of a network's cell, without the penalty, as `models.curvature` takes it.

    Args:
        problem: of a fully connected network. masks: of every layer [m, width], 1 where a unit is active on
        a sample, else 0; of an output that is no
            ReLU all 1.
        chunk: samples a part; with about sqrt(m) of them the bound on rounding is least.
    """
    spec, made, m = problem.spec.objective, problem.spec.network, problem.samples
    assert isinstance(made, MLP)
    sizes = made.sizes(tuple(problem.x.shape[1:]), problem.outputs)
    output = "linear" if spec.output == "relu" else spec.output
    arrays = [problem.x.flatten(1), problem.y, *masks]
    chunks = list(zip(*(array.cpu().split(chunk) for array in arrays), strict=True))

    def scores(w: Tensor, x: Tensor, masks: Sequence[Tensor]) -> Tensor:
        h = x
        layers = layers_of({name: part[0] for name, part in problem.stacked(w[None]).items()})
        for (W, b), mask in zip(layers, masks, strict=True):
            h = (h @ W + b) * mask
        return h

    def part(x: Tensor, y: Tensor, *masks: Tensor) -> Part:
        return lambda w: loss_per_sample(scores(w, x, masks)[None], y, output, spec.loss).sum() / m

    def twin(x: Tensor, y: Tensor, *masks: Tensor) -> Part:
        return lambda w: 0.5 * (scores(w, x.abs(), masks) + y.abs()).square().sum() / m

    twins = tuple(twin(*chunk) for chunk in chunks)
    return Objective(
        parameters=problem.parameters,
        parts=tuple(part(*chunk) for chunk in chunks),
        majorant=(lambda w: twins) if spec.loss == "mse" and output == "linear" else None,
        # As in `models.curvature.objective.network`; samples are added up in parts, then the parts.
        roundings=4 * sum(a + b + 4 for a, b in pairwise(sizes)) + min(chunk, m) + len(chunks) + 32,
    )


def first_slopes(problem: Problem, w: Tensor, masks: Sequence[Tensor], *, majorant: bool = False) -> Tensor:
    """Slope [m, width] of the mean squared error in the first hidden layer's outputs, within the cell.

    Args:
        problem: of a fully connected network with squared error and an output that is no softmax.
        w: [1, P].
        masks: as in `cell_objective`.
        majorant: of the majorant instead, for w that is not negative.
    """
    layers = layers_of({name: part[0] for name, part in problem.stacked(w).items()})
    h, y = problem.x.flatten(1), problem.y
    if majorant:
        h, y = h.abs(), -y.abs()
    for (W, b), mask in zip(layers, masks, strict=True):
        h = (h @ W + b) * mask
    back = (h - y) * masks[-1] / problem.samples
    for d in range(len(layers) - 1, 0, -1):
        back = back @ layers[d][0].T
        if d > 1:
            back = back * masks[d - 1]
    return back


def decay_of(problem: Problem) -> Tensor:
    """[P], the second derivative of the penalty: an L2's strength at weights."""
    strength = float(getattr(problem.spec.objective.penalty, "strength", 0.0))
    return torch.cat(
        [
            torch.full((prod(one.shape),), on, dtype=torch.float64)
            for one in problem.about.values()
            for on in [strength if one.role == "weight" else 0.0]
        ]
    )
