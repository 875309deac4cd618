"""Kernels, surrogates and the two ways to a step, beside dense matrices in float64."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from models.descent.newton.conjugate import conjugate_gradients
from models.descent.newton.dual import Dual, _triangle
from models.descent.newton.kernel import inner_products, tangent_kernel
from models.descent.newton.outputs import output_curvature
from models.descent.newton.surrogate import surrogate
from models.descent.newton.systems import system_at
from models.descent.problem import problem_of
from models.penalties.l2 import L2
from tests.helpers.specs import mlp
from tests.models.descent.test_problem import PAIRS, drawn

EXACT = {"rtol": 1e-8, "atol": 1e-10}


def jacobian(problem, at):
    """J [M, m K, P], with outputs of a sample together."""
    eye = torch.eye(problem.parameters, dtype=torch.float64)
    return torch.stack([at.jvp(one.expand(len(at.z), -1)).flatten(1) for one in eye], -1)


@pytest.mark.parametrize("widths", [(), (5,), (6, 4), (6, 5, 4)], ids=str)
@pytest.mark.parametrize("scaled", [False, True], ids=["plain", "scaled"])
def test_the_kernel_is_the_jacobian_s_and_the_surrogate_its_stand_in(digits, widths, scaled):
    """Products with J D J^T; a surrogate with all directions differs by nothing with one hidden layer."""
    problem = problem_of(mlp(digits.name, widths), digits)
    at = problem.linearise(drawn(problem))
    scale = torch.tensor([0.3, 0.8] if scaled else [1.0, 1.0], dtype=torch.float64)
    D = torch.cat(
        [
            scale[:, None].expand(2, part[0].numel())
            if name[0] == "W"
            else torch.ones(2, part[0].numel()).double()
            for name, part in problem.stacked(drawn(problem)).items()
        ],
        1,
    )
    J = jacobian(problem, at)
    K = (J * D[:, None]) @ J.mT
    kernel = tangent_kernel(at, problem.inputs, scale, torch.float64)
    u = torch.randn(at.z.shape, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    expected = (K @ u.flatten(1)[..., None]).view_as(u)
    torch.testing.assert_close(kernel.product(u.mT.contiguous()).mT, expected, **EXACT)
    assert all(gram.factor is not None for gram in kernel.grams), "53 samples of 8 inputs"
    by_gram = replace(kernel, grams=tuple(replace(gram, factor=None) for gram in kernel.grams))
    torch.testing.assert_close(by_gram.product(u.mT.contiguous()).mT, expected, **EXACT)
    cheap = surrogate(kernel, problem.inputs.basis, scale)
    if len(widths) <= 1:
        torch.testing.assert_close(cheap.product(u.mT.contiguous()).mT, expected, **EXACT)
        m, outputs = problem.samples, problem.outputs
        blocks = K.view(2, m, outputs, m, outputs).diagonal(0, 2, 4).mean(-1)
        torch.testing.assert_close(sum(cheap.means).expand(2, -1, -1), blocks, **EXACT)
    else:
        apart = (cheap.product(u.mT.contiguous()).mT - expected).flatten(1).norm(dim=1)
        assert (apart < expected.flatten(1).norm(dim=1)).all()


@pytest.mark.parametrize("widths", [(5,), (30,), (8, 6)], ids=str)
@pytest.mark.parametrize("penalty", [None, L2(0.1)], ids=["plain", "l2"])
@pytest.mark.parametrize(("output", "loss"), PAIRS)
def test_among_samples_and_among_parameters_it_is_the_same_step(digits, output, loss, penalty, widths):
    """Both are the dense damped system's solution, and predict the same reduction."""
    problem = problem_of(mlp(digits.name, widths, output, loss, penalty=penalty), digits)
    w = 0.5 * drawn(problem)
    at = problem.linearise(w)
    damping = torch.tensor([0.05, 0.5], dtype=torch.float64)
    going = torch.ones(2, dtype=torch.bool)
    accuracy = torch.full((2,), 1e-13, dtype=torch.float64)
    steps = []
    for dual in (True, False):
        system = system_at(problem, at, w, torch.float64, dual=dual)
        steps.append(system.solve(damping, going, accuracy, 3000))
    curvature = output_curvature(at.z, problem.y, output, loss)
    J = jacobian(problem, at).unflatten(1, at.z.shape[1:])
    A = torch.stack([curvature.transposed(J[..., p]) for p in range(problem.parameters)], -1).flatten(1, 2)
    H = A.mT @ A / problem.samples + torch.diag_embed(damping[:, None].expand(2, problem.parameters))
    if penalty is not None:
        weights = torch.cat(
            [torch.full((part[0].numel(),), float(n[0] == "W")) for n, part in problem.stacked(w).items()]
        )
        H = H + 0.1 * torch.diag(weights.double())
    p = torch.linalg.solve(H, -at.gradient[..., None]).squeeze(-1)
    predicted = -(at.gradient * p).sum(1) - 0.5 * (
        (p[:, None] @ H @ p[..., None]).flatten() - damping * p.square().sum(1)
    )
    for step in steps:
        torch.testing.assert_close(step.p, p, rtol=1e-7, atol=1e-9)
        torch.testing.assert_close(step.predicted, predicted, rtol=1e-7, atol=1e-11)


