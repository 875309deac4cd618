"""The whole spectrum where the dense Hessian fits: every eigenvalue, index, nullity and trace, bounded."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from torch import Tensor

from models.curvature.answers import Count, Eigenvalue, Estimate
from models.curvature.dense import UNIT, symmetric_eigensystem
from models.curvature.hessian import DenseHessian, dense_hessian
from models.curvature.objective import Objective

__all__ = ["Spectrum", "dense_spectrum"]


@dataclass(frozen=True, eq=False, repr=False)
class Spectrum:
    """All eigenvalues of the Hessian at a point.

    Attributes:
        eigenvalues: [P], ascending.
        vectors: [P, P], the computed eigenvectors in columns; nothing is claimed of them.
        bound: on the error of every eigenvalue; an estimate of it where `certified` is False.
        hessian: the matrix and what is known of its entries.
    """

    eigenvalues: np.ndarray
    vectors: np.ndarray
    bound: float
    hessian: DenseHessian

    @property
    def certified(self) -> bool:
        """Whether `bound` is proved."""
        return self.hessian.certified

    @property
    def smallest(self) -> Eigenvalue:
        """The smallest eigenvalue."""
        return self._extreme("smallest", 0)

    @property
    def largest(self) -> Eigenvalue:
        """The largest eigenvalue."""
        return self._extreme("largest", -1)

    @property
    def index(self) -> Count:
        """How many eigenvalues are negative."""
        return self.below(0.0)

    @property
    def trace(self) -> Estimate:
        """The sum of the diagonal of H, whose error is that of its entries."""
        diagonal = self.hessian.matrix.diagonal()
        P = len(diagonal)
        error = np.broadcast_to(self.hessian.entry_error, (P, P)).diagonal().sum()
        error += P * UNIT * np.abs(diagonal).sum() * (1 + 1e-6)
        value = float(diagonal.sum())
        level = 1.0 if self.certified else 0.0
        return Estimate(value, value - float(error), value + float(error), self.certified, level, "dense")

    def below(self, t: float) -> Count:
        """How many eigenvalues are less than t."""
        low, high = 0, len(self.eigenvalues)
        if self.certified:
            low = int((self.eigenvalues + self.bound < t).sum())
            high = int((self.eigenvalues - self.bound < t).sum())
        return Count(low, high, f"dense, eigenvalues within {self.bound:.1e}; {self.hessian.note}")

    def null(self, tolerance: float) -> np.ndarray:
        """Indices of the eigenvalues that are 0 to the tolerance."""
        return np.flatnonzero(np.abs(self.eigenvalues) <= tolerance)

    def _extreme(self, which: str, i: int) -> Eigenvalue:
        value = float(self.eigenvalues[i])
        low, high = (value - self.bound, value + self.bound) if self.certified else (-np.inf, np.inf)
        return Eigenvalue(which, value, self.bound, low, high, self.certified, f"dense; {self.hessian.note}")


def dense_spectrum(objective: Objective, w: Tensor) -> Spectrum:
    """The spectrum of H(w), w [P] float64; raises as `dense_hessian`."""
    hessian = dense_hessian(objective, w)
    eigenvalues, vectors, bound = symmetric_eigensystem(hessian.matrix, hessian.entry_error)
    return Spectrum(eigenvalues, vectors, bound, hessian)
