"""Descent ends in local minima only: against scipy, and from starts on every kind of saddle."""

from itertools import combinations

import numpy as np
import pytest
from scipy import optimize

from claims.evidence.linear.preparation import prepared
from models.linear.closed_form import global_weights, sigma_spectrum
from models.linear.descent import settle
from models.linear.landscape import LinearLandscape
from models.linear.lbfgs import descend
from models.linear.newton import newton
from models.linear.problem import LinearProblem
from models.linear.reduction import reduction
from models.linear.stationarity import GRADIENT, curvature_floor, minimum_value, negative_direction, probe

DEPTHS = [(2,), (3,), (3, 2), (3, 3), (3, 2, 3), (3, 3, 3)]


def planted(hidden: tuple[int, ...]) -> tuple[LinearLandscape, float]:
    """The reduced landscape of the synthetic set, and its L*."""
    of = prepared("synthetic", "raw")
    small = reduction(LinearProblem.of(of))
    return LinearLandscape(small.problem(hidden[0]), hidden), sigma_spectrum(of).lowest_loss(min(hidden))


def draw(landscape: LinearLandscape, members: int, scale: float = 0.5) -> np.ndarray:
    return np.random.default_rng(11).normal(size=(members, landscape.size)) * scale


def critical(landscape: LinearLandscape, chosen: tuple[int, ...]) -> np.ndarray:
    """The critical point [1, P] that fits these eigenvectors of Sigma and pads everything else with zeros."""
    U, s, Vt = np.linalg.svd(landscape.problem.cross_transposed, full_matrices=False)
    q, keep = len(chosen), list(chosen)
    weights = [np.zeros((1, *shape)) for shape in landscape.shapes]
    weights[0][0, :q] = s[keep, None] * Vt[keep]
    weights[-1][0, :, :q] = U[:, keep]
    for W in weights[1:-1]:
        W[0, :q, :q] = np.eye(q)
    return landscape.flat(weights)


@pytest.mark.parametrize("hidden", DEPTHS, ids=str)
def test_descent_agrees_with_scipy(hidden):
    """scipy's trust-exact from the same starts comes to the same loss, which is L*."""
    landscape, lowest = planted(hidden)
    starts = draw(landscape, 3)
    ends = settle(landscape, starts)
    assert ends.settled.all()
    for start, loss in zip(starts, ends.loss, strict=True):
        found = optimize.minimize(
            lambda w: float(landscape.loss(w[None])[0]),
            start,
            jac=lambda w: landscape.gradient(w[None])[0],
            hess=lambda w: landscape.hessian(w[None])[0],
            method="trust-exact",
            options={"gtol": 1e-8, "maxiter": 500},
        )
        assert found.fun == pytest.approx(loss, abs=1e-9)
        assert loss == pytest.approx(lowest, abs=1e-12)


@pytest.mark.parametrize("hidden", DEPTHS, ids=str)
def test_a_saddle_is_never_called_a_minimum(hidden):
    """From every zero-padded critical point above L*, degenerate or not, the descent goes on to L*."""
    landscape, lowest = planted(hidden)
    subsets = [s for size in range(min(hidden) + 1) for s in combinations(range(3), size)]
    starts = np.concatenate([critical(landscape, subset) for subset in subsets])
    loss, gradient = landscape.loss_and_gradient(starts)
    assert np.linalg.norm(gradient, axis=1).max() <= GRADIENT
    above = loss > lowest + 1e-6
    assert above.sum() == len(subsets) - 1
    ends = settle(landscape, starts)
    assert ends.settled.all()
    assert np.abs(ends.loss - lowest).max() <= 1e-12
    assert (ends.saddles[above] >= 1).all()


def test_zero_weights_of_three_layers_are_a_silent_saddle():
    """There the Hessian is 0, so the second-order test passes, and only the probes see the descent."""
    landscape, _ = planted((3, 3))
    zero = np.zeros(landscape.size)
    assert not landscape.hessian(zero[None]).any()
    assert curvature_floor(landscape, zero) is not None
    assert negative_direction(landscape, zero) is None
    found = probe(landscape, zero, seed=0)
    assert found.near is not None
    assert landscape.loss(found.near[None])[0] < landscape.loss(zero[None])[0] - 1e-3


def test_zero_weights_of_two_layers_curve_downwards():
    """There the Hessian has a negative eigenvalue, certified, and no floor is proved."""
    landscape, _ = planted((3,))
    zero = np.zeros(landscape.size)
    v = negative_direction(landscape, zero)
    assert v @ landscape.hessian(zero[None])[0] @ v < -0.1
    assert curvature_floor(landscape, zero) is None


@pytest.mark.parametrize("hidden", [(2,), (3, 3), (2, 3, 2)], ids=str)
def test_a_global_minimum_is_left_alone(hidden):
    """No probe leads below it; its Hessian is semidefinite and singular, so it is not strict."""
    landscape, lowest = planted(hidden)
    w = global_weights(landscape)[0]
    found = probe(landscape, w, seed=0)
    assert found.near is None
    assert not found.far
    assert curvature_floor(landscape, w) is not None
    assert minimum_value(landscape, w) is None
    assert settle(landscape, w[None]).loss[0] == pytest.approx(lowest, abs=1e-14)


def test_neither_method_goes_up():
    """L-BFGS and Newton end no higher than they started, whatever the budget."""
    landscape, _ = planted((3, 2, 3))
    starts = draw(landscape, 5, scale=1.0)
    before = landscape.loss(starts)
    for steps in (1, 2, 5, 20):
        assert (landscape.loss(descend(landscape, starts, tolerance=0, iterations=steps)) <= before).all()
        after = [newton(landscape, w, tolerance=0, iterations=steps) for w in starts]
        assert (landscape.loss(np.stack(after)) <= before).all()


def test_members_do_not_disturb_one_another():
    """A member descends the same alone and in company, to rounding."""
    landscape, _ = planted((3, 2))
    starts = draw(landscape, 6)
    together = descend(landscape, starts, tolerance=GRADIENT, iterations=15)
    alone = np.concatenate([descend(landscape, w[None], tolerance=GRADIENT, iterations=15) for w in starts])
    assert np.allclose(together, alone, atol=1e-8)


def test_a_short_budget_settles_nothing():
    """Stopped early, no member is stationary and none is called settled."""
    landscape, _ = planted((3, 2))
    ends = settle(landscape, draw(landscape, 4), first=1, second=1)
    assert not ends.settled.any()
    assert np.isneginf(ends.floor).all()
    assert (ends.gradient > GRADIENT).all()


def test_a_member_that_is_not_finite_does_not_settle():
    """Weights that overflow are counted as not settled, and the others come to rest."""
    landscape, lowest = planted((3,))
    starts = draw(landscape, 2)
    starts[0] = np.nan
    ends = settle(landscape, starts)
    assert ends.settled.tolist() == [False, True]
    assert ends.loss[1] == pytest.approx(lowest, abs=1e-12)
