"""Random path activations against brute force over every pattern."""

from fractions import Fraction
from itertools import pairwise, product

import numpy as np
import pytest

from models.relu import bernoulli

SIZES = [(2, 2, 1), (3, 2, 2), (2, 2, 2, 1), (1, 2, 1, 2)]
RATES = [Fraction(1, 3), Fraction(1, 2), Fraction(7, 8)]


def drawn(sizes: tuple[int, ...], m: int = 2) -> tuple[list[np.ndarray], np.ndarray, np.ndarray]:
    draw = np.random.default_rng(len(sizes))
    weights = [draw.integers(-3, 4, (fan_out, fan_in)) for fan_in, fan_out in pairwise(sizes)]
    return weights, draw.integers(-3, 4, (m, sizes[0])), draw.integers(-9, 10, (m, sizes[-1]))


def paths(weights: list[np.ndarray], x: np.ndarray, output: int) -> list[int]:
    """x_p times the weights along every path to one output, by loops over units."""
    widths = [len(x), *(len(W) for W in weights[:-1])]
    values = []
    for units in product(*(range(width) for width in widths)):
        value, ends = int(x[units[0]]), [*units[1:], output]
        for W, a, b in zip(weights, units, ends, strict=True):
            value *= int(W[b, a])
        values.append(value)
    return values


def brute_force(weights, x, y, output, q, rate) -> tuple[Fraction, Fraction]:
    """E[Y^] / q and E[1/2 (Y^ - y)^2] of one cell, one pattern at a time."""
    values = paths(weights, x, output)
    mean = loss = Fraction(0)
    for pattern in product((0, 1), repeat=len(values)):
        probability = rate ** sum(pattern) * (1 - rate) ** (len(values) - sum(pattern))
        total = sum(v for v, z in zip(values, pattern, strict=True) if z)
        mean += probability * total
        loss += probability * (q * total - int(y)) ** 2 / 2
    return mean, loss


@pytest.mark.parametrize("rate", RATES, ids=str)
@pytest.mark.parametrize("sizes", SIZES, ids=str)
def test_expectations_are_those_of_brute_force(sizes, rate):
    """Output and loss, for scales q that are and are not 1 / rho."""
    weights, X, Y = drawn(sizes)
    for q in (1 / rate, Fraction(5, 3)):
        cells = [
            [brute_force(weights, x, y[j], j, q, rate) for j in range(sizes[-1])]
            for x, y in zip(X, Y, strict=True)
        ]
        assert bernoulli.enumerated_output(weights, X, rate) == [[mean for mean, _ in row] for row in cells]
        total = sum(value for row in cells for _, value in row)
        assert bernoulli.enumerated_loss(weights, X, Y, q, rate) == total
        linear = bernoulli.linear_loss(weights, X, Y, q * rate)
        assert total == linear + bernoulli.variance_term(weights, X, q, rate)


@pytest.mark.parametrize("sizes", SIZES, ids=str)
def test_paths_are_all_there_once(sizes):
    """The products along the paths are those of loops over units, and add up to the linear network."""
    weights, X, _ = drawn(sizes)
    values = bernoulli.path_products(weights, X)
    for i, x in enumerate(X):
        for j in range(sizes[-1]):
            assert sorted(values[i, :, j].tolist()) == sorted(paths(weights, x, j))
    outputs = X
    for W in weights:
        outputs = outputs @ W.T
    assert (values.sum(axis=1) == outputs).all()


def test_large_weights_do_not_overflow():
    """Beyond 64 bits the sums go on in Python integers."""
    weights, X, Y = drawn((2, 2, 1))
    large = [W * 10**12 for W in weights]
    assert bernoulli.enumerated_loss(large, X, Y, Fraction(3), RATES[0]) == bernoulli.linear_loss(
        large, X, Y, Fraction(1)
    ) + bernoulli.variance_term(large, X, Fraction(3), RATES[0])


def test_the_identity_holds_at_every_point_of_the_grid():
    """No failure among 2^n points: n = 6 weights and 2 inputs, or 2 and 1."""
    assert bernoulli.identity_failures((2, 2, 1), RATES[0]) == (0, 256)
    assert bernoulli.identity_failures((1, 1, 1), RATES[0]) == (0, 8)


def test_a_broken_identity_is_noticed(monkeypatch):
    """With rho and 1 - rho exchanged it fails wherever the output is not zero."""
    right = bernoulli.enumerated_output
    monkeypatch.setattr(bernoulli, "enumerated_output", lambda W, X, rate: right(W, X, 1 - rate))
    assert bernoulli.identity_failures((1, 1, 1), RATES[0]) == (1, 8)


def test_too_many_paths_are_refused():
    """2^18 patterns a cell are not enumerated."""
    weights, X, Y = drawn((3, 6, 1))
    with pytest.raises(ValueError, match="got 18 paths to an output, wanted at most 16: sample them instead"):
        bernoulli.enumerated_loss(weights, X, Y, Fraction(2), Fraction(1, 2))


def test_samples_have_the_exact_mean_and_variance():
    """Within five standard errors, cell by cell, and cells are drawn independently."""
    weights, X, _ = drawn((3, 2, 2), m=3)
    rate, n = RATES[0], 20_000
    Y_hat = bernoulli.sampled_outputs(weights, X, 3.0, float(rate), n, np.random.default_rng(0))
    values = bernoulli.path_products(weights, X).astype(float)
    mean, variance = values.sum(1), 9 * float(rate * (1 - rate)) * (values**2).sum(1)
    assert (np.abs(Y_hat.mean(0) - mean) <= 5 * np.sqrt(variance / n)).all()
    assert np.allclose(Y_hat.var(0), variance, rtol=0.1)
    live = Y_hat.reshape(n, -1)[:, variance.ravel() > 0]
    assert np.abs(np.corrcoef(live.T) - np.eye(live.shape[1])).max() < 5 / np.sqrt(n)
