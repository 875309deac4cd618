"""Probes, step by step: which lower losses count, and what their fall from ball to ball says."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from models.curvature.objective import Objective
from models.curvature.probe import RADII, Descent, descend_nearby
from models.curvature.products import gradients
from models.curvature.scale import loss_scale
from models.curvature.settle import settled
from tests.models.curvature.planted_losses import basin, point, quadratic


def along_y(power: float, size: float = 1.0, noise: float = 0.0) -> Objective:
    """x^2 - size |y|^power, with a majorant of the stated noise."""
    return Objective(
        2,
        (lambda w: w[0] ** 2 - size * w[1].abs() ** power,),
        lambda w: (lambda v: v[0] ** 2 + size * v[1].abs() ** power + noise,),
        20,
    )


def probed(objective: Objective, w=None, length=1.0, **more) -> Descent:
    w = point(0.0, 0.0) if w is None else w
    values, vectors = np.array([0.0, 2.0]), np.array([[0.0, 1.0], [1.0, 0.0]])
    return descend_nearby(objective, w, values, vectors, np.array([0]), length, **more)


def test_the_radii_halve_from_a_quarter_to_a_five_hundredth():
    """Eight balls; a tenth of a per cent of the weights' length is the smallest."""
    assert tuple(2.0**-k for k in range(2, 10)) == RADII


@pytest.mark.parametrize("length", [1.0, 3.0])
@pytest.mark.parametrize(
    ("power", "found"), [(2.0, False), (2.4, False), (2.6, True), (3.0, True), (4.0, True), (6.0, True)]
)
def test_a_fall_of_an_order_between_the_limits_is_a_way_down(power, found, length):
    """x^2 - |y|^k: the drop in each ball is r^k, and a way down where k is 2.5 or more."""
    answer = probed(along_y(power), length=length)
    assert answer.found is found
    assert answer.doubtful is not found
    assert answer.certified
    np.testing.assert_allclose(answer.radii, length * np.array(RADII))
    np.testing.assert_allclose(answer.drops, answer.radii**power, rtol=1e-6)
    assert float(answer.point[1].abs()) == pytest.approx(answer.radii[-1], rel=1e-6)


@pytest.mark.parametrize(("edge", "found"), [(2.0**-7, True), (2.0**-8, False), (2.0**-9, False)])
def test_the_three_smallest_balls_decide(edge, found):
    """-|y|^3 up to an edge, level beyond: a way down if it falls from the third ball to the last."""
    level = Objective(
        2,
        (lambda w: w[0] ** 2 - w[1].abs().clamp(max=edge) ** 3,),
        lambda w: (lambda v: v[0] ** 2 + v[1].abs().clamp(max=edge) ** 3,),
        20,
    )
    values, vectors = np.array([0.0, 2.0]), np.array([[0.0, 1.0], [1.0, 0.0]])
    answer = descend_nearby(level, point(0.0, 0.0), values, vectors, np.array([0]))
    np.testing.assert_allclose(answer.radii, RADII)
    np.testing.assert_allclose(answer.drops, np.minimum(answer.radii, edge) ** 3, rtol=1e-6)
    assert (answer.found, answer.doubtful) == (found, not found)


def test_a_fall_of_a_higher_order_is_doubted():
    """y^7 falls by 128 a halving: a basin of its own may as well."""
    answer = probed(along_y(7.0, size=1e3))
    assert len(answer.radii) == len(RADII)
    assert (answer.found, answer.doubtful) == (False, True)


def test_what_rounding_hides_is_not_found():
    """A drop counts beyond the bounds on both losses: those of 1e-8 hide a cubic in the smallest balls."""
    noise = 1e-8 / (20 * 2.0**-53) / 2
    answer = probed(along_y(3.0, noise=noise))
    assert (answer.found, answer.doubtful) == (False, True)
    assert answer.radii[-1] == 2.0**-8
    np.testing.assert_allclose(answer.drops - answer.excess, 1e-8, rtol=1e-3)


def test_a_drop_that_the_gradient_explains_is_none():
    """On a tilted plane every step down is the gradient's: ||g|| times the distance, and nothing beyond."""
    answer = probed(quadratic(torch.diag(point(2.0, 0.0)), point(0.0, 0.0), slope=0.0), point(0.0, 0.0))
    assert not len(answer.radii)
    tilted = Objective(
        2,
        (lambda w: w[0] ** 2 - 1e-3 * w[1],),
        lambda w: (lambda v: v[0] ** 2 + 1e-3 * v[1],),
        20,
    )
    assert not len(probed(tilted).radii)
    bent = Objective(
        2,
        (lambda w: w[0] ** 2 - 1e-3 * w[1] - w[1] ** 3,),
        lambda w: (lambda v: v[0] ** 2 + 1e-3 * v[1] + v[1] ** 3,),
        20,
    )
    answer = probed(bent)
    np.testing.assert_allclose(answer.drops - answer.excess, 1e-3 * answer.radii, rtol=1e-4)
    assert str(answer).startswith(f"loss lower by {answer.drops[-1]:.2g} within {answer.radii[-1]:.2g}")


