"""Global within tau, dead, and still falling: who gets the certificate and who must not."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from data import Dataset
from models.descent.certificates.certificate import (
    FIELDS,
    Certificate,
    Kind,
    certificate_arrays,
    certificates_of,
)
from models.descent.certificates.certify import certify
from models.descent.certificates.falling import History
from models.descent.certificates.local.enclosure import baseline, objective, zero_is_attained
from models.descent.problem import problem_of
from models.experiment import Experiment
from models.networks.convolutional import Convolutional
from models.penalties.l2 import L2
from tests.helpers.specs import mlp
from tests.models.descent.certificates.planted_ends import dead, ended, weights

PAIRS = [(o, loss) for o in ("linear", "relu", "softmax") for loss in ("mse", "bce", "ce")]


def interpolating(problem, away):
    """One unit in each interval between sorted projections: a one-hidden-layer network through all labels,
    but for `away` in one label."""
    x = problem.x.flatten(1)
    v = torch.randn(x.shape[1], dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    s, order = (x @ v).sort()
    y = problem.y[order].clone()
    y[0, 0] += away
    knots = torch.cat([s[:1] - 1, (s[1:] + s[:-1]) / 2])
    A = (s[:, None] - knots).relu()
    return weights(problem, W1=v[:, None].expand(-1, len(s)), b1=-knots, W2=torch.linalg.solve(A, y))


@pytest.mark.parametrize(("output", "loss"), PAIRS)
@pytest.mark.parametrize("depth", [1, 2])
def test_the_enclosure_holds_the_loss_of_another_evaluation(digits, output, loss, depth):
    """In extended precision, at weights large enough for a saturated softmax; and the error is rounding."""
    problem = problem_of(mlp(digits.name, (6, 5)[:depth], output, loss), digits)
    w = 3 * torch.randn(
        1, problem.parameters, dtype=torch.float64, generator=torch.Generator().manual_seed(1)
    )
    found = objective(problem, w)
    layers = [a[0].numpy().astype(np.longdouble) for a in problem.stacked(w).values()]
    h = problem.x.numpy().astype(np.longdouble)
    for W, b in zip(layers[:-2:2], layers[1:-2:2], strict=True):
        h = np.maximum(h @ W + b, 0)
    z, y = h @ layers[-2] + layers[-1], problem.y.numpy().astype(np.longdouble)
    h = np.maximum(z, 0) if output == "relu" else z
    log_h = h - h.max(1, keepdims=True)
    log_h -= np.log(np.exp(log_h).sum(1, keepdims=True))
    if loss == "mse":
        each = ((np.exp(log_h) if output == "softmax" else h) - y) ** 2 / 2
    elif loss == "ce":
        each = -y * log_h
    elif output == "softmax":
        rest = np.log(np.stack([np.exp(np.delete(log_h, k, 1)).sum(1) for k in range(log_h.shape[1])], 1))
        each = -(y * log_h + (1 - y) * rest)
    else:
        each = np.maximum(h, 0) - h * y + np.log1p(np.exp(-abs(h)))
    assert found.low <= each.sum(1).mean() <= found.high
    assert found.error <= 1e-11 * max(found.value, 1)
    assert objective(problem, w).value == pytest.approx(float(problem.loss(w)[0]), rel=1e-14)


def test_just_below_tau_is_global_and_just_above_is_not(houses):
    """The bound decides, rounding included, not the number as computed."""
    problem = problem_of(mlp(houses.name, (houses.n_train,)), houses)
    at = ended(problem, interpolating(problem, 1e-2))
    (found,) = certify(problem, at, tau=1e-3)
    assert (found.kind, found.proved, found.attained) == (Kind.GLOBAL, True, True)
    assert found.l < found.l_bound == found.gap < found.l * (1 + 1e-5)
    assert certify(problem, at, tau=found.l_bound)[0].kind is Kind.GLOBAL
    assert certify(problem, at, tau=found.l)[0].kind is not Kind.GLOBAL


def test_cross_entropy_is_global_within_tau_and_has_no_minimum(digits):
    """Large scores for the right class: l is small, 0 is not attained."""
    problem = problem_of(mlp(digits.name, (digits.n_train,), "softmax", "ce"), digits)
    fitted = interpolating(problem, 0.0)
    w = weights(problem, **{n: p[0] * (40 if n == "W2" else 1) for n, p in problem.stacked(fitted).items()})
    (found,) = certify(problem, ended(problem, w), tau=1e-9)
    assert (found.kind, found.proved, found.attained) == (Kind.GLOBAL, True, False)
    assert "no finite weights attain" in found.sentence


@pytest.mark.parametrize(
    ("output", "loss", "penalty", "expected"),
    [
        ("linear", "mse", None, True),
        ("linear", "mse", L2(0.1), False),
        ("relu", "mse", None, True),
        ("softmax", "mse", None, False),
        ("softmax", "ce", None, False),
        ("linear", "bce", None, False),
    ],
)
def test_what_attains_zero(digits, output, loss, penalty, expected):
    """One-hot labels are at no finite scores of a softmax, and cross entropies are positive."""
    problem = problem_of(mlp(digits.name, (3,), output, loss, penalty=penalty), digits)
    assert zero_is_attained(problem) is expected


def test_standardised_labels_are_no_outputs_of_a_relu(houses):
    """Half of them are negative."""
    assert not zero_is_attained(problem_of(mlp(houses.name, (3,), "relu"), houses))


@pytest.mark.parametrize(("widths", "layer"), [((5,), 1), ((5, 4), 1), ((5, 4), 2)])
def test_a_dead_network_is_certified_at_the_label_mean(digits, widths, layer):
    """l = 1: no constant is better. In either hidden layer."""
    problem = problem_of(mlp(digits.name, widths), digits)
    (found,) = certify(problem, ended(problem, dead(problem, layer=layer)), tau=1e-9)
    assert (found.kind, found.proved) == (Kind.DEAD, True)
    assert found.l == pytest.approx(1, abs=1e-12)
    assert 0 <= found.gap < 1e-12


@pytest.mark.parametrize("height", [1e-3, 1e-14, 0.0])
def test_one_sample_alive_is_not_dead(digits, height):
    """One unit that is positive, however little, or 0 on the one sample where it is highest: the sign decides
    since the loss is almost that of the constant."""
    problem = problem_of(mlp(digits.name, (5,)), digits)
    parts = {name: part[0].clone() for name, part in problem.stacked(dead(problem)).items()}
    parts["b1"][2] = height - (problem.x @ parts["W1"])[:, 2].max()
    parts["W2"][2] *= 1e-6
    at = ended(problem, weights(problem, **parts))
    (found,) = certify(problem, at, tau=1e-3)
    assert found.l == pytest.approx(1, abs=1e-6)
    assert found.kind is not Kind.DEAD
    parts["b1"][2] -= height + 1e-10
    assert certify(problem, ended(problem, weights(problem, **parts)), tau=1e-3)[0].kind is Kind.DEAD


def relu_outputs(digits, silent, height=-1.0):
    """A network with a ReLU output whose hidden units read one sample each, and so many outputs below 0."""
    problem = problem_of(mlp(digits.name, (5,), "relu"), digits)
    bias = torch.zeros(problem.outputs, dtype=torch.float64)
    bias[:silent] = height
    return problem, weights(problem, b2=bias)


def test_silent_outputs_are_certified_at_what_they_leave(digits):
    """All ReLU outputs below 0 on all samples: nothing nearby changes the loss, above the best constant's."""
    problem, w = relu_outputs(digits, silent=4)
    (found,) = certify(problem, ended(problem, w), tau=1e-9)
    assert (found.kind, found.proved) == (Kind.DEAD, True)
    assert found.l == pytest.approx(float(0.5 * problem.y.square().sum() / len(problem.y)) / problem.baseline)
    assert found.l > 1
    assert 0 <= found.gap < 1e-12


