"""Lanczos, the answers at both ends, trace and density, against spectra that are known."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from models.curvature.answers import Count, Eigenvalue
from models.curvature.density import spectral_density, trace
from models.curvature.extremes import Operator, extreme_eigenvalues, hessian_operator, random_start_margin
from models.curvature.krylov import lanczos
from models.curvature.spectrum import dense_spectrum

SIZE = 120

SPECTRA = {
    "zero": np.zeros(SIZE),
    "identity": np.full(SIZE, 3.0),
    "two-values": np.repeat([-1.0, 2.0], SIZE // 2),
    "repeated-ends": np.r_[np.full(3, -2.0), np.linspace(-1.0, 4.0, SIZE - 5), np.full(2, 7.0)],
    "two-thirds-zero": np.r_[np.zeros(80), np.linspace(1.0, 5.0, 40)],
    "one-negative": np.r_[-1e-3, np.linspace(0.0, 50.0, SIZE - 1)],
    "tiny": 1e-200 * np.linspace(-1.0, 1.0, SIZE),
}


def matrix(eigenvalues: np.ndarray) -> np.ndarray:
    Q = np.linalg.qr(np.random.default_rng(1).normal(size=(len(eigenvalues),) * 2))[0]
    A = Q * eigenvalues @ Q.T
    return 0.5 * (A + A.T)


def operator(eigenvalues: np.ndarray) -> Operator:
    A = matrix(eigenvalues)
    error = len(A) * 2.0**-52 * np.abs(A)
    return Operator(len(A), lambda v: A @ v, lambda v: error @ np.abs(v), float(np.abs(A).sum(1).max()))


@pytest.mark.parametrize("name", SPECTRA)
def test_ends_and_copies_are_found_with_their_residuals(name):
    """Both ends, repeated eigenvalues as often as they occur, and each within its measured residual."""
    truth, found = np.sort(SPECTRA[name]), extreme_eigenvalues(operator(SPECTRA[name]))
    size = np.abs(truth).max()
    assert found.converged
    np.testing.assert_allclose(found.lowest, truth[:3], rtol=0, atol=1e-7 * size)
    np.testing.assert_allclose(found.highest, truth[::-1][:3], rtol=0, atol=1e-7 * size)
    for value, residual in zip(found.lowest, found.lowest_residuals, strict=True):
        assert np.abs(truth - value).min() <= residual + 1e-13 * size
    assert found.smallest.low <= truth[0] <= found.smallest.high + 1e-13 * size
    assert found.largest.low - 1e-13 * size <= truth[-1] <= found.largest.high
    assert found.negative.low <= (truth < 0).sum() <= found.negative.high


@pytest.mark.parametrize("name", SPECTRA)
def test_basis_is_orthonormal_and_tridiagonalises(name):
    """Q Q^T = I and Q H Q^T = T to rounding, through every breakdown and to the last dimension."""
    A = matrix(SPECTRA[name])
    krylov = lanczos(lambda v: A @ v, SIZE, SIZE, seed=3)
    T = np.diag(krylov.diagonal) + np.diag(krylov.off_diagonal, 1) + np.diag(krylov.off_diagonal, -1)
    size = max(np.abs(A).max(), 1e-250)
    np.testing.assert_allclose(krylov.basis @ krylov.basis.T, np.eye(SIZE), atol=1e-13)
    np.testing.assert_allclose(krylov.basis @ A @ krylov.basis.T / size, T / size, atol=1e-11)
    np.testing.assert_allclose(krylov.theta / size, np.sort(SPECTRA[name]) / size, atol=1e-11)
    assert krylov.remainder == 0.0


@pytest.mark.parametrize("steps", [1, 5, 20])
def test_predicted_residuals_are_the_measured_ones(steps):
    """|beta_k s_ki| is ||H v - theta v||."""
    A = matrix(SPECTRA["repeated-ends"])
    krylov = lanczos(lambda v: A @ v, SIZE, steps, seed=0)
    for i, predicted in enumerate(krylov.residuals):
        v = krylov.vector(i)
        assert np.linalg.norm(A @ v - krylov.theta[i] * v) == pytest.approx(predicted, rel=1e-6, abs=1e-11)


def test_too_few_steps_are_not_called_converged():
    """A spectrum crowded at its lower end is not converged in 12 steps, and the flag says so."""
    crowded = np.r_[np.linspace(-1e-3, 1.0, SIZE - 1) ** 3, 100.0]
    found = extreme_eigenvalues(operator(crowded), steps=12)
    assert not found.converged
    assert found.smallest.sign is None
    assert str(found.smallest).startswith("smallest eigenvalue")
    assert "inconclusive" in str(found.smallest)


def test_negative_curvature_is_proved_and_positive_is_not():
    """One vector proves a negative eigenvalue; no number of products proves that there is none."""
    negative = extreme_eigenvalues(operator(SPECTRA["one-negative"]))
    assert (negative.smallest.sign, negative.smallest.certified, negative.negative.low) == (-1, False, 1)
    positive = extreme_eigenvalues(operator(np.linspace(1.0, 2.0, SIZE)))
    assert (positive.smallest.sign, positive.negative.low) == (None, 0)


def test_without_product_errors_nothing_is_proved():
    """Products of unknown rounding prove no sign."""
    A = matrix(SPECTRA["repeated-ends"])
    found = extreme_eigenvalues(Operator(SIZE, lambda v: A @ v))
    assert found.lowest == pytest.approx([-2.0] * 3)
    assert (found.smallest.sign, found.negative.low) == (None, 0)
    assert "rounding of the products is not bounded" in found.smallest.note


def test_same_seed_same_answer():
    """The start is seeded: two runs agree to the last bit."""
    first, second = (extreme_eigenvalues(operator(SPECTRA["repeated-ends"]), seed=5) for _ in range(2))
    assert first.lowest.tolist() == second.lowest.tolist()
    assert str(first.smallest) == str(second.smallest)


def test_random_start_bound_holds_and_is_stated():
    """Theta falls short of the largest eigenvalue by no more than the margin for any of 200 starts."""
    H = np.diag(np.r_[1.0, np.linspace(0.0, 0.98, SIZE - 1)])
    margin = random_start_margin(SIZE, 8, failure=1e-3)
    short = [1 - lanczos(lambda v: H @ v, SIZE, 8, seed=s).theta[-1] for s in range(200)]
    assert max(short) <= margin
    assert 1.648 * math.sqrt(SIZE) * math.exp(-math.sqrt(margin) * 15) == pytest.approx(1e-3)


def test_hessian_operator_agrees_with_the_dense_spectrum(planted):
    """At a random point of a deep linear net, the ends and the norm bound fit the dense spectrum."""
    objective = planted.objective((4, 3, 4, 3))
    w = torch.from_numpy(np.random.default_rng(0).normal(size=36))
    dense, op = dense_spectrum(objective, w), hessian_operator(objective, w)
    found = extreme_eigenvalues(op)
    np.testing.assert_allclose(found.lowest, dense.eigenvalues[:3], rtol=1e-9)
    np.testing.assert_allclose(found.highest, dense.eigenvalues[::-1][:3], rtol=1e-9)
    assert max(abs(dense.eigenvalues)) <= op.norm < math.inf
    assert found.smallest.high >= dense.smallest.low
    assert found.smallest.sign == dense.smallest.sign == -1


@pytest.mark.parametrize("name", ["repeated-ends", "two-thirds-zero", "identity", "zero"])
def test_density_is_the_dense_spectrum_s(name):
    """The cumulated density follows the eigenvalue counts, within the probes' spread where they differ."""
    truth = np.sort(SPECTRA[name])
    density = spectral_density(operator(SPECTRA[name]), probes=20, steps=60)
    values = np.unique(truth)
    at = np.r_[values[0] - 1.0, 0.5 * (values[:-1] + values[1:]), values[-1] + 1.0]
    exact = np.searchsorted(truth, at, side="right") / SIZE
    assert density.weights.sum() == pytest.approx(1.0)
    assert np.abs(density.below(at) - exact).max() <= 5 * density.cumulated_error + 1e-9
    assert density.cumulated_error < 0.05


