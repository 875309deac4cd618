"""The global minimum of a deep linear network in closed form, with a bound on its error.

L* = 1/2 (tr Y Y^T - sum of the min(p, d_y) largest eigenvalues of Sigma),
Sigma = Y X^T (X X^T)^-1 X Y^T (Baldi & Hornik 1989; Kawaguchi 2016, section 4), attained by
T = U_p U_p^T Y X^T (X X^T)^-1, the best linear map projected on the leading eigenvectors
(Eckart & Young). Losses and eigenvalues are shares of tr Y Y^T, as in `LinearProblem.of`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import flint
import numpy as np
from scipy import linalg

from models.curvature.dense import symmetric_eigenvalues
from models.exact import as_fmpz
from models.linear.definite import UNIT, eigenvalue_floor
from models.linear.landscape import LinearLandscape
from models.linear.problem import LinearProblem
from models.moments import Moments

__all__ = ["Spectrum", "global_weights", "sigma_spectrum"]


@dataclass(frozen=True, eq=False)
class Spectrum:
    """Eigenvalues of Sigma / tr Y Y^T.

    Attributes:
        eigenvalues: [d_y], largest first.
        bound: no eigenvalue is further than this from the true one.
    """

    eigenvalues: np.ndarray
    bound: float

    def lowest_loss(self, narrowest: int) -> float:
        """L* for the narrowest hidden width p; its error is at most `loss_bound(p)`.

        Raises:
            ValueError: p < 1.
        """
        if narrowest < 1:
            raise ValueError(f"got the narrowest width {narrowest}, wanted at least 1: it is min(d_1..d_H)")
        return (1.0 - math.fsum(self.eigenvalues[:narrowest])) / 2

    def loss_bound(self, narrowest: int) -> float:
        """Bound on the error of `lowest_loss(p)`."""
        return min(narrowest, len(self.eigenvalues)) * self.bound / 2 + 2 * UNIT

    def gap(self, narrowest: int) -> float:
        """How far the second lowest critical value lies above L*.

        Critical values are 1/2 (1 - sum_{i in S} l_i) with |S| <= p (Baldi & Hornik 1989), so the next
        one swaps l_p for l_{p+1}, or leaves out l_{d_y} where p >= d_y.
        """
        values = np.append(self.eigenvalues, 0.0)
        p = min(narrowest, len(self.eigenvalues))
        return float(values[p - 1] - values[p]) / 2


def sigma_spectrum(moments: Moments) -> Spectrum:
    """The eigenvalues of Sigma / tr Y Y^T with a bound, for integer moments of any size.

    For any Z in place of (X X^T)^-1 X Y^T, with G = X X^T, C = X Y^T and R = C - G Z,

        Sigma = Z^T C + R^T Z + R^T G^-1 R,     0 <= R^T G^-1 R <= ||R||^2 / lambda_min(G).

    Z comes from a floating-point solve; the first two terms are then computed in integers, without
    rounding. What is left out is quadratic in the residual, and lambda_min(G) is bounded from below
    by a Cholesky factorisation with its rounding (`eigenvalue_floor`), rows and columns of G scaled
    to a unit diagonal. Rounding Sigma to float64 and its eigenvalues add their own bounds.

    Raises:
        ValueError: X X^T is singular, or too nearly so to be proved regular in float64.
    """
    problem = LinearProblem.of(moments)
    size = np.sqrt(moments.gram.diagonal().astype(np.float64))
    floor = _regularity(problem)
    scaled = linalg.cho_solve((problem.factor(), True), problem.cross.T)
    Z = scaled * math.sqrt(moments.label_square) / size[:, None]
    # Every row of Z keeps its leading 53 bits; the same power of two for all keeps Z an integer matrix.
    bits = 54 - min(math.frexp(float(v))[1] for v in np.abs(Z).max(axis=1) if v > 0)
    whole = flint.fmpz_mat(*Z.shape, [int(math.ldexp(z, bits)) for z in Z.ravel().tolist()])
    cross, power = as_fmpz(moments.cross), flint.fmpz(2) ** bits
    residual = cross * power - as_fmpz(moments.gram) * whole
    inside = whole.transpose() * cross * power + residual.transpose() * whole
    unit = int(power) ** 2 * moments.label_square
    # The ratio of two Python integers is rounded once.
    sigma = np.array([[int(entry) / unit for entry in row] for row in inside.tolist()])
    left = np.array([[int(entry) / int(power) for entry in row] for row in residual.tolist()])
    outside = float(((left / size[:, None]) ** 2).sum()) / floor / moments.label_square
    eigenvalues, bound = symmetric_eigenvalues((sigma + sigma.T) / 2, 2 * UNIT * float(np.abs(sigma).max()))
    return Spectrum(eigenvalues[::-1].copy(), bound + 1.001 * outside)


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


def global_weights(landscape: LinearLandscape) -> np.ndarray:
    """Weights [1, P] at which L = L*, for any depth and widths.

    W_1 holds U_q^T Y X^T (X X^T)^-1 in its first q = min(p, d_y) rows, W_{H+1} holds U_q in its first
    q columns, and the layers between the identity in their first q rows and columns.

    Raises:
        ValueError: X X^T is singular to working precision.
    """
    problem = landscape.problem
    best = linalg.cho_solve((problem.factor(), True), problem.cross.T).T
    U = np.linalg.svd(linalg.solve_triangular(problem.factor(), problem.cross.T, lower=True).T)[0]
    q = min(landscape.narrowest, problem.d_y)
    weights = [np.zeros((1, *shape)) for shape in landscape.shapes]
    weights[0][0, :q] = U[:, :q].T @ best
    weights[-1][0, :, :q] = U[:, :q]
    for W in weights[1:-1]:
        W[0, :q, :q] = np.eye(q)
    return landscape.flat(weights)
