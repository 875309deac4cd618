"""The floating-point ways to ask whether X X^T has full rank, each with its answer and its cost.

The paper (section 2.1) proposes det(X X^T) and the QR decomposition; slogdet, SVD
and Cholesky are what a practitioner would try next. All run in float64 on the same
matrix, with their libraries' default tolerances.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from time import perf_counter

import numpy as np
from scipy.linalg import qr

__all__ = ["METHODS", "Answer", "check_rank"]


@dataclass(frozen=True, slots=True)
class Answer:
    """One method's answer.

    Attributes:
        method: its name.
        full_rank: yes, no, or None where it gives no answer (overflow, of the determinant or of X X^T).
        shown: the number it is based on.
        seconds: wall time of this one call.
    """

    method: str
    full_rank: bool | None
    shown: str
    seconds: float

    def agrees(self, full_rank: bool) -> bool:
        """Whether the answer is the exact one; no answer is not."""
        return self.full_rank is not None and self.full_rank == full_rank


def by_det(G: np.ndarray) -> tuple[bool | None, str]:
    """Full rank when det(G) is not zero; a determinant that overflows is the same for any G, so no answer."""
    value = float(np.linalg.det(G))
    return (value != 0 if math.isfinite(value) else None), f"{value:.3g}"


def by_slogdet(G: np.ndarray) -> tuple[bool | None, str]:
    """Full rank when the sign of the determinant is not zero: the same test without overflow."""
    sign, log = np.linalg.slogdet(G)
    return bool(sign != 0), f"log|det| {float(log):.4g}"


def by_qr(G: np.ndarray) -> tuple[bool | None, str]:
    """Full rank when every diagonal entry of R (column pivoting) exceeds d eps |R_11|."""
    diagonal = np.abs(qr(G, mode="r", pivoting=True, check_finite=False)[0].diagonal())
    return _by_count(diagonal, len(G))


def by_svd(G: np.ndarray) -> tuple[bool | None, str]:
    """Full rank when every singular value exceeds d eps times the largest (numpy's matrix_rank)."""
    return _by_count(np.linalg.svd(G, compute_uv=False), len(G))


def by_cholesky(G: np.ndarray) -> tuple[bool | None, str]:
    """Full rank when the factorisation meets no pivot that is zero or negative."""
    try:
        np.linalg.cholesky(G)
    except np.linalg.LinAlgError:
        return False, "stopped"
    return True, "went through"


METHODS: dict[str, Callable[[np.ndarray], tuple[bool | None, str]]] = {
    "det": by_det,
    "QR": by_qr,
    "slogdet": by_slogdet,
    "SVD": by_svd,
    "Cholesky": by_cholesky,
}


def check_rank(gram: np.ndarray, scale: np.ndarray | float = 1.0) -> tuple[Answer, ...]:
    """What each method says of an integer Gram matrix, converted to float64.

    Where an entry is beyond float64 (columns of length 1e154 and more) there is nothing to ask the methods
    about, and none has an answer.

    Args:
        gram: [d, d] integers.
        scale: [d]; the columns of X are the integer ones divided by it (decimal places; ones for pixels).
    """
    G = _printed(gram, np.broadcast_to(np.asarray(scale, dtype=np.float64), (len(gram),)))
    if not np.isfinite(G).all():
        return tuple(Answer(name, None, "X X^T overflows float64", 0.0) for name in METHODS)
    answers = []
    for name, method in METHODS.items():
        start = perf_counter()
        # Overflow is an answer to be reported, not an accident to warn of.
        with np.errstate(all="ignore"):
            full_rank, shown = method(G)
        answers.append(Answer(name, full_rank, shown, perf_counter() - start))
    return tuple(answers)


def _printed(gram: np.ndarray, divisor: np.ndarray) -> np.ndarray:
    """The Gram matrix of the numbers as they are printed, in float64; inf where an entry is beyond it."""
    with np.errstate(over="ignore"):
        try:
            return gram.astype(np.float64) / np.outer(divisor, divisor)
        except OverflowError:
            exact = [[Fraction(int(e)) for e in row] for row in gram]
    scale = [Fraction(float(d)) for d in divisor]
    rows = [
        [_float(e / (a * b)) for e, b in zip(row, scale, strict=True)]
        for row, a in zip(exact, scale, strict=True)
    ]
    return np.array(rows).reshape(gram.shape)


def _float(value: Fraction) -> float:
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def _by_count(values: np.ndarray, d: int) -> tuple[bool, str]:
    tolerance = d * np.finfo(np.float64).eps * values.max(initial=0.0)
    found = int(np.count_nonzero(values > tolerance))
    return found == d, f"rank {found}"