@pytest.mark.parametrize(("accuracy", "once"), [(0.5, True), (1e-9, False)], ids=["at once", "later"])
def test_a_step_that_one_direction_gives_knows_how_it_moves_the_first_layer(digits, accuracy, once):
    """What is left of the system is no more than was asked for, and who is not going stays."""
    problem = problem_of(mlp(digits.name, (30, 9)), digits)
    w = 0.5 * drawn(problem)
    at = problem.linearise(w)
    damping, going = torch.full((2,), 0.5, dtype=torch.float64), torch.tensor([True, False])
    system = system_at(problem, at, w, torch.float64, dual=True)
    step = system.solve(damping, going, torch.full((2,), accuracy, dtype=torch.float64), 3000)
    assert (step.first is not None) == once
    if step.first is not None:
        V, c = problem.layers(step.p)[0]
        torch.testing.assert_close(step.first, problem.inputs.x @ V + c[:, None], rtol=1e-9, atol=1e-12)
    assert not step.p[1].any()
    assert step.products[0] % 2 == (0 if once else 1)
    A, r = jacobian(problem, at)[0] / problem.samples**0.5, (at.z - problem.y)[0].flatten()
    left = A.T @ (A @ step.p[0]) + damping[0] * step.p[0] + at.gradient[0]  # A^T times what the system leaves
    assert left.norm() <= accuracy * torch.linalg.matrix_norm(A, 2) * r.norm() / problem.samples**0.5


@pytest.mark.parametrize(("output", "loss"), [("linear", "mse"), ("linear", "bce"), ("softmax", "ce")])
@pytest.mark.parametrize("widths", [(12,), (12, 9)], ids=str)
def test_hidden_layers_are_not_lost_beside_a_last_layer_that_dominates(
    digits, monkeypatch, widths, output, loss
):
    """As after the paper's weights have been fitted: large activations under small output weights. Outside
    the range of the last layer's inputs float32 cannot tell the kernel from 0, unless that layer's part is
    float64."""
    problem = problem_of(mlp(digits.name, widths, output, loss), digits)
    named = problem.stacked(drawn(problem)[:1].clone())
    last = f"W{len(widths) + 1}"
    w = problem.flat({name: (0.01 if name == last else 10.0) * part for name, part in named.items()})
    at = problem.linearise(w)
    J = jacobian(problem, at)[0].unflatten(0, at.z.shape[1:])
    curvature = output_curvature(at.z, problem.y, output, loss)
    A = torch.stack([curvature.transposed(J[None, ..., p]) for p in range(problem.parameters)], -1).flatten(
        1, 2
    )
    A = A[0] / problem.samples**0.5
    hidden = A[:, : problem.parameters - named[last][0].numel() - problem.outputs]
    damping = 0.01 * (hidden @ hidden.T).diagonal().mean()[None]
    r = curvature.residual.flatten() / problem.samples**0.5
    whole = A @ A.T + damping * torch.eye(len(A), dtype=torch.float64)
    p = -A.T @ torch.linalg.solve(whole, r)
    predicted = (r.square().sum() - (A @ p + r).square().sum()) / 2
    going, accuracy = torch.tensor([True]), torch.tensor([1e-3], dtype=torch.float64)

    def lost() -> tuple[Dual, float]:
        """The share of the reduction that a step fails to give."""
        system = system_at(problem, at, w, dual=True)
        step = system.solve(damping, going, accuracy, 4000)
        return system, float(1 - (r.square().sum() - (A @ step.p[0] + r).square().sum()) / 2 / predicted)

    system, missing = lost()
    assert system.last is not None
    assert 0 < float(system.finest) < 1e-3
    assert abs(missing) < 1e-4
    monkeypatch.setattr("models.descent.newton.dual._DROWNED", 0.0)
    system, missing = lost()
    assert system.last is None
    assert float(system.finest) == 1
    assert missing > 1e-3