@pytest.mark.parametrize(("silent", "height"), [(3, -1.0), (4, 0.0), (4, 1e-300)])
def test_outputs_that_are_not_silent_or_leave_more_are_not_dead(digits, silent, height):
    """One output of four that could still fit its class, or outputs on their kinks or above."""
    problem, w = relu_outputs(digits, silent, height)
    (found,) = certify(problem, ended(problem, w), tau=1e-3)
    assert found.kind is not Kind.DEAD


def test_a_silent_layer_off_the_mean_is_still_falling(digits):
    """The output bias has a way to go."""
    problem = problem_of(mlp(digits.name, (5,)), digits)
    w = dead(problem)
    w[0, -1] += 0.1
    (found,) = certify(problem, ended(problem, w), tau=1e-9)
    assert (found.kind, found.kind.conclusive) == (Kind.FALLING, False)


def test_a_dead_network_under_a_penalty_still_shrinks(digits):
    """Its weights are not 0: decay lowers the objective without end of the silence."""
    problem = problem_of(mlp(digits.name, (5,), penalty=L2(0.1)), digits)
    assert certify(problem, ended(problem, dead(problem)), tau=1e-9)[0].kind is Kind.FALLING


def test_dead_networks_of_other_losses_sit_at_the_logarithm_of_the_mean(digits):
    """Cross entropy: scores log mean, not the mean."""
    problem = problem_of(mlp(digits.name, (5,), "softmax", "ce"), digits)
    w = dead(problem)
    assert certify(problem, ended(problem, w), tau=1e-9)[0].kind is Kind.FALLING
    w[0, -4:] = problem.y.mean(0).log()
    assert certify(problem, ended(problem, w), tau=1e-9)[0].kind is Kind.DEAD


