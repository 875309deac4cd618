"""Losses, gradients and Hessian-vector products of a whole ensemble, and bounds on their rounding.

All in float64. The Hessian-vector product is forward over reverse, H v = d/dt grad L(w + t v) at t = 0
(Pearlmutter 1994), summed over the parts of the objective, so it is of the full batch. Bounds are those of
`objective`: gamma_n times the derivative of the majorant at |w|; they leave out overflow and underflow.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import cast

import torch
from torch import Tensor
from torch.func import grad, jvp, vmap

from models.curvature.dense import SLACK, gamma
from models.curvature.objective import Objective, Part

__all__ = [
    "gradient_error",
    "gradients",
    "hessian_products",
    "loss_error",
    "losses",
    "majorised",
    "product_error",
]


def losses(objective: Objective, W: Tensor) -> Tensor:
    """L [M] of stacked parameters W [M, P], or a scalar of flat ones [P].

    Raises:
        ValueError: W does not hold P finite float64 numbers in its last axis.
    """
    W = checked(objective, W)
    if W.ndim == 1:
        return cast("Tensor", sum(part(W) for part in objective.parts))
    return cast("Tensor", sum(vmap(part)(W) for part in objective.parts))


def gradients(objective: Objective, W: Tensor) -> Tensor:
    """Gradients, shaped like W, [M, P] or [P]. Raises as `losses`."""
    W = checked(objective, W)
    if W.ndim == 1:
        return sum(grad(part)(W) for part in objective.parts)
    return sum(vmap(grad(part))(W) for part in objective.parts)


def hessian_products(objective: Objective, W: Tensor, V: Tensor) -> Tensor:
    """H(w) v for every member and direction, shaped like V.

    Args:
        objective: the loss.
        W: [M, P], or [P] for one point.
        V: [M, P] or [M, k, P], k directions a member; for one point [P] or [k, P].

    Raises:
        ValueError: W or V do not fit the objective or each other, or are not finite.
    """
    W, V = checked(objective, W), checked(objective, V)
    if V.ndim not in (W.ndim, W.ndim + 1) or (W.ndim == 2 and V.shape[0] != W.shape[0]):
        raise ValueError(
            f"got V {list(V.shape)} for W {list(W.shape)}, wanted the same shape or [..., k, P], "
            "k directions a point"
        )
    _load_forward_mode()
    total = torch.zeros_like(V)
    for part in objective.parts:
        product = _product(part)
        each = vmap(product, in_dims=(None, 0)) if V.ndim > W.ndim else product
        total += (vmap(each) if W.ndim == 2 else each)(W, V)
    return total


def majorised(objective: Objective, w: Tensor) -> Objective | None:
    """The majorant at w as an objective, to be used at |w|; None where there is none."""
    parts = objective.majorant(w) if objective.majorant else None
    return None if parts is None else replace(objective, parts=parts, majorant=None)


def loss_error(objective: Objective, w: Tensor) -> float | None:
    """Bound on the rounding in the computed L(w), w [P]; None where the objective has no majorant."""
    twin = majorised(objective, w)
    return None if twin is None else _gamma(objective) * float(losses(twin, w.abs()))


def gradient_error(objective: Objective, w: Tensor) -> float | None:
    """Bound on the Euclidean norm of the rounding in the gradient at w [P]; None without a majorant."""
    twin = majorised(objective, w)
    return None if twin is None else _gamma(objective) * float(gradients(twin, w.abs()).norm())


def product_error(objective: Objective, w: Tensor, V: Tensor) -> Tensor | None:
    """Bounds, shaped like V [P] or [k, P], on the rounding of H(w) v; None without a majorant."""
    twin = majorised(objective, w)
    return None if twin is None else _gamma(objective) * hessian_products(twin, w.abs(), V.abs())


def checked(objective: Objective, W: Tensor) -> Tensor:
    """W itself, once it is known to be float64, finite and to have P parameters in its last axis."""
    if W.ndim == 0 or W.shape[-1] != objective.parameters:
        raise ValueError(f"got {list(W.shape)}, wanted {objective.parameters} parameters in the last axis")
    if W.dtype != torch.float64:
        raise ValueError(
            f"got {W.dtype}, wanted torch.float64: curvature is computed in float64, use .double()"
        )
    if not bool(torch.isfinite(W).all()):
        raise ValueError(
            f"got {int((~torch.isfinite(W)).sum())} numbers that are not finite, wanted finite ones: "
            "the run has diverged, take an earlier checkpoint"
        )
    return W


def _product(part: Part) -> Callable[[Tensor, Tensor], Tensor]:
    slope = grad(part)
    return lambda w, v: jvp(slope, (w,), (v,))[1]


@cache
def _load_forward_mode() -> None:
    # torch compiles its own forward-mode rules with torch.jit.script, which it has deprecated, on first use.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        jvp(torch.sin, (torch.zeros(1),), (torch.ones(1),))


def _gamma(objective: Objective) -> float:
    return gamma(objective.roundings) * (1 + SLACK)
