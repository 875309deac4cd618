"""All eigenvalues of a symmetric matrix, each within a bound that rounding cannot break.

The bound is a posteriori: it does not ask how LAPACK found the eigenvectors Q and
values D, only how well they fit, by ||S Q - Q D|| and ||Q^T Q - I||.
"""

from __future__ import annotations

import math

import numpy as np

__all__ = ["nonnegative_norm", "symmetric_eigensystem", "symmetric_eigenvalues"]

UNIT = 2.0**-53
"""Largest relative error of one rounded float64 operation."""

LARGEST = 2**16
"""Rows for which (n^2 + 100) UNIT, the relative error of a computed norm, stays below SLACK."""

SLACK = 1e-6
"""Every bound is enlarged by this fraction, for the rounding of the bound's own arithmetic."""


def gamma(n: int) -> float:
    """gamma_n = n u / (1 - n u): |fl(x . y) - x . y| <= gamma_n |x| . |y| in any order of summation (Higham
    2002, section 3.1), fused multiply-add included; not Strassen's product, which no BLAS in use here has."""
    return n * UNIT / (1 - n * UNIT)


def symmetric_eigenvalues(H: np.ndarray, entry_error: float | np.ndarray = 0.0) -> tuple[np.ndarray, float]:
    """Eigenvalues [P], ascending, and a bound on the error of every one of them.

    For every symmetric T with |T_ij - H_ij| <= entry_error_ij and eigenvalues l_1 <= ... <= l_P,
    |l_i - eigenvalues_i| <= bound. With S the symmetric part of H, R = S Q - Q D and the computed Q, D:

        bound = ||R|| / sigma_min(Q) + ||entry_error||,     sigma_min(Q)^2 >= 1 - ||Q^T Q - I||

    The first term is Kahan's theorem (Kahan 1967; the constant 1 by Cao, Xie & Li, Linear Algebra
    Appl. 245, 1996), the second Weyl's inequality; the rounding in the computed R and Q^T Q is added to them.

    Args:
        H: [P, P], real and symmetric up to the entry error.
        entry_error: bound on the error of each entry, one number or [P, P].

    Returns:
        Eigenvalues [P] float64 in the unit of H, and the bound in the same unit.

    Raises:
        ValueError: H is not square, not finite, too large, or less symmetric than entry_error allows.
        ArithmeticError: LAPACK's eigenvectors are so far from orthogonal that nothing can be certified.
    """
    eigenvalues, _, bound = symmetric_eigensystem(H, entry_error)
    return eigenvalues, bound


def symmetric_eigensystem(
    H: np.ndarray, entry_error: float | np.ndarray = 0.0
) -> tuple[np.ndarray, np.ndarray, float]:
    """`symmetric_eigenvalues`, with the computed eigenvectors in the columns of a [P, P] array between them.

    The bound says nothing of the vectors.
    """
    S, error = _checked(np.asarray(H), entry_error)
    n = len(S)
    outside = nonnegative_norm(error)
    largest = float(np.abs(S).max(initial=0.0))
    if largest == 0.0:
        return np.zeros(n), np.eye(n), outside
    exponent = math.frexp(largest)[1]
    # A power of two changes no digit, and squares neither overflow nor underflow afterwards.
    S = np.ldexp(S, -exponent)
    D, Q = np.linalg.eigh(S)
    size_S, size_Q, size_D = (float(np.linalg.norm(a)) for a in (S, Q, D))
    R = S @ Q
    product = gamma(n) * size_S * size_Q
    R -= Q * D
    # Q D is rounded once an entry and the difference once more.
    rounding = product + UNIT * (float(np.abs(D).max()) * size_Q + float(np.linalg.norm(R)))
    residual = float(np.linalg.norm(R)) + rounding
    defect = Q.T @ Q
    defect[np.diag_indices(n)] -= 1.0
    loss = float(np.linalg.norm(defect)) * (1 + 2 * UNIT) + gamma(n) * size_Q**2
    if not loss < 0.5:
        raise ArithmeticError(
            f"got eigenvectors with ||Q^T Q - I|| up to {loss:.1e}, wanted less than 0.5: "
            "LAPACK failed on this matrix"
        )
    # Rounding an integer or the mean of two entries to float64, and what is lost to underflow.
    stored = 2 * UNIT * size_S + 4 * n * max(1.0, size_D) * np.finfo(np.float64).tiny
    bound = (residual / math.sqrt(1 - loss) + stored) * (1 + SLACK)
    return np.ldexp(D, exponent), Q, (math.ldexp(bound, exponent) + outside) * (1 + SLACK)


def nonnegative_norm(E: np.ndarray) -> float:
    """Upper bound on ||A||_2 over all symmetric A with |A| <= E entrywise, for a symmetric E >= 0.

    That norm is the spectral radius of E, and max_i (E v)_i / v_i bounds it for every v > 0 (Collatz and
    Wielandt); v = 1 gives the largest row sum, and steps of the power method make it smaller.

    Args:
        E: [P, P].
    """
    v, best = np.ones(len(E)), math.inf
    for _ in range(5):
        image = E @ v
        best = min(best, float((image / v).max(initial=0.0)))
        if best == 0.0:
            return 0.0
        # Bounded away from 0, so that rows without an error divide by something.
        v = np.maximum(image / image.max(), 1e-3)
    return best * (1 + SLACK)


def _checked(H: np.ndarray, entry_error: float | np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The symmetric part of H in float64, and the symmetric part of its entry errors, [P, P]."""
    if H.ndim != 2 or H.shape[0] != H.shape[1] or not 0 < len(H) <= LARGEST:
        raise ValueError(f"got H of shape {list(H.shape)}, wanted [P, P] with 1 <= P <= {LARGEST}")
    H = H.astype(np.float64)
    if not np.isfinite(H).all():
        raise ValueError(
            f"got {int((~np.isfinite(H)).sum())} entries of H that are not finite, wanted numbers: "
            "the weights have overflowed or hold NaN"
        )
    error = np.asarray(entry_error, dtype=np.float64)
    if error.shape not in ((), H.shape):
        raise ValueError(f"got entry errors {list(error.shape)} for H {list(H.shape)}, wanted one or as many")
    error = np.broadcast_to(error, H.shape)
    if not (np.isfinite(error).all() and (error >= 0).all()):
        raise ValueError("got an entry error that is negative or not finite, wanted bounds >= 0")
    gap = np.abs(H - H.T)
    # Twice the rounding of an entry: integers beyond 2^53 and exact rationals arrive rounded.
    allowed = (error + error.T) * (1 + SLACK) + 2 * UNIT * (np.abs(H) + np.abs(H.T))
    if (gap > allowed).any():
        raise ValueError(
            f"got H with |H - H^T| up to {gap.max():.2e}, wanted at most twice the entry error of "
            f"{float(error.max()):.2e}: pass the true entry error, or (H + H.T) / 2 if that is meant"
        )
    return 0.5 * H + 0.5 * H.T, 0.5 * (error + error.T)
