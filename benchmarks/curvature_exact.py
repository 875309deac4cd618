"""Exact answers for the curvature benchmark: the Hessian of a deep linear net in rationals, and its inertia.

Nothing here is shared with models/curvature: the Hessian comes from its closed form, not from
differentiation, and the eigenvalues are the characteristic polynomial's roots in ball arithmetic.
"""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

import flint
import numpy as np

__all__ = ["exact_extremes", "exact_hessian", "inertia", "to_float"]

BITS = 400


def exact_hessian(sizes: tuple[int, ...], X: np.ndarray, Y: np.ndarray, w: np.ndarray) -> flint.fmpq_mat:
    """Hessian [P, P] of 1/2 ||W_n ... W_1 X - Y||^2 at float64 weights, which are rationals.

    With A_l the product of the layers above l, B_l of those below, M those between l > k, G = X X^T and
    R = (T X - Y) X^T, the entry of W_l[i, j] and W_k[a, b] is

        (A_l^T A_k)[i, a] (B_l G B_k^T)[j, b] + [l > k] (A_l^T R B_k^T)[i, b] M[j, a] + [l < k] its transpose.

    Args:
        sizes: d_x, widths, d_y.
        X: [m, d_x] integers, samples in rows.
        Y: [m, d_y] integers.
        w: [P] float64, W_1 first, row after row.
    """
    layers, start = [], 0
    for a, b in pairwise(sizes):
        layers.append(_rational(w[start : start + a * b].reshape(b, a)))
        start += a * b
    G, C = _rational(X.T @ X), _rational(Y.T @ X)
    n = len(layers)
    below = [_identity(sizes[0])]
    for W in layers:
        below.append(W * below[-1])
    above = [_identity(sizes[-1])]
    for W in reversed(layers):
        above.append(above[-1] * W)
    above = above[::-1][1:]
    R = below[-1] * G - C
    H = flint.fmpq_mat(start, start)
    offsets = np.r_[0, np.cumsum([W.nrows() * W.ncols() for W in layers])]
    for hi in range(n):
        between = _identity(layers[hi].ncols())
        for lo in range(hi, -1, -1):
            left, right = above[hi].transpose() * above[lo], below[hi] * G * below[lo].transpose()
            cross = above[hi].transpose() * R * below[lo].transpose()
            for i in range(layers[hi].nrows()):
                for j in range(layers[hi].ncols()):
                    for a in range(layers[lo].nrows()):
                        for b in range(layers[lo].ncols()):
                            value = left[i, a] * right[j, b]
                            if hi > lo:
                                value += cross[i, b] * between[j, a]
                            row = int(offsets[hi]) + i * layers[hi].ncols() + j
                            column = int(offsets[lo]) + a * layers[lo].ncols() + b
                            H[row, column] = H[column, row] = value
            if hi > lo:
                between = between * layers[lo]
    return H


def inertia(H: flint.fmpq_mat) -> tuple[int, int, int]:
    """How many eigenvalues are negative, zero and positive, exactly.

    All roots of the characteristic polynomial are real, so Descartes' rule counts them without error.
    """
    coefficients = list(H.charpoly().coeffs())
    zero = next(i for i, c in enumerate(coefficients) if c != 0)
    signs = [c > 0 for c in coefficients[zero:] if c != 0]
    positive = sum(a != b for a, b in pairwise(signs))
    return H.nrows() - zero - positive, zero, positive


def exact_extremes(H: flint.fmpq_mat) -> tuple[float, float, float]:
    """Smallest and largest eigenvalue rounded to float64, and the radius of the balls that hold them."""
    before, flint.ctx.prec = flint.ctx.prec, BITS
    try:
        roots = [root.real for root, _ in H.charpoly().numer().complex_roots()]
        mids = sorted(float(root.mid()) for root in roots)
        return mids[0], mids[-1], max(float(root.rad()) for root in roots)
    finally:
        flint.ctx.prec = before


def to_float(H: flint.fmpq_mat) -> np.ndarray:
    """The entries, each rounded correctly to float64."""
    entries = [int(v.p) / int(v.q) for v in H.entries()]
    return np.array(entries).reshape(H.nrows(), H.ncols())


def _rational(matrix: np.ndarray) -> flint.fmpq_mat:
    pairs = [Fraction(v).as_integer_ratio() for v in matrix.ravel().tolist()]
    return flint.fmpq_mat(*matrix.shape, [flint.fmpq(p, q) for p, q in pairs])


def _identity(n: int) -> flint.fmpq_mat:
    return flint.fmpq_mat([[int(i == j) for j in range(n)] for i in range(n)])
