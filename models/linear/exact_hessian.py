"""The full Hessian of a small deep linear network, and the signs of its eigenvalues, without rounding."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import flint

from models.linear.exact_network import ExactMoments, Matrix, gradient_along

__all__ = ["hessian", "inertia"]


def hessian(data: ExactMoments, weights: Sequence[Matrix]) -> Matrix:
    """The full Hessian [N, N], N the number of weights, each layer flattened by rows; for small networks.

    Column n is the derivative of the gradient along the n-th weight: N times the cost of a gradient.
    Over the integers' moments it is exact; in balls every entry is enclosed.

    Raises:
        ValueError: the layers do not fit the data or one another.
    """
    columns = []
    for layer, at in enumerate(weights):
        rows, width = at.nrows(), at.ncols()
        for n in range(rows * width):
            unit = data.kind(rows, width, [int(k == n) for k in range(rows * width)])
            direction = [unit if k == layer else None for k in range(len(weights))]
            change = gradient_along(data, weights, direction, 2)
            columns.append([entry for terms in change for entry in terms[1].entries()])
    size = len(columns)
    return data.kind(size, size, [entry for column in columns for entry in column])


def inertia(symmetric: flint.fmpq_mat) -> tuple[int, int, int]:
    """How many eigenvalues of a rational symmetric matrix are negative, zero and positive, exactly.

    All roots of the characteristic polynomial are real, so Descartes' rule of signs counts the
    positive ones without error, and the lowest power present counts the zeros.

    Raises:
        ValueError: the matrix is not symmetric.
    """
    if symmetric != symmetric.transpose():
        raise ValueError("got a matrix that is not symmetric, wanted a Hessian: its roots need not be real")
    coefficients = symmetric.charpoly().coeffs()
    null = next(k for k, c in enumerate(coefficients) if c != 0)
    signs = [c > 0 for c in coefficients if c != 0]
    positive = sum(a != b for a, b in pairwise(signs))
    return symmetric.nrows() - null - positive, null, positive
