"""The deep linear loss, its derivatives and its restriction to lines, without rounding.

L(W) = 1/2 ||W_{H+1} ... W_1 X - Y||_F^2 (Kawaguchi 2016, equation 1) is a polynomial in the
weights whose coefficients are X X^T, X Y^T and tr Y Y^T. Everything below uses ring
operations only, so the same lines run over the rationals (`flint.fmpq_mat`: exact) and over
balls (`flint.arb_mat`: every result encloses the true number). Weights are listed from the
input: [W_1, ..., W_{H+1}], W_1 [d_1, d_x] and W_{H+1} [d_y, d_H].
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any

import flint

from models.exact.integers import as_fmpz
from models.exact.moments import Moments

__all__ = [
    "ExactMoments",
    "Matrix",
    "Scalar",
    "curvature",
    "exact_moments",
    "gradient",
    "gradient_along",
    "identity",
    "loss",
    "loss_along",
    "product",
    "zeros",
]

Matrix = Any
"""`flint.fmpq_mat` or `flint.arb_mat`; all matrices of one computation are of one kind."""

Scalar = Any
"""`flint.fmpq` or `flint.arb`."""


@dataclass(frozen=True, eq=False)
class ExactMoments:
    """What the loss needs to know of the data, in a ring.

    Attributes:
        gram: [d_x, d_x], X X^T.
        cross: [d_x, d_y], X Y^T.
        label_square: tr Y Y^T.
    """

    gram: Matrix
    cross: Matrix
    label_square: Scalar

    def __post_init__(self) -> None:
        d_x = self.gram.nrows()
        if self.gram.ncols() != d_x or self.cross.nrows() != d_x:
            raise ValueError(
                f"got X X^T [{d_x}, {self.gram.ncols()}] and X Y^T [{self.cross.nrows()}, "
                f"{self.cross.ncols()}], wanted [d_x, d_x] and [d_x, d_y]: transpose Y X^T"
            )

    @property
    def d_x(self) -> int:
        """Input dimension."""
        return self.gram.nrows()

    @property
    def d_y(self) -> int:
        """Output dimension."""
        return self.cross.ncols()

    @property
    def kind(self) -> type:
        """The matrix type: `flint.fmpq_mat` or `flint.arb_mat`."""
        return type(self.gram)


def exact_moments(of: Moments) -> ExactMoments:
    """Integer moments as rationals, without their common factor."""
    return ExactMoments(
        flint.fmpq_mat(as_fmpz(of.gram)) / of.factor,
        flint.fmpq_mat(as_fmpz(of.cross)) / of.factor,
        flint.fmpq(of.label_square, of.factor),
    )


def zeros(kind: type, rows: int, columns: int) -> Matrix:
    """The zero matrix [rows, columns]."""
    return kind(rows, columns, [0] * (rows * columns))


def identity(kind: type, size: int) -> Matrix:
    """The identity [size, size]."""
    return kind(size, size, [int(i == j) for i in range(size) for j in range(size)])


def product(weights: Sequence[Matrix]) -> Matrix:
    """W_{H+1} ... W_1, [d_y, d_x], for weights listed from the input."""
    return reduce(lambda done, layer: layer * done, weights)


def loss(data: ExactMoments, weights: Sequence[Matrix]) -> Scalar:
    """L = 1/2 tr(T X X^T T^T) - tr(T X Y^T) + 1/2 tr Y Y^T with T = W_{H+1} ... W_1.

    Raises:
        ValueError: the layers do not fit the data or one another.
    """
    _check(data, weights)
    T = product(weights)
    return (_inner(T * data.gram - 2 * data.cross.transpose(), T) + data.label_square) / 2


def gradient(data: ExactMoments, weights: Sequence[Matrix]) -> list[Matrix]:
    """dL/dW_l = (W_{H+1} ... W_{l+1})^T (T X X^T - Y X^T) (W_{l-1} ... W_1)^T for every layer l.

    Source: Kawaguchi 2016, lemma 4.1, in matrix form.

    Raises:
        ValueError: the layers do not fit the data or one another.
    """
    return [terms[0] for terms in gradient_along(data, weights, [None] * len(weights), 1)]


def gradient_along(
    data: ExactMoments, weights: Sequence[Matrix], direction: Sequence[Matrix | None], terms: int
) -> list[list[Matrix]]:
    """The first coefficients in t of every layer's gradient at W + t V; None stands for a zero layer of V.

    Raises:
        ValueError: the layers do not fit the data or one another.
    """
    _check(data, weights)
    labels = data.cross.transpose()
    residual = [term * data.gram for term in _series(weights, direction, terms)]
    residual[0] = residual[0] - labels
    found = []
    for layer in range(len(weights)):
        above = _series(weights[layer + 1 :], direction[layer + 1 :], terms) if weights[layer + 1 :] else None
        below = _series(weights[:layer], direction[:layer], terms) if layer else None
        left = _times([term.transpose() for term in above], residual) if above else residual
        found.append(_times(left, [term.transpose() for term in below]) if below else left)
    return found


def loss_along(
    data: ExactMoments, weights: Sequence[Matrix], direction: Sequence[Matrix | None]
) -> list[Scalar]:
    """Coefficients [c_0, ..., c_{2H+2}] of the polynomial t -> L(W + t V); None stands for a zero layer of V.

    c_1 is <grad L, V> and 2 c_2 is V^T (Hessian of L) V.

    Raises:
        ValueError: the layers do not fit the data or one another.
    """
    _check(data, weights)
    degree = len(weights)
    T = _series(weights, direction, degree + 1)
    kept = [k for k, term in enumerate(T) if k and not _is_zero(term)]
    through = {k: T[k] * data.gram for k in kept}
    labels, start = data.cross.transpose(), T[0] * data.gram
    found = [data.label_square * 0 for _ in range(2 * degree + 1)]
    found[0] = (_inner(start - 2 * labels, T[0]) + data.label_square) / 2
    for n, a in enumerate(kept):
        found[a] += _inner(start - labels, T[a])
        found[2 * a] += _inner(through[a], T[a]) / 2
        for b in kept[n + 1 :]:
            found[a + b] += _inner(through[a], T[b])
    return found


def curvature(data: ExactMoments, weights: Sequence[Matrix], direction: Sequence[Matrix | None]) -> Scalar:
    """V^T H V, the second derivative of t -> L(W + t V) at 0.

    Raises:
        ValueError: the layers do not fit the data or one another.
    """
    return 2 * loss_along(data, weights, direction)[2]


def _series(weights: Sequence[Matrix], direction: Sequence[Matrix | None], terms: int) -> list[Matrix]:
    """The first coefficients in t of (W_{H+1} + t V_{H+1}) ... (W_1 + t V_1)."""
    done: list[Matrix] | None = None
    for layer, step in zip(weights, direction, strict=True):
        first, second = layer, zeros(type(layer), layer.nrows(), layer.ncols()) if step is None else step
        if done is None:
            done = [first, second][:terms]
            continue
        grown = [first * term for term in done]
        if step is not None:
            raised = [second * term for term in done]
            grown = [a + b for a, b in zip([*grown, 0 * raised[-1]], [0 * raised[0], *raised], strict=True)]
        done = grown[:terms]
    assert done is not None
    blank = zeros(type(done[0]), done[0].nrows(), done[0].ncols())
    return done + [blank] * (terms - len(done))


def _times(a: list[Matrix], b: list[Matrix]) -> list[Matrix]:
    """The product of two matrix polynomials, cut after as many terms as they have."""
    return [
        reduce(lambda total, term: total + term, (a[i] * b[k - i] for i in range(k + 1)))
        for k in range(len(a))
    ]


def _inner(A: Matrix, B: Matrix) -> Scalar:
    """<A, B> = tr A B^T; the product runs inside FLINT, one entry after another would not."""
    through = A * B.transpose()
    return sum((through[i, i] for i in range(through.nrows())), 0 * A[0, 0])


def _is_zero(A: Matrix) -> bool:
    """Whether every entry is exactly zero; a ball that merely contains zero is not."""
    return all(entry == 0 for entry in A.entries())


def _check(data: ExactMoments, weights: Sequence[Matrix]) -> None:
    shapes = [(layer.nrows(), layer.ncols()) for layer in weights]
    sizes = [data.d_x, *(rows for rows, _ in shapes)]
    if not weights or sizes[-1] != data.d_y or [columns for _, columns in shapes] != sizes[:-1]:
        raise ValueError(
            f"got layers of shape {shapes}, wanted W_1 [d_1, {data.d_x}], ..., W_(H+1) [{data.d_y}, d_H]: "
            "list them from the input"
        )
