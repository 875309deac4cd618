"""Minima between kinks, kinks, saddles and flat regions: who gets the certificate and who must not."""

from __future__ import annotations

import math

import pytest
import torch

from models.curvature.products import losses
from models.descent.certificates.certificate import Kind
from models.descent.certificates.certify import Budget, certify
from models.descent.certificates.flat import newton_residual
from models.descent.certificates.local.cell import cell_masks, cell_objective, first_slopes
from models.descent.certificates.local.essential import essential
from models.descent.certificates.local.kink import first_order
from models.descent.problem import problem_of
from models.penalties.l2 import L2
from tests.helpers.specs import mlp
from tests.models.descent.certificates.planted_ends import affine, ended, hinge, line, weights

STATIONARY = line(0, 1, 0, 2, 2), 2
"""Targets, and the sample at which a hinge is stuck: to either side the objective rises."""

MOVING = line(0, 0, 1, 2, 4), 2
"""The hinge's knot gains by moving."""


def judged(problem, w, tau=1e-6, **more):
    return certify(problem, ended(problem, w), tau=tau, **more)[0]


def drawn(problem, seed=0):
    return torch.randn(
        1, problem.parameters, dtype=torch.float64, generator=torch.Generator().manual_seed(seed)
    )


def derivative(problem, w, d, step=1e-7):
    """Of the objective at w, to one side."""
    return float((problem.loss(w + step * d) - problem.loss(w))[0] / step)


# -- between kinks ------------------------------------------------------------------------


def test_a_smooth_minimum_above_zero_is_proved(houses):
    """One unit that is active everywhere, at the least squares plane: definite but for symmetries."""
    problem = problem_of(mlp(houses.name, (1,)), houses)
    found = judged(problem, affine(problem))
    assert (found.kind, found.proved, found.boundary) == (Kind.LOCAL_MINIMUM, True, 0)
    assert found.l > 0.01
    assert found.curvature > found.curvature_bound > 0
    assert 0 <= found.gap < 1e-15


def test_the_minimum_beside_the_point_lies_within_the_gap(houses):
    """A little off the plane: at the point where that is little enough, else where Newton's method ends."""
    problem = problem_of(mlp(houses.name, (1,)), houses)
    least = affine(problem, lift=5.0)
    for away in (1e-8, 1e-7):
        w = least + away * drawn(problem)
        found = judged(problem, w)
        assert (found.kind, found.proved) == (Kind.LOCAL_MINIMUM, True)
        depth = float((problem.loss(w) - problem.loss(least))[0]) / problem.baseline
        assert 1e-16 < depth <= found.gap
    assert judged(problem, w, tau=depth / 2).kind is not Kind.LOCAL_MINIMUM


def test_further_off_it_is_falling(houses):
    """Nothing is proved where the gradient is of the size of the loss."""
    problem = problem_of(mlp(houses.name, (1,)), houses)
    assert judged(problem, affine(problem) + 0.1 * drawn(problem)).kind is Kind.FALLING


def test_two_units_for_one_plane_are_singular_and_prove_nothing(houses):
    """Which unit does how much is free beyond the symmetries that are known: stationary, undecided."""
    problem = problem_of(mlp(houses.name, (2,)), houses)
    found = judged(problem, affine(problem, units=2))
    assert (found.kind, found.proved, found.kind.conclusive) == (Kind.STATIONARY, False, False)


@pytest.mark.parametrize(("output", "loss"), [("linear", "mse"), ("softmax", "ce")])
def test_under_a_penalty_weights_are_definite_by_themselves(digits, output, loss):
    """Newton's method on one unit; for cross entropy the rounding is estimated, and nothing proved."""
    problem = problem_of(mlp(digits.name, (1,), output, loss, penalty=L2(0.3)), digits)
    w = weights(problem, W1=[[0.0]] * 12, b1=[1.0], W2=[[0.0] * 4])
    means = problem.y.mean(0)
    w[0, -4:] = means if loss == "mse" else means.log()
    found = judged(problem, w)
    assert (found.kind, found.proved) == (Kind.LOCAL_MINIMUM, loss == "mse")
    # Without the penalty the same point is a saddle: the unit could begin to explain something.
    bare = problem_of(mlp(digits.name, (1,), output, loss), digits)
    assert judged(bare, w).kind is Kind.FALLING


