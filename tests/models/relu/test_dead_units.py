"""The dead-unit local minimum against slow arithmetic and against steps away from it."""

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from models.relu import dead_units
from models.relu.shallow import ShallowReLU, baseline_loss, loss, preactivations


def drawn(seed: int, m: int = 12, d_x: int = 3, d_y: int = 2) -> tuple[np.ndarray, np.ndarray]:
    draw = np.random.default_rng(seed)
    return draw.integers(-9, 10, (m, d_x)), draw.integers(-4, 5, (m, d_y))


def slow_loss(network: ShallowReLU, X: np.ndarray, Y: np.ndarray) -> Fraction:
    """The loss by loops over fractions."""
    total = Fraction(0)
    for x, y in zip(X.tolist(), Y.tolist(), strict=True):
        hidden = [
            max(
                Fraction(0),
                (sum(int(w) * v for w, v in zip(row, x, strict=True)) + int(b)) / Fraction(network.hidden),
            )
            for row, b in zip(network.W1, network.b1, strict=True)
        ]
        for row, b, label in zip(network.W2, network.b2, y, strict=True):
            output = (sum(int(w) * h for w, h in zip(row, hidden, strict=True)) + int(b)) / network.output
            total += (output - label) ** 2
    return total / 2


@pytest.mark.parametrize(("hidden", "output"), [(1, 1), (3, 7), (10**12, 10**9)])
def test_the_loss_is_exact(hidden, output):
    """Whole arrays and loops over fractions agree to the last digit, beyond 64 bits too."""
    X, Y = drawn(0)
    draw = np.random.default_rng(1)
    sizes = ((5, 3), (5,), (2, 5), (2,))
    parts = [draw.integers(-20, 21, size).astype(object) * (hidden + output) for size in sizes]
    network = ShallowReLU(*parts, hidden=hidden, output=output)
    assert loss(network, X, Y) == slow_loss(network, X, Y)
    assert network.architecture == "3-5-2"


def test_samples_in_blocks_change_nothing(monkeypatch):
    """The blocks of samples are joined in order."""
    X, Y = drawn(2, m=11)
    network = dead_units.one_live_unit(X, Y, 4)[0]
    whole = loss(network, X, Y), np.concatenate(list(preactivations(network, X))).tolist()
    monkeypatch.setattr(dead_units.integers, "CHUNK", 3)
    assert [len(block) for block in preactivations(network, X)] == [3, 3, 3, 2]
    assert (loss(network, X, Y), np.concatenate(list(preactivations(network, X))).tolist()) == whole
    assert dead_units.inspect(network, X, Y).loss == whole[0]


def test_dead_units_give_the_loss_of_the_label_mean():
    """Every unit is at most -slack, one of them exactly, and L is L0."""
    X, Y = drawn(3)
    point = dead_units.inspect(dead_units.dead_network(X, Y, 6, slack=5), X, Y)
    assert point.highest == -5
    assert point.is_local_minimum
    mean = [Fraction(int(total), len(Y)) for total in Y.sum(0)]
    assert point.loss == sum((int(v) - c) ** 2 for row in Y for v, c in zip(row, mean, strict=True)) / 2
    assert point.loss == baseline_loss(Y)


@pytest.mark.parametrize("seed", range(5))
def test_no_step_within_the_radius_lowers_the_loss(seed):
    """Weights moved by just less than the radius, and the rest by anything, never do better; exactly."""
    X, Y = drawn(seed)
    network = dead_units.dead_network(X, Y, 4, seed=seed)
    point = dead_units.inspect(network, X, Y)
    draw = np.random.default_rng(seed)
    fine = 10**6 * point.radius.denominator
    step = int(point.radius * fine) - 1
    for _ in range(20):
        sign1, sign2 = draw.choice([-1, 1], network.W1.shape), draw.choice([-1, 1], len(network.b1))
        moved = ShallowReLU(
            network.W1.astype(object) * fine + step * sign1,
            network.b1.astype(object) * fine + step * sign2,
            network.W2 + draw.integers(-50, 51, network.W2.shape),
            network.b2 + draw.integers(-3, 4, len(network.b2)),
            hidden=fine,
            output=network.output,
        )
        assert loss(moved, X, Y) >= point.loss


