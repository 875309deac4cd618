"""The deep linear problem: what the squared loss of a product of matrices needs to know of the data.

L(W) = 1/2 ||T X - Y||_F^2 with T = W_{H+1} ... W_1 depends on the data through X X^T,
Y X^T and tr Y Y^T alone (Kawaguchi 2016, equation 1), so nothing below costs anything
per sample. The landscape in the weights is in `models.linear.landscape`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import linalg

from models.exact.moments import Moments

__all__ = ["LinearProblem"]


@dataclass(frozen=True, eq=False)
class LinearProblem:
    """Sufficient statistics of one data set, in float64.

    L = 1/2 tr(T gram T^T) - tr(T X Y^T) + 1/2 label_square for a linear map T [d_y, d_x].

    Attributes:
        gram: [d_x, d_x], X X^T.
        cross_transposed: [d_y, d_x], Y X^T, the transpose of the moments' `cross`.
        label_square: tr Y Y^T.
    """

    gram: np.ndarray
    cross_transposed: np.ndarray
    label_square: float

    def __post_init__(self) -> None:
        d_x = len(self.gram)
        if (
            self.gram.shape != (d_x, d_x)
            or self.cross_transposed.ndim != 2
            or self.cross_transposed.shape[1] != d_x
        ):
            raise ValueError(
                f"got gram of shape {self.gram.shape} and Y X^T of shape {self.cross_transposed.shape}, "
                "wanted [d_x, d_x] and [d_y, d_x]: transpose X Y^T"
            )
        if not (
            np.isfinite(self.gram).all()
            and np.isfinite(self.cross_transposed).all()
            and self.label_square > 0
        ):
            raise ValueError(
                f"got label_square {self.label_square} or statistics that are not finite, wanted finite "
                "numbers and tr Y Y^T > 0: check the data"
            )

    @classmethod
    def of(cls, moments: Moments) -> LinearProblem:
        """The problem in units that do not depend on the data's: inputs of unit square, labels too.

        Row j of X is divided by (X X^T)_jj^(1/2), and Y by (tr Y Y^T)^(1/2). The first is an
        invertible diagonal change of W_1, the second divides L by tr Y Y^T and W_{H+1} by its
        root, so minima, saddles and the inertia of the Hessian stay what they were, Sigma is
        divided by tr Y Y^T, and L at T = 0 is 1/2. A loss here is a share of tr Y Y^T.

        Raises:
            ValueError: an input is zero in every sample, or the labels all are.
        """
        square = moments.gram.diagonal().astype(np.float64)
        if not square.all() or not moments.label_square:
            raise ValueError(
                f"got {int((square == 0).sum())} inputs that are zero in every sample and tr Y Y^T = "
                f"{moments.label_square}, wanted none and a positive number: use Moments.independent()"
            )
        size, total = np.sqrt(square), float(moments.label_square)
        return cls(
            gram=moments.gram.astype(np.float64) / np.outer(size, size),
            cross_transposed=moments.cross.T.astype(np.float64) / (size * np.sqrt(total)),
            label_square=1.0,
        )

    @property
    def d_x(self) -> int:
        """Input dimension."""
        return len(self.gram)

    @property
    def d_y(self) -> int:
        """Output dimension."""
        return len(self.cross_transposed)

    @property
    def zero_loss(self) -> float:
        """L0 = 1/2 tr Y Y^T, the loss of T = 0."""
        return self.label_square / 2

    def map_loss(self, T: np.ndarray, through: np.ndarray | None = None) -> np.ndarray:
        """L [...] of linear maps T [..., d_y, d_x]; `through` is T X X^T where the caller has it."""
        through = T @ self.gram if through is None else through
        return ((0.5 * through - self.cross_transposed) * T).sum(axis=(-2, -1)) + self.label_square / 2

    def factor(self) -> np.ndarray:
        """F [d_x, d_x], lower triangular with X X^T = F F^T.

        Raises:
            ValueError: X X^T is singular to working precision, so hypothesis H2 fails or nearly does.
        """
        try:
            return linalg.cholesky(self.gram, lower=True)
        except linalg.LinAlgError as error:
            raise ValueError(
                f"got X X^T [{self.d_x}, {self.d_x}] without a Cholesky factor, wanted it regular: "
                "keep independent inputs, Moments.independent()"
            ) from error

    def whitened(self) -> LinearProblem:
        """The same problem in W_1' = W_1 F, X X^T = F F^T, so that X X^T is the identity.

        T X = W_{H+1} ... W_2 W_1' (F^-1 X), and F^-1 X has the identity for its second moment.
        The map W_1 -> W_1 F is linear and invertible and the loss is the same number, so critical
        points go to critical points and local minima to local minima; with J the matrix of the
        map on all weights, the Hessians are H = J^T H' J, which have the same inertia (Sylvester).
        Their eigenvalues differ: a tolerance on them belongs to the coordinates it is stated in.

        Raises:
            ValueError: X X^T is singular to working precision.
        """
        cross = linalg.solve_triangular(self.factor(), self.cross_transposed.T, lower=True).T
        return LinearProblem(np.eye(self.d_x), cross, self.label_square)
