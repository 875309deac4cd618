"""The exact deep linear loss and its derivatives, against raw data and interpolation in Fractions."""

from fractions import Fraction
from itertools import pairwise

import flint
import numpy as np
import pytest

from models.exact.moments import moments
from models.linear.exact_hessian import hessian, inertia
from models.linear.exact_network import (
    ExactMoments,
    curvature,
    exact_moments,
    gradient,
    loss,
    loss_along,
    product,
)

WIDTHS = [(), (1,), (3,), (2, 3), (3, 1, 2)]
"""No hidden layer, one, two and three; a bottleneck among them."""

DRAW = np.random.default_rng(11)
X, Y = DRAW.integers(-4, 5, (7, 3)), DRAW.integers(-4, 5, (7, 2))
DATA = exact_moments(moments(X, Y))


def drawn(widths: tuple[int, ...], seed: int) -> list[flint.fmpq_mat]:
    """Rational weights for 3 inputs and 2 labels."""
    draw = np.random.default_rng(seed)
    return [
        flint.fmpq_mat(b, a, [flint.fmpq(int(n), 3) for n in draw.integers(-5, 6, a * b)])
        for a, b in pairwise((3, *widths, 2))
    ]


def raw_loss(weights) -> Fraction:
    """1/2 sum over samples and labels of (T x - y)^2, with loops over lists of Fractions."""
    total = Fraction(0)
    for x, y in zip(X.tolist(), Y.tolist(), strict=True):
        hidden = [Fraction(value) for value in x]
        for layer in weights:
            hidden = [
                sum(Fraction(int(w.p), int(w.q)) * h for w, h in zip(row, hidden, strict=True))
                for row in layer.tolist()
            ]
        total += sum((h - label) ** 2 for h, label in zip(hidden, y, strict=True))
    return total / 2


def interpolated(weights, direction) -> list[Fraction]:
    """Coefficients of t -> raw loss at W + t V, solved from its values at 0, 1, ..., 2H + 2."""
    degree = 2 * len(weights)
    values = [
        raw_loss([w + n * v for w, v in zip(weights, direction, strict=True)]) for n in range(degree + 1)
    ]
    powers = flint.fmpq_mat(
        degree + 1, degree + 1, [n**k for n in range(degree + 1) for k in range(degree + 1)]
    )
    solved = powers.solve(
        flint.fmpq_mat(degree + 1, 1, [flint.fmpq(v.numerator, v.denominator) for v in values])
    )
    return [Fraction(int(c.p), int(c.q)) for c in solved.entries()]


def units(weights):
    """Directions that move one weight each, in the order of the Hessian's rows."""
    for layer, at in enumerate(weights):
        for n in range(at.nrows() * at.ncols()):
            step = flint.fmpq_mat(
                at.nrows(), at.ncols(), [int(k == n) for k in range(at.nrows() * at.ncols())]
            )
            yield [step if k == layer else 0 * w for k, w in enumerate(weights)]


def as_balls(matrix) -> flint.arb_mat:
    return flint.arb_mat(matrix)


@pytest.mark.parametrize("widths", WIDTHS, ids=str)
def test_loss_is_that_of_the_raw_data(widths):
    """L from X X^T, X Y^T and tr Y Y^T is the sum over samples, exactly."""
    weights = drawn(widths, 1)
    found = loss(DATA, weights)
    assert Fraction(int(found.p), int(found.q)) == raw_loss(weights)


@pytest.mark.parametrize("widths", WIDTHS, ids=str)
def test_loss_along_a_line_is_the_interpolated_polynomial(widths):
    """All 2H + 3 coefficients agree with those solved from raw losses."""
    weights, direction = drawn(widths, 2), drawn(widths, 3)
    found = loss_along(DATA, weights, direction)
    assert [Fraction(int(c.p), int(c.q)) for c in found] == interpolated(weights, direction)
    assert curvature(DATA, weights, direction) == 2 * found[2]


@pytest.mark.parametrize("widths", WIDTHS, ids=str)
def test_gradient_is_the_first_coefficient_along_each_weight(widths):
    """Every entry of every layer's gradient, against interpolation."""
    weights = drawn(widths, 4)
    found = [entry for layer in gradient(DATA, weights) for entry in layer.entries()]
    expected = [interpolated(weights, unit)[1] for unit in units(weights)]
    assert [Fraction(int(g.p), int(g.q)) for g in found] == expected


