"""Levenberg-Marquardt: it lowers every loss, step by step, and a stopped descent goes on with its bytes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from models.descent.newton import systems
from models.descent.problem import Problem, problem_of
from models.optimisers.levenberg_marquardt import LevenbergMarquardt
from models.parts.part import decoded
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


def test_least_squares_are_solved_in_one_step(houses):
    """Without hidden layers the model is the loss: the first step ends where lstsq does."""
    problem = problem_of(mlp(houses.name, ()), houses)
    method = LevenbergMarquardt(damping=1e-12, accuracy=1e-9)
    at = method.step(problem, method.start(problem, drawn(problem)))
    x = torch.cat([problem.x, torch.ones(problem.samples, 1)], 1)
    best = torch.linalg.lstsq(x, problem.y, driver="gelsd").solution
    least = 0.5 * (x @ best - problem.y).square().sum(1).mean()
    torch.testing.assert_close(at.loss, least.expand(2), rtol=1e-6, atol=1e-12)


def test_good_steps_lead_to_no_damping_below_the_rounding_of_the_products(digits):
    """By a twentieth each, to 1e-5; less is kept where it was asked for."""
    problem = problem_of(mlp(digits.name, ()), digits)
    for damping, expected in ((1e-3, [5e-5, 1e-5, 1e-5]), (1e-7, [1e-7, 1e-7])):
        method = LevenbergMarquardt(damping=damping)
        at = method.start(problem, drawn(problem))
        for value in expected:
            at = method.step(problem, at)
            torch.testing.assert_close(at.memory["damping"], torch.full_like(at.loss, value))


@pytest.mark.parametrize("widths", [(500,), (200, 100)], ids=str)
def test_a_wide_network_fits_its_data(digits, widths):
    """Samples times outputs fewer than weights: the squared error falls to a hundredth of a constant's."""
    problem = problem_of(mlp(digits.name, widths), digits)
    method = LevenbergMarquardt()
    at = method.start(problem, 0.3 * drawn(problem))
    for _ in range(16):
        at = method.step(problem, at)
    assert (at.loss < 1e-2 * problem.baseline).all()
    assert not at.stalled.any()


def test_any_network_is_served(digits):
    """The generic problem's products do, without a preconditioner."""
    problem = Problem(mlp(digits.name, (5,)), digits)
    method = LevenbergMarquardt()
    at = method.start(problem, 0.3 * drawn(problem))
    first = at.loss
    for _ in range(4):
        at = method.step(problem, at)
    assert (at.loss < 0.9 * first).all()


@pytest.mark.parametrize("widths", [(3,), (40,)], ids=str)
def test_a_stopped_descent_goes_on_with_the_same_bytes(digits, widths):
    """Arrays written down after two steps, read back by another process's problem."""
    spec = mlp(digits.name, widths)
    method, whole = LevenbergMarquardt(), problem_of(spec, digits)
    at = method.start(whole, drawn(whole))
    for _ in range(2):
        at = method.step(whole, at)

    def copied(value):
        return torch.from_numpy(np.frombuffer(value.numpy().tobytes(), value.numpy().dtype).copy()).view(
            value.shape
        )

    names = ("w", "loss", "gradient", "products", "stalled", "residual")
    read = replace(
        at,
        **{name: copied(getattr(at, name)) for name in names},
        memory={name: copied(value) for name, value in at.memory.items()},
    )
    fresh = problem_of(spec, digits)
    for _ in range(2):
        at, read = method.step(whole, at), method.step(fresh, read)
    for name in names:
        assert getattr(at, name).numpy().tobytes() == getattr(read, name).numpy().tobytes(), name
    for name, value in at.memory.items():
        assert value.numpy().tobytes() == read.memory[name].numpy().tobytes(), name


@pytest.mark.parametrize("widths", [(3,), (40,)], ids=str)
def test_a_network_does_not_see_what_the_others_weigh(digits, widths):
    """The first row's bytes are the same beside another second row."""
    problem, method = problem_of(mlp(digits.name, widths), digits), LevenbergMarquardt()
    w = drawn(problem)
    other = torch.stack([w[0], 3 * drawn(problem, seed=5)[1]])
    ends = []
    for start in (w, other):
        at = method.start(problem, start)
        for _ in range(3):
            at = method.step(problem, at)
        ends.append(at)
    assert torch.equal(ends[0].w[0], ends[1].w[0])
    assert ends[0].products[0] == ends[1].products[0]


