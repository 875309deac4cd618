"""What is called proved of a critical point: by exact coefficients, or by balls that leave no doubt."""

from dataclasses import replace

import flint
import pytest

from data import load_synthetic
from models.exact.moments import moments
from models.linear.critical import critical_points
from models.linear.critical_checks import check_point, gradient_vanishes, leading_term
from models.linear.exact_network import identity, loss
from models.linear.exact_spectrum import BITS, ball_spectrum, fitted_moments, rational_spectrum
from tests.models.linear.planted_points import points


def test_balls_see_the_same_points():
    """Ball arithmetic on the reduced problem proves of each point what exact arithmetic does."""
    source = load_synthetic("synthetic")
    data = fitted_moments(moments(source.X, source.Y), balls=True)
    with flint.ctx.workprec(BITS):
        spectrum = ball_spectrum(data.gram)
        for closed in (0, 1):
            _, exact = points("synthetic", (2, 2), closed)
            found = critical_points(
                data, spectrum, identity(flint.arb_mat, 3), (2, 2), closed=closed, canonical=closed > 0
            )
            for ball, point in zip(found, exact, strict=True):
                checked = check_point(data, ball)
                assert (checked.stationary, checked.value_holds) == (True, True)
                assert (checked.is_saddle, ball.order) == (not point.is_global, point.order)
                assert ball.value.contains(point.value)


@pytest.mark.parametrize("balls", [False, True])
def test_a_planted_non_critical_point_is_noticed(balls):
    """One weight moved by a millionth, and the gradient is proved not to be zero."""
    source = load_synthetic("synthetic")
    with flint.ctx.workprec(BITS):
        data = fitted_moments(moments(source.X, source.Y), balls=balls)
        basis = source.reflection.T.tolist()
        spectrum = ball_spectrum(data.gram) if balls else rational_spectrum(data.gram, basis)
        *_, point = critical_points(data, spectrum, identity(data.kind, 3), (2,))
        first = data.kind(point.weights[0])
        first[0, 0] += flint.fmpq(1, 10**6)
        assert gradient_vanishes(data, point.weights) is True
        assert gradient_vanishes(data, (first, point.weights[1])) is False


def test_wide_balls_are_not_called_zero():
    """An enclosure that contains zero but is wider than the bound proves nothing."""
    source = load_synthetic("synthetic")
    data = fitted_moments(moments(source.X, source.Y), balls=True)
    wide = flint.arb_mat(3, 3, [flint.arb(0, 1)] * 9)
    assert gradient_vanishes(data, (wide, wide)) is None


def test_the_reach_is_a_step_that_still_descends():
    """For twenty steps in (0, reach] the exact loss lies below, and above along the ascent."""
    data, found = points("synthetic", (2, 2), 1)
    for point in (p for p in found if not p.is_global):
        checked = check_point(data, point)
        for line, direction, sign in ((checked.down, point.descent, -1), (checked.up, point.ascent, 1)):
            for n in range(1, 21):
                step = line.reach * flint.fmpq(n, 20)
                there = [
                    w if v is None else w + v * step for w, v in zip(point.weights, direction, strict=True)
                ]
                assert sign * (loss(data, there) - point.value) > 0


@pytest.mark.parametrize(
    ("coefficients", "stationary", "leading"),
    [
        ([7, 0, 0, -2, 5], True, (3, -2)),
        ([7, 0, 4, -2, 5], True, (2, 4)),
        ([7, 1, -4], False, (1, 1)),
        ([7, 0, 0], True, None),
        ([flint.arb(7), flint.arb(0, 1), flint.arb(-2)], True, (2, -2)),
        ([flint.arb(7), flint.arb(0, 1), flint.arb(-2)], None, None),
        ([flint.arb(7), flint.arb(0), flint.arb(0, 1), flint.arb(-2)], True, None),
        ([flint.arb(7), flint.arb(0), flint.arb(-2, 3)], True, None),
    ],
    ids=[
        "third-order",
        "rises",
        "not-stationary",
        "flat",
        "ball-stationary",
        "ball-open",
        "ball-second",
        "ball-wide",
    ],
)
def test_the_leading_coefficient_is_proved(coefficients, stationary, leading):
    """A ball that straddles zero ends the search, except the first where the gradient is known to vanish."""
    assert leading_term(coefficients, stationary) == leading


def test_a_faked_value_is_noticed():
    """The predicted value is compared with the loss, not taken for it."""
    data, found = points("synthetic", (2,))
    assert check_point(data, replace(found[1], value=found[2].value)).value_holds is False