@pytest.mark.parametrize("lift", [1.0, 1e3])
def test_a_saddle_is_not_a_minimum_however_small_its_curvature(houses, lift):
    """A unit that says nothing yet, as in a deep linear network at 0. With a large bias the negative
    eigenvalue is a 10^-12th of the largest."""
    problem = problem_of(mlp(houses.name, (1,)), houses)
    w = weights(problem, b1=[lift], b2=problem.y.mean(0))
    found = judged(problem, w)
    assert found.gradient < 1e-6
    assert not found.kind.conclusive
    assert found.kind is Kind.FALLING
    assert found.curvature < 0


def test_a_saddle_is_seen_by_lanczos_too(houses):
    """Beyond the dense limit."""
    problem = problem_of(mlp(houses.name, (3,)), houses)
    w = weights(problem, b1=[1.0, 2.0, 3.0], b2=problem.y.mean(0))
    found = judged(problem, w, budget=Budget(dense=0, steps=20))
    assert (found.kind, found.curvature < 0) == (Kind.FALLING, True)
    assert judged(problem, w, budget=Budget(dense=0, steps=0)).kind is Kind.STATIONARY


# -- at kinks -----------------------------------------------------------------------------


def test_a_stationary_kink(houses):
    """The gradient of one side is not 0, the least directional derivative is."""
    data, knot = STATIONARY
    problem = problem_of(mlp(data.name, (1,)), data)
    w = hinge(problem, knot)
    found = judged(problem, w)
    assert (found.kind, found.boundary, found.proved) == (Kind.STATIONARY_KINK, 1, True)
    assert 0 <= found.gap < 1e-12
    assert found.slope == pytest.approx(0, abs=1e-12)
    assert found.curvature > 0
    for seed in range(50):
        d = drawn(problem, seed)
        assert float((problem.loss(w + 1e-4 * d) - problem.loss(w))[0]) > -1e-13


def test_a_kink_that_is_not_stationary_falls_as_steeply_as_said():
    """The direction is confirmed by a step, and no drawn one is steeper."""
    data, knot = MOVING
    problem = problem_of(mlp(data.name, (1,)), data)
    w = hinge(problem, knot)
    found = judged(problem, w)
    assert (found.kind, found.boundary) == (Kind.FALLING, 1)
    assert found.slope < -1e-3
    kinked = first_order(problem, w, 1e-9, 1e-9)
    assert derivative(problem, w, kinked.direction) == pytest.approx(kinked.slope, rel=1e-4)
    assert all(
        derivative(problem, w, d / d.norm()) >= kinked.slope - 1e-6
        for d in (drawn(problem, seed) for seed in range(50))
    )


def test_a_kink_that_is_a_ridge_is_not_stationary():
    """The other sign of the weight out: the slope in the unit is negative, both sides go down."""
    data, knot = STATIONARY
    problem = problem_of(mlp(data.name, (2,)), data)
    # A second, constant unit makes room to turn the first unit's sign without moving the other residuals.
    w = hinge(problem, knot, b1=[0.0, 1.0])
    parts = problem.stacked(w)
    W1 = parts["W1"][0].clone()
    W1[0, 0], b1 = -1.0, parts["b1"][0].clone()
    b1[0] = problem.x[knot, 0]
    w = weights(problem, W1=W1, b1=b1, W2=parts["W2"][0], b2=parts["b2"][0])
    found = judged(problem, w)
    assert found.kind is Kind.FALLING
    kinked = first_order(problem, w, 1e-9, 1e-9)
    assert derivative(problem, w, kinked.direction) == pytest.approx(kinked.slope, rel=1e-4)


def test_a_saddle_at_a_stationary_kink_is_falling():
    """A second unit that says nothing yet: first order holds, second does not."""
    data, knot = STATIONARY
    problem = problem_of(mlp(data.name, (2,)), data)
    found = judged(problem, hinge(problem, knot, b1=[0.0, 5.0]))
    assert found.slope == pytest.approx(0, abs=1e-12)
    assert (found.kind, found.boundary) == (Kind.FALLING, 1)
    assert found.curvature < 0
    # Lanczos sees it as well.
    more = judged(problem, hinge(problem, knot, b1=[0.0, 5.0]), budget=Budget(dense=0, steps=8))
    assert (more.kind, more.curvature) == (Kind.FALLING, pytest.approx(found.curvature))