def test_only_near_losses_make_a_doubt():
    """Lower losses from 0.76 on are beyond 1/32 of a length of 8, and within it of one of 32."""
    far, near = (probed(basin(1e-3, 0.0, 1.0), length=length) for length in (8.0, 32.0))
    assert (far.found, far.doubtful, far.radii[-1]) == (False, False, 1.0)
    assert (near.found, near.doubtful, near.radii[-1]) == (False, True, 1.0)
    edge = probed(basin(1e-3, 0.0, 1.0), length=26.0)
    assert (edge.radii[-1], edge.doubtful) == (26.0 / 32, True)


def test_without_a_majorant_rounding_is_an_estimate():
    """The same descent, beyond an estimate; with a majorant beyond a bound; without descent neither."""
    falls = Objective(2, (lambda w: w[0] ** 2 - w[1].abs() ** 3 + 1,))
    answer = probed(falls)
    assert (answer.found, answer.certified) == (True, False)
    assert str(answer).endswith("of the point, beyond an estimate of rounding")
    np.testing.assert_allclose(answer.drops - answer.excess, 2 * 16 * 64 * 2.0**-53, rtol=0.05)
    many = Objective(2, (lambda w: w[0] ** 2 - w[1].abs() ** 3 + 1,), None, 128)
    np.testing.assert_allclose(
        (lambda a: a.drops - a.excess)(probed(many)), 4 * 16 * 64 * 2.0**-53, rtol=0.05
    )
    assert str(probed(along_y(3.0))).endswith("beyond a bound on rounding")
    assert str(probed(quadratic(torch.eye(2).double(), point(0, 0)))) == "no lower loss nearby"


def test_no_probe_leaves_its_ball():
    """The lowest point of the smallest ball lies in it, also where steep walls push."""
    steep = Objective(
        2,
        (lambda w: 1e6 * (w[0] - w[1] ** 2) ** 2 - w[1].abs() ** 3,),
        lambda w: (lambda v: 1e6 * (v[0] + v[1] ** 2) ** 2 + v[1] ** 3,),
        20,
    )
    answer = descend_nearby(
        steep, point(0.0, 0.0), np.array([0.0, 2e6]), np.array([[0.0, 1.0], [1.0, 0.0]]), np.array([0])
    )
    assert answer.found
    assert float(answer.point.norm()) <= answer.radii[-1] * (1 + 1e-12)


def test_both_signs_of_every_null_direction_are_tried():
    """y^3 falls on one side, z^3 on another: whichever it is, one direction asked for finds it."""
    for axis, sign in ((1, 1.0), (1, -1.0), (2, 1.0), (2, -1.0)):
        cubic = Objective(
            3,
            (lambda w, a=axis, s=sign: w[0] ** 2 + s * w[a] ** 3,),
            lambda w: (lambda v: v[0] ** 2 + v[1] ** 3 + v[2] ** 3,),
            20,
        )
        found = descend_nearby(
            cubic,
            point(0.0, 0.0, 0.0),
            np.array([0.0, 0.0, 2.0]),
            np.array([[0.0, 0.0, 1.0], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]),
            np.array([0, 1]),
            directions=1,
        )
        assert found.found
        assert float(found.point[axis]) * sign < 0


# -- the critical point beside --------------------------------------------------------


def beside(objective: Objective, w: torch.Tensor, above=0.0, reach=1.0) -> torch.Tensor:
    H = torch.autograd.functional.hessian(lambda v: objective.parts[0](v), w).numpy()
    values, vectors = np.linalg.eigh(H)
    return settled(objective, w, values, vectors, above, reach)


def test_newton_steps_reach_the_critical_point():
    """Of a quadratic in one step; of a quartic bowl in a few, as long as it is close."""
    A = torch.tensor([[2.0, 1.0], [1.0, 3.0]], dtype=torch.float64)
    found = beside(quadratic(A, point(1.0, -2.0)), point(1.1, -2.3))
    np.testing.assert_allclose(found.numpy(), [1.0, -2.0], atol=1e-12)
    saddle = beside(quadratic(torch.diag(point(2.0, -3.0)), point(0.0, 0.0)), point(0.1, 0.2))
    np.testing.assert_allclose(saddle.numpy(), [0.0, 0.0], atol=1e-15)
    bowl = Objective(
        2,
        (lambda w: (w[0] - 1) ** 2 + (w[1] - 1) ** 2 + (w[1] - 1) ** 4 + (w[0] - 1) ** 3,),
        lambda w: (lambda v: (v[0] + 1) ** 2 + (v[1] + 1) ** 2 + (v[1] + 1) ** 4 + (v[0] + 1) ** 3,),
        20,
    )
    reached = beside(bowl, point(1.001, 0.999))
    assert float(gradients(bowl, reached).norm()) < 1e-12


