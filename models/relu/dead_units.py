"""The dead-unit local minimum of a ReLU network, proved in integers.

Where every hidden unit is strictly negative on every sample, the network is the
constant b_2 in a whole neighbourhood of its weights: only the output bias matters
there, and the loss is a strictly convex quadratic in it with its minimum at the
label mean. So the point is a local minimum, with the loss of the best constant
predictor. It is not a strict one: every other weight is free to move.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from models import exact
from models.relu.shallow import ShallowReLU, label_sums, loss, preactivations

__all__ = ["DeadPoint", "dead_network", "inspect", "one_live_unit"]

WEIGHTS = 3
"""First-layer and output weights are drawn from the integers -3..3: the proof needs nothing of them."""


@dataclass(frozen=True, slots=True)
class DeadPoint:
    """What decides whether a point is a dead-unit local minimum.

    Attributes:
        highest: the largest pre-activation over all samples and units, exact.
        at_mean: whether the output bias is exactly the label mean.
        reach: largest |x|_1 + 1 over the samples: what a unit moves by when all its weights move by one.
        loss: L at the point.
    """

    highest: Fraction
    at_mean: bool
    reach: Fraction
    loss: Fraction

    @property
    def slack(self) -> Fraction:
        """How far below zero the highest pre-activation lies."""
        return -self.highest

    @property
    def radius(self) -> Fraction:
        """While every first-layer weight and bias moves by less than this, all units stay dead."""
        return max(self.slack, Fraction(0)) / self.reach

    @property
    def is_local_minimum(self) -> bool:
        """Whether the proof closes: all units strictly dead, the bias at the mean."""
        return self.highest < 0 and self.at_mean


def dead_network(X: np.ndarray, Y: np.ndarray, units: int, *, slack: int = 1, seed: int = 0) -> ShallowReLU:
    """A network whose units are all dead on X, with its output bias at the label mean.

    All weights are seeded integers; each hidden bias puts its unit's highest pre-activation at -slack.

    Args:
        X: [m, d_x] integers, samples in rows.
        Y: [m, d_y] integers.
        units: hidden units d_1.
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
    unbiased = ShallowReLU(W1, np.zeros(units, dtype=np.int64), W2, np.zeros(Y.shape[1], dtype=np.int64))
    highest = np.max([block.max(axis=0) for block in preactivations(unbiased, X)], axis=0)
    return ShallowReLU(W1, -highest - slack, len(X) * W2, label_sums(Y), output=len(X))


def inspect(network: ShallowReLU, X: np.ndarray, Y: np.ndarray) -> DeadPoint:
    """Whether the network is a dead-unit local minimum on these samples, from exact numbers only.

    Moving every first-layer weight and bias by at most r moves a pre-activation by
    at most r (|x|_1 + 1), so all units stay dead while r (|x|_1 + 1) < slack.

    Args:
        X: [m, d_x] integers, samples in rows.
        Y: [m, d_y] integers.
    """
    highest = max(int(block.max()) for block in preactivations(network, X))
    norms = max(
        int(np.abs(X[start : start + exact.CHUNK].astype(np.int64)).sum(axis=1).max())
        for start in range(0, len(X), exact.CHUNK)
    )
    pairs = zip(network.b2.tolist(), label_sums(Y).tolist(), strict=True)
    return DeadPoint(
        highest=Fraction(highest, network.hidden),
        at_mean=all(len(X) * bias == network.output * total for bias, total in pairs),
        reach=Fraction(norms + 1),
        loss=loss(network, X, Y),
    )


def one_live_unit(X: np.ndarray, Y: np.ndarray, units: int) -> tuple[ShallowReLU, int]:
    """The best network with one live unit that reads one input column, and that column.

    The unit is x_j - min x_j, never negative, so the outputs are affine in x_j and
    exact least squares in one variable gives them: slope s_k = C_k / V with
    C_k = m sum(x y_k) - sum(x) sum(y_k) and V = m sum(x^2) - sum(x)^2. The loss falls
    by sum of C_k^2 / (2 m V) below that of the label mean; the column with the
    largest fall is taken.

    Raises:
        ValueError: no input column is correlated with a label, so that one column does not help.
    """
    m, sums = len(X), label_sums(X)
    squares = sum(
        (X[start : start + exact.CHUNK].astype(np.int64) ** 2).sum(axis=0)
        for start in range(0, m, exact.CHUNK)
    )
    cross, totals = exact.product(X, Y), label_sums(Y)
    best, fall = -1, Fraction(0)
    for j in range(X.shape[1]):
        spread = m * int(squares[j]) - int(sums[j]) ** 2
        if spread:
            gain = Fraction(sum(c**2 for c in _covariances(m, cross[j], sums[j], totals)), 2 * m * spread)
            if gain > fall:
                best, fall = j, gain
    if best < 0:
        raise ValueError(
            "got labels that are uncorrelated with every input column, wanted one that is not: "
            "one live unit improves nothing here"
        )
    lowest = int(X[:, best].min())
    total = int(sums[best]) - m * lowest
    slopes = _covariances(m, cross[best], sums[best], totals)
    spread = m * int(squares[best]) - int(sums[best]) ** 2
    W1, W2 = np.zeros((units, X.shape[1]), dtype=np.int64), np.zeros((Y.shape[1], units), dtype=object)
    b1 = np.full(units, -1, dtype=np.int64)
    W1[0, best], b1[0] = 1, -lowest
    W2[:, 0] = [m * slope for slope in slopes]
    b2 = np.array([spread * int(t) - slope * total for t, slope in zip(totals, slopes, strict=True)], object)
    return ShallowReLU(W1, b1, W2, b2, output=m * spread), best


def _covariances(m: int, cross: np.ndarray, total: int, totals: np.ndarray) -> list[int]:
    """m^2 times the covariance of an input column with each label, as Python integers."""
    return [m * int(c) - int(total) * int(t) for c, t in zip(cross, totals, strict=True)]