def test_no_layer_is_set_apart_without_need(digits):
    """Where hidden layers have their share of the kernel, and under a penalty, which scales layers' parts."""
    for penalty, large in ((None, 1.0), (L2(0.1), 30.0)):
        problem = problem_of(mlp(digits.name, (12,), penalty=penalty), digits)
        named = problem.stacked(drawn(problem)[:1].clone())
        w = problem.flat(
            {name: (large if name[1] == "1" else 1 / large) * part for name, part in named.items()}
        )
        system = system_at(problem, problem.linearise(w), w, dual=True)
        assert system.last is None
        assert (system.finest == 1).all()


def test_a_penalty_of_unknown_curvature_is_refused(digits):
    """By its name."""

    class Other:
        kind = "other"

        def __call__(self, parameters, about):
            return parameters["b1"].sum()

    problem = problem_of(mlp(digits.name, (3,)), digits)
    at = problem.linearise(drawn(problem))
    object.__setattr__(problem.spec.objective, "penalty", Other())
    with pytest.raises(ValueError, match="'other'"):
        system_at(problem, at, drawn(problem))


def test_conjugate_gradients_end_each_system_for_itself():
    """The exact solutions; who is done stays, and a right-hand side of 0 costs nothing."""
    draw = torch.Generator().manual_seed(0)
    root = torch.randn(3, 6, 6, dtype=torch.float64, generator=draw)
    A = root @ root.mT + torch.eye(6)
    b = torch.randn(3, 6, dtype=torch.float64, generator=draw)
    b[1] = 0
    least = torch.tensor([1e-12, 1e-12, 0.5], dtype=torch.float64)
    found = conjugate_gradients(
        lambda v: (A @ v[..., None]).squeeze(-1),
        lambda e: e,
        b,
        lambda _, rest: rest.norm(dim=1) <= least,
        50,
    )
    torch.testing.assert_close(found.v[:2], torch.linalg.solve(A, b)[:2])
    torch.testing.assert_close(found.rest, b - (A @ found.v[..., None]).squeeze(-1))
    assert found.products[1] == 0
    assert found.products[2] < found.products[0]


@pytest.mark.parametrize("m", [1, 7, 128, 300])
def test_inner_products_are_symmetric_to_the_bit(m):
    """h h^T in strips."""
    h = torch.randn(2, m, 5, generator=torch.Generator().manual_seed(0))
    found = inner_products(h)
    torch.testing.assert_close(found, h @ h.mT)
    assert torch.equal(found, found.mT)


def test_a_factor_is_found_where_rounding_leaves_a_block_indefinite():
    """A preconditioner bears a larger shift; a factor that broke off half way would be none."""
    v = torch.linspace(1, 2, 300)
    blocks = (1e4 * v[:, None] * v)[None]
    blocks[0, 3, 3] -= 1e-2  # what rounding may leave
    shift = torch.full((1, 1, 1), 1e-6, dtype=torch.float64)
    assert int(torch.linalg.cholesky_ex(blocks + 1e-6 * torch.eye(300))[1]) > 0
    factor = _triangle(blocks, shift)
    apart = factor @ factor.mT - blocks
    assert apart.abs().max() < 10 * shift.max() * 1e6
    assert bool((factor.diagonal(0, -2, -1) > 0).all())
