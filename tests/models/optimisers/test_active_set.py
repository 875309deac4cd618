"""The active-set method on networks: monotone, resumable, of every depth, and past where L-BFGS slows."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from models.descent.problem import problem_of
from models.optimisers.active_set import ActiveSet
from models.optimisers.lbfgs import LBFGS
from models.parts.part import decoded
from tests.helpers.specs import mlp


def drawn(problem, networks=2, seed=1):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(networks, problem.parameters, dtype=torch.float64, generator=generator) / 2


@pytest.mark.parametrize("widths", [(6,), (5, 4), (4, 4, 3)], ids=str)
@pytest.mark.parametrize(
    ("output", "loss"), [("linear", "mse"), ("softmax", "ce"), ("relu", "mse"), ("softmax", "mse")]
)
def test_no_step_raises_a_loss(widths, output, loss, digits):
    """Nor says another loss than the problem's."""
    problem = problem_of(mlp(digits.name, widths, output, loss), digits)
    method = ActiveSet(3)
    first = at = method.start(problem, drawn(problem))
    for _ in range(4):
        after = method.step(problem, at)
        assert (after.loss <= at.loss).all()
        assert ((after.loss < at.loss) | after.stalled).all()
        assert ((after.products > at.products) | at.stalled).all()
        torch.testing.assert_close(problem.loss(after.w), after.loss, rtol=1e-11, atol=1e-14)
        at = after
    assert (at.loss < 0.9 * first.loss).all()


def test_it_interpolates_where_there_are_more_weights_than_samples(houses):
    """12 units on 41 samples: to a loss of 0 in a few steps, which L-BFGS takes hundreds of products for."""
    problem = problem_of(mlp(houses.name, (12,)), houses)
    at = ActiveSet().start(problem, drawn(problem))
    for _ in range(20):
        at = ActiveSet().step(problem, at)
    assert (at.loss < 1e-8 * problem.baseline).all()


def test_it_goes_on_from_where_a_smooth_method_stalls(houses):
    """Lower than L-BFGS got in as many products again."""
    problem = problem_of(mlp(houses.name, (4,)), houses)
    at = LBFGS().start(problem, drawn(problem, 4))
    for _ in range(10):
        at = LBFGS().step(problem, at)
    on = ActiveSet().start(problem, at.w)
    for _ in range(20):
        on = ActiveSet().step(problem, on)
    assert (on.loss <= at.loss).all()
    assert (on.memory["subgradient"][on.stalled] < 1e-6).all()


def test_a_state_that_was_written_down_goes_on_with_the_same_bytes(houses):
    """Through NumPy and back, between any two steps."""
    problem = problem_of(mlp(houses.name, (5, 3)), houses)
    method = ActiveSet(2)
    whole = method.start(problem, drawn(problem))
    for _ in range(5):
        kept = {name: value.numpy().copy() for name, value in whole.memory.items()}
        back = replace(
            whole, w=whole.w.clone(), memory={name: torch.tensor(value) for name, value in kept.items()}
        )
        whole, again = (method.step(problem, at) for at in (whole, back))
        assert torch.equal(whole.w, again.w)
        assert all(torch.equal(whole.memory[name], again.memory[name]) for name in whole.memory)


def test_networks_do_not_see_each_other(houses):
    """A network's bytes are those that it has alone; one that has stalled stays."""
    problem = problem_of(mlp(houses.name, (5,)), houses)
    method, w = ActiveSet(), drawn(problem, 3)
    together, alone = (method.step(problem, method.start(problem, rows)) for rows in (w, w[1:2]))
    assert torch.equal(together.w[1], alone.w[0])
    held = method.step(problem, replace(together, stalled=torch.tensor([True, False, False])))
    assert torch.equal(held.w[0], together.w[0])


def test_it_is_a_part_with_a_name():
    """Found by its kind, equal after JSON, and it says its label."""
    assert decoded("optimisers", ActiveSet(3).as_json()) == ActiveSet(3)
    assert (ActiveSet().label, ActiveSet(3).label) == ("active-set", "active-set-3")


@pytest.mark.parametrize("widths", [(3,), (3, 2), (2, 2, 2)], ids=str)
def test_where_it_stalls_no_direction_descends(widths, houses):
    """On kinks of every layer: the smallest subgradient is 0 where the one-sided gradient is not, and none of
    many random directions leads lower."""
    problem = problem_of(mlp(houses.name, widths), houses)
    generator = torch.Generator().manual_seed(3)
    start = torch.randn(4, problem.parameters, dtype=torch.float64, generator=generator) / 2
    method = ActiveSet(10)
    at = method.start(problem, start)
    for _ in range(12):
        at = method.step(problem, at)
    assert at.stalled.all()
    assert (at.memory["subgradient"] < 1e-7).all()
    assert (at.memory["held"].sum((1, 2)) > 0).any()
    assert (at.gradient > 1e-4).any()
    away = torch.randn(200, problem.parameters, dtype=torch.float64, generator=generator)
    for row, loss in zip(at.w, at.loss, strict=True):
        for distance in (1e-3, 1e-5):
            assert (problem.loss(row + distance * away) >= loss * (1 - 1e-12)).all()
