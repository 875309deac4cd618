"""Strict local minima against autograd, and against everything that must not pass for one."""

from dataclasses import replace
from fractions import Fraction

import flint
import numpy as np
import pytest
import torch

from models.relu import strict_minimum
from models.relu.shallow import ShallowReLU, loss

BEND = np.array([[v] for v in range(-6, 7)])
"""One input; labels below are convex in it, so two units facing each other fit them."""

LABELS = np.array([9, 8, 6, 5, 3, 2, 2, 2, 3, 5, 6, 8, 9])
FACING = np.column_stack([BEND[:, 0] < -1, BEND[:, 0] > 1])


@pytest.fixture(scope="module")
def minimum() -> ShallowReLU:
    return strict_minimum.cell_minimum(BEND, LABELS, FACING)


def as_float(network: ShallowReLU) -> list[float]:
    """w_1, b_1, w_2, b_2, c."""
    first = np.column_stack([network.W1, network.b1]).ravel()
    return [float(Fraction(int(v), network.hidden)) for v in first] + [float(network.b2[0]) / network.output]


def float_loss(theta: torch.Tensor) -> torch.Tensor:
    """The loss with trained output weights, theta = (w_1, b_1, w_2, b_2, c, v_1, v_2)."""
    x, y = torch.tensor(BEND[:, 0]).double(), torch.tensor(LABELS).double()
    w1, b1, w2, b2, c, v1, v2 = theta
    return 0.5 * ((v1 * torch.relu(w1 * x + b1) + v2 * torch.relu(w2 * x + b2) + c - y) ** 2).sum()


def test_a_strict_minimum_is_proved(minimum):
    """The minimiser of its own cell, away from the edges, with a positive definite Hessian."""
    point = strict_minimum.inspect(minimum, BEND, LABELS)
    assert point.is_strict_minimum
    assert point.active == (5, 5)
    assert point.nearest > 0
    assert point.reach == 7
    assert point.loss == loss(minimum, BEND, LABELS[:, None])


def test_hessian_is_autograds(minimum):
    """With output weights one it is that of the float loss; trained ones add a zero for each unit."""
    theta = torch.tensor([*as_float(minimum), 1.0, 1.0], dtype=torch.float64)
    whole = torch.autograd.functional.hessian(float_loss, theta).numpy()
    point = strict_minimum.inspect(minimum, BEND, LABELS)
    exact = np.array(point.hessian.tolist(), dtype=float)
    assert np.allclose(whole[:5, :5], exact, rtol=1e-10)
    eigenvalues = np.linalg.eigvalsh(whole)
    assert np.abs(eigenvalues[:2]).max() < 1e-10 * eigenvalues[-1]
    assert eigenvalues[2] > 1e-3
    gradient = torch.autograd.functional.jacobian(float_loss, theta)
    assert gradient.abs().max() < 1e-10


def test_no_step_within_the_radius_lowers_the_loss(minimum):
    """Any step inside the cell, by exact arithmetic, does worse, with the output bias moved as well."""
    point = strict_minimum.inspect(minimum, BEND, LABELS)
    draw = np.random.default_rng(0)
    fine = 1000 * point.radius.denominator * minimum.hidden
    step = int(point.radius * fine)
    for _ in range(50):
        moves = draw.integers(-step // 2, step // 2, (2, 2))
        moved = ShallowReLU(
            minimum.W1 * (fine // minimum.hidden) + moves[:, :1],
            minimum.b1 * (fine // minimum.hidden) + moves[:, 1],
            minimum.W2 * 1000,
            minimum.b2 * 1000 + int(draw.integers(-500, 500)),
            hidden=fine,
            output=minimum.output * 1000,
        )
        assert loss(moved, BEND, LABELS[:, None]) > point.loss


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda net: replace(net, b2=net.b2 + 1), "stationary"),
        (lambda net: replace(net, W1=net.W1 + np.array([[1], [0]], dtype=object)), "stationary"),
    ],
    ids=["output bias moved", "weight moved"],
)
def test_a_point_off_the_minimum_is_noticed(minimum, change, reason):
    """The gradient is not zero there, however small the step."""
    point = strict_minimum.inspect(change(minimum), BEND, LABELS)
    assert not getattr(point, reason)
    assert not point.is_strict_minimum


def test_a_pre_activation_of_zero_is_noticed():
    """On the edge of a cell one quadratic is not the whole story."""
    network = ShallowReLU(*(np.array(part) for part in ([[-1], [1]], [-1, -1], [[1, 1]], [2])))
    point = strict_minimum.inspect(network, BEND, LABELS)
    assert point.nearest == 0
    assert point.radius == 0
    assert not point.is_strict_minimum


@pytest.mark.parametrize(
    "pattern",
    [FACING[:, [0, 0]], np.column_stack([FACING[:, 0], np.ones(13, dtype=bool)])],
    ids=["two units alike", "always active beside the output bias"],
)
def test_a_singular_hessian_is_noticed(pattern):
    """Directions in which the loss is flat leave no minimiser to speak of."""
    with pytest.raises(ZeroDivisionError, match="got a singular Hessian of size 5, wanted a regular one"):
        strict_minimum.cell_minimum(BEND, LABELS, pattern)


def test_a_singular_hessian_at_a_stationary_point_is_noticed():
    """Two equal units on labels they fit exactly: the gradient is zero and a minor is zero."""
    labels = 2 * np.maximum(2 * BEND[:, 0] - 1, 0)
    network = ShallowReLU(*(np.array(part) for part in ([[2], [2]], [-1, -1], [[1, 1]], [0])))
    point = strict_minimum.inspect(network, BEND, labels)
    assert point.stationary
    assert point.nearest > 0
    assert 0 in point.minors
    assert not point.is_strict_minimum


def test_other_output_weights_are_refused(minimum):
    """The proof is for ones."""
    with pytest.raises(ValueError, match=r"got the output weights .* wanted one output and ones"):
        strict_minimum.inspect(replace(minimum, W2=2 * minimum.W2), BEND, LABELS)


@pytest.mark.parametrize(
    ("matrix", "smallest"), [([[2, 1], [1, 2]], 1), ([[3, 0], [0, 3]], 3), ([[1, 2], [2, 1]], -1)]
)
def test_the_smallest_eigenvalue_lies_in_its_ball(matrix, smallest):
    """Simple, repeated and negative ones; the ball is narrow."""
    ball = strict_minimum.smallest_eigenvalue(flint.fmpz_mat(matrix))
    assert ball.contains(smallest)
    assert float(ball.rad()) < 1e-20


def test_search_finds_the_planted_cell_and_repeats_itself():
    """The planted pattern is among the candidates, whichever unit is first, and a seed fixes them all."""
    found = strict_minimum.search(BEND, LABELS, 2, starts=20, seed=0)
    again = strict_minimum.search(BEND, LABELS, 2, starts=20, seed=0)
    assert [p.tolist() for p in found] == [p.tolist() for p in again]
    wanted = strict_minimum.inspect(strict_minimum.cell_minimum(BEND, LABELS, FACING), BEND, LABELS).loss
    losses = [loss(strict_minimum.cell_minimum(BEND, LABELS, p), BEND, LABELS[:, None]) for p in found]
    assert wanted in losses
    assert len(set(losses)) == len(losses)
