"""The global minimum of a deep linear network in closed form, with a bound on its error.

L* = 1/2 (tr Y Y^T - sum of the min(p, d_y) largest eigenvalues of Sigma),
Sigma = Y X^T (X X^T)^-1 X Y^T (Baldi & Hornik 1989; Kawaguchi 2016, section 4), attained by
T = U_p U_p^T Y X^T (X X^T)^-1, the best linear map projected on the leading eigenvectors
(Eckart & Young). Losses and eigenvalues are shares of tr Y Y^T, as in `LinearProblem.of`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy import linalg

from models.curvature.dense import symmetric_eigenvalues
from models.exact.moments import Moments
from models.linear.definite import UNIT
from models.linear.landscape import LinearLandscape
from models.linear.sigma_enclosure import enclosed_sigma

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

    The bound is that of `enclosed_sigma`, of rounding Sigma to float64 and of its eigenvalues.

    Raises:
        ValueError: X X^T is singular, or too nearly so to be proved regular in float64.
    """
    found = enclosed_sigma(moments, UNIT)
    unit = found.unit * moments.label_square
    # The ratio of two Python integers is rounded once.
    sigma = np.array([[int(entry) / unit for entry in row] for row in found.inside.tolist()])
    rounding = 2 * UNIT * float(np.abs(sigma).max())
    eigenvalues, bound = symmetric_eigenvalues((sigma + sigma.T) / 2, rounding)
    return Spectrum(eigenvalues[::-1].copy(), bound + found.outside)


def global_weights(landscape: LinearLandscape) -> np.ndarray:
    """Weights [1, P] at which L = L*, for any depth and widths.

    W_1 holds U_q^T Y X^T (X X^T)^-1 in its first q = min(p, d_y) rows, W_{H+1} holds U_q in its first
    q columns, and the layers between the identity in their first q rows and columns.

    Raises:
        ValueError: X X^T is singular to working precision.
    """
    problem = landscape.problem
    best = linalg.cho_solve((problem.factor(), True), problem.cross_transposed.T).T
    U = np.linalg.svd(linalg.solve_triangular(problem.factor(), problem.cross_transposed.T, lower=True).T)[0]
    q = min(landscape.narrowest, problem.d_y)
    weights = [np.zeros((1, *shape)) for shape in landscape.shapes]
    weights[0][0, :q] = U[:, :q].T @ best
    weights[-1][0, :, :q] = U[:, :q]
    for W in weights[1:-1]:
        W[0, :q, :q] = np.eye(q)
    return landscape.flat(weights)
