"""Networks whose paths are switched on at random: the reduction of Kawaguchi 2016, section 3, exactly.

Y^_ji = q sum over paths p of x_p Z_p product of the weights along p, where p runs
from an input through one unit a layer to output j. A1p-m: every Z_p is Bernoulli
with one rate rho. A5u-m: it is independent of the input. Then E[Y^] = q rho W_{H+1}...W_1 X,
linear in each weight, whatever else the Z_p have to do with each other, and the
corollary's loss is 1/2 |E[Y^] - Y|^2, the deep linear loss at q rho. The mean of the
loss itself is another function: for independent Z_p, with squares taken entrywise,
E[1/2 |Y^ - Y|^2] = 1/2 |E[Y^] - Y|^2 + 1/2 q^2 rho (1 - rho) (sum of all entries of W_{H+1}^2...W_1^2 X^2).

Samples are rows: X [m, d_x], Y [m, d_y]; W_k [d_k, d_{k-1}].
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from functools import reduce
from itertools import pairwise, product
from math import prod

import numpy as np

from models.exact import integers

__all__ = [
    "LIMIT",
    "enumerated_loss",
    "enumerated_output",
    "identity_failures",
    "linear_loss",
    "path_products",
    "sampled_outputs",
    "variance_term",
]

Weights = Sequence[np.ndarray]

LIMIT = 16
"""Most paths to one output whose activations are enumerated: 2^16 patterns."""


def path_products(weights: Weights, X: np.ndarray) -> np.ndarray:
    """x_p times the weights along each path, [m, paths, d_y]."""
    values = X
    for W in weights:
        values = values[..., None] * W.T
    return values.reshape(len(X), -1, values.shape[-1])


def linear_loss(weights: Weights, X: np.ndarray, Y: np.ndarray, scale: Fraction) -> Fraction:
    """1/2 |scale W_{H+1}...W_1 X - Y|^2, the deep linear loss with its product rescaled, exactly."""
    outputs = _outputs(weights, X)
    scaled = scale.numerator * outputs - scale.denominator * Y.astype(object)
    return Fraction(int((scaled**2).sum()), 2 * scale.denominator**2)


def variance_term(weights: Weights, X: np.ndarray, q: Fraction, rho: Fraction) -> Fraction:
    """What the mean loss adds: 1/2 q^2 rho (1 - rho) sum of W_{H+1}^2...W_1^2 X^2, squares entrywise."""
    squares = _outputs([W.astype(object) ** 2 for W in weights], X.astype(object) ** 2)
    return q**2 * rho * (1 - rho) * int(squares.sum()) / 2


def enumerated_output(weights: Weights, X: np.ndarray, rho: Fraction) -> list[list[Fraction]]:
    """E[sum over p of x_p Z_p product w] for every sample and output, over all 2^paths patterns, exactly.

    Raises:
        ValueError: more than LIMIT paths to an output.
    """
    sums, probability = _patterns(weights, X, rho)
    by_count = integers.widened(sums, sums.size * integers.largest(sums)) @ _indicator(sums.shape[-1])
    return [
        [sum((int(v) * p for v, p in zip(cell, probability, strict=True)), Fraction(0)) for cell in row]
        for row in by_count
    ]


def enumerated_loss(weights: Weights, X: np.ndarray, Y: np.ndarray, q: Fraction, rho: Fraction) -> Fraction:
    """E[1/2 |Y^ - Y|^2] over all 2^paths patterns of independent activations at each output, exactly.

    Raises:
        ValueError: more than LIMIT paths to an output.
    """
    sums, probability = _patterns(weights, X, rho)
    bound = sums.size * (q.numerator * integers.largest(sums) + q.denominator * integers.largest(Y)) ** 2
    gaps = (
        q.numerator * integers.widened(sums, bound) - q.denominator * integers.widened(Y, bound)[:, :, None]
    )
    by_count = (gaps**2).sum(axis=(0, 1)) @ _indicator(sums.shape[-1])
    total = sum((int(value) * p for value, p in zip(by_count, probability, strict=True)), Fraction(0))
    return total / (2 * q.denominator**2)


def identity_failures(sizes: tuple[int, ...], rho: Fraction) -> tuple[int, int]:
    """Points of {0, 1}^n at which E[Y^] / q differs from rho W_{H+1}...W_1 x, and their number 2^n.

    Both sides are polynomials in the n weights and inputs with degree at most one in
    each, since a path meets each of them at most once. Such polynomials are equal as
    soon as they agree on {0, 1}^n, so no failure proves the identity for all real
    weights and inputs of this architecture.

    Args:
        sizes: units of every layer, inputs and one output included.
        rho: activation rate.
    """
    shapes = [(fan_out, fan_in) for fan_in, fan_out in pairwise(sizes)]
    ends = np.cumsum([a * b for a, b in shapes])
    inputs = np.array(list(product((0, 1), repeat=sizes[0])))
    failures = points = 0
    for point in product((0, 1), repeat=int(ends[-1])):
        parts = np.split(np.array(point), ends[:-1])
        weights = [part.reshape(shape) for part, shape in zip(parts, shapes, strict=True)]
        found = enumerated_output(weights, inputs, rho)
        wanted = [[rho * int(v) for v in row] for row in _outputs(weights, inputs)]
        failures += sum(a != b for a, b in zip(found, wanted, strict=True))
        points += len(inputs)
    return failures, points


def sampled_outputs(
    weights: Weights, X: np.ndarray, q: float, rho: float, draws: int, draw: np.random.Generator
) -> np.ndarray:
    """Y^ [draws, m, d_y] with every path's activation drawn anew for every sample and output."""
    values = path_products([W.astype(np.float64) for W in weights], X.astype(np.float64))
    outputs = np.empty((draws, values.shape[0], values.shape[2]))
    for i, j in np.ndindex(outputs.shape[1:]):
        active = draw.random((draws, values.shape[1]), dtype=np.float32) < rho
        outputs[:, i, j] = q * (active.astype(np.float64) @ values[i, :, j])
    return outputs


def _outputs(weights: Weights, X: np.ndarray) -> np.ndarray:
    """W_{H+1}...W_1 x for every sample, [m, d_y], in Python integers."""
    return reduce(lambda values, W: values @ W.T.astype(object), weights, X.astype(object))


def _patterns(weights: Weights, X: np.ndarray, rho: Fraction) -> tuple[np.ndarray, list[Fraction]]:
    """Sums over every subset of the paths, [m, d_y, 2^paths], and the probability of a subset by its size."""
    paths = X.shape[1] * prod(len(W) for W in weights[:-1])
    if paths > LIMIT:
        raise ValueError(f"got {paths} paths to an output, wanted at most {LIMIT}: sample them instead")
    bound = paths * integers.largest(X) * prod(integers.largest(W) for W in weights)
    values = path_products([integers.widened(W, bound) for W in weights], integers.widened(X, bound))
    sums = np.zeros((values.shape[0], values.shape[2], 1), dtype=values.dtype)
    for p in range(paths):
        sums = np.concatenate([sums, sums + values[:, p, :, None]], axis=-1)
    return sums, [rho**k * (1 - rho) ** (paths - k) for k in range(paths + 1)]


def _indicator(subsets: int) -> np.ndarray:
    """[subsets, paths + 1]: one where the subset, by its binary digits, has that many paths."""
    sizes = np.array([index.bit_count() for index in range(subsets)])
    return (sizes[:, None] == np.arange(sizes.max() + 1)).astype(np.int64)
