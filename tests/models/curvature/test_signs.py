"""A proved sign decides, however small the eigenvalue: no minimum is degenerate, no saddle is a minimum."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
import torch

from claims.evidence.relu.relu_theorem import strict_task
from models.curvature.classification import Kind, PointKind, classify
from models.curvature.objective import Objective, network
from models.curvature.scale import loss_scale
from models.relu import strict_minimum
from models.relu.shallow import baseline_loss
from tests.models.curvature.planted_losses import basin, point, quadratic


@pytest.mark.parametrize("sign", [1.0, -1.0])
@pytest.mark.parametrize("centre", [0.0, 10.0, 100.0, -100.0, 400.0, 1e4])
@pytest.mark.parametrize("size", [1e-3, 1e-7, 1e-12])
def test_a_strict_minimum_beside_a_lower_basin_is_a_minimum(size, centre, sign):
    """With a positive definite Hessian within bounds it is one, wherever the basin lies among the balls."""
    answer = classify(basin(size, centre, sign), point(0.0, centre))
    assert (answer.kind, answer.certified, answer.smallest.sign) == (Kind.LOCAL_MINIMUM, True, 1), str(answer)
    assert "positive definite" in answer.sentence
    assert answer.smallest.eigenvalue == pytest.approx(2 * size, rel=0.1)


@pytest.mark.parametrize("centre", [100.0, -100.0, 400.0, 1e3])
def test_a_minimum_too_flat_to_prove_is_never_degenerate(centre):
    """At 2e-15 the bound leaves the sign open, and drops that do not fall with the radius decide nothing."""
    answer = classify(basin(1e-15, centre, 1.0), point(0.0, centre))
    assert answer.smallest.sign is None
    assert (answer.kind, answer.certified) == (Kind.INCONCLUSIVE, False)
    assert "a way down or another basin" in answer.sentence
    assert answer.descent.doubtful
    assert not answer.descent.found


def boston_minimum(loss: float) -> tuple[Objective, Objective, torch.Tensor]:
    """The strict minimum of 2-2-1 on raw Boston with this l, proved over the rationals.

    The objectives of all nine weights, of the seven with output weights of one, and the nine.
    """
    task = strict_task("boston")
    best = baseline_loss(task.y[:, None])
    for pattern in strict_minimum.search(task.X, task.y, 2, starts=150, seed=0):
        found = strict_minimum.cell_minimum(task.X, task.y, pattern)
        proved = strict_minimum.inspect(found, task.X, task.y)
        if proved.is_strict_minimum and float(proved.loss / best) == pytest.approx(loss, abs=1e-7):
            break
    else:
        raise AssertionError(f"got no strict minimum with l = {loss}")
    first = [float(Fraction(int(v), found.hidden)) for v in [*found.W1.T.ravel(), *found.b1]]
    w = point(*first, 1.0, 1.0, float(Fraction(int(found.b2[0]), found.output)))
    whole = network((2, 2, 1), torch.from_numpy(task.X), torch.from_numpy(task.y[:, None]))

    def with_ones(u):
        return torch.cat([u[:6], torch.ones(2, dtype=torch.float64), u[6:]])

    def held(parts):
        return None if parts is None else tuple((lambda u, part=part: part(with_ones(u))) for part in parts)

    fixed = Objective(7, held(whole.parts), lambda u: held(whole.majorant(with_ones(u))), whole.roundings)
    return whole, fixed, w


@pytest.mark.parametrize("loss", [0.2274724, 0.2655502, 0.2529880])
def test_the_strict_minima_of_boston_are_not_degenerate(loss):
    """Proved strict up to rescaling: a minimum with output weights of one, and at worst undecided without."""
    whole, fixed, w = boston_minimum(loss)
    answer = classify(fixed, torch.cat([w[:6], w[8:]]))
    assert (answer.kind, answer.certified, answer.smallest.sign) == (Kind.LOCAL_MINIMUM, True, 1), str(answer)
    assert classify(whole, w).kind in (Kind.LOCAL_MINIMUM, Kind.INCONCLUSIVE)


def test_the_minimum_of_boston_has_lower_losses_nearby():
    """Within a thousandth of its weights' length, beyond kinks: what such a minimum must not be judged by."""
    whole, _, w = boston_minimum(0.2274724)
    answer = classify(whole, w)
    assert answer.kind is Kind.INCONCLUSIVE
    assert answer.descent.radii[-1] == pytest.approx(float(w.norm()) * 2.0**-9)


ROTATION = torch.linalg.qr(torch.from_numpy(np.random.default_rng(0).normal(size=(4, 4))))[0]


@pytest.mark.parametrize("rotation", [torch.eye(4, dtype=torch.float64), ROTATION], ids=["axes", "rotated"])
@pytest.mark.parametrize("shift", [0.0, 1e8, -3.0])
@pytest.mark.parametrize("centre", [(0.0, 0.0, 0.0, 0.0), (1.0, 2.0, 3.0, 4.0)], ids=["0", "off"])
@pytest.mark.parametrize(
    "diagonal",
    [(1, 0.7, 0.3, -1e-11), (1, 0.7, 0.3, -1e-13), (1, 0.7, -1e-9, -1e-11), (1e-3, 1e-5, -1e-12, 0.0)],
)
def test_a_proved_saddle_is_one_below_the_tolerance_too(diagonal, centre, shift, rotation):
    """A negative eigenvalue within bounds makes a strict saddle; that it is below the tolerance is said."""
    A = rotation @ torch.diag(point(*diagonal)) @ rotation.T
    answer = classify(quadratic(A, point(*centre), shift), point(*centre))
    assert answer.smallest.sign == -1
    assert (answer.kind, answer.certified, answer.moved) == (Kind.STRICT_SADDLE, True, 0.0), str(answer)
    assert f"below the tolerance of {answer.curvature_tolerance:.1e}, but negative" in answer.sentence


