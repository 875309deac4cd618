"""Witnesses against convexity and concavity, evaluated anew on whole networks and raw samples."""

from fractions import Fraction

import numpy as np
import pytest

from data import load_synthetic
from models.exact.moments import moments
from models.linear.witnesses import busiest_path, descent_from_zero, witnesses

DRAW = np.random.default_rng(17)
PLANTED = {
    "drawn": (DRAW.integers(-9, 10, (8, 4)), DRAW.integers(-9, 10, (8, 3))),
    "unrelated": (load_synthetic("synthetic-unrelated").X, load_synthetic("synthetic-unrelated").Y),
    "constant-input": (np.array([[0, 2], [0, 1], [0, 5]]), np.array([[-1], [-2], [3]])),
}
EVERY = pytest.mark.parametrize("name", PLANTED)


def raw_loss(X, Y, path, along) -> Fraction:
    """1/2 ||T X - Y||^2 over samples: T has one entry that is not zero, the product of the path's weights."""
    u = Fraction(1)
    for weight in along:
        u *= Fraction(int(weight.p), int(weight.q))
    total = Fraction(0)
    for x, y in zip(X.tolist(), Y.tolist(), strict=True):
        total += sum((u * x[path.given] * (c == path.label) - label) ** 2 for c, label in enumerate(y))
    return total / 2


@EVERY
@pytest.mark.parametrize("hidden_layers", [1, 2, 3, 4])
def test_both_sides_hold_on_the_raw_samples(name, hidden_layers):
    """The midpoint is above for one pair and below for the other, by sums over the samples."""
    X, Y = PLANTED[name]
    path = busiest_path(moments(X, Y))
    found = witnesses(path, hidden_layers)
    assert [w.side for w in found] == ["above", "below"]
    for w in found:
        middle = [(a + b) / 2 for a, b in zip(w.first, w.second, strict=True)]
        raw = [raw_loss(X, Y, path, along) for along in (w.first, w.second, middle)]
        assert raw == [Fraction(int(v.p), int(v.q)) for v in w.losses]
        assert w.holds == (
            raw[2] > (raw[0] + raw[1]) / 2 if w.side == "above" else 2 * raw[2] < raw[0] + raw[1]
        )
        assert w.holds


@EVERY
@pytest.mark.parametrize("hidden_layers", [1, 2, 3])
def test_descent_from_zero_is_of_order_h_plus_one(name, hidden_layers):
    """L(tV) = 1/2 tr YY^T - |C| t^(H+1) + 1/2 G t^(2H+2), all other coefficients zero."""
    X, Y = PLANTED[name]
    of = moments(X, Y)
    path = busiest_path(of)
    found = [Fraction(int(c.p), int(c.q)) for c in descent_from_zero(path, hidden_layers)]
    expected = [Fraction(0)] * (2 * hidden_layers + 3)
    expected[0] = Fraction(of.label_square, 2)
    expected[hidden_layers + 1] = Fraction(-abs(path.cross))
    expected[-1] = Fraction(path.gram, 2)
    assert found == expected


def test_the_busiest_path_explains_most():
    """No other input and label have a larger C^2 / G."""
    X, Y = PLANTED["drawn"]
    path = busiest_path(moments(X, Y))
    share = (X.T @ Y) ** 2 / (X**2).sum(axis=0)[:, None]
    assert share[path.given, path.label] == pytest.approx(share.max())


def test_zero_inputs_have_no_path():
    """A constant loss is left to the caller to name."""
    assert busiest_path(moments(np.zeros((3, 2), dtype=int), np.ones((3, 1), dtype=int))) is None


def test_linear_regression_has_no_witness_above():
    """Without hidden layers the loss is convex, so only the one below is offered."""
    (w,) = witnesses(busiest_path(moments(*PLANTED["drawn"])), 0)
    assert w.side == "below"
    assert w.holds


def test_a_negative_depth():
    """Depth counts hidden layers."""
    with pytest.raises(ValueError, match="got -1 hidden layers, wanted 0 or more"):
        witnesses(busiest_path(moments(*PLANTED["drawn"])), -1)
