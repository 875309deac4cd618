"""The full-batch problem: value, gradient and Jacobian beside autograd's, for any network."""

from __future__ import annotations

import pytest
import torch

from models.descent.problem import problem_of
from models.objectives.losses import loss_per_sample
from models.penalties.l2 import L2
from tests.helpers.specs import mlp

PAIRS = [(o, loss) for o in ("linear", "relu", "softmax") for loss in ("mse", "bce", "ce")]


def drawn(problem, networks=2, seed=0):
    return torch.randn(
        networks, problem.parameters, dtype=torch.float64, generator=torch.Generator().manual_seed(seed)
    )


def by_hand(problem, w):
    """The mean loss of one network, on autograd's tape."""
    parameters = {name: part[0] for name, part in problem.stacked(w[None]).items()}
    z = problem.spec.network.apply(parameters, {}, problem.x, False, None)[0]
    objective = problem.spec.objective
    value = loss_per_sample(z, problem.y, objective.output, objective.loss).mean()
    return value if objective.penalty is None else value + objective.penalty(parameters, problem.about)


@pytest.mark.parametrize(("output", "loss"), PAIRS)
def test_value_gradient_and_slope_are_autograd_s(digits, output, loss):
    """Row by row, for every output and loss."""
    problem = problem_of(mlp(digits.name, (5, 3), output, loss), digits)
    w = drawn(problem)
    found = problem.linearise(w)
    for k in range(len(w)):
        row = w[k].clone().requires_grad_()
        value = by_hand(problem, row)
        (gradient,) = torch.autograd.grad(value, row)
        torch.testing.assert_close(found.loss[k], value.detach(), rtol=1e-12, atol=0)
        torch.testing.assert_close(found.gradient[k], gradient, rtol=1e-10, atol=1e-13)
    torch.testing.assert_close(found.vjp(found.slope), found.gradient, rtol=1e-10, atol=1e-13)


def test_the_jacobian_is_its_own_transpose_s_and_predicts_a_small_step(digits):
    """<u, J v> = <J^T u, v>, and z(w + e v) = z + e J v up to e^2 between kinks."""
    problem = problem_of(mlp(digits.name, (6,)), digits)
    w, v = drawn(problem), drawn(problem, seed=1)
    at = problem.linearise(w)
    u = torch.randn(at.z.shape, dtype=torch.float64, generator=torch.Generator().manual_seed(2))
    torch.testing.assert_close((u * at.jvp(v)).sum((1, 2)), (at.vjp(u) * v).sum(1), rtol=1e-10, atol=0)
    step = 1e-7
    torch.testing.assert_close((problem.scores(w + step * v) - at.z) / step, at.jvp(v), rtol=1e-4, atol=1e-4)


def test_a_penalty_is_minimised_with_the_loss(digits):
    """L2 is in the value and the gradient, and not in the slope of the loss."""
    plain, penalised = (
        problem_of(mlp(digits.name, (4,), penalty=penalty), digits) for penalty in (None, L2(0.1))
    )
    w = drawn(plain)
    squares = sum(
        part.square().flatten(1).sum(1) for name, part in plain.stacked(w).items() if name[0] == "W"
    )
    torch.testing.assert_close(penalised.loss(w), plain.loss(w) + 0.05 * squares)
    torch.testing.assert_close(penalised.linearise(w).slope, plain.linearise(w).slope)


def test_flat_and_stacked_are_inverse(digits):
    """What a run keeps by name becomes a row and back."""
    problem = problem_of(mlp(digits.name, (4, 2)), digits)
    w = drawn(problem)
    assert torch.equal(problem.flat(problem.stacked(w)), w)
    with pytest.raises(KeyError):
        problem.flat({"W1": problem.stacked(w)["W1"]})