def test_a_small_negative_eigenvalue_beside_a_quartic_is_a_saddle():
    """H = 0 to tolerance, but its negative eigenvalue is proved and the gradient is 0: a strict saddle."""
    flat = Objective(
        2,
        (lambda w: w[0] ** 4 + w[1] ** 4 - 1e-9 * w[1] ** 2 + 5,),
        lambda w: (lambda v: v[0] ** 4 + v[1] ** 4 + 1e-9 * v[1] ** 2 + 5,),
        20,
    )
    answer = classify(flat, point(0.0, 0.0))
    assert (answer.kind, answer.smallest.sign) == (Kind.STRICT_SADDLE, -1)
    assert answer.curvature_tolerance == pytest.approx(2e-9)


def test_negative_curvature_that_a_gradient_may_have_made_is_left_open():
    """Beside the saddle along its negative direction, gradient and curvature explain each other."""
    A = torch.diag(point(1, 0.7, 0.3, -1e-11))
    answer = classify(quadratic(A, point(0, 0, 0, 0)), point(0, 0, 0, 1))
    assert (answer.kind, answer.certified, answer.smallest.sign) == (Kind.INCONCLUSIVE, False, -1)
    assert "the gradient left over may have made it" in answer.sentence


def degenerate(w: torch.Tensor, size: float) -> PointKind:
    """x^2 + size y^3 at w: its one critical point is degenerate."""
    cubic = Objective(
        2,
        (lambda w: w[0] ** 2 + size * w[1] ** 3,),
        lambda w: (lambda v: v[0] ** 2 + abs(size) * v[1] ** 3,),
        20,
    )
    return classify(cubic, w)


@pytest.mark.parametrize("size", [1.0, -1.0])
def test_no_sign_beside_a_degenerate_saddle_is_believed(size):
    """At a distance of 1e-8 a sign is proved, and neither a minimum nor a strict saddle is near."""
    assert degenerate(point(0.0, 0.0), size).kind is Kind.DEGENERATE
    for y in (1e-8, -1e-8, 1e-7, -1e-7):
        answer = degenerate(point(0.0, y), size)
        assert answer.smallest.sign == np.sign(size * y)
        assert answer.kind is Kind.INCONCLUSIVE, str(answer)


def test_a_trained_minimum_is_judged_at_the_critical_point_beside_it(planted, trained):
    """The gradient left over makes negative eigenvalues out of symmetries; without it they are gone."""
    answer = classify(planted.objective((4, 3, 4, 3)), trained)
    assert (answer.kind, answer.certified) == (Kind.LOCAL_MINIMUM, True)
    assert answer.gradient > 0
    assert 0 < answer.moved < 1e-6  # where BFGS gives up differs between machines; gradient over curvature
    assert answer.smallest.sign is None
    assert f"at the critical point {answer.moved:.1e} away" in answer.sentence


SHIFTS = (0.0, 1e8, -1e8, -0.25, 3.0, 1e12, 1e20)


@pytest.mark.parametrize("shift", SHIFTS)
@pytest.mark.parametrize("slope", [1.0, -1.0, 1e-3])
def test_a_constant_added_to_the_loss_moves_no_critical_point(shift, slope):
    """slope x + x^2 + y^2 + c is stationary at x = -slope / 2 and nowhere else, whatever c is."""
    tilted = quadratic(2 * torch.eye(2, dtype=torch.float64), point(0.0, 0.0), shift, slope)
    assert classify(tilted, point(0.0, 0.0)).kind is Kind.NOT_STATIONARY
    assert classify(tilted, point(-slope / 2, 0.0)).kind is Kind.LOCAL_MINIMUM
    assert classify(tilted, point(-slope / 2 + 1e-4, 0.0)).kind is Kind.NOT_STATIONARY


@pytest.mark.parametrize("factor", [1e-9, 1e-3, 1e6])
def test_a_multiple_of_the_loss_has_the_same_kinds(factor):
    """The unit of the loss is nobody's business: 1e-9 (x + x^2 + y^2) is no flatter than x + x^2 + y^2."""
    tilted = quadratic(2 * factor * torch.eye(2, dtype=torch.float64), point(0.0, 0.0), factor, factor)
    assert classify(tilted, point(0.0, 0.0)).kind is Kind.NOT_STATIONARY
    assert classify(tilted, point(-0.5, 0.0)).kind is Kind.LOCAL_MINIMUM


def test_the_scale_of_a_loss_is_made_of_differences():
    """L(0) - L(w) far from 0; what the unit sphere shows where that is nothing; 1 for a constant."""
    one = torch.eye(2, dtype=torch.float64)
    assert loss_scale(quadratic(one, point(0, 0), 7.0), point(3.0, 4.0)) == pytest.approx(12.5)
    assert loss_scale(quadratic(one, point(0, 0), 7.0), point(0.0, 0.0)) == pytest.approx(0.5)
    assert loss_scale(quadratic(0 * one, point(0, 0), 7.0), point(3.0, 4.0)) == 1.0


def test_zero_products_of_weights_have_a_scale(planted):
    """W_2 = 0 and rows of W_1 orthogonal to X Y^T: L(w) = L(0) far from 0, and a strict saddle."""
    normal = np.linalg.svd(planted.cross)[0][:, 3]
    w = torch.from_numpy(np.r_[np.outer([5.0, -3.0, 2.0], normal).ravel(), np.zeros(9)])
    answer = classify(planted.objective((4, 3, 3)), w)
    assert (answer.kind, answer.certified) == (Kind.STRICT_SADDLE, True), str(answer)