def test_a_kink_of_a_deeper_layer_is_tested_to_first_order_only():
    """Steepest direction as by differences; where it is stationary, second order is left open."""
    for (data, knot), kind in ((STATIONARY, Kind.STATIONARY), (MOVING, Kind.FALLING)):
        problem = problem_of(mlp(data.name, (1, 1)), data)
        flat = problem_of(mlp(data.name, (1,)), data)
        W1, b1, W2, b2 = (part[0] for part in flat.stacked(hinge(flat, knot)).values())
        w = weights(problem, W1=W1, b1=[5.0], W2=[[1.0]], b2=b1 - 5.0, W3=W2, b3=b2)
        kinked = first_order(problem, w, 1e-9, 1e-9)
        assert (kinked.pairs, kinked.layer) == (1, 2)
        found = judged(problem, w)
        assert found.kind is kind
        if kind is Kind.FALLING:
            assert derivative(problem, w, kinked.direction) == pytest.approx(kinked.slope, rel=1e-4)


def test_a_unit_that_is_nothing_is_at_zero_everywhere_and_open(houses):
    """All weights 0: every sample is at a kink; nothing is claimed."""
    problem = problem_of(mlp(houses.name, (2,)), houses)
    w = weights(problem, b2=problem.y.mean(0))
    found = judged(problem, w)
    assert found.boundary == 2 * problem.samples
    assert not found.kind.conclusive


# -- flat ---------------------------------------------------------------------------------


def test_a_saturated_softmax_is_flat(digits):
    """All samples in one class, by a bias of 10: slopes of exp(-10), and curvature of exp(-20)."""
    problem = problem_of(mlp(digits.name, (5,), "softmax"), digits)
    w = 0.3 * drawn(problem)
    w[0, -4:] = torch.tensor([10.0, 0.0, 0.0, 0.0])
    found = judged(problem, w)
    assert (found.kind, found.kind.conclusive) == (Kind.FLAT, False)
    assert found.residual > 0.9
    w[0, -4:] = 0.0
    found = judged(problem, w)
    assert found.kind is Kind.FALLING
    assert found.residual < 0.9
    # A method's own residual goes before.
    assert certify(problem, ended(problem, w, residual=0.95), tau=1e-6)[0].kind is Kind.FLAT


def test_the_newton_residual_is_least_squares_within_the_reach(digits):
    """Beside the dense Gauss-Newton matrix, for a cross entropy."""
    problem = problem_of(mlp(digits.name, (3,), "softmax", "ce", penalty=L2(0.5)), digits)
    w = 3 * drawn(problem)
    at = problem.linearise(w)
    J = torch.stack([at.jvp(e[None])[0].flatten() for e in torch.eye(problem.parameters).double()], 1)
    h = torch.softmax(at.z[0], -1)
    S = torch.block_diag(*[torch.diag(p) - torch.outer(p, p) for p in h]) / problem.samples
    role = [one.role for one in problem.about.values()]
    decay = torch.cat(
        [
            torch.full((math.prod(one.shape),), 0.5 if r == "weight" else 0.0).double()
            for one, r in zip(problem.about.values(), role, strict=True)
        ]
    )
    H = J.T @ S @ J + torch.diag(decay)
    p = torch.linalg.lstsq(H, -at.gradient[0], driver="gelsd")[0]
    if float(p.norm()) <= float(w.norm()):
        expected = float((H @ p + at.gradient[0]).norm() / at.gradient[0].norm())
        assert newton_residual(problem, w, 200) == pytest.approx(expected, abs=1e-6)
    assert newton_residual(problem, w, 3) > newton_residual(problem, w, 10)


# -- what the arguments are made of ---------------------------------------------------------


