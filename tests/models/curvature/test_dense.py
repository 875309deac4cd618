"""Eigenvalues with a bound, against eigenvalues that are known exactly."""

from __future__ import annotations

import flint
import numpy as np
import pytest

from models.curvature.dense import nonnegative_norm, symmetric_eigenvalues

HADAMARD = np.array([[1.0]])
for _ in range(5):
    HADAMARD = np.block([[HADAMARD, HADAMARD], [HADAMARD, -HADAMARD]])


def planted(eigenvalues: np.ndarray) -> np.ndarray:
    """An integer matrix with exactly these integer eigenvalues times 32: H D H for a Hadamard H = H^T."""
    return HADAMARD @ np.diag(eigenvalues) @ HADAMARD


SPECTRA = {
    "distinct": np.arange(-16.0, 16.0),
    "two-thirds-zero": np.r_[np.zeros(22), np.arange(1.0, 11.0)],
    "repeated": np.repeat([-3.0, 5.0], 16),
    "spread": 2.0 ** np.arange(0, 32),
    "one": np.ones(32),
}


@pytest.mark.parametrize("scale", [1.0, 2.0**-900, 2.0**900], ids=["unit", "tiny", "huge"])
@pytest.mark.parametrize("name", SPECTRA)
def test_every_eigenvalue_is_within_its_bound(name, scale):
    """Planted integer spectra are found within the bound, and the bound is near the rounding level."""
    truth = np.sort(32 * SPECTRA[name]) * scale
    found, bound = symmetric_eigenvalues(planted(SPECTRA[name]) * scale)
    assert np.abs(found - truth).max() <= bound <= 1e-11 * np.abs(truth).max()


@pytest.mark.parametrize("size", [1, 2, 7, 24])
def test_the_bound_holds_against_ball_arithmetic(size):
    """arb's eigenvalue enclosures of random matrices agree to within the bound."""
    draw = np.random.default_rng(size)
    A = draw.integers(-9, 10, (size, size)) @ np.diag(10.0 ** draw.integers(-3, 4, size))
    A = A + A.T
    flint.ctx.prec, before = 200, flint.ctx.prec
    try:
        balls = flint.acb_mat([[float(v) for v in row] for row in A]).eig(nonstop=True)
        truth = np.sort([float(ball.real.mid()) for ball in balls])
    finally:
        flint.ctx.prec = before
    found, bound = symmetric_eigenvalues(A)
    assert np.abs(found - truth).max() <= bound


@pytest.mark.parametrize("each", [True, False], ids=["matrix", "number"])
def test_entry_errors_widen_the_bound_enough(each):
    """Any symmetric change within the entry error moves no eigenvalue beyond the bound."""
    draw = np.random.default_rng(3)
    H = planted(SPECTRA["repeated"])
    error = np.abs(draw.normal(size=H.shape)) * 1e-3
    error = error + error.T if each else 1e-3 * np.ones_like(H)
    _, bound = symmetric_eigenvalues(H, error if each else 1e-3)
    truth = np.sort(32 * SPECTRA["repeated"])
    for worst in (error, -error, np.sign(draw.normal(size=H.shape)) * error):
        moved = np.linalg.eigvalsh(H + np.triu(worst) + np.triu(worst, 1).T)
        assert np.abs(moved - truth).max() <= bound
    assert bound <= 1.01 * np.linalg.norm(error, 2)


def test_zero_has_zero_eigenvalues_without_a_doubt():
    """H = 0 gives eigenvalues 0 with bound 0."""
    found, bound = symmetric_eigenvalues(np.zeros((5, 5)))
    assert (found.tolist(), bound) == ([0.0] * 5, 0.0)


def test_asymmetry_within_the_entry_error_is_covered():
    """The eigenvalues of every symmetric matrix within the entry error are covered, not only the mean's."""
    H = np.array([[1.0, 0.1], [-0.1, 1.0]])
    found, bound = symmetric_eigenvalues(H, 0.1)
    assert found == pytest.approx([1.0, 1.0])
    assert bound >= 0.1


def test_norm_of_unequal_errors_beats_the_row_sum():
    """A few power steps bound the norm of a nonnegative matrix closer than its largest row sum does."""
    E = np.zeros((50, 50))
    E[0, :] = E[:, 0] = 1.0
    assert np.linalg.norm(E, 2) <= nonnegative_norm(E) <= 0.5 * E.sum(1).max()


BAD = {
    "not-square": (np.zeros((2, 3)), 0.0, r"got H of shape \[2, 3\], wanted \[P, P\]"),
    "nan": (np.array([[np.nan]]), 0.0, r"got 1 entries of H that are not finite.*overflowed or hold NaN"),
    "asymmetric": (np.array([[0.0, 1.0], [0.0, 0.0]]), 0.1, r"\|H - H\^T\| up to 1.00e\+00.*pass the true"),
    "negative-error": (np.eye(2), -1.0, "entry error that is negative or not finite"),
    "error-shape": (np.eye(2), np.ones(3), r"got entry errors \[3\] for H \[2, 2\]"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_named(case):
    """What cannot be certified is an error with its cure."""
    H, error, message = BAD[case]
    with pytest.raises(ValueError, match=message):
        symmetric_eigenvalues(H, error)
