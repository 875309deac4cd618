"""The hand-written problem of multilayer perceptrons beside the generic one."""

from __future__ import annotations

import gc
import weakref

import pytest
import torch

from models.descent.inputs import leading
from models.descent.multilayer import Multilayer
from models.descent.problem import Problem, problem_of
from models.penalties.l2 import L2
from tests.helpers.specs import mlp
from tests.models.descent.test_problem import PAIRS, drawn

CLOSE = {"rtol": 1e-10, "atol": 1e-12}


@pytest.mark.parametrize("widths", [(), (5,), (6, 4, 3)], ids=str)
@pytest.mark.parametrize("penalty", [None, L2(0.1)], ids=["plain", "l2"])
@pytest.mark.parametrize(("output", "loss"), PAIRS)
def test_it_is_the_generic_problem(digits, output, loss, penalty, widths):
    """Values, gradients and products with the Jacobian to 1e-10, though unused inputs take no part."""
    spec = mlp(digits.name, widths, output, loss, penalty=penalty)
    fast, slow = problem_of(spec, digits), Problem(spec, digits)
    assert isinstance(fast, Multilayer)
    assert fast.inputs.x.shape[1] == 8
    w, v = drawn(slow), drawn(slow, seed=1)
    ours, theirs = fast.linearise(w), slow.linearise(w)
    for name in ("loss", "gradient", "z", "slope"):
        torch.testing.assert_close(getattr(ours, name), getattr(theirs, name), **CLOSE)
    u = torch.randn(ours.z.shape, dtype=torch.float64, generator=torch.Generator().manual_seed(2))
    torch.testing.assert_close(ours.jvp(v), theirs.jvp(v), **CLOSE)
    torch.testing.assert_close(ours.vjp(u), theirs.vjp(u), **CLOSE)
    torch.testing.assert_close(fast.loss(v), slow.loss(v), **CLOSE)
    x = torch.tensor(digits.x_test.tolist(), dtype=torch.float64)
    torch.testing.assert_close(fast.scores(w, x), slow.scores(w, x), **CLOSE)


def test_what_is_kept_is_of_the_weights_that_are_asked_for(digits):
    """The last forward and linearisation serve the same weights again, and no others."""
    problem = problem_of(mlp(digits.name, (5,)), digits)
    w = drawn(problem)
    first, loss = problem.linearise(w), problem.loss(w)
    assert problem.linearise(w.clone()) is first
    w[0, 40] += 1
    assert problem.loss(w)[0] != loss[0]
    assert not torch.equal(problem.linearise(w).gradient[0], first.gradient[0])


@pytest.mark.parametrize("samples", [53, 6], ids=["fewer inputs", "fewer samples"])
def test_leading_directions_are_the_best_of_their_rank(digits, samples):
    """B B^T is the truncated eigendecomposition, and everything where the rank allows it."""
    x = problem_of(mlp(digits.name, (5,)), digits).inputs.x[:samples]
    gram = x @ x.mT
    values = torch.linalg.eigvalsh(gram)
    few, all_ = leading(x, 3), leading(x, 60)
    assert few.shape[1] == 3
    assert all_.shape[1] == min(8, samples)
    left = torch.linalg.matrix_norm(gram - few @ few.mT, 2)
    torch.testing.assert_close(left, values[-4], rtol=1e-8, atol=0)
    torch.testing.assert_close(all_ @ all_.mT, gram)


def test_nothing_outlives_its_use(digits):
    """A dropped linearisation, and a problem that forgot its last, are gone without a search for cycles."""
    problem = problem_of(mlp(digits.name, (5,)), digits)
    gc.collect()
    gc.disable()
    try:
        first = weakref.ref(problem.linearise(drawn(problem)).inputs[1])
        problem.linearise(drawn(problem, seed=1))
        assert first() is None
        problem.forget()
        last = weakref.ref(problem)
        del problem
        assert last() is None
    finally:
        gc.enable()
