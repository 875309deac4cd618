"""Is a point on kinks a local minimum to first order? The test of Yun, Sra & Jadbabaie.

("Efficiently testing local optimality and escaping saddles for ReLU networks", ICLR 2019, sections 3 and
4.) Let z_i be the pre-activations that are 0, pairs i of a unit and a sample, all in one layer, v_i their
gradients in the weights, c_i the slope of the objective in the unit's output on the sample, and a the
gradient of the objective where these units count as silent. The derivative in a direction d is

    f(d) = <a, d> + sum over i of c_i max(0, <v_i, d>).

If no c_i is negative, f is convex, its subgradients at 0 are a + sum s_i c_i v_i with s_i in [0, 1], and f
>= 0 if and only if one of them is 0: a bounded least squares problem, whose residual r gives the steepest
way down, -r / ||r|| with slope -||r||. In the first layer v_i is the sample with a 1 for the bias, and the
problem falls apart into one a hidden unit. A negative c_i has f(d) + f(-d) < 0 for a d that is orthogonal
to the other v; where there is none, the test leaves the matter open unless it comes upon a way down.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from models.descent.certificates.local.box import box_least_squares
from models.descent.problem import Problem
from models.networks.mlp import layers_of
from models.objectives.losses import loss_gradient
from models.penalties.l2 import L2

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Kinked", "first_order"]

PAIRS = 2_000
"""Most pairs of a unit and a sample; after the first layer, PAIRS * 2,000 numbers of their gradients."""

DEPENDENT = 1e-8
"""A sample is a combination of others where what is orthogonal to them is this small a part of it."""


@dataclass(frozen=True, slots=True, eq=False)
class Kinked:
    """What the first-order test found at w.

    Attributes:
        pairs: how many pre-activations are 0.
        slope: smallest directional derivative over unit directions; NaN where the test leaves it open. Where
            a c_i is negative it is the smallest that was found.
        direction: [P], the unit direction of it; that of -a where it is open.
        layer: the one that the pairs are in, from 1; 0 if there are none, -1 if they are in several.
        walls: for every unit of the first layer that is at 0 on a sample, the places [q] in w of the weights
            into it, and these samples [n, q]; None where other layers have such units.
        active: of every hidden layer [m, width], 1 for active, 1/2 for at 0.
        sharp: whether f > 0 in all directions in which a pre-activation leaves 0: no s_i is at 0 or 1.
    """

    pairs: int
    slope: float
    direction: Tensor
    layer: int
    walls: tuple[tuple[Tensor, Tensor], ...] | None
    active: tuple[Tensor, ...]
    sharp: bool


def first_order(problem: Problem, w: Tensor, relative: float, allowed: float) -> Kinked:
    """The test at w [1, P], of a fully connected network.

    Args:
        problem: what was minimised.
        w: [1, P].
        relative: a pre-activation counts as 0 if it is at most this times the product of the norms of weights
            and inputs, plus the bias.
        allowed: slopes of at most this count as 0.
    """
    values = {name: part[0] for name, part in problem.stacked(w).items()}
    layers = layers_of(values)
    inputs, active, edge = _passed(problem, layers, relative)
    spec = problem.spec.objective
    scores = inputs[-1] @ layers[-1][0] + layers[-1][1]
    back = loss_gradient(scores[None], problem.y, spec.output, spec.loss)[0]
    gradients: list[Tensor] = []
    slopes: list[Tensor] = []
    for d in reversed(range(len(layers))):
        if d < len(layers) - 1:
            slopes.insert(0, back)
            back = back * active[d]
        W = layers[d][0]
        decay = spec.penalty.strength if isinstance(spec.penalty, L2) else 0.0
        gradients = [(inputs[d].T @ back + decay * W).flatten(), back.sum(0), *gradients]
        back = back @ W.T
    a = torch.cat(gradients)
    counts = [int(pairs.sum()) for pairs in edge]
    found = [d for d, count in enumerate(counts) if count]
    masks = tuple(on + 0.5 * at for on, at in zip(active[:-1], edge[:-1], strict=True))
    if not found:
        g = float(a.norm())
        return Kinked(0, -g, -a / g if g else a, 0, (), masks, True)
    layer = found[0] + 1 if len(found) == 1 else -1
    far = -a / a.norm().clamp(min=1e-300)
    d = found[0]
    crowded = sum(counts) > PAIRS or (d > 0 and counts[d] * len(a) > PAIRS * 2_000)
    if len(found) > 1 or d == len(layers) - 1 or crowded:
        return Kinked(sum(counts), math.nan, far, layer, None, masks, False)
    if d == 0:
        return _first_layer(problem, a, slopes[0], edge[0], allowed, masks)
    V = _gradients_of(problem, layers, inputs, active, edge[d], d)
    slope, direction, sharp = _unit(a.numpy(), V, slopes[d][edge[d]].numpy(), allowed)
    way = far if math.isnan(slope) else torch.from_numpy(direction)
    return Kinked(counts[d], slope, way, layer, None, masks, sharp)


def _passed(
    problem: Problem, layers: Sequence[tuple[Tensor, Tensor]], relative: float
) -> tuple[list[Tensor], list[Tensor], list[Tensor]]:
    """Of every layer its inputs [m, fan_in], whether it is active [m, width], and whether it is at 0."""
    inputs, active, edge, h = [], [], [], problem.x.flatten(1)
    kinked = problem.spec.objective.output == "relu"
    for d, (W, b) in enumerate(layers):
        inputs.append(h)
        z = h @ W + b
        size = h.norm(dim=1, keepdim=True) * W.norm(dim=0) + b.abs()
        at = z.abs() <= relative * size
        if d == len(layers) - 1 and not kinked:
            at = torch.zeros_like(at)
        edge.append(at)
        active.append(((z > 0) & ~at).to(z))
        h = z * active[-1]
    return inputs, active, edge


def _first_layer(
    problem: Problem, a: Tensor, slopes: Tensor, edge: Tensor, allowed: float, masks: tuple[Tensor, ...]
) -> Kinked:
    """One problem a hidden unit: [W1[:, j], b1[j]] against the samples on which the unit is at 0."""
    x = problem.x.flatten(1)
    fan_in, width = x.shape[1], edge.shape[1]
    lifted = torch.cat([x, torch.ones_like(x[:, :1])], 1)
    place = torch.arange(fan_in * width + width).view(fan_in + 1, width)
    direction, walls, open_, sharp = -a, [], False, True
    for j in edge.any(0).nonzero()[:, 0].tolist():
        rows, at = lifted[edge[:, j]], place[:, j]
        slope, way, strict = _unit(a[at].numpy(), rows.numpy(), slopes[edge[:, j], j].numpy(), allowed)
        open_, sharp = open_ or math.isnan(slope), sharp and strict
        direction[at] = 0.0 if math.isnan(slope) else -slope * torch.from_numpy(way)
        walls.append((at, rows))
    # Slopes of the units add up, so that the steepest direction is that of each, in proportion.
    steepest = float(direction.norm())
    slope = -steepest if not open_ or steepest > allowed else math.nan
    direction = direction / steepest if steepest else direction
    return Kinked(int(edge.sum()), slope, direction, 1, tuple(walls), masks, sharp)


def _gradients_of(
    problem: Problem,
    layers: Sequence[tuple[Tensor, Tensor]],
    inputs: Sequence[Tensor],
    active: Sequence[Tensor],
    edge: Tensor,
    layer: int,
) -> np.ndarray:
    """Gradients [n, P] of the pre-activations of one layer that are 0, in the weights."""
    sample, unit = edge.nonzero().T
    back = torch.nn.functional.one_hot(unit, edge.shape[1]).to(problem.x)
    parts: list[Tensor] = []
    for d in reversed(range(layer + 1)):
        W = layers[d][0]
        parts = [(inputs[d][sample][:, :, None] * back[:, None, :]).flatten(1), back, *parts]
        if d:
            back = (back @ W.T) * active[d - 1][sample]
    found = torch.cat(parts, 1)
    return torch.nn.functional.pad(found, (0, problem.parameters - found.shape[1])).numpy()


def _unit(a: np.ndarray, V: np.ndarray, c: np.ndarray, allowed: float) -> tuple[float, np.ndarray, bool]:
    """Least f over unit directions, where it is attained, and whether f is sharp; NaN where it is left open.

    Args:
        a: [q].
        V: [n, q].
        c: [n].
        allowed: slopes of at most this count as 0.
    """
    V, where = np.unique(V, axis=0, return_inverse=True)
    c = np.bincount(where.reshape(-1), weights=c, minlength=len(V))
    size = np.linalg.norm(V, axis=1)

    def f(d: np.ndarray) -> float:
        return float(a @ d + c @ np.maximum(V @ d, 0.0))

    negative = np.flatnonzero(c * size < -allowed)
    convex = np.maximum(c, 0.0)
    share = box_least_squares((convex[:, None] * V).T, a) if convex.any() else np.full(len(c), 0.5)
    r = a + V.T @ (convex * share)
    length = float(np.linalg.norm(r))
    if not len(negative):
        margin = np.minimum(share, 1 - share) * convex * size
        way = -r / length if length else r
        return -length, way, bool((margin > allowed).all())
    # Not convex: any way down that is found counts, and without one nothing is known.
    tried = [-r] if length else []
    for i in negative:
        others = np.delete(V, i, axis=0)
        alone = V[i] - others.T @ np.linalg.lstsq(others.T, V[i], rcond=None)[0] if len(others) else V[i]
        if np.linalg.norm(alone) > DEPENDENT * size[i]:
            tried += [alone, -alone]
        tried += [V[i], -V[i]]
    unit = [d / np.linalg.norm(d) for d in tried]
    best = min(unit, key=f)
    return (f(best), best, False) if f(best) < -allowed else (math.nan, np.zeros_like(a), False)