def test_the_reach_is_a_limit():
    """A critical point 0.3 away is taken within 0.31 and not within 0.29."""
    bowl, w = quadratic(torch.eye(2, dtype=torch.float64), point(0.3, 0.0)), point(0.0, 0.0)
    assert beside(bowl, w, reach=0.31) is not w
    assert beside(bowl, w, reach=0.29) is w


def test_small_eigenvalues_are_left_alone():
    """Only directions above the tolerance are moved in; a gradient in the others stays, and so does w."""
    bowl = quadratic(torch.diag(point(2.0, 1e-3)), point(0.0, 0.0))
    assert beside(bowl, point(0.1, 0.0), above=1e-2).tolist() == [0.0, 0.0]
    w = point(0.1, 0.1)
    assert beside(bowl, w, above=1e-2) is w
    assert beside(bowl, w, above=1e-4) is not w
    at_the_edge = point(0.1, 0.0)
    assert beside(bowl, at_the_edge, above=2.0) is at_the_edge


def test_without_progress_or_bound_nothing_moves():
    """x^4 has no regular critical point, and without a majorant no gradient is known to vanish."""
    quartic = Objective(
        2, (lambda w: w[0] ** 4 + w[1] ** 2,), lambda w: (lambda v: v[0] ** 4 + v[1] ** 2,), 20
    )
    w = point(1e-2, 0.0)
    assert beside(quartic, w) is w
    unbounded = Objective(2, (lambda w: w[0] ** 2 + w[1] ** 2,))
    assert beside(unbounded, w) is w


# -- the scale ------------------------------------------------------------------------


@pytest.mark.parametrize("factor", [1.0, 1e-9, 1e12])
@pytest.mark.parametrize("w", [(0.0, 0.0), (3.0, 4.0), (0.1, 0.2)])
def test_a_multiple_of_the_loss_has_that_multiple_of_the_scale(factor, w):
    """And a constant changes nothing."""
    A = torch.diag(point(2.0, 5.0))
    one = loss_scale(quadratic(A, point(0, 0)), point(*w))
    assert loss_scale(quadratic(factor * A, point(0, 0), 7 * factor), point(*w)) == pytest.approx(
        factor * one
    )


def test_a_few_steep_directions_do_not_make_the_scale():
    """The lower quartile over the sphere: with one steep weight in 50 it is far below the largest change."""
    diagonal = torch.ones(50, dtype=torch.float64)
    diagonal[0] = 1e6
    bowl = quadratic(torch.diag(diagonal), torch.zeros(50).double())
    changes = []
    for seed in range(5):
        half = np.random.default_rng(seed).normal(size=(8, 50))
        half /= np.linalg.norm(half, axis=1, keepdims=True)
        each = 0.5 * (half**2 @ diagonal.numpy())
        changes.append(np.quantile(np.r_[each, each], 0.25))
        assert loss_scale(bowl, torch.zeros(50).double(), seed) == pytest.approx(changes[-1], rel=1e-12)
    assert len(set(changes)) == 5


def test_both_signs_of_every_direction_make_the_scale():
    """x + x^2 changes by more on one side than on the other; the seed is 0 unless another is given."""
    tilted = quadratic(torch.diag(point(2.0, 2.0)), point(0, 0), slope=1.0)
    for seed in (0, 1):
        half = np.random.default_rng(seed).normal(size=(8, 2))
        half /= np.linalg.norm(half, axis=1, keepdims=True)
        changes = np.abs(np.r_[half, -half][:, 0] + 1.0)
        wanted = pytest.approx(np.quantile(changes, 0.25), rel=1e-12)
        assert loss_scale(tilted, point(0.0, 0.0), seed) == wanted
        assert (loss_scale(tilted, point(0.0, 0.0)) == wanted) == (seed == 0)


def test_a_loss_that_overflows_on_the_sphere_has_the_scale_of_the_rest():
    """Changes that are not finite are left out; where none is left and L(0) is L(w), the scale is 1."""
    half = Objective(
        2, (lambda w: torch.where(w[0] > 0, torch.inf, 1.0) * (w[0] ** 2 + w[1] ** 2) + 0 * w[0],)
    )
    assert 0 < loss_scale(half, point(0.0, 0.0)) <= 1.0
    spike = Objective(2, (lambda w: torch.where(w.norm() > 0.5, torch.inf, 0.0 * w[0]),))
    assert loss_scale(spike, point(0.0, 0.0)) == 1.0
    shell = Objective(2, (lambda w: torch.where((w.norm() - 1).abs() < 0.1, torch.inf, w[0] / 12),))
    assert loss_scale(shell, point(3.0, 0.0)) == 0.25
    pole = Objective(2, (lambda w: torch.where(w.norm() < 0.1, torch.inf, 0.0 * w[0]),))
    assert loss_scale(pole, point(3.0, 0.0)) == 1.0
