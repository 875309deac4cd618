"""Small integer data whose Sigma has rational eigenvectors, so that theorems can be checked without rounding.

With Hadamard rows H (H H^T = m I), X = A H for a unit lower triangular A, and
Y = n Q D H + E with Q a Householder reflection, n Q in integers, and E in rows of
the same Hadamard matrix that X does not span:
Sigma = Y X^T (X X^T)^-1 X Y^T = m n^2 Q D^2 Q^T. Its eigenvectors are the columns
of Q and its eigenvalues m n^2 D_i^2; E is what no linear network can explain.
Each of the other sets drops one hypothesis of the theorem.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

import numpy as np

from data.dataset import Array, ExactTable, frozen

__all__ = ["SYNTHETIC", "Planted", "load_synthetic"]

SAMPLES = 16
SOURCE = "made by data/synthetic.py"


@dataclass(frozen=True, eq=False, repr=False)
class Planted:
    """Integer inputs and labels with a known Sigma.

    Attributes:
        name: as given to `load_synthetic`.
        X: [m, d_x] int64, samples in rows.
        Y: [m, d_y] int64.
        reflection: [d_y, d_y] int64, n Q; column i over n is the i-th eigenvector of Sigma.
        n: the denominator.
        eigenvalues: [d_y] of Sigma, by column of Q, in no order of size.
        checksum: SHA-256 (hex) of X and Y.
    """

    name: str
    X: Array
    Y: Array
    reflection: Array
    n: int
    eigenvalues: tuple[int, ...]
    checksum: str

    def __repr__(self) -> str:
        return f"Planted({self.name!r}, X {list(self.X.shape)}, Y {list(self.Y.shape)})"

    @cached_property
    def exact_table(self) -> ExactTable:
        """All of it, in integers, as a `Dataset` has it."""
        return ExactTable(self.X, self.Y)


_SETS: dict[str, dict[str, Any]] = {
    "synthetic": {"d_x": 4, "singular": (5, 3, 2)},
    "synthetic-rank-deficient": {"d_x": 4, "singular": (5, 3, 2), "copied": True},
    "synthetic-repeated": {"d_x": 4, "singular": (5, 3, 3)},
    "synthetic-more-outputs": {"d_x": 2, "singular": (5, 3, 0)},
    "synthetic-cross-deficient": {"d_x": 4, "singular": (5, 3, 0)},
    "synthetic-unrelated": {"d_x": 4, "singular": (0, 0, 0)},
}

SYNTHETIC = tuple(_SETS)
"""`synthetic` meets H1 to H4. The others drop one: H2 (a column twice), H4 (an eigenvalue twice), H1
(d_y = 3 > d_x = 2), H3 (X Y^T of rank 2), and all of X Y^T (labels that inputs say nothing about)."""


@cache
def load_synthetic(name: str) -> Planted:
    """The planted set with this name.

    Raises:
        ValueError: unknown name.
    """
    if name not in _SETS:
        raise ValueError(f"got the synthetic set {name!r}, wanted one of {', '.join(SYNTHETIC)}")
    return _planted(name, **_SETS[name])


def _planted(name: str, d_x: int, singular: tuple[int, ...], copied: bool = False) -> Planted:
    d_y = len(singular)
    rows = _hadamard(SAMPLES)
    mixing = np.tril(np.ones((d_x, d_x), dtype=np.int64))
    X = (mixing @ rows[:d_x]).T
    if copied:
        X = np.column_stack([X, X[:, -1]])
    v = np.arange(1, d_y + 1)
    n = int(v @ v)
    reflection = n * np.eye(d_y, dtype=np.int64) - 2 * np.outer(v, v)
    explained = np.zeros((d_y, SAMPLES), dtype=np.int64)
    inside = min(d_x, d_y)
    explained[:inside] = np.array(singular[:inside])[:, None] * rows[:inside]
    # Beyond the row space of X: the residual of the best linear map, alike in size to the smallest singular.
    beyond = rows[d_x : d_x + d_y]
    Y = (reflection @ explained + n * beyond).T
    digest = hashlib.sha256()
    for array in (X, Y):
        digest.update(repr(array.shape).encode() + np.ascontiguousarray(array).tobytes())
    eigenvalues = tuple(SAMPLES * n * n * s * s for s in singular)
    return Planted(name, frozen(X), frozen(Y), frozen(reflection), n, eigenvalues, digest.hexdigest())


def _hadamard(size: int) -> Array:
    """Sylvester's matrix [size, size] of signs with orthogonal rows, for a power of two."""
    rows = np.ones((1, 1), dtype=np.int64)
    while len(rows) < size:
        rows = np.block([[rows, rows], [rows, -rows]])
    return rows
