"""Loss, gradient, Hessian and its products of a deep linear network, for an ensemble of weights at once.

With T = W_{H+1} ... W_1, D = T X X^T - Y X^T, A_k = W_{H+1} ... W_{k+1} and
B_k = W_{k-1} ... W_1 (empty products are identities):

    dL/dW_k = A_k^T D B_k^T                                 (Kawaguchi 2016, lemma 4.1, in matrices)
    d2L[V] in W_k = A_k^T (dT X X^T) B_k^T + dA_k^T D B_k^T + A_k^T D dB_k^T,  dT = sum_j A_j V_j B_j

Entries of the Hessian for W_k[a, b] and W_j[c, d], k > j, M = W_{k-1} ... W_{j+1}:

    (A_k^T A_j)[a, c] (B_k X X^T B_j^T)[b, d] + (A_k^T D B_j^T)[a, d] M[b, c]
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import combinations, pairwise
from typing import Any

import numpy as np

from models.linear.problem import LinearProblem

__all__ = ["LinearLandscape"]

Products = list[Any]
"""Products of consecutive layers, [M, rows, columns] each; None, for the empty one, only at an end."""

UNIT = np.finfo(np.float64).eps / 2
"""Unit roundoff of float64."""


@dataclass(frozen=True, eq=False)
class LinearLandscape:
    """L as a function of flat weights w [M, P], layer after layer, each row by row.

    Attributes:
        problem: the data.
        hidden: (d_1, ..., d_H), at least one hidden layer.
    """

    problem: LinearProblem
    hidden: tuple[int, ...]

    def __post_init__(self) -> None:
        if not self.hidden or min(self.hidden) < 1:
            raise ValueError(
                f"got the hidden widths {self.hidden}, wanted one positive width or more: (4,) is one layer"
            )

    @cached_property
    def shapes(self) -> tuple[tuple[int, int], ...]:
        """(d_k, d_{k-1}) of W_1 to W_{H+1}."""
        sizes = (self.problem.d_x, *self.hidden, self.problem.d_y)
        return tuple((after, before) for before, after in pairwise(sizes))

    @property
    def size(self) -> int:
        """P, the number of weights."""
        return sum(rows * columns for rows, columns in self.shapes)

    @property
    def narrowest(self) -> int:
        """p = min(d_1, ..., d_H)."""
        return min(self.hidden)

    def layers(self, w: np.ndarray) -> list[np.ndarray]:
        """Flat weights [M, P] as W_1 to W_{H+1}, each [M, d_k, d_{k-1}].

        Raises:
            ValueError: w is not [M, P].
        """
        if w.ndim != 2 or w.shape[1] != self.size:
            raise ValueError(
                f"got weights of shape {w.shape}, wanted [M, {self.size}]: one row of flat weights a member"
            )
        cuts = np.cumsum([rows * columns for rows, columns in self.shapes])[:-1]
        parts = np.split(w, cuts, axis=1)
        return [part.reshape(-1, *shape) for part, shape in zip(parts, self.shapes, strict=True)]

    def flat(self, weights: list[np.ndarray]) -> np.ndarray:
        """W_1 to W_{H+1}, each [M, d_k, d_{k-1}], as [M, P]."""
        return np.concatenate([W.reshape(len(W), -1) for W in weights], axis=1)

    def product(self, w: np.ndarray) -> np.ndarray:
        """T = W_{H+1} ... W_1, [M, d_y, d_x]."""
        return _chain(self.layers(w))

    def loss(self, w: np.ndarray) -> np.ndarray:
        """L [M]."""
        return self.problem.map_loss(self.product(w))

    def loss_and_gradient(self, w: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """L [M] and its gradient [M, P]."""
        weights = self.layers(w)
        after, before = _left(weights), _right(weights)
        through = before[-1] @ self.problem.gram
        gradients = self._gradients(after, before, through - self.problem.cross_transposed)
        return self.problem.map_loss(before[-1], through), self.flat(gradients)

    def gradient(self, w: np.ndarray) -> np.ndarray:
        """The gradient [M, P]."""
        return self.loss_and_gradient(w)[1]

    def gradient_error(self, w: np.ndarray) -> np.ndarray:
        """Bound [M] on the norm of (computed - true gradient) from rounding, as in `hessian_error`."""
        weights = [np.abs(W) for W in self.layers(w)]
        absolute = _chain(weights) @ np.abs(self.problem.gram) + np.abs(self.problem.cross_transposed)
        gradients = self._gradients(_left(weights), _right(weights), absolute)
        return self._rounding * np.linalg.norm(self.flat(gradients), axis=1)

    @property
    def _rounding(self) -> float:
        """2 n u >= gamma_n, n twice the sum of all inner dimensions that an entry meets on its way."""
        n = 2 * (sum(self.hidden) + 2 * self.problem.d_x + self.problem.d_y + 4 * len(self.shapes))
        return 2 * n * UNIT

    def _gradients(self, after: Products, before: Products, D: np.ndarray) -> list[np.ndarray]:
        result = []
        for k in range(len(self.shapes)):
            G = D if after[k] is None else _t(after[k]) @ D
            result.append(G if before[k] is None else G @ _t(before[k]))
        return result

    def hessian_product(self, w: np.ndarray, v: np.ndarray) -> np.ndarray:
        """The Hessian at w [M, P] times v [M, P], [M, P]; no matrix of P columns is formed."""
        weights, moves = self.layers(w), self.layers(v)
        after, before = _left(weights), _right(weights)
        D = before[-1] @ self.problem.gram - self.problem.cross_transposed
        d_before, d_after = _moved_right(weights, moves, before), _moved_left(weights, moves, after)
        dD = d_before[-1] @ self.problem.gram
        rows = self._gradients(after, before, dD)
        for k, total in enumerate(rows):
            if d_after[k] is not None:
                moved = _t(d_after[k]) @ D
                total = total + (moved if before[k] is None else moved @ _t(before[k]))
            if d_before[k] is not None:
                moved = D @ _t(d_before[k])
                total = total + (moved if after[k] is None else _t(after[k]) @ moved)
            rows[k] = total
        return self.flat(rows)

    def hessian(self, w: np.ndarray) -> np.ndarray:
        """The dense Hessian [M, P, P], symmetric to the last bit."""
        weights = self.layers(w)
        T = _chain(weights)
        return self._hessian(
            weights, self.problem.gram, T @ self.problem.gram - self.problem.cross_transposed
        )

    def hessian_error(self, w: np.ndarray) -> np.ndarray:
        """Bound [M] on the spectral norm of (computed - true Hessian) from rounding.

        Every entry is a sum of products over a chain of matrices, so its error is at most
        gamma_n = n u / (1 - n u) times the same expression in absolute values (Higham 2002,
        section 3.5), n the sum of all inner dimensions met on the way, twice for the two chains
        that meet; the Frobenius norm bounds the spectral one.
        """
        weights = [np.abs(W) for W in self.layers(w)]
        gram = np.abs(self.problem.gram)
        absolute = self._hessian(
            weights, gram, _chain(weights) @ gram + np.abs(self.problem.cross_transposed)
        )
        return self._rounding * np.sqrt((absolute**2).sum(axis=(1, 2)))

    def _hessian(self, weights: list[np.ndarray], gram: np.ndarray, D: np.ndarray) -> np.ndarray:
        M, layers = len(weights[0]), len(self.shapes)
        after = _left(weights, explicit=True)
        before = _right(weights, explicit=True)
        starts = np.concatenate([[0], np.cumsum([rows * columns for rows, columns in self.shapes])])
        H = np.empty((M, self.size, self.size))
        for k in range(layers):
            right = before[k] @ gram
            for j in range(k + 1):
                outer, inner = _t(after[k]) @ after[j], right @ _t(before[j])
                if j == k:  # the products are symmetric but for their rounding
                    outer, inner = (outer + _t(outer)) / 2, (inner + _t(inner)) / 2
                block = outer[:, :, None, :, None] * inner[:, None, :, None, :]
                if j < k:
                    through = _chain(weights[j + 1 : k], self.shapes[j][0], M)
                    crossed = _t(after[k]) @ D @ _t(before[j])
                    block += crossed[:, :, None, None, :] * through[:, None, :, :, None]
                block = block.reshape(M, starts[k + 1] - starts[k], starts[j + 1] - starts[j])
                H[:, starts[k] : starts[k + 1], starts[j] : starts[j + 1]] = block
                H[:, starts[j] : starts[j + 1], starts[k] : starts[k + 1]] = _t(block)
        return H

    def third_derivative(self, w: np.ndarray, radius: float) -> np.ndarray:
        """Bound [M] on |D^3 L[u, u, u]|, ||u|| = 1, anywhere within `radius` of w.

        T is multilinear. With n_k = ||W_k||_F + radius and e_q the sum, over the sets of q layers,
        of the products of the other n_k: ||T'|| <= e_1, ||T''|| <= 2 e_2, ||T'''|| <= 6 e_3, and
        D^3 L = 3 <T'' X X^T, T'> + <T''', D> with ||D|| <= ||T|| ||X X^T|| + ||Y X^T||.
        """
        norms = np.stack([np.linalg.norm(W, axis=(1, 2)) for W in self.layers(w)], axis=1) + radius
        layers = range(norms.shape[1])
        e = [
            sum(
                np.prod(norms[:, [k for k in layers if k not in moved]], axis=1)
                for moved in combinations(layers, q)
            )
            for q in range(4)
        ]
        gram = np.linalg.norm(self.problem.gram, 2)
        residual = e[0] * gram + np.linalg.norm(self.problem.cross_transposed)
        return 6 * gram * e[1] * e[2] + 6 * e[3] * residual


def _t(matrix: np.ndarray) -> np.ndarray:
    return matrix.swapaxes(-1, -2)


def _chain(weights: list[np.ndarray], size: int = 0, members: int = 0) -> np.ndarray:
    """W_n ... W_1; the identity [members, size, size] of an empty list."""
    if not weights:
        return np.broadcast_to(np.eye(size), (members, size, size))
    result = weights[0]
    for W in weights[1:]:
        result = W @ result
    return result


def _right(weights: list[np.ndarray], explicit: bool = False) -> Products:
    """B_k = W_{k-1} ... W_1 for k = 1 to H + 2, so the last is T; the empty one is None or the identity."""
    M, _, columns = weights[0].shape
    products: Products = [_chain([], columns, M) if explicit else None]
    for W in weights:
        products.append(W if products[-1] is None else W @ products[-1])
    return products


def _left(weights: list[np.ndarray], explicit: bool = False) -> Products:
    """A_k = W_{H+1} ... W_{k+1} for k = 1 to H + 1; the empty product is None or the identity."""
    M, rows, _ = weights[-1].shape
    products: Products = [_chain([], rows, M) if explicit else None]
    for W in weights[:0:-1]:
        products.append(W if products[-1] is None else products[-1] @ W)
    return products[::-1]


def _moved_right(weights: list[np.ndarray], moves: list[np.ndarray], before: Products) -> Products:
    """dB_k for k = 1 to H + 2; None for the empty product, which does not move."""
    result: Products = [None]
    for W, V, B in zip(weights, moves, before, strict=False):
        own = V if B is None else V @ B
        result.append(own if result[-1] is None else W @ result[-1] + own)
    return result


def _moved_left(weights: list[np.ndarray], moves: list[np.ndarray], after: Products) -> Products:
    """dA_k for k = 1 to H + 1; None for the empty product."""
    result: Products = [None]
    for W, V, A in zip(weights[:0:-1], moves[:0:-1], after[:0:-1], strict=True):
        own = V if A is None else A @ V
        result.append(own if result[-1] is None else result[-1] @ W + own)
    return result[::-1]
