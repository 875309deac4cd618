"""The Hessian's products beside autograd's, and what is left of a gradient beside least squares."""

from __future__ import annotations

import pytest
import torch
from torch.func import grad, jacrev

from models.descent.problem import Problem, problem_of
from models.descent.residual import hessian, newton_residual
from models.penalties.l2 import L2
from tests.helpers.specs import mlp
from tests.models.descent.test_problem import PAIRS, by_hand, drawn


@pytest.mark.parametrize("widths", [(), (5,), (4, 3)], ids=str)
@pytest.mark.parametrize("penalty", [None, L2(0.1)], ids=["plain", "l2"])
@pytest.mark.parametrize(("output", "loss"), PAIRS)
def test_products_with_the_hessian_are_autograd_s(digits, output, loss, penalty, widths):
    """By hand, for every output and loss, and by torch.func for any network."""
    spec = mlp(digits.name, widths, output, loss, penalty=penalty)
    w, v = drawn(problem_of(spec, digits)), drawn(problem_of(spec, digits), seed=1)
    unit = torch.tensor([0.5, 2.0], dtype=torch.float64)
    generic = Problem(spec, digits)
    expected = hessian(generic, generic.linearise(w), w, unit)(v)
    problem = problem_of(spec, digits)
    found = hessian(problem, problem.linearise(w), w, unit, torch.float64)(v)
    torch.testing.assert_close(found, expected, rtol=1e-9, atol=1e-11)


def test_the_residual_is_what_the_best_step_leaves(digits):
    """With as many products as parameters, beside a dense Hessian's; fewer leave more."""
    problem = problem_of(mlp(digits.name, (2,), "softmax"), digits)
    w = 0.3 * drawn(problem)
    few, more = newton_residual(problem, w, 4), newton_residual(problem, w, 16)
    assert (more <= few + 1e-6).all()
    for k in range(2):
        H = jacrev(grad(lambda row: by_hand(problem, row)))(w[k])
        g = problem.linearise(w[k : k + 1]).gradient[0]
        basis = [g]
        for _ in range(3):
            basis.append(H @ basis[-1])
        Q = torch.linalg.qr(torch.stack(basis, 1))[0]
        left = g - H @ Q @ torch.linalg.lstsq(H @ Q, g[:, None]).solution[:, 0]
        torch.testing.assert_close(few[k], left.norm() / g.norm(), rtol=1e-2, atol=1e-3)
