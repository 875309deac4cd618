"""Exact linear algebra over the integers, with python-flint: no rounding anywhere.

A rank computed modulo a prime never exceeds the rank over the rationals, so it is
a proof of "at least"; the rank over the integers is FLINT's, whose row reduction
verifies what it guesses modulo primes. `rank` insists that the two agree.
"""

from __future__ import annotations

import flint
import numpy as np

__all__ = ["PRIMES", "as_fmpz", "largest", "pivot_columns", "product", "rank", "rank_mod", "widened"]

PRIMES = (2**61 - 1, 3458764513820540933, 8070450532247941237)
"""A 61-bit, a 62-bit and a 63-bit prime, for independent modular checks."""

FLOAT_EXACT = 2**53
"""Sums of integer products below this are exact in float64, in any order of summation."""

CHUNK = 5_000
"""Rows taken at a time: 5,000 rows of 784 float64 are 31 MB."""


def widened(matrix: np.ndarray, bound: int) -> np.ndarray:
    """The integer matrix in int64 where `bound` on what will be computed fits, else in Python integers."""
    return matrix.astype(np.int64) if bound < 2**63 else matrix.astype(object)


def product(X: np.ndarray, Y: np.ndarray) -> np.ndarray:
    """X^T Y, exactly, for integer X [m, d_x] and Y [m, d_y]; int64, or Python integers where they overflow.

    With samples in rows this is the paper's X Y^T, and X X^T for Y = X. float64
    products go through BLAS and are exact while m max|X| max|Y| < 2^53: seconds
    for the 60,000 images, where an int64 product takes minutes.

    Raises:
        TypeError: X or Y does not hold integers.
        ValueError: the row counts differ.
    """
    for name, matrix in (("X", X), ("Y", Y)):
        if matrix.dtype.kind not in "iuO":
            raise TypeError(
                f"got {name} of {matrix.dtype}, wanted integers: scale the decimals to integers first"
            )
    if len(X) != len(Y):
        raise ValueError(f"got {len(X)} rows of X and {len(Y)} of Y, wanted one row of each for every sample")
    bound = len(X) * largest(X) * largest(Y)
    if bound >= FLOAT_EXACT:
        return widened(X, bound).T @ widened(Y, bound)
    total = np.zeros((X.shape[1], Y.shape[1]))
    for start in range(0, len(X), CHUNK):
        rows = slice(start, start + CHUNK)
        total += X[rows].astype(np.float64).T @ Y[rows].astype(np.float64)
    return total.astype(np.int64)


def as_fmpz(matrix: np.ndarray) -> flint.fmpz_mat:
    """The integer matrix as FLINT's."""
    rows, columns = matrix.shape
    return flint.fmpz_mat(rows, columns, matrix.ravel().tolist())


def rank_mod(matrix: np.ndarray, prime: int) -> int:
    """Rank modulo a prime: at most the rank over the rationals."""
    return flint.nmod_mat(as_fmpz(matrix), prime).rank()


def rank(matrix: np.ndarray) -> int:
    """Rank over the rationals of an integer matrix, checked against a modular rank.

    Raises:
        ArithmeticError: the ranks modulo every prime in PRIMES differ from the integer rank. For a correct
            library that needs every prime to divide all the largest minors, so it means a defect.
    """
    integers = as_fmpz(matrix)
    exact = int(integers.rank())
    modular = []
    for prime in PRIMES:
        modular.append(flint.nmod_mat(integers, prime).rank())
        if modular[-1] == exact:
            return exact
    raise ArithmeticError(
        f"got the rank {exact} over the integers and {modular} modulo {PRIMES}, wanted them equal: "
        "python-flint is defective or a prime divides every largest minor"
    )


def pivot_columns(matrix: np.ndarray, wanted: int) -> np.ndarray:
    """Indices [wanted] of columns that are linearly independent over the rationals.

    Columns independent modulo a prime are independent over the rationals, so the
    pivots of a modular row reduction are proved as soon as there are enough of them.

    Args:
        matrix: integers.
        wanted: its exact rank.
    """
    for prime in PRIMES:
        reduced, found = flint.nmod_mat(as_fmpz(matrix), prime).rref()
        if found == wanted:
            table = np.array(reduced.tolist(), dtype=object)[:found] != 0
            return table.argmax(axis=1)
    raise ArithmeticError(f"got no prime of {PRIMES} with rank {wanted}, wanted one: give the exact rank")


def largest(matrix: np.ndarray) -> int:
    """Largest absolute value, as a Python integer."""
    return max(abs(int(matrix.max(initial=0))), abs(int(matrix.min(initial=0))))
