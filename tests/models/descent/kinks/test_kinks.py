"""Descent over kinks: a kink that is a minimum is kept, one that is not is left."""

from __future__ import annotations

import pytest
import torch

from models.descent.kinks.cell import Perceptron
from models.descent.kinks.step import advance, place, subgradient
from models.descent.problem import problem_of
from tests.helpers.specs import mlp
from tests.models.descent.kinks.planted_kinks import on_kinks


def descended(problem, w, most=60):
    at = place(Perceptron(problem), w[0])
    for _ in range(most):
        at = advance(at)
    return at


@pytest.mark.parametrize("seed", [0, 2, 3])
@pytest.mark.parametrize("multipliers", [(0.5,), (0.3, 0.7, 0.5)])
def test_a_stationary_kink_is_kept(multipliers, seed, houses):
    """All multipliers inside [0, 1]: no direction lowers the loss, and the one-sided gradient is not 0."""
    problem, w = on_kinks(houses, multipliers, seed=seed)
    at = place(Perceptron(problem), w[0])
    assert int(at.held.sum()) == len(multipliers)
    assert subgradient(at) < 1e-15 < 1e-6 < float(problem.loss_and_gradient(w)[1].norm())
    ends = descended(problem, w)
    assert ends.stalled
    assert ends.cell.loss >= at.cell.loss * (1 - 1e-9)
    assert torch.equal(ends.held, at.held)


@pytest.mark.parametrize("seed", [0, 2, 3])
@pytest.mark.parametrize(
    ("multipliers", "active"), [((1.4,), True), ((-0.4,), False), ((0.5, 1.5, 0.4), True)]
)
def test_a_kink_with_a_multiplier_outside_is_left_to_that_side(multipliers, active, seed, houses):
    """The loss falls at once, on the side that the multiplier says."""
    problem, w = on_kinks(houses, multipliers, seed=seed)
    at = place(Perceptron(problem), w[0])
    which = multipliers.index(max(multipliers, key=lambda t: abs(t - 0.5)))
    assert at.held[which, 0]
    assert subgradient(at) > 1e-6
    after = advance(at)
    assert after.cell.loss < at.cell.loss
    assert not after.held[which, 0]
    assert bool(after.cell.a[which, 0] > 0) == active


@pytest.mark.parametrize("seed", [0, 2, 3])
def test_a_ridge_is_left_though_clarke_stationary(seed, houses):
    """With the residuals turned around, the kink's pull is downwards on both sides, 0 is in the Clarke
    subdifferential, and the loss falls all the same."""
    problem, w = on_kinks(houses, (0.5,), seed=seed)
    problem.y = 2 * problem.scores(w)[0] - problem.y
    at = place(Perceptron(problem), w[0])
    assert float(at.cell.pull[0, 0]) < 0
    after = advance(at)
    assert not after.stalled
    assert after.cell.loss < at.cell.loss


def test_a_network_that_stalls_is_at_a_minimum_of_every_direction(houses):
    """From a kink that was left to where nothing goes on: random directions lead upwards."""
    problem, w = on_kinks(houses, (1.4,))
    ends = descended(problem, w, 300)
    row = ends.cell.of.flat(ends.cell.layers, w[0])
    assert subgradient(ends) < 1e-6
    away = torch.randn(200, len(row), dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    for distance in (1e-3, 1e-4):
        assert (problem.loss(row + distance * away) >= ends.cell.loss * (1 - 1e-9)).all()


@pytest.mark.parametrize("pull", [1.0, -1.0])
def test_all_weights_on_their_kinks(pull, houses):
    """First-layer weights of 0: every pre-activation lies on its kink, valleys and ridges at once, and the
    one-sided gradient has nothing for the first layer. The loss falls all the same."""
    problem = problem_of(mlp(houses.name, (2,)), houses)
    w = torch.zeros(1, problem.parameters, dtype=torch.float64)
    w[0, -3:-1], w[0, -1] = pull, problem.y.mean()
    at = place(Perceptron(problem), w[0])
    assert at.held.all()
    after = advance(at)
    assert after.cell.loss < 0.99 * at.cell.loss
