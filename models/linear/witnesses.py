"""Rational weights that show by hand that the deep linear loss is neither convex nor concave.

One path through the network is enough: input a, the first hidden unit of every layer, label c. All other
weights are zero, so the other inputs drop out and, with u the product of the path's weights,
L = 1/2 (u^2 G - 2 u C) + 1/2 tr Y Y^T, G = (X X^T)_aa, C = (X Y^T)_ac. With C not zero and b = C / G:

- above: the path (1, ..., 1, b), and the same with its first and its last weight negated. Both have u = b and
  L = 1/2 tr Y Y^T - C^2 / 2G. Their midpoint has u = 0 and L = 1/2 tr Y Y^T, which is more: not convex.
- below: the paths (1, ..., 1, 0) and (1, ..., 1, 2b). Both have L = 1/2 tr Y Y^T, their midpoint has u = b
  and less: not concave.

Where X Y^T = 0, the paths (1, ..., 1, 0) and (0, 1, ..., 1) have u = 0, and their midpoint u = 1/4 more; and
the last weights 1 and -1 give below.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import flint
import numpy as np

from models.exact.moments import Moments
from models.linear.exact_network import ExactMoments, exact_moments, loss, loss_along

__all__ = ["Path", "Witness", "busiest_path", "descent_from_zero", "witnesses"]

WIDTH = 2
"""Hidden units in every layer of a witness: one on the path and one to spare."""


@dataclass(frozen=True, eq=False)
class Path:
    """One input and one label, and the moments that the loss along them needs.

    Attributes:
        given, label: a and c, counted from 0.
        data: moments of input a with all labels; d_x is 1.
        gram, cross: G = (X X^T)_aa and C = (X Y^T)_ac.
    """

    given: int
    label: int
    data: ExactMoments
    gram: int
    cross: int

    def weights(self, along: Sequence[flint.fmpq | int]) -> list[flint.fmpq_mat]:
        """[W_1, ..., W_(H+1)] for H + 1 weights along the path, the others zero."""
        sizes = [1, *[WIDTH] * (len(along) - 1), self.data.d_y]
        layers = []
        for n, weight in enumerate(along):
            layer = flint.fmpq_mat(sizes[n + 1], sizes[n])
            layer[self.label if n == len(along) - 1 else 0, 0] = weight
            layers.append(layer)
        return layers


@dataclass(frozen=True, eq=False)
class Witness:
    """Two points and their midpoint, with the three losses.

    Attributes:
        side: "above" where the midpoint's loss exceeds the mean of the two, "below" where it is less.
        first, second: weights along the path.
        losses: L(A), L(B), L((A + B) / 2), exactly.
    """

    side: str
    first: tuple[flint.fmpq, ...]
    second: tuple[flint.fmpq, ...]
    losses: tuple[flint.fmpq, flint.fmpq, flint.fmpq]

    @property
    def holds(self) -> bool:
        """Whether the midpoint lies on the stated side of the mean, strictly."""
        a, b, middle = self.losses
        return middle > (a + b) / 2 if self.side == "above" else middle < (a + b) / 2


def busiest_path(of: Moments) -> Path | None:
    """The input and label with the largest C^2 / G, the first of equals; None where X = 0."""
    squares = of.gram.diagonal()
    live = [int(a) for a in np.flatnonzero(squares != 0)]
    if not live:
        return None
    share = {
        (a, c): flint.fmpq(int(of.cross[a, c]) ** 2, int(squares[a])) for a in live for c in range(of.d_y)
    }
    a, c = max(share, key=lambda place: (share[place], -place[0], -place[1]))
    data = exact_moments(of.restricted(np.array([a])))
    return Path(a, c, data, int(squares[a]), int(of.cross[a, c]))


def witnesses(path: Path, hidden_layers: int) -> list[Witness]:
    """One witness above and one below, for H >= 1; for H = 0, where the loss is convex, the one below.

    Raises:
        ValueError: hidden_layers is negative.
    """
    if hidden_layers < 0:
        raise ValueError(f"got {hidden_layers} hidden layers, wanted 0 or more: 0 is linear regression")
    b = flint.fmpq(path.cross, path.gram)
    ones: list[int | flint.fmpq] = [flint.fmpq(1)] * hidden_layers
    if path.cross:
        below = _witness(path, "below", [*ones, 0], [*ones, 2 * b])
        pair = ([*ones, b], [-1, *ones[1:], -b])
    else:
        below = _witness(path, "below", [*ones, 1], [*ones, -1])
        pair = ([*ones, 0], [0, *ones])
    return [_witness(path, "above", *pair), below] if hidden_layers else [below]


def descent_from_zero(path: Path, hidden_layers: int) -> list[flint.fmpq]:
    """Coefficients of t -> L(t V) for V one along the path, with the sign of C on its last weight.

    1/2 tr Y Y^T - |C| t^(H+1) + 1/2 G t^(2H+2), evaluated by `loss_along`.
    """
    sign = -1 if path.cross < 0 else 1
    zero = path.weights([0] * (hidden_layers + 1))
    return loss_along(path.data, zero, path.weights([1] * hidden_layers + [sign]))


def _witness(
    path: Path, side: str, first: Sequence[int | flint.fmpq], second: Sequence[int | flint.fmpq]
) -> Witness:
    a, b = (tuple(flint.fmpq(weight) for weight in along) for along in (first, second))
    middle = [(x + y) / 2 for x, y in zip(a, b, strict=True)]
    found = [loss(path.data, path.weights(along)) for along in (a, b, middle)]
    return Witness(side, a, b, (found[0], found[1], found[2]))
