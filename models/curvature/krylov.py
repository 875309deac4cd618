"""Lanczos with full reorthogonalisation, for any symmetric operator given by its products.

Hv is all it asks of H. Invariant subspaces (H = 0, H = c I, few distinct eigenvalues) end a Krylov sequence
early; it then goes on from a new vector orthogonal to all before, so that no input stops it short.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

__all__ = ["Krylov", "lanczos", "norm"]

Product = Callable[[np.ndarray], np.ndarray]
"""v [P] to H v [P]."""

BREAKDOWN = 1e-13
"""A remainder below sqrt(P) times this fraction of ||H|| is rounding: the subspace is invariant."""


@dataclass(frozen=True, eq=False, repr=False)
class Krylov:
    """What k steps found: Q^T H Q = T, tridiagonal.

    Attributes:
        basis: Q, [k, P], orthonormal rows.
        diagonal: [k] of T.
        off_diagonal: [k - 1] of T; 0 where the sequence broke down and a new one began.
        remainder: beta_k, the norm of H q_k beyond the basis; 0 when the basis is invariant.
        theta: [k] Ritz values, ascending.
        S: [k, k], eigenvectors of T in columns.
    """

    basis: np.ndarray
    diagonal: np.ndarray
    off_diagonal: np.ndarray
    remainder: float
    theta: np.ndarray
    S: np.ndarray

    @property
    def residuals(self) -> np.ndarray:
        """|beta_k s_ki| [k]: the residual norms ||H v - theta v|| as the recurrence predicts them."""
        return np.abs(self.remainder * self.S[-1])

    def vector(self, i: int) -> np.ndarray:
        """Ritz vector [P] of theta_i, of norm 1."""
        v = self.S[:, i] @ self.basis
        return v / np.linalg.norm(v)

    @property
    def first_sequence(self) -> int:
        """Steps before the first breakdown."""
        broken = np.flatnonzero(self.off_diagonal == 0.0)
        return int(broken[0]) + 1 if len(broken) else len(self.diagonal)


def lanczos(
    product: Product,
    size: int,
    steps: int,
    seed: int,
    done: Callable[[Krylov], bool] | None = None,
    against: np.ndarray | None = None,
    check_every: int = 10,
) -> Krylov:
    """Up to min(steps, size) steps from a start drawn uniformly from the sphere.

    Args:
        product: v to H v, for a symmetric H.
        size: P.
        steps: at most so many products.
        seed: of the start, and of what follows a breakdown; the same seed gives the same answer.
        done: asked every `check_every` steps whether to stop.
        against: [j, P] orthonormal vectors that the basis stays orthogonal to (deflation).
        check_every: see `done`.

    Raises:
        ValueError: size or steps below 1, or a product that is not finite.
    """
    locked = np.zeros((0, size)) if against is None else against
    steps = min(steps, size - len(locked))
    if size < 1 or steps < 1:
        raise ValueError(f"got {steps} steps in {size} dimensions, wanted at least one of each")
    draw = np.random.default_rng(seed)
    Q, alpha, beta = np.zeros((steps, size)), np.zeros(steps), np.zeros(steps)
    Q[0], _ = _orthogonalised(draw.normal(size=size), locked, Q[:0], unit=True)
    scale = 0.0
    for k in range(steps):
        image = np.asarray(product(Q[k]), dtype=np.float64)
        if not np.isfinite(image).all():
            raise ValueError(
                "got a product H v that is not finite, wanted numbers: the weights have overflowed"
            )
        alpha[k] = Q[k] @ image
        scale = max(scale, norm(image))
        image, beta[k] = _orthogonalised(image, locked, Q[: k + 1])
        if beta[k] <= BREAKDOWN * np.sqrt(size) * scale:
            beta[k] = 0.0
        last = k + 1 == steps
        if (last or (k + 1) % check_every == 0) and (last or done is not None):
            krylov = _decomposed(Q[: k + 1], alpha[: k + 1], beta[: k + 1])
            if last or done is None or done(krylov):
                return krylov
        if beta[k] == 0.0:
            Q[k + 1], _ = _orthogonalised(draw.normal(size=size), locked, Q[: k + 1], unit=True)
        else:
            Q[k + 1] = image / beta[k]
    raise AssertionError("the last step returns")


def norm(v: np.ndarray) -> float:
    """||v||, also where the squares would underflow or overflow."""
    size = float(np.abs(v).max())
    return size * float(np.linalg.norm(v / size)) if 0.0 < size < np.inf else size


def _orthogonalised(
    v: np.ndarray, locked: np.ndarray, basis: np.ndarray, unit: bool = False
) -> tuple[np.ndarray, float]:
    """v without its parts along the rows, and its norm. Twice is enough (Parlett 1998, section 6.9)."""
    for _ in range(2):
        for rows in (locked, basis):
            v = v - (rows @ v) @ rows
    length = norm(v)
    if unit:
        # A random start may lie almost inside the span; scaled first, a further pass removes what that left.
        v = v / length
        for rows in (locked, basis):
            v = v - (rows @ v) @ rows
        v = v / np.linalg.norm(v)
    return v, length


def _decomposed(Q: np.ndarray, alpha: np.ndarray, beta: np.ndarray) -> Krylov:
    T = np.diag(alpha) + np.diag(beta[:-1], 1) + np.diag(beta[:-1], -1)
    theta, S = np.linalg.eigh(T)
    return Krylov(Q, alpha.copy(), beta[:-1].copy(), float(beta[-1]), theta, S)
