"""Which columns are zero or proportional to another, exactly, from the Gram matrix alone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

__all__ = ["ColumnClasses", "column_classes"]

NEARLY = 1e-6
"""Relative slack of the float64 search for candidates; each is then decided in integers."""

BITS = 500
"""Longest squared norm that is taken to float64 as it is: the product of two still fits."""


@dataclass(frozen=True, slots=True)
class ColumnClasses:
    """How the d_x columns of X fall apart.

    Attributes:
        zero: columns that are zero in every sample.
        proportional: non-zero columns that are a multiple of an earlier one.
        distinct: what is left: one column of each direction. zero + proportional + distinct = d_x.
    """

    zero: int
    proportional: int
    distinct: int


def column_classes(gram: np.ndarray) -> ColumnClasses:
    """Count zero columns and pairwise collinear ones in an integer Gram matrix [d, d].

    Columns a and b are proportional if and only if (a.b)^2 = (a.a)(b.b), the case of
    equality of Cauchy and Schwarz. A non-zero constant column is in nobody's way: it
    is independent of the others unless it is a multiple of one. Once the columns are
    centred, constant columns are zero and are counted as such; with a bias row, they
    are proportional to it.

    Args:
        gram: [d, d] integers of any size.
    """
    norms = gram.diagonal()
    kept = np.flatnonzero(norms != 0)
    close = _shortened(gram[np.ix_(kept, kept)])
    length = np.sqrt(close.diagonal())
    cosine = np.abs(close) / np.outer(length, length)
    candidates = np.argwhere(np.triu(cosine > 1 - NEARLY, k=1))
    duplicates: set[int] = set()
    for first, second in kept[candidates].tolist():
        if int(gram[first, second]) ** 2 == int(norms[first]) * int(norms[second]):
            duplicates.add(second)
    return ColumnClasses(len(norms) - len(kept), len(duplicates), len(kept) - len(duplicates))


def _shortened(gram: np.ndarray) -> np.ndarray:
    """The Gram matrix of the columns in float64, each divided by a power of two where it would overflow."""
    if gram.dtype != object:
        return gram.astype(np.float64)
    excess = [max(int(norm).bit_length() - BITS, 0) // 2 for norm in gram.diagonal()]
    rows = [
        [int(entry) >> (a + b) for entry, b in zip(row, excess, strict=True)]
        for row, a in zip(gram, excess, strict=True)
    ]
    return np.array(rows, dtype=np.float64).reshape(gram.shape)
