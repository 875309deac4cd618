"""The dead-unit local minimum of a ReLU network, proved in integers.

Where every hidden unit is strictly negative on every sample, the network is the
constant b_2 in a whole neighbourhood of its weights: only the output bias matters
there, and the loss is a strictly convex quadratic in it with its minimum at the
label mean. So the point is a local minimum, with the loss of the best constant
predictor. It is not a strict one: every other weight is free to move. Without
biases, as the paper prints equation (1), negative weights do the same on inputs
that are not negative: the output is 0 in a whole neighbourhood, and L is constant.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from models.exact import integers
from models.relu.shallow import ShallowReLU, label_sums, loss, preactivations

__all__ = ["DeadPoint", "dead_network", "inspect", "one_live_unit"]

WEIGHTS = 3
"""First-layer and output weights are drawn from the integers -3..3: the proof needs nothing of them."""


@dataclass(frozen=True, slots=True)
class DeadPoint:
    """What decides whether a point is a dead-unit local minimum.

    Attributes:
        highest: the largest pre-activation over all samples and units, exact.
        at_mean: whether the output bias is exactly the label mean; true where there are no biases.
        radius: while every first-layer weight and bias moves by less than this, all units stay dead; exact.
        loss: L at the point.
    """

    highest: Fraction
    at_mean: bool
    radius: Fraction
    loss: Fraction

    @property
    def is_local_minimum(self) -> bool:
        """Whether the proof closes: all units strictly dead, the bias at the mean."""
        return self.highest < 0 and self.at_mean


def dead_network(
    X: np.ndarray, Y: np.ndarray, units: int, *, biased: bool = True, slack: int = 1, seed: int = 0
) -> ShallowReLU:
    """A network whose units are all dead on X, with its output bias at the label mean.

    All weights are seeded integers; each hidden bias puts its unit's highest pre-activation at -slack.
    Without biases the first-layer weights are negative: dead on inputs that are not negative nor all zero.

    Args:
        X: [m, d_x] integers, samples in rows.
        Y: [m, d_y] integers.
        units: hidden units d_1.
        biased: whether the network has biases; zeros stand for them otherwise.
        slack: how far below zero, a whole number of at least 1.
        seed: of the weights.

    Raises:
        ValueError: slack below 1.
    """
    if slack < 1:
        raise ValueError(f"got slack {slack}, wanted at least 1: a unit at 0 is not dead, it is on the edge")
    draw = np.random.default_rng(seed)
    W1 = draw.integers(-WEIGHTS, WEIGHTS + 1, (units, X.shape[1]))
    W2 = draw.integers(-WEIGHTS, WEIGHTS + 1, (Y.shape[1], units))
    zeros = np.zeros(units, dtype=np.int64), np.zeros(Y.shape[1], dtype=np.int64)
    if not biased:
        return ShallowReLU(-1 - np.abs(W1), zeros[0], W2, zeros[1])
    unbiased = ShallowReLU(W1, zeros[0], W2, zeros[1])
    highest = np.max([block.max(axis=0) for block in preactivations(unbiased, X)], axis=0)
    return ShallowReLU(W1, -highest - slack, len(X) * W2, label_sums(Y), output=len(X))


def inspect(network: ShallowReLU, X: np.ndarray, Y: np.ndarray, *, biased: bool = True) -> DeadPoint:
    """Whether the network is a dead-unit local minimum on these samples, from exact numbers only.

    Moving every first-layer weight and bias by at most r moves a pre-activation u on x by
    at most r (|x|_1 + 1), so all units stay dead while r < |u| / (|x|_1 + 1) for all of them
    (without biases, |u| / |x|_1).

    Args:
        X: [m, d_x] integers, samples in rows.
        Y: [m, d_y] integers.
        biased: whether the network has biases.

    Raises:
        ValueError: a bias that is not zero, in a network said to have none.
    """
    if not biased and (network.b1.any() or network.b2.any()):
        raise ValueError("got biases that are not zero, wanted a network without biases: pass biased=True")
    highest = [int(value) for block in preactivations(network, X) for value in block.max(axis=1)]
    norms = integers.product(np.abs(X.astype(np.int64)).T, np.ones((X.shape[1], 1), dtype=np.int64))[:, 0]
    reach = [network.hidden * (norm + biased) for norm in norms.tolist()]
    dead = max(highest) < 0
    pairs = zip(network.b2.tolist(), label_sums(Y).tolist(), strict=True)
    return DeadPoint(
        highest=Fraction(max(highest), network.hidden),
        at_mean=not biased or all(len(X) * bias == network.output * total for bias, total in pairs),
        # A unit below zero without a bias has an input to be below zero on.
        radius=min(map(Fraction, [-value for value in highest], reach)) if dead else Fraction(0),
        loss=loss(network, X, Y),
    )


def one_live_unit(
    X: np.ndarray, Y: np.ndarray, units: int, *, biased: bool = True
) -> tuple[ShallowReLU, int]:
    """The best network with one live unit that reads one input column, and that column.

    The unit is x_j - min x_j, never negative, so the outputs are affine in x_j and
    exact least squares in one variable gives them: slope s_k = C_k / V with
    C_k = m sum(x y_k) - sum(x) sum(y_k) and V = m sum(x^2) - sum(x)^2. The loss falls
    by sum of C_k^2 / (2 m V) below that of the label mean. Without biases the unit is x_j,
    for columns that are never negative, C_k = sum(x y_k), V = sum(x^2), and the loss falls
    by sum of C_k^2 / (2 V) below 1/2 tr Y Y^T. The column with the largest fall is taken.

    Raises:
        ValueError: no column lowers the loss.
    """
    m, sums, totals = len(X), label_sums(X), label_sums(Y)
    lowest = X.min(axis=0)
    squares = sum(
        (X[start : start + integers.CHUNK].astype(np.int64) ** 2).sum(axis=0)
        for start in range(0, m, integers.CHUNK)
    )
    cross = integers.product(X, Y)
    size, shift = (m, sums) if biased else (1, np.zeros_like(sums))
    best, fall = -1, Fraction(0)
    for j in range(X.shape[1]):
        spread = size * int(squares[j]) - int(shift[j]) ** 2
        if spread and (biased or lowest[j] >= 0):
            gain = Fraction(sum(c**2 for c in _products(size, cross[j], shift[j], totals)), 2 * size * spread)
            if gain > fall:
                best, fall = j, gain
    if best < 0:
        raise ValueError(
            "got labels that are uncorrelated with every input column, wanted one that is not: "
            "one live unit improves nothing here"
        )
    slopes = _products(size, cross[best], shift[best], totals)
    spread = size * int(squares[best]) - int(shift[best]) ** 2
    W1, W2 = np.zeros((units, X.shape[1]), dtype=np.int64), np.zeros((Y.shape[1], units), dtype=object)
    b1, b2 = np.zeros(units, dtype=np.int64), np.zeros(Y.shape[1], dtype=object)
    W1[0, best] = 1
    W2[:, 0] = [size * slope for slope in slopes]
    if biased:
        b1[:] = -1
        b1[0] = -int(lowest[best])
        total = int(sums[best]) - m * int(lowest[best])
        b2[:] = [spread * int(t) - slope * total for t, slope in zip(totals, slopes, strict=True)]
    return ShallowReLU(W1, b1, W2, b2, output=size * spread), best


def _products(size: int, cross: np.ndarray, total: int, totals: np.ndarray) -> list[int]:
    """C_k of an input column with each label, as Python integers."""
    return [size * int(c) - int(total) * int(t) for c, t in zip(cross, totals, strict=True)]
