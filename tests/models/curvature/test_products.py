"""Hessian-vector products and dense Hessians against autograd, finite differences and exact rationals."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
import torch

from data.synthetic import load_synthetic
from models.curvature.hessian import dense_hessian
from models.curvature.objective import Objective, deep_linear, network, stacked
from models.curvature.products import (
    gradient_error,
    gradients,
    hessian_products,
    loss_error,
    losses,
    product_error,
)
from models.engines.mlp.ensemble import Operands, forward, layer_views, parameter_count, row_size
from models.engines.mlp.inputs import Inputs
from models.exact.moments import moments
from models.objectives.losses import loss_per_sample

SIZES = (5, 4, 3)
MEMBERS = 3
HEADS = [(o, k) for o in ("linear", "relu", "softmax") for k in ("mse", "bce", "ce")]


def drawn(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(seed).normal(size=shape))


def samples(m: int = 11) -> tuple[torch.Tensor, torch.Tensor]:
    labels = torch.from_numpy(np.random.default_rng(1).integers(0, SIZES[-1], m))
    return drawn(m, SIZES[0], seed=2), torch.nn.functional.one_hot(labels, SIZES[-1]).double()


def statistics(name: str = "synthetic") -> tuple[torch.Tensor, torch.Tensor, int]:
    planted = load_synthetic(name)
    found = moments(planted.X, planted.Y)
    return torch.from_numpy(found.gram), torch.from_numpy(found.cross), found.label_square


def small_statistics() -> tuple[torch.Tensor, torch.Tensor, int]:
    """Of order 1, so that finite differences of the loss resolve it."""
    X, Y = np.array([[1, 0], [1, 1], [2, -1]]), np.array([[1, 2], [0, 1], [-1, 1]])
    return torch.from_numpy(X.T @ X), torch.from_numpy(X.T @ Y), int((Y * Y).sum())


@pytest.mark.parametrize(("output", "loss"), HEADS, ids=lambda v: v)
def test_network_is_the_ensemble_engine_s_loss(output, loss):
    """The objective of a flat row is the engine's mean loss of that member, biases and order included."""
    x, y = samples()
    layers = layer_views(drawn(MEMBERS, row_size(SIZES)), SIZES)
    of = Operands(layers)
    expected = loss_per_sample(forward(of, of.joined(), Inputs(x.t())), y, output, loss).mean(1)
    found = losses(network(SIZES, x, y, output, loss), stacked(layers))
    torch.testing.assert_close(found, expected, rtol=1e-13, atol=0)


@pytest.mark.parametrize(("output", "loss"), HEADS, ids=lambda v: v)
def test_products_agree_with_autograd_s_hessian(output, loss):
    """Batched over members and directions, products are those of torch.autograd.functional.hessian."""
    x, y = samples()
    objective = network(SIZES, x, y, output, loss)
    W, V = drawn(MEMBERS, objective.parameters), drawn(MEMBERS, 4, objective.parameters, seed=5)
    found = hessian_products(objective, W, V)
    for w, directions, products in zip(W, V, found, strict=True):
        H = torch.autograd.functional.hessian(lambda u: losses(objective, u), w)
        torch.testing.assert_close(products, directions @ H, rtol=1e-8, atol=1e-10)
        torch.testing.assert_close(
            hessian_products(objective, w, directions), products, rtol=1e-8, atol=1e-10
        )


@pytest.mark.parametrize("sizes", [(2, 3, 2), (2, 2, 3, 2)], ids=["depth2", "depth3"])
def test_products_agree_with_finite_differences(sizes):
    """Central differences of gradients, and of losses, show the same directional derivatives."""
    objective = deep_linear(sizes, *small_statistics())
    W, V = drawn(MEMBERS, objective.parameters), drawn(MEMBERS, objective.parameters, seed=6)
    step = 1e-5
    slope = (gradients(objective, W + step * V) - gradients(objective, W - step * V)) / (2 * step)
    torch.testing.assert_close(hessian_products(objective, W, V), slope, rtol=1e-7, atol=1e-7)
    rise = (losses(objective, W + step * V) - losses(objective, W - step * V)) / (2 * step)
    torch.testing.assert_close((gradients(objective, W) * V).sum(1), rise, rtol=1e-7, atol=1e-7)


