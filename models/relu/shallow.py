"""A ReLU network with one hidden layer and biases, evaluated over the rationals.

h(x) = W_2 max(0, W_1 x + b_1) + b_2, every layer in integers over one common
denominator, so that a loss is an exact fraction and a sign is a fact.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from models.exact import integers

__all__ = ["ShallowReLU", "baseline_loss", "loss", "preactivations"]


@dataclass(frozen=True, eq=False)
class ShallowReLU:
    """h(x) = (W_2 max(0, (W_1 x + b_1) / hidden) + b_2) / output.

    Attributes:
        W1: [d_1, d_x] integers; the weights are W1 / hidden.
        b1: [d_1] integers.
        W2: [d_y, d_1] integers; the weights are W2 / output.
        b2: [d_y] integers.
        hidden: common denominator of the first layer, positive.
        output: common denominator of the second layer, positive.
    """

    W1: np.ndarray
    b1: np.ndarray
    W2: np.ndarray
    b2: np.ndarray
    hidden: int = 1
    output: int = 1

    def __post_init__(self) -> None:
        units = len(self.W1)
        if self.b1.shape != (units,) or self.W2.shape != (len(self.b2), units):
            raise ValueError(
                f"got W1 {self.W1.shape}, b1 {self.b1.shape}, W2 {self.W2.shape}, b2 {self.b2.shape}, "
                "wanted [d_1, d_x], [d_1], [d_y, d_1], [d_y]: give layers of one network"
            )
        if self.hidden < 1 or self.output < 1:
            raise ValueError(
                f"got the denominators {self.hidden} and {self.output}, wanted at least 1: "
                "put signs into the numerators"
            )

    @property
    def architecture(self) -> str:
        """Sizes of the layers: "784-500-10"."""
        return f"{self.W1.shape[1]}-{len(self.W1)}-{len(self.b2)}"


def preactivations(network: ShallowReLU, X: np.ndarray) -> Iterator[np.ndarray]:
    """hidden * (W_1 x + b_1) for blocks of samples, [at most CHUNK, d_1], exact integers.

    Args:
        X: [m, d_x] integers, samples in rows.
    """
    for start in range(0, len(X), integers.CHUNK):
        linear = integers.product(X[start : start + integers.CHUNK].T, network.W1.T)
        bound = integers.largest(linear) + integers.largest(network.b1)
        yield integers.widened(linear, bound) + integers.widened(network.b1, bound)


def loss(network: ShallowReLU, X: np.ndarray, Y: np.ndarray) -> Fraction:
    """L = 1/2 sum over samples and outputs of (h(x) - y)^2 (paper, equation 2), exactly.

    Args:
        X: [m, d_x] integers, samples in rows.
        Y: [m, d_y] integers.
    """
    total, start = 0, 0
    scale = network.hidden * network.output
    for block in preactivations(network, X):
        labels = Y[start : start + len(block)].astype(object)
        start += len(block)
        # Units that are silent on the whole block add nothing, and Python integers are slow.
        live = np.flatnonzero((block > 0).any(axis=0))
        active = np.maximum(block[:, live], 0).astype(object)
        outputs = active @ network.W2[:, live].T.astype(object) + network.hidden * network.b2.astype(object)
        total += int(((outputs - scale * labels) ** 2).sum())
    return Fraction(total, 2 * scale**2)


def baseline_loss(Y: np.ndarray) -> Fraction:
    """L0 = 1/2 (tr Y Y^T - |sum of y|^2 / m), the loss of always predicting the label mean, exactly.

    Args:
        Y: [m, d_y] integers.
    """
    squares = sum(int(v) for v in integers.product(Y, Y).diagonal())
    return Fraction(squares - Fraction(sum(int(s) ** 2 for s in label_sums(Y)), len(Y))) / 2


def label_sums(Y: np.ndarray) -> np.ndarray:
    """Sum of the labels over the samples, [d_y], exactly."""
    return integers.product(Y, np.ones((len(Y), 1), dtype=np.int64))[:, 0]