def test_rates_are_of_the_last_quarter(houses):
    """Halved every step in the end, at four products a step."""
    problem = problem_of(mlp(houses.name, (3,)), houses)
    loss = np.array([[9.0]] * 6 + [[2.0**-k] for k in range(3)])
    history = History(loss, products=4 * np.arange(9)[:, None])
    w = torch.ones(1, problem.parameters, dtype=torch.float64)
    (found,) = certify(problem, ended(problem, w), tau=1e-9, history=history)
    assert found.kind is Kind.FALLING
    assert found.rate == pytest.approx(math.log(2))
    assert found.rate_per_product == pytest.approx(math.log(2) / 4)


def test_arrays_and_back(houses):
    """Every number and kind survives, with the declared types, and the same bytes twice."""
    some = Certificate(Kind.DEAD, True, 1.0, 1.1, False, gap=1e-14, boundary=3)
    some = [replace(some, kind=kind, proved=kind.conclusive) for kind in Kind]
    arrays = certificate_arrays(some)
    assert {name: array.dtype.name for name, array in arrays.items()} == {
        name: field.dtype for name, field in FIELDS.items()
    }
    back = certificates_of(arrays)
    assert [str(c) for c in back] == [str(c) for c in some]
    assert [c.sentence for c in back] == [c.sentence for c in some]
    assert all(
        a.tobytes() == b.tobytes()
        for a, b in zip(certificate_arrays(back).values(), arrays.values(), strict=True)
    )
    assert [kind.code for kind in Kind] == list(range(len(Kind)))


def test_a_network_does_not_see_the_others(digits):
    """Alone and in company, to the bit."""
    problem = problem_of(mlp(digits.name, (5,)), digits)
    w = torch.cat([dead(problem), torch.ones(1, problem.parameters, dtype=torch.float64)])
    both = certify(problem, ended(problem, w), tau=1e-9)
    alone = [certify(problem, ended(problem, row[None]), tau=1e-9)[0] for row in w]
    assert list(map(str, both)) == list(map(str, alone))


def test_baseline_is_enclosed(houses):
    """Beside extended precision."""
    problem = problem_of(mlp(houses.name, (3,)), houses)
    y = problem.y.numpy().astype(np.longdouble)
    assert baseline(problem).low <= ((y - y.mean(0)) ** 2).sum(1).mean() / 2 <= baseline(problem).high


def test_tau_is_positive(houses):
    """An l of 0 is no threshold."""
    problem = problem_of(mlp(houses.name, (3,)), houses)
    w = torch.ones(1, problem.parameters, dtype=torch.float64)
    with pytest.raises(ValueError, match="tau"):
        certify(problem, ended(problem, w), tau=0.0)


def test_a_convolution_s_rounding_is_estimated_and_its_units_are_not_asked():
    """Global within tau to tolerance, else what gradient and Newton step say."""
    draw = np.random.default_rng(0)
    images, labels = draw.integers(0, 256, (20, 1, 4, 4), dtype=np.uint8), draw.integers(0, 3, 20)
    data = Dataset("images", "classification", images, labels, images, labels, 3, "0" * 64, "drawn in a test")
    problem = problem_of(Experiment("images", Convolutional((2,), kernel=3)), data)
    w = 0.5 * torch.randn(
        1, problem.parameters, dtype=torch.float64, generator=torch.Generator().manual_seed(0)
    )
    (found,) = certify(problem, ended(problem, w), tau=1e3)
    assert (found.kind, found.proved) == (Kind.GLOBAL, False)
    assert "(to tolerance)" in found.sentence
    (found,) = certify(problem, ended(problem, w), tau=1e-6)
    assert (found.kind, found.boundary) == (Kind.FALLING, -1)
    assert 0 <= found.residual < 0.9
