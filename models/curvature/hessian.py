"""The dense Hessian, with a bound on the rounding of its entries where one is proved, else an estimate."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from models.curvature.dense import SLACK, UNIT, gamma
from models.curvature.objective import Objective
from models.curvature.products import hessian_products, majorised

__all__ = ["DENSE_LIMIT", "DenseHessian", "dense_hessian"]

DENSE_LIMIT = 4_000
"""Largest P whose Hessian is formed: 128 MB, and under a minute for its eigenvalues on one core."""

ESTIMATE_FACTOR = 16.0
"""Without a bound, the entry error is taken to be this many times what rounding visibly did."""


@dataclass(frozen=True, eq=False, repr=False)
class DenseHessian:
    """The Hessian at a point, as computed.

    Attributes:
        matrix: [P, P] float64.
        entry_error: [P, P] or one number, on the absolute error of the entries.
        certified: True where entry_error is a bound, False where it is an estimate.
        note: how entry_error was found, and why it is no bound if it is none.
    """

    matrix: np.ndarray
    entry_error: np.ndarray | float
    certified: bool
    note: str


def dense_hessian(objective: Objective, w: Tensor, chunk: int = 256) -> DenseHessian:
    """H(w), [P, P], by Hessian-vector products with the columns of the identity.

    Where the objective has a majorant, every entry is within gamma_n times the majorant's entry at |w|.
    Elsewhere (softmax, cross entropies, a point on a ReLU's kink) the error is estimated from the asymmetry
    |H - H^T|, which shows rounding but not all of it, and from the size of the entries; such an estimate
    certifies nothing.

    Args:
        objective: the loss.
        w: [P] float64.
        chunk: columns at a time.

    Raises:
        ValueError: P exceeds DENSE_LIMIT, or w does not fit the objective.
        ArithmeticError: the Hessian is less symmetric than the bound allows, so the bound's premises fail.
    """
    P = objective.parameters
    if P > DENSE_LIMIT:
        raise ValueError(f"got {P} parameters, wanted at most {DENSE_LIMIT}: use models.curvature.extremes")
    H = _columns(objective, w, chunk)
    gap = np.abs(H - H.T)
    twin = majorised(objective, w)
    if twin is None:
        seen = max(float(gap.max()), objective.roundings**0.5 * UNIT * float(np.abs(H).max()))
        why = "no bound for this output and loss" if objective.majorant is None else "a unit is on its kink"
        return DenseHessian(H, ESTIMATE_FACTOR * seen, False, f"entry error estimated: {why}")
    error = gamma(objective.roundings) * (1 + SLACK) * _columns(twin, w.abs(), chunk)
    error = np.maximum(error, error.T)
    if (gap > 2 * error).any():
        raise ArithmeticError(
            f"got |H - H^T| up to {gap.max():.1e} where at most {2 * error.max():.1e} is possible, wanted "
            "a Hessian within its bound: raise Objective.roundings, or the majorant is wrong"
        )
    return DenseHessian(H, error, True, "entry error bounded by the majorant")


def _columns(objective: Objective, w: Tensor, chunk: int) -> np.ndarray:
    """[P, P], row j being H e_j."""
    identity = torch.eye(objective.parameters, dtype=torch.float64)
    rows = [hessian_products(objective, w, block).numpy() for block in identity.split(chunk)]
    return np.concatenate(rows)
