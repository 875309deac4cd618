"""Levenberg-Marquardt: it lowers every loss, step by step, and a stopped descent goes on with its bytes."""

from __future__ import annotations

import pytest

from models.descent.problem import problem_of
from models.optimisers.levenberg_marquardt import LevenbergMarquardt
from models.penalties.l2 import L2
from tests.helpers.specs import mlp
from tests.models.descent.test_problem import PAIRS, drawn


@pytest.mark.parametrize("widths", [(3,), (4, 3), (40,), (30, 20)], ids=str)
@pytest.mark.parametrize(("output", "loss"), PAIRS)
def test_the_loss_falls_with_every_output_and_loss(digits, output, loss, widths):
    """Among the parameters of narrow networks, and among the samples of wide ones: never up, and far down."""
    problem = problem_of(mlp(digits.name, widths, output, loss), digits)
    method = LevenbergMarquardt()
    at = method.start(problem, drawn(problem))
    first = at.loss
    for _ in range(6):
        before, at = at, method.step(problem, at)
        assert (at.loss <= before.loss).all()
    assert (at.loss < 0.99 * first).all()


@pytest.mark.parametrize("widths", [(3,), (40,)], ids=str)
def test_a_penalty_is_minimised_with_the_loss(digits, widths):
    """Every step lowers the penalised loss."""
    problem = problem_of(mlp(digits.name, widths, penalty=L2(0.01)), digits)
    method = LevenbergMarquardt()
    at = method.start(problem, drawn(problem))
    for _ in range(6):
        before, at = at, method.step(problem, at)
        assert (at.loss <= before.loss).all()
