"""How many eigenvalues of Sigma = Y X^T (X X^T)^-1 X Y^T coincide, by exact arithmetic.

The number of distinct roots of the characteristic polynomial of an n by n matrix
is the rank of the Hankel matrix of its power sums, [tr Sigma^(i+j)], 0 <= i, j < n
(Hermite). So no root is ever computed and no tolerance is needed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import flint

from models.exact.integers import PRIMES, as_fmpz
from models.exact.moments import Moments

__all__ = ["repeated_eigenvalues"]

Matrix = TypeVar("Matrix", flint.nmod_mat, flint.fmpq_mat)

RATIONAL_LIMIT = 60
"""Largest d_x for which Sigma is formed over the rationals to prove a repetition; beyond, it is left open."""


def repeated_eigenvalues(of: Moments, *, limit: int = RATIONAL_LIMIT) -> int | None:
    """d_y less the number of distinct eigenvalues of Sigma; None where neither proof closes.

    "None repeated" is proved modulo a prime p that does not divide det(X X^T): the
    discriminant is then not zero modulo p, hence not zero. A repetition modulo p
    proves nothing, so it is settled over the rationals, for d_x up to `limit`.

    Raises:
        ZeroDivisionError: X X^T is singular, so that Sigma does not exist.
    """
    if of.rank < of.d_x:
        raise ZeroDivisionError(
            f"got X X^T of rank {of.rank} in {of.d_x} dimensions, wanted full rank: Sigma does not exist; "
            "use Moments.independent()"
        )
    gram, cross = as_fmpz(of.gram), as_fmpz(of.cross)
    for prime in PRIMES:
        try:
            sigma = _sigma(flint.nmod_mat(gram, prime), flint.nmod_mat(cross, prime))
        except ZeroDivisionError:
            continue  # this prime divides det(X X^T)
        if _distinct(sigma, _modulo(prime)) == of.d_y:
            return 0
    if of.d_x > limit:
        return None
    return of.d_y - _distinct(_sigma(flint.fmpq_mat(gram), flint.fmpq_mat(cross)), flint.fmpq_mat)


def _modulo(prime: int) -> Callable[[list[list[Any]]], flint.nmod_mat]:
    return lambda rows: flint.nmod_mat(rows, prime)


def _sigma(gram: Matrix, cross: Matrix) -> Matrix:
    """C^T G^-1 C, [d_y, d_y], in the field of the two matrices."""
    return cross.transpose() * gram.solve(cross)


def _distinct(sigma: Matrix, matrix: Callable[[list[list[Any]]], Matrix]) -> int:
    """Number of distinct eigenvalues; over a prime field, a lower bound for the lift (p far exceeds d_y)."""
    n = sigma.nrows()
    power = matrix([[int(i == j) for j in range(n)] for i in range(n)])
    sums = []
    for _ in range(2 * n - 1):
        sums.append(sum((power[i, i] for i in range(1, n)), power[0, 0]))
        power = power * sigma
    return matrix([[sums[i + j] for j in range(n)] for i in range(n)]).rank()