def test_smoothed_density_has_unit_mass():
    """Broadened by a Gaussian, the density still integrates to one, and its peak is where the zeros are."""
    density = spectral_density(operator(SPECTRA["two-thirds-zero"]))
    t = np.linspace(-3.0, 8.0, 2001)
    values = density.smoothed(t, 0.1)
    assert values.sum() * (t[1] - t[0]) == pytest.approx(1.0, abs=1e-6)
    assert abs(t[values.argmax()]) < 0.01


@pytest.mark.parametrize("name", ["repeated-ends", "two-thirds-zero", "zero", "one-negative"])
def test_trace_interval_holds_the_trace(name):
    """The 99 % interval holds the trace for at least 45 of 50 seeds."""
    op, truth = operator(SPECTRA[name]), SPECTRA[name].sum()
    found = [trace(op, products=30, seed=s) for s in range(50)]
    slack = 1e-10 * np.abs(SPECTRA[name]).sum()
    assert sum(e.low - slack <= truth <= e.high + slack for e in found) >= 45
    assert not found[0].certified


def test_trace_is_exact_once_every_dimension_is_sketched():
    """With three products for each dimension there is nothing left to estimate."""
    found = trace(operator(SPECTRA["repeated-ends"]), products=3 * SIZE)
    assert found.value == pytest.approx(SPECTRA["repeated-ends"].sum())
    assert "all dimensions" in str(found)


def test_answers_read_as_sentences():
    """Every answer says whether it is certified and what is known."""
    dense = Eigenvalue("smallest", -1.5, 1e-9, -1.5 - 1e-9, -1.5 + 1e-9, True, "dense")
    assert str(dense) == "smallest eigenvalue -1.5 ± 1.0e-09, certified (dense)"
    assert dense.sign == -1
    nothing = Eigenvalue("largest", 2.0, 1e-9, -math.inf, math.inf, False, "Lanczos")
    assert str(nothing) == "largest eigenvalue 2, inconclusive: nothing is proved (Lanczos)"
    assert str(Count(3, 3, "dense")) == "3, certified (dense)"


def test_bad_requests_are_named():
    """Requests that make no sense are errors with their cure."""
    with pytest.raises(ValueError, match="got 0 eigenvalues an end, wanted at least 1"):
        extreme_eigenvalues(operator(SPECTRA["zero"]), count=0)
    with pytest.raises(ValueError, match="got 3 products, wanted at least 9"):
        trace(operator(SPECTRA["zero"]), products=3)
    with pytest.raises(ValueError, match="got 0 steps in 5 dimensions"):
        lanczos(lambda v: v, 5, 0, seed=0)
    with pytest.raises(ValueError, match="got a product H v that is not finite"):
        lanczos(lambda v: v * np.inf, 5, 2, seed=0)