@pytest.mark.parametrize("chunk", [1, 4, 11, 50])
def test_chunks_change_nothing_but_rounding(chunk):
    """The full batch is used whatever the number of samples taken at a time."""
    x, y = samples()
    whole, parts = network(SIZES, x, y), network(SIZES, x, y, chunk=chunk)
    w, V = drawn(whole.parameters), drawn(2, whole.parameters, seed=7)
    torch.testing.assert_close(
        hessian_products(parts, w, V), hessian_products(whole, w, V), rtol=1e-12, atol=1e-13
    )


def test_sufficient_statistics_give_the_loss_on_the_data():
    """The deep linear objective is 1/2 ||W_2 W_1 X - Y||^2 computed from the samples."""
    planted = load_synthetic("synthetic")
    objective = deep_linear((4, 2, 3), *statistics())
    w = drawn(objective.parameters)
    X, Y = (torch.tensor(a.T.tolist(), dtype=torch.float64) for a in (planted.X, planted.Y))
    residual = w[8:].view(3, 2) @ w[:8].view(2, 4) @ X - Y
    assert float(losses(objective, w)) == pytest.approx(0.5 * float(residual.square().sum()), rel=1e-13)


def test_statistics_beyond_int64_are_taken():
    """Moments that outgrow int64 are Python integers; they are rounded to float64 like the others."""
    gram, cross, square = (np.array(a, dtype=object) * 2**70 for a in ([[2, 1], [1, 3]], [[1], [4]], 5))
    big = deep_linear((2, 2, 1), gram, cross, square)
    small = deep_linear((2, 2, 1), *(np.array(a, dtype=float) / 2**70 for a in (gram, cross, square)))
    w = drawn(6)
    assert float(losses(big, w)) == 2**70 * float(losses(small, w))


def exact_relu(sizes, x, y, w):
    """Loss, gradient and Hessian of the mean squared error in rationals, by expanding to second order.

    Truncated Taylor arithmetic: every number is (value, gradient, Hessian) over Fractions.
    """
    P = len(w)
    rows = range(P)

    def constant(v):
        return (Fraction(v), [Fraction(0)] * P, [[Fraction(0)] * P for _ in rows])

    def variable(i):
        v, g, h = constant(w[i])
        g[i] = Fraction(1)
        return (v, g, h)

    def add(a, b):
        return (
            a[0] + b[0],
            [p + q for p, q in zip(a[1], b[1], strict=True)],
            [[p + q for p, q in zip(r, s, strict=True)] for r, s in zip(a[2], b[2], strict=True)],
        )

    def times(a, b):
        g = [a[0] * q + b[0] * p for p, q in zip(a[1], b[1], strict=True)]
        h = [
            [a[0] * b[2][i][j] + b[0] * a[2][i][j] + a[1][i] * b[1][j] + b[1][i] * a[1][j] for j in rows]
            for i in rows
        ]
        return (a[0] * b[0], g, h)

    variables, total = [variable(i) for i in rows], constant(0)
    for sample, target in zip(x, y, strict=True):
        h, start = [constant(v) for v in sample], 0
        for depth, (a, b) in enumerate(pairwise(sizes)):
            out = []
            for j in range(b):
                z = variables[start + a * b + j]
                for i in range(a):
                    z = add(z, times(h[i], variables[start + i * b + j]))
                out.append(z if depth == len(sizes) - 2 or z[0] > 0 else constant(0))
            start, h = start + (a + 1) * b, out
        for score, wanted in zip(h, target, strict=True):
            r = add(score, constant(-Fraction(wanted)))
            total = add(total, times(times(r, r), constant(Fraction(1, 2 * len(x)))))
    return total


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_rounding_stays_within_its_bound(seed):
    """Loss, gradient, products and Hessian of a ReLU net are within their bounds of exact rationals."""
    sizes, draw = (2, 2, 1), np.random.default_rng(seed)
    x, y, w = draw.normal(size=(4, 2)) * 3, draw.normal(size=(4, 1)), draw.normal(size=parameter_count(sizes))
    value, slope, hessian = exact_relu(sizes, x.tolist(), y.tolist(), w.tolist())
    objective, at = network(sizes, torch.from_numpy(x), torch.from_numpy(y)), torch.from_numpy(w)

    def difference(found, truth):
        return abs(float(Fraction(float(found)) - truth))

    assert difference(losses(objective, at), value) <= loss_error(objective, at) < 1e-11
    gaps = [difference(f, t) for f, t in zip(gradients(objective, at), slope, strict=True)]
    assert np.linalg.norm(gaps) <= gradient_error(objective, at) < 1e-10
    dense = dense_hessian(objective, at)
    gaps = [
        [difference(f, t) for f, t in zip(r, s, strict=True)]
        for r, s in zip(dense.matrix, hessian, strict=True)
    ]
    assert dense.certified
    assert (np.array(gaps) <= dense.entry_error).all()
    assert np.max(dense.entry_error) < 1e-10
    v = draw.normal(size=len(w))
    truth = [sum(Fraction(b) * a for a, b in zip(row, v.tolist(), strict=True)) for row in hessian]
    found = hessian_products(objective, at, torch.from_numpy(v))
    gaps = np.array([difference(f, t) for f, t in zip(found, truth, strict=True)])
    assert (gaps <= product_error(objective, at, torch.from_numpy(v)).numpy()).all()


