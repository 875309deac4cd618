"""Rows that are never written out, beside autograd's."""

from __future__ import annotations

import pytest
import torch

from models.descent.kinks.cell import Perceptron
from models.descent.kinks.model import output_factor
from models.descent.kinks.rows import inner, kink_rows, output_rows, transposed
from models.descent.problem import problem_of
from models.objectives.objective import LOSSES, OUTPUTS
from models.penalties.l2 import L2
from tests.helpers.specs import mlp
from tests.models.descent.kinks.planted_kinks import dense


@pytest.fixture
def drawn(digits):
    """A network with three hidden layers, as its problem, its weights [1, P] and its cell."""
    problem = problem_of(mlp(digits.name, (5, 4, 3), "softmax", "ce"), digits)
    generator = torch.Generator().manual_seed(0)
    w = torch.randn(1, problem.parameters, dtype=torch.float64, generator=generator)
    of = Perceptron(problem)
    return problem, w, of.cell(of.layers(w[0]))


def test_values_and_gradient_are_the_problem_s(drawn):
    """And weights of inputs that are never used come back as they were."""
    problem, w, cell = drawn
    loss, gradient = problem.loss_and_gradient(w)
    assert cell.loss == pytest.approx(float(loss), rel=1e-13)
    torch.testing.assert_close(cell.of.flat(cell.gradient, torch.zeros_like(w[0])), gradient[0])
    assert torch.equal(cell.of.flat(cell.layers, w[0]), w[0])


def test_rows_are_gradients_and_their_products_the_jacobian_s(drawn):
    """Of outputs and of kinks of every layer; inner products, transposed products, tangents."""
    cell = drawn[2]
    outputs = output_rows(cell, torch.eye(4, dtype=torch.float64).expand(53, 4, 4))
    kinks = kink_rows(cell, torch.tensor([0, 17, 31, 12 * 7 + 6, 12 * 20 + 10, 12 * 52 + 11]))
    J, D = dense(cell, outputs), dense(cell, kinks)
    torch.testing.assert_close(inner(cell, outputs, outputs), J @ J.T)
    torch.testing.assert_close(inner(cell, outputs, kinks), J @ D.T)
    torch.testing.assert_close(inner(cell, kinks, kinks), D @ D.T)
    step = [torch.randn_like(layer) for layer in cell.layers]
    flat = torch.cat([part.flatten() for part in step])
    moved, dz = cell.tangent(step)
    torch.testing.assert_close(dz.flatten(), J @ flat)
    torch.testing.assert_close(moved.flatten()[[0, 17, 31, 90, 250, 635]], D @ flat)
    by = torch.randn(len(D), dtype=torch.float64)
    torch.testing.assert_close(torch.cat([p.flatten() for p in transposed(cell, kinks, by)]), D.T @ by)
    e = 1e-6
    ahead = cell.of.cell([layer + e * part for layer, part in zip(cell.layers, step, strict=True)])
    torch.testing.assert_close((ahead.z - cell.z) / e, dz, rtol=1e-4, atol=1e-4)
    torch.testing.assert_close((ahead.a - cell.a) / e, moved, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("output", OUTPUTS)
@pytest.mark.parametrize("loss", LOSSES)
def test_the_factor_times_its_residual_is_the_slope(output, loss, digits):
    """Of all nine pairs."""
    problem = problem_of(mlp(digits.name, (3,), output, loss), digits)
    of = Perceptron(problem)
    generator = torch.Generator().manual_seed(0)
    cell = of.cell(of.layers(torch.randn(problem.parameters, dtype=torch.float64, generator=generator)))
    factor, residual = output_factor(cell)
    torch.testing.assert_close((factor @ residual[:, :, None])[:, :, 0], cell.slope)


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        (
            mlp("tiny", (3,), penalty=L2(0.1)),
            "got a penalty, wanted a fully connected one with hidden layers",
        ),
        (mlp("tiny", ()), "got the network , wanted a fully connected one with hidden layers"),
        (mlp("tiny", (3, 4_000)), "got 159 rows of a Jacobian and 32004 weights after the first layer"),
    ],
)
def test_what_is_no_small_perceptron_is_refused(spec, said, digits):
    """With what was got and what was wanted."""
    with pytest.raises(ValueError, match=said):
        Perceptron(problem_of(spec, digits))