def test_a_kink_stalls_it(houses):
    """One unit on few rows ends where a sample's pre-activation is 0 and the gradient is not: no step lowers
    the loss, and the network stays as it is."""
    problem = problem_of(mlp(houses.name, (1,)), houses)
    method = LevenbergMarquardt()
    at = method.start(problem, drawn(problem, networks=4))
    for _ in range(200):
        at = method.step(problem, at)
        if at.stalled.all():
            break
    assert at.stalled.all()
    assert ((at.residual >= 0) & (at.residual <= 1)).all()
    again = method.step(problem, at)
    for name in ("w", "loss", "gradient", "products", "stalled", "residual"):
        assert torch.equal(getattr(again, name), getattr(at, name))


def test_a_creep_stalls_it_and_a_gradient_that_vanishes_does_not(digits):
    """Saturated softmax outputs lose less than a hundredth a step; a network without hidden layers converges,
    slowly in its loss and fast in its gradient, until no step lowers it."""
    steep = problem_of(mlp(digits.name, (40,), "softmax"), digits)
    method = LevenbergMarquardt()
    at = method.start(steep, 30 * drawn(steep))
    for _ in range(12):
        at = method.step(steep, at)
    assert at.stalled.all()
    assert at.residual.isfinite().all()
    bowl = problem_of(mlp(digits.name, (), "relu", penalty=L2(0.01)), digits)
    at = first = method.start(bowl, drawn(bowl))
    for _ in range(40):
        at = method.step(bowl, at)
    assert at.stalled.all()
    assert (at.gradient < 1e-6 * first.gradient).all()


def test_its_json_is_read_back():
    """Its kind is its file's, and its fields are checked."""
    method = LevenbergMarquardt(damping=0.1)
    assert decoded("optimisers", method.as_json()) == method
    for wrong in ({"damping": 0.0}, {"accuracy": -1.0}, {"most": 0}):
        with pytest.raises(ValueError, match="got"):
            LevenbergMarquardt(**wrong)


def test_what_it_counts_and_says_of_the_gradient(digits):
    """Products grow in every step, and the gradient is that of the weights it stands at."""
    problem, method = problem_of(mlp(digits.name, (40,)), digits), LevenbergMarquardt()
    at = method.start(problem, drawn(problem))
    after = method.step(problem, at)
    assert (after.products > at.products + 3).all()
    torch.testing.assert_close(after.gradient, problem.linearise(after.w).gradient.norm(dim=1))
    torch.testing.assert_close(after.loss, problem.loss(after.w))
    assert after.residual.isnan().all()


def test_what_float32_cannot_say_is_said_in_float64(digits, monkeypatch):
    """A step under the mildest damping that leaves more than half of the loss: products of later ones have
    twice the digits. Under more damping, and while steps go far, they stay as they are."""
    asked = []
    system_at = systems.system_at

    def noting(problem, here, w, dtype, **more):
        asked.append(dtype)
        return system_at(problem, here, w, dtype, **more)

    monkeypatch.setattr(systems, "system_at", noting)
    problem = problem_of(mlp(digits.name, (3,)), digits)
    method = LevenbergMarquardt(damping=1e-6)
    at, left = method.start(problem, drawn(problem)), []
    for _ in range(12):
        before, at = at, method.step(problem, at)
        left.append(float((at.loss / before.loss).max()))
    first = next(step for step, share in enumerate(left) if share > 0.5)
    assert first < 11
    assert set(asked[: first + 1]) == {torch.float32}
    assert asked[first + 1] is torch.float64
    damped = LevenbergMarquardt(damping=1.0)
    asked.clear()
    damped.step(problem, damped.step(problem, damped.start(problem, drawn(problem))))
    assert set(asked) == {torch.float32}


@pytest.mark.parametrize("finest", [1.0, 1e-3])
def test_damping_falls_as_far_as_the_system_resolves(digits, monkeypatch, finest):
    """After good steps it is the mildest, in units of the share that counts."""
    system_at = systems.system_at

    def apart(*args, **more):
        system = system_at(*args, **more)
        system.finest = torch.full_like(system.finest, finest)
        return system

    monkeypatch.setattr(systems, "system_at", apart)
    problem = problem_of(mlp(digits.name, (40,)), digits)
    method = LevenbergMarquardt(damping=2e-5)
    at = method.start(problem, drawn(problem))
    for _ in range(2):
        at = method.step(problem, at)
    lowest = float(at.memory["damping"].min())
    assert lowest == pytest.approx(1e-5) if finest == 1 else 1e-8 <= lowest < 5e-6