def test_zero_weights_have_no_rounding():
    """At depth 3 and all weights 0 the Hessian is exactly 0, and the bound on its error as well."""
    dense = dense_hessian(deep_linear((4, 3, 3, 3), *statistics()), torch.zeros(30, dtype=torch.float64))
    assert not dense.matrix.any()
    assert not np.any(dense.entry_error)


def test_a_unit_on_its_kink_is_not_certified():
    """Where a pre-activation is 0 the Hessian does not exist, and the answer says so."""
    x, y = samples()
    dense = dense_hessian(network(SIZES, x, y), torch.zeros(parameter_count(SIZES), dtype=torch.float64))
    assert (dense.certified, dense.note) == (False, "entry error estimated: a unit is on its kink")


def test_softmax_is_estimated_only():
    """Outside additions and multiplications there is no bound, and the answer says so."""
    x, y = samples()
    objective = network(SIZES, x, y, "softmax", "ce")
    dense = dense_hessian(objective, drawn(objective.parameters))
    assert (dense.certified, dense.note) == (
        False,
        "entry error estimated: no bound for this output and loss",
    )


def test_a_wrong_majorant_is_noticed():
    """An asymmetry beyond the bound is an error, not a certificate."""
    sound = deep_linear((4, 3, 3), *statistics())
    broken = replace(sound, majorant=lambda w: (lambda v: v.square().sum() * 0.0,))
    with pytest.raises(ArithmeticError, match=r"got \|H - H\^T\| up to"):
        dense_hessian(broken, drawn(sound.parameters))


QUADRATIC = Objective(2, (lambda w: (w * w).sum(),))
BAD = {
    "nan": (torch.tensor([1.0, float("nan")]).double(), "got 1 numbers that are not finite.*has diverged"),
    "float32": (torch.zeros(2), r"got torch.float32, wanted torch.float64.*use .double\(\)"),
    "length": (torch.zeros(3).double(), r"got \[3\], wanted 2 parameters"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_parameters_are_named(case):
    """Parameters that cannot be evaluated are an error with its cure."""
    w, message = BAD[case]
    with pytest.raises(ValueError, match=message):
        gradients(QUADRATIC, w)


def test_bad_shapes_are_named():
    """Data, statistics and directions that do not fit are an error with its cure."""
    x, y = samples()
    with pytest.raises(ValueError, match=r"got x \[11, 5\] and y \[11, 3\] for the sizes \[4, 3\]"):
        network((4, 3), x, y)
    with pytest.raises(ValueError, match=r"got gram \[4, 4\] and cross \[4, 3\].*cross is X Y\^T"):
        deep_linear((4, 2, 2), *statistics())
    with pytest.raises(ValueError, match=r"got V \[3, 2\] for W \[4, 2\]"):
        hessian_products(QUADRATIC, torch.ones(4, 2).double(), torch.ones(3, 2).double())
    with pytest.raises(ValueError, match="got 4001 parameters, wanted at most 4000"):
        dense_hessian(Objective(4001, QUADRATIC.parts), torch.zeros(4001).double())
