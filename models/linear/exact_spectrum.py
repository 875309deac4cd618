"""Sigma = Y X^T (X X^T)^-1 X Y^T, the least-squares map, and the eigenvectors of Sigma: exact, or in balls.

A reduction that costs nothing. Let Z be the least-squares map, Z X X^T = Y X^T, and replace the inputs X
by the fitted labels Z X. The moments of the new problem are Z X X^T Z^T = Sigma and Z X Y^T = Sigma, so its
loss is 1/2 (tr Q Sigma Q^T - 2 tr Q Sigma + tr Y Y^T) with Q = W_{H+1} ... W_2 R, R [d_1, d_y], and it is the
loss of the whole network at W_1 = R Z: same values, and the same loss along V_1 = V_R Z.

Critical points carry over in both directions. With M = W_{H+1} ... W_2 the gradient of the whole network
in W_1 is M^T (Q - I) Y X^T, and the reduced one in R is M^T (Q - I) Sigma. The first being zero makes the
second zero. Conversely N Sigma = 0 gives 0 = N Sigma N^T = (N Y X^T) (X X^T)^-1 (N Y X^T)^T, hence
N Y X^T = 0. For the other layers both gradients are A^T (Q - I) Sigma R^T B^T, with the same factors A, B.
So a saddle, a descent direction or a negative v^T H v found with d_y inputs is one with d_x of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import flint

from models.exact.integers import as_fmpz
from models.exact.moments import Moments
from models.linear.exact_network import ExactMoments, Matrix, Scalar, identity
from models.linear.sigma_enclosure import enclosed_sigma

__all__ = ["BITS", "Spectrum", "ball_spectrum", "best_map", "fitted_moments", "kernel", "rational_spectrum"]

BITS = 192
"""Working precision of ball arithmetic; the balls of the eigenvalues come out near 1e-50 of their size."""


@dataclass(frozen=True, eq=False)
class Spectrum:
    """Eigenvalues of Sigma in decreasing order, with orthogonal eigenvectors of any length.

    Attributes:
        values: [d_y]; rationals, or balls that are disjoint and exclude 0.
        vectors: [d_y] columns [d_y, 1]; column i encloses an eigenvector of values[i].
    """

    values: tuple[Scalar, ...]
    vectors: tuple[Matrix, ...]

    def rotated(self, i: int, j: int) -> Spectrum:
        """Another basis of a repeated eigenvalue: 3 u_i + 4 u_j and 4 u_i - 3 u_j, for vectors of one length.

        Raises:
            ValueError: the two eigenvalues or the two lengths differ.
        """
        u, v = self.vectors[i], self.vectors[j]
        if self.values[i] != self.values[j] or square(u) != square(v):
            raise ValueError(
                f"got the eigenvalues {self.values[i]} and {self.values[j]} with vectors of squared length "
                f"{square(u)} and {square(v)}, wanted equal ones: no rotation keeps the rest eigenvectors"
            )
        vectors = list(self.vectors)
        vectors[i], vectors[j] = 3 * u + 4 * v, 4 * u - 3 * v
        return Spectrum(self.values, tuple(vectors))


def square(column: Matrix) -> Scalar:
    """Squared length of a column."""
    return (column.transpose() * column)[0, 0]


def best_map(data: ExactMoments) -> Matrix:
    """Z [d_y, d_x] with Z X X^T = Y X^T, over the rationals; on pivot columns where X X^T is singular."""
    reduced, rank = data.gram.rref()
    if rank == data.d_x:
        return data.gram.solve(data.cross).transpose()
    pivots = [next(j for j in range(data.d_x) if reduced[i, j] != 0) for i in range(rank)]
    gram = flint.fmpq_mat(rank, rank, [data.gram[i, j] for i in pivots for j in pivots])
    cross = flint.fmpq_mat(rank, data.d_y, [data.cross[i, j] for i in pivots for j in range(data.d_y)])
    solved = gram.solve(cross)
    Z = flint.fmpq_mat(data.d_y, data.d_x)
    for k, column in enumerate(pivots):
        for i in range(data.d_y):
            Z[i, column] = solved[k, i]
    return Z


def kernel(data: ExactMoments) -> list[Matrix]:
    """Rows [1, d_x] that span { n : n X = 0 }, over the rationals; [] where X X^T is regular."""
    reduced, rank = data.gram.rref()
    pivots = [next(j for j in range(data.d_x) if reduced[i, j] != 0) for i in range(rank)]
    rows = []
    for free in (j for j in range(data.d_x) if j not in pivots):
        row = [0] * data.d_x
        row[free] = 1
        for i, column in enumerate(pivots):
            row[column] = -reduced[i, free]
        rows.append(flint.fmpq_mat(1, data.d_x, row))
    return rows


def fitted_moments(of: Moments, *, balls: bool) -> ExactMoments:
    """The moments of the reduced problem, X X^T = X Y^T = Sigma [d_y, d_y], from integer moments.

    With `balls` Sigma is enclosed to `BITS` bits of tr Y Y^T by refinement: 0.2 s for 653 inputs and ten
    labels. Without, and where X X^T is too nearly singular for that, it is computed over the rationals
    first (Dixon's p-adic lifting in FLINT), which takes forty times as long. The factor that the integer
    moments have in common is taken out.

    Raises:
        ZeroDivisionError: X X^T is singular, so that Sigma does not exist.
    """
    sigma = _refined_sigma(of) if balls else None
    if sigma is not None:
        with flint.ctx.workprec(BITS):
            return ExactMoments(sigma, sigma, flint.arb(flint.fmpq(of.label_square, of.factor)))
    gram, cross = as_fmpz(of.gram), as_fmpz(of.cross)
    try:
        solved, denominator = cast("flint.fmpq_mat", gram.solve(cross)).numer_denom()
    except ZeroDivisionError:
        raise ZeroDivisionError(
            f"got a singular X X^T in {of.d_x} dimensions, wanted full rank: use Moments.independent()"
        ) from None
    rational = flint.fmpq_mat(cross.transpose() * solved) / (denominator * of.factor)
    total = flint.fmpq(of.label_square, of.factor)
    if not balls:
        return ExactMoments(rational, rational, total)
    with flint.ctx.workprec(BITS):
        enclosed = flint.arb_mat(rational)
        return ExactMoments(enclosed, enclosed, flint.arb(total))


def _refined_sigma(of: Moments) -> flint.arb_mat | None:
    """Sigma in balls, or None where refinement in float64 does not reach `BITS` bits."""
    share = 2.0**-BITS
    try:
        found = enclosed_sigma(of, share)
    except ValueError:
        return None
    if found.outside > share:
        return None
    with flint.ctx.workprec(BITS):
        radius = flint.arb(found.outside) * flint.arb(flint.fmpq(of.label_square, of.factor))
        unit = found.unit * of.factor
        entries = [flint.arb(flint.fmpq(entry, unit), radius) for entry in found.inside.entries()]
        return flint.arb_mat(of.d_y, of.d_y, entries)


def rational_spectrum(sigma: flint.fmpq_mat, vectors: Sequence[Sequence[int]]) -> Spectrum:
    """The spectrum for proposed integer eigenvectors, checked: Sigma q = l q exactly, and q_i^T q_j = 0.

    Raises:
        ValueError: a vector is not an eigenvector, or two are not orthogonal.
    """
    found = []
    for entries in vectors:
        q = flint.fmpq_mat(sigma.nrows(), 1, [int(entry) for entry in entries])
        value = (q.transpose() * sigma * q)[0, 0] / square(q)
        if sigma * q != q * value:
            raise ValueError(
                f"got the vector {list(entries)}, wanted an eigenvector of Sigma: check the data"
            )
        found.append((value, q))
    for i, (_, q) in enumerate(found):
        if len(found) != sigma.nrows() or any((q.transpose() * r)[0, 0] != 0 for _, r in found[:i]):
            raise ValueError(
                f"got {len(found)} vectors for {sigma.nrows()} labels, wanted as many, orthogonal in pairs"
            )
    found.sort(key=lambda pair: -pair[0])
    return Spectrum(tuple(value for value, _ in found), tuple(q for _, q in found))


def ball_spectrum(sigma: flint.arb_mat) -> Spectrum:
    """Eigenvalues and eigenvectors of a symmetric ball matrix, each enclosed with proof.

    `acb_mat.eig` isolates the eigenvalues in disjoint balls or raises; they are real because Sigma is
    symmetric. With the k-th entry of the eigenvector set to 1, the other rows of (Sigma - l I) v = 0 are a
    regular linear system for the rest, solved in balls. It is regular only if the eigenvector's k-th entry
    is not zero (otherwise the eigenvector itself would solve the homogeneous system), so a solution that
    FLINT returns encloses the eigenvector of every symmetric matrix in the ball.

    Raises:
        ArithmeticError: two eigenvalues could not be separated, or one of them not from zero.
    """
    with flint.ctx.workprec(BITS):
        n = sigma.nrows()
        try:
            values = [root.real for root in flint.acb_mat(sigma).eig()] if n > 1 else [sigma[0, 0]]
        except ValueError as error:
            raise ArithmeticError(
                f"got eigenvalues that do not separate at {BITS} bits, wanted distinct ones: {error}"
            ) from None
        values.sort(key=lambda value: -float(value.mid()))
        if not values[-1] > 0:
            raise ArithmeticError(
                f"got the smallest eigenvalue {values[-1].str(5)}, wanted it above zero: X Y^T needs rank d_y"
            )
        return Spectrum(
            tuple(values), tuple(_null_vector(sigma - value * identity(flint.arb_mat, n)) for value in values)
        )


def _null_vector(shifted: flint.arb_mat) -> flint.arb_mat:
    """The null vector [n, 1] of a matrix of rank n - 1, one of its entries set to 1."""
    n = shifted.nrows()
    for k in range(n):
        rest = [i for i in range(n) if i != k]
        if not rest:
            return flint.arb_mat(1, 1, [1])
        minor = flint.arb_mat(n - 1, n - 1, [shifted[i, j] for i in rest for j in rest])
        try:
            solved = minor.solve(flint.arb_mat(n - 1, 1, [-shifted[i, k] for i in rest]))
        except ZeroDivisionError:
            continue
        entries = [solved[i, 0] for i in range(n - 1)]
        return flint.arb_mat(n, 1, [*entries[:k], 1, *entries[k:]])
    raise ArithmeticError("got no regular minor of Sigma - l I, wanted one: raise the precision")
