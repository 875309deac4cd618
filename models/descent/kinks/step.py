"""From a network to a lower one, over kinks: the iterations of the active-set method."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from models.descent.kinks.box import box_minimum
from models.descent.kinks.cell import Cell, Perceptron
from models.descent.kinks.model import Model, Step
from models.descent.kinks.rows import Rows, inner, kink_rows, transposed

__all__ = ["Place", "advance", "place", "subgradient"]

ROUNDS, EACH = 4, 32
"""Times that a step is solved for again at one damping, and how many kinks are added each time."""

MOST = 256
"""Kinks that a model begins with."""

FIRST, FLOOR = 1e-2, 1e-12
"""Damping before the first step and the least one, in units of the mean diagonal of J J^T."""

GROWTH, DAMPINGS = 3.0, 40
"""Factor between dampings, and how many are tried from one point."""

GOOD, FAIR, POOR = 0.75, 0.5, 0.25
"""Decrease over the model's: above GOOD the damping falls, at FAIR no further kinks are asked for, below POOR
the damping grows."""

LEAST = 1e-3
"""Of the model's decrease, which a step must achieve."""

ROUNDING = 1e-15
"""Of the loss: a decrease up to this is none."""

ZERO = 1e-10
"""Of the norms of its inputs and weights: a pre-activation up to this lies on its kink."""


@dataclass(frozen=True, slots=True, eq=False)
class Place:
    """A network between two iterations.

    Attributes:
        cell: it; of its kinks those that are held may count as either side.
        held: [m, units] bool, kinks that it lies on.
        damping: of the next step; NaN before the first.
        stalled: whether neither a step nor a release lowers the loss.
        products: with the Jacobian or its transpose, over all samples, so far; a loss counts as one, and the
            K products by which a model's rows are found as K.
    """

    cell: Cell
    held: Tensor
    damping: float = float("nan")
    stalled: bool = False
    products: int = 1


def place(of: Perceptron, w: Tensor) -> Place:
    """The network with weights [P], on all kinks where it happens to lie."""
    cell = of.cell(of.layers(w))
    return Place(cell, _zeros(cell))


def _zeros(cell: Cell) -> Tensor:
    found = []
    for h, layer, a in zip(cell.inputs, cell.layers, cell.before, strict=False):
        sizes = torch.linalg.vector_norm(h, dim=1)[:, None] * torch.linalg.vector_norm(layer, dim=0)
        found.append(a.abs() <= ZERO * sizes)
    return torch.cat(found, 1)


def advance(at: Place) -> Place:
    """One iteration; the loss of a network that has not stalled falls.

    A step is the minimiser of a model that bends at the kinks that are held (`models.descent.kinks.model`).
    While the loss falls by less than a fair share of what the model says, kinks that the step crosses into a
    valley's rising side are added, those first that raise the loss most, and it is solved for again, for the
    price of a triangular system each. Where that does not help, the damping grows.
    """
    if at.stalled:
        return at
    found = _from(at, at.cell)
    if not found.stalled:
        return found
    lying = at.held | _zeros(at.cell)
    pull = at.cell.pull
    if bool((lying & ~at.held & (pull > 0)).any()):
        found = _from(replace(at, held=lying, products=found.products), at.cell)
    if found.stalled and bool((lying & (pull < 0)).any()):
        # A ridge falls to both sides. The model knows of one side at a time, and was flat on this one.
        found = _from(replace(found, stalled=False), at.cell.turned(lying & (pull < 0)))
    return found


def _from(at: Place, cell: Cell) -> Place:
    model = Model(cell)
    products = at.products + 1 + cell.z.shape[1]
    damping = at.damping if at.damping == at.damping else FIRST * model.scale
    for _ in range(DAMPINGS):
        model.damped(damping)
        found = _best(model, at.held)
        products += 4 * found.tries
        if found.share >= LEAST:
            if found.share > GOOD:
                damping /= GROWTH
            elif found.share < POOR:
                damping *= GROWTH
            held = torch.zeros_like(at.held)
            held.view(-1)[found.step.on] = True
            return Place(found.after, held, max(damping, FLOOR * model.scale), False, products)
        if found.step.decrease <= ROUNDING * abs(cell.loss):
            break
        damping *= GROWTH
    return replace(at, stalled=True, products=products)


@dataclass(frozen=True, slots=True, eq=False)
class _Found:
    step: Step
    after: Cell
    share: float
    tries: int


def _best(model: Model, held: Tensor) -> _Found:
    """The lowest of the steps to the model's minimisers at its damping, as kinks are added."""
    cell = model.cell
    valley = cell.pull > 0
    model.bend(_highest(cell.pull.where(valley & held, 0.0), MOST))
    found = _tried(model)
    last = found.step
    for round_ in range(1, ROUNDS + 1):
        if found.share > FAIR or found.step.decrease <= ROUNDING * abs(cell.loss):
            break
        crossed = valley & ((last.to > 0) != cell.on)
        crossed.view(-1)[model.kinks] = False
        kinks = _highest((cell.pull * last.to.abs()).where(crossed, 0.0), EACH)
        if not len(kinks):
            break
        model.bend(kinks)
        other = _tried(model)
        last = other.step
        found = replace(other if other.after.loss < found.after.loss else found, tries=round_ + 1)
    return found


def _tried(model: Model) -> _Found:
    step, cell = model.step(), model.cell
    after = cell.of.cell([layer + move for layer, move in zip(cell.layers, step.layers, strict=True)])
    fell = cell.loss - after.loss
    share = fell / step.decrease if fell > 0 and step.decrease > 0 else 0.0
    return _Found(step, after, share, 1)


def _highest(values: Tensor, most: int) -> Tensor:
    """Places [n] of the largest values above 0 in the flat tensor."""
    flat = values.flatten()
    found = flat.topk(min(most, len(flat)))
    return found.indices[found.values > 0]


def subgradient(at: Place) -> float:
    """Norm of the smallest element of the loss's subdifferential at the held kinks: 0 where no direction
    lowers the loss to first order.

    The directional derivative along p is g^T p + sum_k c_k (max(d_k^T p, 0) - s_k d_k^T p). With all c_k > 0
    it is the support function of the convex set {g + D n}, n as in `models.descent.kinks.model`, whose
    element nearest to 0 is the negative of steepest descent (Rockafellar & Wets 1998, "Variational analysis",
    8.B). A ridge, c_k < 0, is no part of it: 0 may be a Clarke subgradient there, though the loss falls on
    both sides.
    """
    cell = at.cell
    kinks = _highest(cell.pull.where(at.held, 0.0), MOST)
    gradient = cell.gradient
    square = sum(float(part.square().sum()) for part in gradient)
    if not len(kinks):
        return square**0.5
    rows = kink_rows(cell, kinks)
    pull, on = cell.pull.flatten()[kinks], cell.on.flatten()[kinks].to(cell.z.dtype)
    along = _along(cell, rows, gradient)
    n = box_minimum(inner(cell, rows, rows), along, -on * pull, (1 - on) * pull, (0.5 - on) * pull)
    least = [g + d for g, d in zip(gradient, transposed(cell, rows, n), strict=True)]
    return sum(float(part.square().sum()) for part in least) ** 0.5


def _along(cell: Cell, rows: Rows, layers: list[Tensor]) -> Tensor:
    """Inner products [n] of rows with what has the shape of weights."""
    first = ((cell.inputs[0][rows.samples] @ layers[0]) * rows.first).sum(1)
    return first + rows.rest @ torch.cat([layer.flatten() for layer in layers[1:]])