@pytest.mark.parametrize("widths", [(2,), (1, 2)], ids=str)
def test_hessian_is_the_second_coefficient_along_pairs_of_weights(widths):
    """Every entry of the Hessian by polarisation of interpolated second derivatives."""
    weights = drawn(widths, 5)
    H = hessian(DATA, weights)
    steps = list(units(weights))
    second = [2 * interpolated(weights, step)[2] for step in steps]
    for i, a in enumerate(steps):
        for j, b in enumerate(steps[:i]):
            both = [u + v for u, v in zip(a, b, strict=True)]
            expected = (2 * interpolated(weights, both)[2] - second[i] - second[j]) / 2
            assert (H[i, j], H[j, i]) == (flint.fmpq(expected.numerator, expected.denominator),) * 2
        assert H[i, i] == flint.fmpq(second[i].numerator, second[i].denominator)


def test_none_is_a_layer_that_stays():
    """A direction may leave layers out instead of giving zero matrices."""
    weights, direction = drawn((2, 3), 6), drawn((2, 3), 7)
    still = [direction[0], 0 * direction[1], direction[2]]
    assert loss_along(DATA, weights, [direction[0], None, direction[2]]) == loss_along(DATA, weights, still)


@pytest.mark.parametrize("widths", WIDTHS, ids=str)
def test_balls_enclose_the_exact_answers(widths):
    """The same lines over arb_mat give enclosures of what they give over the rationals."""
    weights, direction = drawn(widths, 8), drawn(widths, 9)
    balls = ExactMoments(as_balls(DATA.gram), as_balls(DATA.cross), flint.arb(DATA.label_square))
    there, along = [as_balls(w) for w in weights], [as_balls(v) for v in direction]
    assert loss(balls, there).contains(flint.arb(loss(DATA, weights)))
    for ball, exact in zip(
        loss_along(balls, there, along), loss_along(DATA, weights, direction), strict=True
    ):
        assert (ball - exact).contains(0)
    for ball, exact in zip(gradient(balls, there), gradient(DATA, weights), strict=True):
        assert (ball - as_balls(exact)).contains(0 * ball)


def test_product_applies_the_first_layer_first():
    """W_2 W_1, not W_1 W_2."""
    first, second = drawn((4,), 10)
    assert product([first, second]) == second * first


@pytest.mark.parametrize(
    ("entries", "signs"),
    [
        ([2, 0, 0, 0, -3, 0, 0, 0, 0], (1, 1, 1)),
        ([0] * 9, (0, 3, 0)),
        ([2, 1, 0, 1, 2, 0, 0, 0, 1], (0, 0, 3)),
        ([0, 1, 0, 1, 0, 0, 0, 0, -1], (2, 0, 1)),
    ],
    ids=["each-sign", "zero", "positive-definite", "hyperbolic"],
)
def test_inertia_counts_signs(entries, signs):
    """Negative, zero and positive eigenvalues, by Descartes' rule."""
    assert inertia(flint.fmpq_mat(3, 3, entries)) == signs


def test_inertia_wants_a_symmetric_matrix():
    """Without symmetry the roots need not be real."""
    with pytest.raises(ValueError, match="got a matrix that is not symmetric, wanted a Hessian"):
        inertia(flint.fmpq_mat(2, 2, [0, 1, -1, 0]))


@pytest.mark.parametrize("function", [loss, gradient, hessian])
def test_layers_that_do_not_fit(function):
    """Layers listed from the output are answered with the wanted shapes."""
    with pytest.raises(ValueError, match=r"got layers of shape .* list them from the input"):
        function(DATA, drawn((4,), 1)[::-1])


def test_moments_that_do_not_fit():
    """Y X^T in the place of X Y^T is noticed."""
    with pytest.raises(
        ValueError, match=r"got X X\^T \[3, 3\] and X Y\^T \[2, 3\], wanted .* transpose Y X\^T"
    ):
        ExactMoments(DATA.gram, DATA.cross.transpose(), DATA.label_square)
