"""The same landscape with few inputs: what lies outside the row space of Y X^T is a plain quadratic.

In whitened coordinates (`LinearProblem.whitened`) let K = Y X^T F^-T = U diag(s) V^T, V [d_x, r],
r = min(d_x, d_y), and W_1' = A V^T + B V_perp^T. With Q = W_{H+1} ... W_2,

    L = 1/2 ||Q A - U diag(s)||^2 + 1/2 tr(Q B B^T Q^T) + constant,

so B [d_1, d_x - r] counts only through B B^T. The reduced problem keeps r + e inputs,
e = min(d_1, d_x - r), with A and a B' [d_1, e] in place of B. It has the same local minima:

1. The weights with B = [B' 0] are a subspace on which L is the reduced loss, and a local minimum
   that lies in a subspace is one of the restriction. Every B is [B' 0] after a rotation of V_perp
   (QR of B^T), which leaves L as it is. So each local minimum of L gives one of the reduced loss,
   of the same value.
2. Where d_x - r > d_1, so that something is left out, B' is square: B' = S^(1/2) O with S = B' B'^T
   and O orthogonal (polar form). Let (A, B') be part of a local minimum of the reduced loss, and take
   any weights near it in the full space, with C in the place of [B' 0]. Then C C^T is near S, the root
   is continuous, so (C C^T)^(1/2) O is near B'; it has the C C^T of C, hence the same loss, and lies in
   the reduced problem, where no loss near is lower. So (A, [B' 0]) is a local minimum of L.

No theorem on the landscape was used. At (A, [B' 0]) the Hessian of L is that of the reduced loss
beside one block Q^T Q for every input left out (the mixed derivatives contain the columns of B that
are zero), so both have a negative eigenvalue or neither has. Distances and gradients are those of
the whitened coordinates, exactly, up to the rotation.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import cast

import numpy as np
from scipy import linalg

from models.linear.problem import LinearProblem

__all__ = ["Reduction", "reduction"]


@dataclass(frozen=True, eq=False)
class Reduction:
    """The way from one problem to its reduced form and back.

    Attributes:
        full: the problem, not whitened.
        factor: F [d_x, d_x], X X^T = F F^T.
        left: U [d_y, r].
        singular: s [r], largest first; s^2 are eigenvalues of Sigma.
        right: [V V_perp], [d_x, d_x].
    """

    full: LinearProblem
    factor: np.ndarray
    left: np.ndarray
    singular: np.ndarray
    right: np.ndarray

    @property
    def kept(self) -> int:
        """r, the inputs that the labels speak of."""
        return len(self.singular)

    @cached_property
    def _turn(self) -> np.ndarray:
        """F [V V_perp], [d_x, d_x]."""
        return self.factor @ self.right

    def extra(self, d_1: int) -> int:
        """e, the columns kept of B."""
        return min(d_1, self.full.d_x - self.kept)

    def problem(self, d_1: int) -> LinearProblem:
        """The reduced problem for a first hidden layer of width d_1: r + e inputs, X X^T the identity."""
        inputs = self.kept + self.extra(d_1)
        cross = np.zeros((self.full.d_y, inputs))
        cross[:, : self.kept] = self.left * self.singular
        return LinearProblem(np.eye(inputs), cross, self.full.label_square)

    def down(self, W: np.ndarray) -> np.ndarray:
        """First-layer weights [M, d_1, d_x] of the full problem as [M, d_1, r + e], at the same loss."""
        turned = W @ self._turn
        A, B = turned[..., : self.kept], turned[..., self.kept :]
        if B.shape[-1] > W.shape[1]:
            # NumPy's stub gives Q and R whatever the mode.
            R = cast("np.ndarray", np.linalg.qr(B.swapaxes(1, 2), mode="r"))
            B = R.swapaxes(1, 2)
        return np.concatenate([A, B], axis=-1)

    def up(self, W: np.ndarray) -> np.ndarray:
        """First-layer weights [M, d_1, r + e] as [M, d_1, d_x] of the full problem, at the same loss."""
        whitened = W @ self.right[:, : W.shape[-1]].T
        rows = whitened.reshape(-1, whitened.shape[-1])
        return linalg.solve_triangular(self.factor, rows.T, lower=True, trans="T").T.reshape(whitened.shape)


def reduction(problem: LinearProblem) -> Reduction:
    """The reduction of a problem.

    Raises:
        ValueError: X X^T is singular to working precision.
    """
    factor = problem.factor()
    whitened = problem.whitened()
    U, s, Vt = np.linalg.svd(whitened.cross_transposed, full_matrices=True)
    return Reduction(problem, factor, U[:, : len(s)], s, Vt.T)
