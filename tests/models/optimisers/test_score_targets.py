"""Descent to right scores: it leaves saturated softmax outputs, where Newton's steps of the loss creep."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from data import load
from models.descent.problem import Problem, problem_of
from models.initialisations.initialisation import initial_parameters
from models.optimisers.levenberg_marquardt import LevenbergMarquardt
from models.optimisers.score_targets import ScoreTargets
from models.parts.part import decoded
from models.penalties.l2 import L2
from tests.helpers.specs import mlp
from tests.models.descent.test_problem import drawn


def descended(method, problem, w, steps):
    at = method.start(problem, w)
    for _ in range(steps):
        before, at = at, method.step(problem, at)
        assert (at.loss <= before.loss).all()
    return at


@pytest.mark.parametrize("widths", [(100,), (100, 50)], ids=str)
def test_a_saturated_softmax_is_left(widths):
    """The paper's weights, scores of thousands, most of them wrong: its squared error goes to 0, and by
    Newton's steps it does not."""
    spec = mlp("mnist-1k", widths, "softmax", "mse", "std")
    problem = problem_of(spec, load(spec.data))
    w = problem.flat(initial_parameters(problem.about, spec.initialisation, [0], [5]))
    assert problem.scores(w).abs().median() > 100
    assert descended(ScoreTargets(), problem, w, 4).loss < 1e-2 * problem.baseline
    assert descended(LevenbergMarquardt(), problem, w, 2).loss > problem.baseline


@pytest.mark.parametrize(
    ("output", "loss"), [("softmax", "mse"), ("softmax", "ce"), ("softmax", "bce"), ("linear", "bce")]
)
@pytest.mark.parametrize("widths", [(3,), (30, 20)], ids=str)
def test_no_step_raises_the_loss(digits, widths, output, loss):
    """Among the parameters of narrow networks and among the samples of wide ones."""
    problem = problem_of(mlp(digits.name, widths, output, loss), digits)
    at = descended(ScoreTargets(), problem, drawn(problem), 5)
    assert (at.loss < 0.9 * problem.loss(drawn(problem))).all()


def test_any_network_is_served(digits):
    """The generic problem's products do."""
    problem = Problem(mlp(digits.name, (5,), "softmax", "mse"), digits)
    at = descended(ScoreTargets(), problem, drawn(problem), 3)
    assert (at.loss < problem.loss(drawn(problem))).all()


def test_a_stopped_descent_goes_on_with_the_same_bytes(digits):
    """Arrays written down after a step, read back by another problem of the same spec."""
    spec = mlp(digits.name, (200,), "softmax", "mse")
    problem, method = problem_of(spec, digits), ScoreTargets()
    at = method.step(problem, method.start(problem, 5 * drawn(problem)))
    again = replace(
        at,
        w=torch.from_numpy(np.array(at.w.numpy())),
        memory={name: torch.from_numpy(np.array(one.numpy())) for name, one in at.memory.items()},
    )
    other = method.step(problem_of(spec, digits), again)
    assert torch.equal(method.step(problem, at).w, other.w)


def test_who_has_stalled_stays(digits):
    """And a network that no step lowers any more has stalled: one that is right by far is."""
    problem, method = problem_of(mlp(digits.name, (200,), "softmax", "mse"), digits), ScoreTargets()
    at = descended(method, problem, drawn(problem), 30)
    assert at.stalled.all()
    after = method.step(problem, at)
    assert torch.equal(after.w, at.w)
    assert torch.equal(after.products, at.products)


@pytest.mark.parametrize("output", ["softmax", "linear"])
def test_logits_of_thousands_become_right(output):
    """The paper's weights under cross entropies: three steps to a thousandth, where Newton's take more."""
    loss = "ce" if output == "softmax" else "bce"
    spec = mlp("mnist-1k", (500,), output, loss, "std")
    problem = problem_of(spec, load(spec.data))
    w = problem.flat(initial_parameters(problem.about, spec.initialisation, [0], [5]))
    assert problem.loss(w) > 10 * problem.baseline
    assert descended(ScoreTargets(), problem, w, 3).loss < 1e-3 * problem.baseline
    assert descended(LevenbergMarquardt(), problem, w, 3).loss > 1e-3 * problem.baseline


@pytest.mark.parametrize(
    ("output", "loss", "penalty"),
    [
        ("linear", "mse", None),
        ("relu", "mse", None),
        ("relu", "bce", None),
        ("linear", "ce", None),
        ("softmax", "mse", L2(0.01)),
        ("linear", "bce", L2(0.01)),
    ],
    ids=str,
)
def test_what_it_is_not_for_is_refused(digits, output, loss, penalty):
    """Other outputs and penalised losses, where right scores are not what a descent leads to."""
    problem = problem_of(mlp(digits.name, (3,), output, loss, penalty=penalty), digits)
    with pytest.raises(ValueError, match="wanted a softmax, or logits under bce, without a penalty"):
        ScoreTargets().start(problem, drawn(problem))


def test_a_spec_says_it_and_is_read_back():
    """Its numbers are in the JSON; those that are none are refused."""
    assert decoded("optimisers", ScoreTargets(margin=5).as_json()) == ScoreTargets(margin=5)
    with pytest.raises(ValueError, match="margin"):
        ScoreTargets(margin=0)
