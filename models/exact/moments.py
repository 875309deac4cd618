"""What the linear theorem needs to know of the data: X X^T, X Y^T and their variants, in integers.

Samples are rows here, X [m, d_x] and Y [m, d_y], so the paper's X X^T (Kawaguchi's
X is d_x by m) is X^T X below. Every variant is a linear change of the raw moments
and costs nothing per sample.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from time import perf_counter

import numpy as np

from models.exact import integers

__all__ = ["Moments", "moments"]


@dataclass(frozen=True, eq=False)
class Moments:
    """Integer second moments of inputs and labels, all of them times one factor.

    The factor keeps centred moments integers, X X^T - s s^T / m being none. It multiplies Sigma and the whole
    squared loss and changes no rank, no sign and no coincidence of eigenvalues, as long as every moment has
    it: whatever adds a row or a column has to add it with the factor (`with_bias`).

    Attributes:
        m: samples.
        gram: [d_x, d_x], X X^T in the paper's notation; int64 or Python integers.
        cross: [d_x, d_y], X Y^T.
        sums: [d_x], sum of X over the samples.
        label_sums: [d_y], sum of Y over the samples.
        label_square: tr Y Y^T, the sum of all squared labels.
        factor: what the five moments above were multiplied by, positive.
        scale: [d_x] float64; column j as printed in the data is the integer column divided by scale[j]. It
            changes no rank, and is there for the floating-point methods, which see the printed numbers.
    """

    m: int
    gram: np.ndarray
    cross: np.ndarray
    sums: np.ndarray
    label_sums: np.ndarray
    label_square: int
    scale: np.ndarray
    factor: int = 1

    @property
    def d_x(self) -> int:
        """Input dimension of this variant."""
        return len(self.gram)

    @property
    def d_y(self) -> int:
        """Output dimension."""
        return self.cross.shape[1]

    @property
    def rank(self) -> int:
        """Exact rank of X X^T, which is the rank of X."""
        return self._ranked[0]

    @property
    def rank_seconds(self) -> float:
        """Wall time that the exact rank took."""
        return self._ranked[1]

    @cached_property
    def _ranked(self) -> tuple[int, float]:
        start = perf_counter()
        return integers.rank(self.gram), perf_counter() - start

    @cached_property
    def cross_rank(self) -> int:
        """Exact rank of X Y^T."""
        return integers.rank(self.cross)

    @cached_property
    def nonzero_columns(self) -> np.ndarray:
        """Indices of the input columns that are not zero in every sample."""
        return np.flatnonzero(self.gram.diagonal() != 0)

    @cached_property
    def constant_columns(self) -> np.ndarray:
        """Indices of the input columns that have one value in every sample, zero among them.

        (1.x)^2 = (1.1)(x.x) is the case of equality of Cauchy and Schwarz with the column of ones.
        """
        squares, sums = self.gram.diagonal().tolist(), self.sums.tolist()
        pairs = zip(squares, sums, strict=True)
        return np.array([j for j, (q, s) in enumerate(pairs) if self.m * self.factor * q == s * s], dtype=int)

    @cached_property
    def pivots(self) -> np.ndarray:
        """Indices [rank] of independent input columns."""
        return integers.pivot_columns(self.gram, self.rank)

    def restricted(self, columns: np.ndarray) -> Moments:
        """The same samples with these input columns only."""
        return replace(
            self,
            gram=self.gram[np.ix_(columns, columns)],
            cross=self.cross[columns],
            sums=self.sums[columns],
            scale=self.scale[columns],
        )

    def nonzero(self) -> Moments:
        """Without the columns that are zero in every sample."""
        return self.restricted(self.nonzero_columns)

    def independent(self) -> Moments:
        """On the pivot columns: X X^T is regular and the row space of X is unchanged."""
        return self.restricted(self.pivots)

    def centred(self) -> Moments:
        """With the mean of every input column subtracted, and the factor m times as large.

        m X X^T - s s^T is m times the centred X X^T, and m X Y^T - s t^T is m times the centred X Y^T; with
        tr Y Y^T the whole squared loss is m times as large. Constant columns become zero. Labels are not
        centred.
        """
        size = max(integers.largest(a) for a in (self.gram, self.cross, self.sums, self.label_sums))
        bound = 2 * max(self.m, size) * size
        gram, cross, s, t = (
            integers.widened(a, bound) for a in (self.gram, self.cross, self.sums, self.label_sums)
        )
        # The sums have the factor once, their product twice; dividing one of them leaves no remainder.
        once = s // self.factor
        return replace(
            self,
            gram=self.m * gram - np.outer(once, s),
            cross=self.m * cross - np.outer(once, t),
            sums=np.zeros(self.d_x, dtype=np.int64),
            label_sums=self.m * t,
            label_square=self.m * self.label_square,
            factor=self.m * self.factor,
        )

    def standardised(self) -> Moments:
        """Centred, without constant columns; each other column is then divided by its deviation.

        Dividing a column by a non-zero number changes no rank, no collinearity and
        not Sigma (D and D^-1 cancel around the inverse), so the division is left out
        and the arithmetic stays exact.
        """
        return self.centred().nonzero()

    def with_bias(self) -> Moments:
        """With a further input that is one in every sample."""
        ones = self.factor * self.m
        bound = max(ones, *(integers.largest(a) for a in (self.gram, self.cross, self.sums, self.label_sums)))
        gram, cross, s, t = (
            integers.widened(a, bound) for a in (self.gram, self.cross, self.sums, self.label_sums)
        )
        corner = integers.widened(np.array([[ones]], dtype=object), bound)
        return replace(
            self,
            gram=np.block([[gram, s[:, None]], [s[None, :], corner]]),
            cross=np.vstack([cross, t[None, :]]),
            sums=np.append(s, corner),
            scale=np.append(self.scale, 1.0),
        )

    def projected(self, projection: np.ndarray) -> Moments:
        """With the inputs P^T x for an integer projection P [d_x, k], again without touching a sample.

        Raises:
            ValueError: P has not d_x rows, or the columns of X are printed on different scales.
        """
        if len(projection) != self.d_x:
            raise ValueError(f"got a projection of {len(projection)} rows, wanted d_x = {self.d_x} of them")
        if len(set(self.scale.tolist())) > 1:
            raise ValueError("got columns on different scales, wanted one scale: their sums mean nothing")
        by = integers.largest(projection)
        bound = self.d_x**2 * by**2 * max(integers.largest(a) for a in (self.gram, self.cross, self.sums))
        P, gram, cross, sums = (
            integers.widened(a, bound) for a in (projection, self.gram, self.cross, self.sums)
        )
        return replace(
            self,
            gram=P.T @ gram @ P,
            cross=P.T @ cross,
            sums=P.T @ sums,
            scale=np.full(P.shape[1], self.scale[0]),
        )


def moments(X: np.ndarray, Y: np.ndarray, scale: np.ndarray | None = None) -> Moments:
    """The raw moments of integer inputs X [m, d_x] and labels Y [m, d_y].

    Args:
        X, Y: integers.
        scale: [d_x], what the columns of X were multiplied by to make them integers; ones by default.

    Raises:
        TypeError: X or Y does not hold integers.
        ValueError: the row counts differ.
    """
    ones = np.ones((len(X), 1), dtype=np.int64)
    return Moments(
        m=len(X),
        gram=integers.product(X, X),
        cross=integers.product(X, Y),
        sums=integers.product(X, ones)[:, 0],
        label_sums=integers.product(Y, ones)[:, 0],
        label_square=sum(int(v) for v in integers.product(Y, Y).diagonal()),
        scale=np.ones(X.shape[1]) if scale is None else np.asarray(scale, dtype=np.float64),
    )
