"""L-BFGS on functions whose minima are known, on a kink, and on networks."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from models.descent.limited_memory import advance, begin
from models.descent.problem import problem_of
from models.optimisers.lbfgs import LBFGS
from models.parts.part import decoded
from tests.helpers.specs import mlp


def of(loss):
    """A function of the core, from a loss [n] of w [n, P] by autograd."""

    def function(w, rows):
        w = w.clone().requires_grad_()
        value = loss(w)
        (gradient,) = torch.autograd.grad(value.sum(), w)
        return value.detach(), gradient

    return function


def test_a_quadratic_is_minimised():
    """Condition 1e3, three starts; the minimiser is known."""
    scale = torch.logspace(0, 3, 20, dtype=torch.float64)
    centre = torch.linspace(-1, 1, 20, dtype=torch.float64)
    function = of(lambda w: 0.5 * (scale * (w - centre) ** 2).sum(1))
    w = torch.randn(3, 20, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    ends = advance(function, begin(function, w), 2000, 1e-9)
    torch.testing.assert_close(ends.w, centre.expand(3, 20), rtol=0, atol=1e-8)


def test_rosenbrock_is_minimised_and_a_member_is_independent_of_the_others():
    """From the usual start to (1, 1), alone as beside others."""

    def rosenbrock(w):
        return 100 * (w[:, 1] - w[:, 0] ** 2) ** 2 + (1 - w[:, 0]) ** 2

    function = of(rosenbrock)
    starts = torch.tensor([[-1.2, 1.0], [3.0, -2.0], [0.0, 0.0]], dtype=torch.float64)
    together = advance(function, begin(function, starts), 200, 1e-9)
    torch.testing.assert_close(together.w, torch.ones(3, 2, dtype=torch.float64), rtol=0, atol=1e-8)
    alone = advance(function, begin(function, starts[:1]), 200, 1e-9)
    assert torch.equal(alone.w[0], together.w[0])


def test_a_kink_is_descended_to():
    """|u - 1| + 2 |v| + (u + v)^2 / 2 has its minimum on both kinks, at (1, 0)."""
    function = of(lambda w: (w[:, 0] - 1).abs() + 2 * w[:, 1].abs() + 0.5 * (w.sum(1)) ** 2)
    ends = advance(function, begin(function, torch.tensor([[3.0, 2.0]], dtype=torch.float64)), 300)
    assert ends.loss.item() == pytest.approx(0.5, abs=1e-8)
    torch.testing.assert_close(ends.w, torch.tensor([[1.0, 0.0]], dtype=torch.float64), rtol=0, atol=1e-6)


@pytest.fixture
def houses_problem(houses):
    """Five units on the table of houses."""
    return problem_of(mlp(houses.name, (5,)), houses)


def drawn(problem, networks=3):
    generator = torch.Generator().manual_seed(1)
    return torch.randn(networks, problem.parameters, dtype=torch.float64, generator=generator)


def test_no_step_raises_a_loss_and_all_is_counted(houses_problem):
    """Products are two an evaluation of loss and gradient."""
    method = LBFGS(iterations=5)
    at = method.start(houses_problem, drawn(houses_problem))
    assert at.products.tolist() == [2, 2, 2]
    for _ in range(20):
        after = method.step(houses_problem, at)
        assert (after.loss <= at.loss * (1 + 1e-14)).all()
        assert (after.products >= at.products + 10).all() or after.stalled.any()
        torch.testing.assert_close(houses_problem.loss(after.w), after.loss, rtol=1e-12, atol=0)
        at = after
    assert (at.loss < 0.1 * houses_problem.loss(drawn(houses_problem))).all()


def test_a_state_that_was_written_down_goes_on_with_the_same_bytes(houses_problem):
    """Through NumPy and back, between any two steps."""
    method = LBFGS(iterations=7, pairs=3)
    whole = method.start(houses_problem, drawn(houses_problem))
    for _ in range(4):
        kept = {name: value.numpy().copy() for name, value in whole.memory.items()}
        back = replace(whole, memory={name: torch.tensor(value) for name, value in kept.items()})
        whole, again = (method.step(houses_problem, at) for at in (whole, back))
        assert torch.equal(whole.w, again.w)
        assert all(torch.equal(whole.memory[name], again.memory[name]) for name in whole.memory)


def test_a_network_that_has_stalled_stays(houses_problem):
    """Its row is the same, whatever the others do; at a minimum nothing goes on."""
    method = LBFGS()
    at = method.start(houses_problem, drawn(houses_problem))
    held = replace(at, stalled=torch.tensor([False, True, False]))
    after = method.step(houses_problem, held)
    assert torch.equal(after.w[1], at.w[1])
    assert (after.loss[[0, 2]] < at.loss[[0, 2]]).all()
    zero = torch.zeros_like(at.w)
    zero[:, -1] = houses_problem.y.mean()  # the best constant: every other derivative is 0, too
    still = method.step(houses_problem, method.start(houses_problem, zero))
    assert still.stalled.all()


def test_it_is_a_part_with_a_name():
    """Found by its kind, equal after JSON, and it says its label."""
    assert decoded("optimisers", LBFGS(5, 4).as_json()) == LBFGS(5, 4)
    assert (LBFGS().label, LBFGS(5, 4).label) == ("lbfgs", "lbfgs-5-4")
    with pytest.raises(ValueError, match="got pairs 0"):
        LBFGS(pairs=0)
