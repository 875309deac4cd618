"""Sigma = Y X^T (X X^T)^-1 X Y^T as close as asked, by refinement in integers: no exact inverse.

For any Z in place of (X X^T)^-1 X Y^T, with G = X X^T, C = X Y^T and R = C - G Z,

    Sigma = Z^T C + R^T Z + R^T G^-1 R,     0 <= R^T G^-1 R <= ||R||^2 / lambda_min(G).

Z is a sum of floating-point solves, each of what the last one left; the first two terms and R are then
computed in integers, without rounding. What is left out is quadratic in the residual, and lambda_min(G) is
bounded from below by a Cholesky factorisation with its rounding (`eigenvalue_floor`), rows and columns of
G scaled to a unit diagonal. A solve gains about as many digits as float64 has beyond G's condition number.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import flint
import numpy as np
from scipy import linalg

from models.exact.integers import as_fmpz
from models.exact.moments import Moments
from models.linear.definite import UNIT, eigenvalue_floor
from models.linear.problem import LinearProblem

__all__ = ["Enclosed", "enclosed_sigma"]

_ROUNDS = 40
"""Solves at most; each at least halves the bound, since the loop ends when one does not."""

_LEAST_SHARE = 1e-200
"""Least bound that can be asked for: it is a sum of squares in float64, which underflow near 1e-308."""


@dataclass(frozen=True, eq=False)
class Enclosed:
    """Sigma = inside / unit + E, where E is positive semidefinite and known by a bound only.

    Attributes:
        inside: [d_y, d_y] integers, symmetric.
        unit: a power of two.
        outside: bound on the spectral norm of E, hence on each of its entries, as a share of tr Y Y^T.
    """

    inside: flint.fmpz_mat
    unit: int
    outside: float


def enclosed_sigma(moments: Moments, share: float) -> Enclosed:
    """Sigma, refined until what is left out is at most this share of tr Y Y^T, or gets no smaller.

    Args:
        moments: integer moments of any size.
        share: wanted bound, at least 1e-200; the one attained is in `outside`.

    Raises:
        ValueError: X X^T is singular, or too nearly so to be proved regular in float64; or the share is too
            small for a bound in float64.
    """
    if not share >= _LEAST_SHARE:
        raise ValueError(
            f"got the share {share:g} of tr Y Y^T, wanted at least {_LEAST_SHARE:g}: ask for more"
        )
    problem = LinearProblem.of(moments)
    floor, factor = _regularity(problem), problem.factor()
    size = np.sqrt(moments.gram.diagonal().astype(np.float64))[:, None]
    total = math.sqrt(moments.label_square)
    gram, cross = as_fmpz(moments.gram), as_fmpz(moments.cross)
    whole, bits, residual, outside = 0 * cross, 0, cross, math.inf  # Z = whole / 2^bits
    for _ in range(_ROUNDS):
        step = linalg.cho_solve((factor, True), _floats(residual, bits) / (size * total)) * total / size
        finer = max(bits, _bits(step))
        whole = whole * flint.fmpz(2) ** (finer - bits) + _integers(step, finer)
        bits = finer
        residual = cross * flint.fmpz(2) ** bits - gram * whole
        left = float(((_floats(residual, bits) / size) ** 2).sum()) / floor / moments.label_square
        before, outside = outside, left
        if outside <= share or outside > before / 2:
            break
    power = flint.fmpz(2) ** bits
    inside = whole.transpose() * cross * power + residual.transpose() * whole
    return Enclosed(inside, int(power) ** 2, 1.001 * outside)


def _bits(step: np.ndarray) -> int:
    """So many binary places keep the leading 53 bits of every row [d_x, d_y]; one number for all rows, so
    that Z is an integer matrix over a power of two."""
    return 54 - min((math.frexp(float(v))[1] for v in np.abs(step).max(axis=1) if v > 0), default=54)


def _integers(step: np.ndarray, bits: int) -> flint.fmpz_mat:
    """The step times 2^bits, cut to integers."""
    rows, columns = step.shape
    return flint.fmpz_mat(rows, columns, [int(math.ldexp(z, bits)) for z in step.ravel().tolist()])


def _floats(matrix: flint.fmpz_mat, bits: int) -> np.ndarray:
    """The matrix over 2^bits in float64; the ratio of two Python integers is rounded once."""
    unit = 1 << bits
    return np.array([[int(entry) / unit for entry in row] for row in matrix.tolist()])


def _regularity(problem: LinearProblem) -> float:
    """A positive lower bound on the smallest eigenvalue of the scaled X X^T of the true, integer moments."""
    # Three roundings an entry (two roots multiplied, one quotient), entries at most 1.
    error = 4 * UNIT * problem.d_x
    guess = float(linalg.eigvalsh(problem.gram, subset_by_index=(0, 0))[0])
    floor = eigenvalue_floor(problem.gram, -guess / 2, error) if guess > 0 else None
    if floor is None or floor <= 0:
        raise ValueError(
            f"got X X^T with a smallest eigenvalue near {guess:.1e} for inputs of unit square, wanted it "
            "regular beyond rounding: keep independent inputs, Moments.independent()"
        )
    return floor