def test_the_radius_is_not_larger_than_it_may_be():
    """One sample, signs against it: at the radius the unit is at exactly zero."""
    X, Y = np.array([[3, -2]]), np.array([[1]])
    network = ShallowReLU(np.array([[-1, 1]]), np.array([-1]), np.array([[1]]), np.array([1]))
    point = dead_units.inspect(network, X, Y)
    assert (point.highest, point.radius) == (-6, 1)
    moved = ShallowReLU(np.array([[0, 0]]), np.array([0]), network.W2, network.b2)
    assert dead_units.inspect(moved, X, Y).highest == 0


def test_one_live_unit_is_the_best_fit_in_one_column():
    """Its loss is the least of all least-squares fits of one column and a constant."""
    X, Y = drawn(4, m=20, d_x=5)
    network, column = dead_units.one_live_unit(X, Y, 3)
    fits = []
    for j in range(5):
        design = np.column_stack([X[:, j], np.ones(20)])
        fits.append(0.5 * ((design @ np.linalg.lstsq(design, Y, rcond=None)[0] - Y) ** 2).sum())
    assert column == int(np.argmin(fits))
    assert float(loss(network, X, Y)) == pytest.approx(min(fits), rel=1e-12)
    values = np.concatenate(list(preactivations(network, X)))
    assert values[:, 0].min() == 0
    assert values[:, 1:].max() < 0


def test_one_live_unit_without_biases_is_the_best_fit_through_the_origin():
    """Among the columns that are never negative; the loss is exact."""
    X, Y = drawn(5, m=20, d_x=5)
    X[:, 1:] = np.abs(X[:, 1:])
    network, column = dead_units.one_live_unit(X, Y, 3, biased=False)
    fits = [
        0.5 * ((X[:, [j]] @ np.linalg.lstsq(X[:, [j]], Y, rcond=None)[0] - Y) ** 2).sum() for j in range(5)
    ]
    assert column == 1 + int(np.argmin(fits[1:]))
    assert float(loss(network, X, Y)) == pytest.approx(fits[column], rel=1e-12)
    assert not network.b1.any()
    assert not network.b2.any()


def test_no_step_within_the_radius_wakes_a_unit_without_biases():
    """The loss is 1/2 tr Y Y^T all around, exactly, and one step at the radius puts a unit at zero."""
    X, Y = np.abs(drawn(6)[0]) + np.array([1, 0, 0]), drawn(6)[1]
    network = dead_units.dead_network(X, Y, 4, biased=False)
    point = dead_units.inspect(network, X, Y, biased=False)
    assert point.is_local_minimum
    assert point.loss == Fraction(int((Y**2).sum()), 2)
    fine = 10**6 * point.radius.denominator
    for step, alive in ((int(point.radius * fine) - 1, False), (int(point.radius * fine), True)):
        moved = replace(network, W1=network.W1 * fine + step, hidden=fine)
        assert (dead_units.inspect(moved, X, Y, biased=False).highest >= 0) == alive
        assert loss(moved, X, Y) == point.loss


def test_biases_in_a_network_without_them_are_refused():
    """Zeros only."""
    X, Y = drawn(0)
    with pytest.raises(ValueError, match="got biases that are not zero, wanted a network without biases"):
        dead_units.inspect(dead_units.dead_network(X, Y, 2), X, Y, biased=False)


def test_labels_that_no_column_tells_are_refused():
    """Without a correlated column there is no better network of this kind."""
    X, Y = np.array([[1], [1], [2], [2]]), np.array([[0], [1], [0], [1]])
    with pytest.raises(ValueError, match="got labels that are uncorrelated with every input column, wanted"):
        dead_units.one_live_unit(X, Y, 2)


def test_a_unit_on_the_edge_is_not_dead():
    """Slack 0 is refused."""
    with pytest.raises(ValueError, match="got slack 0, wanted at least 1"):
        dead_units.dead_network(*drawn(0), 2, slack=0)


def test_layers_of_different_networks_are_refused():
    """Shapes and denominators are checked."""
    one = np.ones((1, 1), dtype=int)
    with pytest.raises(ValueError, match=r"got W1 \(1, 1\), b1 \(2,\).*give layers of one network"):
        ShallowReLU(one, np.ones(2), one, np.ones(1))
    with pytest.raises(ValueError, match="got the denominators 1 and 0, wanted at least 1"):
        ShallowReLU(one, one[0], one, one[0], 1, 0)
