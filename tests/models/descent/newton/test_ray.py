"""How far along a step: the loss there is the problem's, and the length the best of its neighbours."""

from __future__ import annotations

import pytest
import torch

from models.descent.newton.ray import best_length
from models.descent.problem import problem_of
from models.penalties.l2 import L2
from tests.helpers.specs import mlp
from tests.models.descent.test_problem import drawn


@pytest.mark.parametrize("widths", [(), (5,), (6, 4)], ids=str)
@pytest.mark.parametrize("penalty", [None, L2(0.1)], ids=["plain", "l2"])
def test_the_loss_along_a_step_is_the_problem_s(digits, widths, penalty):
    """At 0 to the last bits, and elsewhere to those of float32."""
    problem = problem_of(mlp(digits.name, widths, "softmax", "ce", penalty=penalty), digits)
    w, p = drawn(problem), drawn(problem, seed=1)
    loss = problem.along(problem.linearise(w), w, p)
    for length, rtol in ((0.0, 1e-12), (0.5, 1e-4), (4.0, 1e-4)):
        t = torch.full((2,), length, dtype=torch.float64)
        torch.testing.assert_close(loss(t), problem.loss(w + t[:, None] * p), rtol=rtol, atol=0)


def test_the_length_is_the_best_power_of_two_on_the_way():
    """Further while it falls, back while it does not; 1 where no length helps and where none is asked for."""
    best = torch.tensor([9.0, 1.1, 0.2, -1.0, 9.0], dtype=torch.float64)

    def loss(t):
        return (t - best).square()

    one = torch.ones(5, dtype=torch.float64)
    asked = torch.tensor([True, True, True, True, False])
    found = best_length(loss, loss(0 * one), loss(one), asked)
    assert found.t.tolist() == [8.0, 1.0, 0.25, 1.0, 1.0]
    assert found.tried.tolist() == [4, 1, 3, 3, 0]
