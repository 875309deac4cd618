"""What the best Newton step leaves of the gradient: much of it where a slope flattens before it ends.

Frye, Simon, Wadia, Ligeralde, DeWeese & Bouchard ("Critical point-finding methods reveal gradient-flat
regions of deep network losses", Neural Computation 33, 2021): ||H p + g|| / ||g|| for the p that makes it
least, H the Hessian between kinks with all its terms. The p is looked for in the Krylov space of g, as MINRES
does (Paige & Saunders 1975), of which the norms alone are needed; more products can only lower it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import torch
from torch import Tensor
from torch.func import grad, vjp, vmap

from models.descent.multilayer import Layered, Multilayer
from models.objectives.losses import loss_gradient

if TYPE_CHECKING:
    from collections.abc import Callable

    from models.descent.method import Descending
    from models.descent.problem import Linearisation, Problem

__all__ = ["ended", "hessian", "newton_residual"]

_PRODUCTS = 16

_COUNTED = 2 * _PRODUCTS
"""What `newton_residual` counts for: a Hessian's product is one with the Jacobian and one with its transpose,
and small layers more."""


def newton_residual(problem: Problem, w: Tensor, most: int = _PRODUCTS) -> Tensor:
    """||H p + g|| / ||g|| of each network [M], after at most so many products; 0 where g is."""
    at = problem.linearise(w)
    size = at.gradient.norm(dim=1)
    unit = torch.where(size > 0, size, 1.0)
    product = hessian(problem, at, w, unit)
    q, before = at.gradient / unit[:, None], torch.zeros_like(w)
    M, beta = len(w), torch.zeros_like(size)
    T = w.new_zeros(M, most + 1, most)
    for k in range(most):
        image = product(q)
        T[:, k, k] = (q * image).sum(1)
        if k:
            T[:, k - 1, k] = beta
        rest = image - T[:, k, k, None] * q - beta[:, None] * before
        beta = rest.norm(dim=1)
        # What rounding leaves of an image is no direction.
        beta = torch.where(beta > 1e-6 * image.norm(dim=1), beta, 0.0)
        T[:, k + 1, k] = beta
        q, before = torch.where(beta[:, None] > 0, rest / beta[:, None], 0.0), q
    # The distance of the first axis from the columns of T: what of it lies in their range is taken off.
    U, s, _ = torch.linalg.svd(T, full_matrices=False)
    inside = torch.where(s > 1e-12 * s[:, :1], U[:, 0], 0.0).square().sum(1)
    return torch.where(size > 0, (1 - inside).clamp(min=0).sqrt(), 0.0)


def ended(problem: Problem, before: Descending, after: Descending) -> Descending:
    """A step's outcome, with the residuals of the networks that have stalled in it."""
    rows = (after.stalled & ~before.stalled).nonzero().squeeze(1)
    if not len(rows):
        return after
    found = newton_residual(problem, after.w[rows])
    products = after.products.index_add(0, rows, torch.full_like(rows, _COUNTED))
    return replace(after, residual=after.residual.index_copy(0, rows, found), products=products)


def hessian(
    problem: Problem, at: Linearisation, w: Tensor, unit: Tensor, dtype: torch.dtype = torch.float32
) -> Callable[[Tensor], Tensor]:
    """What takes v [M, P] to H v over `unit` [M], H the Hessian at w, where `at` was found.

    A multilayer perceptron's is by hand, in a type: its gradient's derivative along v, layer by layer.
    """
    if not (isinstance(problem, Multilayer) and isinstance(at, Layered)):
        pulled = vjp(lambda w: problem.loss_and_gradient(w)[1], w)[1]
        return lambda v: pulled(v / unit[:, None])[0]
    low, objective = at.to(dtype), problem.spec.objective
    deltas = low.backward((at.slope / unit[:, None, None]).to(dtype))
    bend = vjp(lambda z: loss_gradient(z, problem.y, objective.output, objective.loss), at.z)[1]
    penalty = objective.penalty
    if penalty is not None:
        slope = vmap(grad(lambda row: penalty(row, problem.about)))

        def own(w: Tensor) -> Tensor:
            found = slope(problem.stacked(w))
            return torch.cat([found[name].flatten(1) for name in problem.about], 1)

        more = vjp(own, w)[1]

    def product(v: Tensor) -> Tensor:
        moves = problem.layers(v.to(dtype))
        # Forward, how inputs of layers and scores move; then backward, how the gradients with respect to
        # pre-activations do: by the scores' move, and by the weights' own.
        moved, inputs = torch.zeros_like(low.inputs[0]), []
        for k, (V, c) in enumerate(moves):
            inputs.append(moved)
            moved = (low.inputs[k] @ V).add_(c[:, None])
            if k:
                moved += inputs[k] @ low.weights[k]
            if k < len(low.active):
                moved *= low.active[k]
        # The curvature in scores is symmetric: pulling back is the product.
        turned = bend(moved.double() / unit[:, None, None])[0].to(dtype)
        found: list[Tensor] = []
        for k in range(len(moves) - 1, -1, -1):
            slopes = low.inputs[k].mT @ turned
            if k:
                slopes += inputs[k].mT @ deltas[k]
            found = [slopes, turned.sum(1), *found]
            if k:
                turned = turned @ low.weights[k].mT + deltas[k] @ moves[k][0].mT
                turned *= low.active[k - 1]
        image = problem.spread(found)
        return image if penalty is None else image + more(v / unit[:, None])[0]

    return product
