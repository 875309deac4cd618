"""How much of the gradient a Newton step takes away: a gradient-flat region is one where it takes little.

Frye, Simon, Wadia, Ligeralde, DeWeese & Bouchard ("Critical point-finding methods reveal gradient-flat
regions of deep network losses", Neural Computation 33, 2021): ||H p + g|| / ||g|| above 0.9 for the p that
makes it least. H is here the Gauss-Newton matrix J^T S J, J the Jacobian of the scores and S the curvature
of the loss in them: for squared error that of the outputs, (dh/dz)^T (dh/dz) / m, for cross entropies the
Hessian; a penalty adds its own. p is taken no longer than the weights, since no quadratic model holds
further, and from the Krylov space of g.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor
from torch.func import grad, vjp

from models.objectives.losses import loss_per_sample

if TYPE_CHECKING:
    from collections.abc import Callable

    from models.descent.problem import Linearisation, Problem

__all__ = ["newton_residual"]


def newton_residual(problem: Problem, w: Tensor, steps: int) -> float:
    """||H p + g|| / ||g|| at w [1, P], after `steps` steps of Lanczos, two products each; 0 where g is.

    More steps can only make it smaller.
    """
    at = problem.linearise(w)
    g = at.gradient[0]
    size = float(g.norm())
    if size == 0.0:
        return 0.0
    product = _gauss_newton(problem, w, at)
    basis, images = [g / size], []
    for _ in range(min(steps, len(g))):
        image = product(basis[-1])
        images.append(image)
        rest = image.clone()
        for _ in range(2):
            for q in basis:
                rest -= (q @ rest) * q
        length = float(rest.norm())
        if not length > 1e-12 * float(image.norm()):
            break
        basis.append(rest / length)
    Q, A = torch.stack(basis).cpu().numpy(), torch.stack(images).cpu().numpy()
    T = Q @ A.T
    reach = max(float(w.norm()), 1.0)
    target = np.zeros(len(T))
    target[0] = size
    return _least(T, target, reach) / size


def _least(T: np.ndarray, b: np.ndarray, reach: float) -> float:
    """min ||T y + b|| over ||y|| <= reach, by a search for the multiplier."""
    U, s, _ = np.linalg.svd(T, full_matrices=True)
    beta = U.T @ b
    rest = float((beta[len(s) :] ** 2).sum())
    head = beta[: len(s)]

    def of(damping: float) -> tuple[float, float]:
        with np.errstate(divide="ignore", invalid="ignore"):
            y = np.where(s > 0, s * head / (s**2 + damping), 0.0)
            left = np.where(s > 0, damping * head / (s**2 + damping), head)
        return float(np.linalg.norm(y)), float(np.sqrt((left**2).sum() + rest))

    if of(0.0)[0] <= reach:
        return of(0.0)[1]
    low, high = 0.0, float(s[0] * np.abs(head).sum() / reach) + 1e-300
    for _ in range(200):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if of(middle)[0] > reach else (low, middle)
    return of(high)[1]


def _gauss_newton(problem: Problem, w: Tensor, at: Linearisation) -> Callable[[Tensor], Tensor]:
    """v [P] to J^T S J v [P], and the penalty's part."""
    spec, m = problem.spec.objective, problem.samples

    def curved(t: Tensor) -> Tensor:
        if spec.loss != "mse":
            total = grad(lambda z: loss_per_sample(z, problem.y, spec.output, spec.loss).sum() / m)
            # A Hessian is symmetric: pulling back is the product.
            return vjp(total, at.z)[1](t)[0]
        if spec.output == "linear":
            return t / m
        if spec.output == "relu":
            return t * (at.z > 0) / m
        h = torch.softmax(at.z, -1)
        for _ in range(2):
            t = h * t - h * (h * t).sum(-1, keepdim=True)
        return t / m

    def product(v: Tensor) -> Tensor:
        found = at.vjp(curved(at.jvp(v[None])))[0]
        if spec.penalty is None:
            return found
        penalty = spec.penalty
        slope = grad(
            lambda row: penalty({n: p[0] for n, p in problem.stacked(row[None]).items()}, problem.about)
        )
        return found + vjp(slope, w[0])[1](v)[0]

    return product