@pytest.mark.parametrize(("output", "loss"), [("linear", "mse"), ("linear", "ce"), ("softmax", "ce")])
def test_what_is_not_essential_can_be_made_up_for(digits, output, loss):
    """Leaving these columns out of the Jacobian of what the loss sees takes nothing from its range."""
    problem = problem_of(mlp(digits.name, (4, 3), output, loss), digits)
    parts = {name: part[0].clone() for name, part in problem.stacked(drawn(problem)).items()}
    parts["b1"] += torch.tensor([0.0, 100.0, -100.0, 0.0])
    parts["b2"][1] += 1000.0
    w = weights(problem, **parts)
    kinked = first_order(problem, w, 1e-9, 1e-9)
    keep = essential(problem, w, kinked.active)
    at = problem.linearise(w)
    J = torch.stack([at.jvp(e[None])[0] for e in torch.eye(problem.parameters).double()], 2)
    if loss == "ce":
        J = J - J.mean(1, keepdim=True)
    J = J.flatten(0, 1)
    rank = int(torch.linalg.matrix_rank(J, rtol=1e-10))
    assert int(torch.linalg.matrix_rank(J[:, keep], rtol=1e-10)) == rank
    # Of the silent unit all; of the one that is always active one weight, and four that no sample uses.
    free = {name: ~part[0] for name, part in problem.stacked(keep[None]).items()}
    assert free["W1"].sum(0)[1:3].tolist() == [5, 12]
    assert bool(free["b1"][[1, 2]].all())
    assert int(free["b3"].sum()) == (loss == "ce")


def test_what_a_penalty_holds_is_essential(digits):
    """Only biases are free: of the silent, and of the always active."""
    problem = problem_of(mlp(digits.name, (4,), penalty=L2(0.1)), digits)
    parts = {name: part[0].clone() for name, part in problem.stacked(drawn(problem)).items()}
    parts["b1"] += torch.tensor([0.0, 100.0, -100.0, 0.0])
    w = weights(problem, **parts)
    keep = essential(problem, w, first_order(problem, w, 1e-9, 1e-9).active)
    active = problem.x @ parts["W1"] + parts["b1"] > 0
    free = {name: ~part[0] for name, part in problem.stacked(keep[None]).items()}
    assert torch.equal(free.pop("b1"), active.all(0) | ~active.any(0))
    assert not any(bool(part.any()) for part in free.values())


def test_slopes_in_the_first_layer_are_autograd_s(digits):
    """Of two hidden layers, within the cell, and no larger than the majorant's."""
    problem = problem_of(mlp(digits.name, (4, 3)), digits)
    w = drawn(problem)
    masks = cell_masks(problem, w, first_order(problem, w, 1e-9, 1e-9).active)
    W1, b1, W2, b2, W3, b3 = (part[0] for part in problem.stacked(w).values())
    h = (problem.x @ W1 + b1).relu().requires_grad_()
    loss = 0.5 * ((h @ W2 + b2).relu() @ W3 + b3 - problem.y).square().sum() / problem.samples
    (expected,) = torch.autograd.grad(loss, h)
    torch.testing.assert_close(first_slopes(problem, w, masks), expected)
    assert bool((first_slopes(problem, w.abs(), masks, majorant=True) >= expected.abs()).all())
    torch.testing.assert_close(losses(cell_objective(problem, masks), w[0]), problem.loss(w)[0])


def test_a_kink_near_which_another_unit_turns_is_not_proved():
    """The ball in which the objective is convex must hold no other kink: one at 1e-13 is too close, and one
    that counts as 0 is a wall."""
    data, knot = STATIONARY
    problem = problem_of(mlp(data.name, (1,)), data)
    w = hinge(problem, knot)
    for away, kind, proved in ((0.0, Kind.STATIONARY_KINK, True), (1e-5, Kind.FALLING, False)):
        moved = w.clone()
        moved[0, 1] += away
        found = judged(problem, moved)
        assert (found.kind, found.proved) == (kind, proved)
        assert found.boundary == (away == 0.0)


def test_a_dead_unit_beside_a_live_one_takes_no_proof_away(houses):
    """A silent unit has no part in the minimum, whatever its weights; at 0 on one sample it may have."""
    problem = problem_of(mlp(houses.name, (2,)), houses)
    single = problem_of(mlp(houses.name, (1,)), houses)
    W1, b1, W2, b2 = (part[0] for part in single.stacked(affine(single)).values())
    for bias, proved in ((-20.0, True), (-float(problem.x[:, 0].max()), False)):
        w = weights(
            problem,
            W1=torch.cat([W1, torch.eye(6, 1).double()], 1),
            b1=[float(b1), bias],
            W2=[[float(W2)], [1.0]],
            b2=b2,
        )
        found = judged(problem, w)
        assert (found.kind is Kind.LOCAL_MINIMUM, found.proved) == (proved, proved)
