"""Sigma by refinement against Sigma over the rationals."""

import flint
import numpy as np
import pytest

from claims.evidence.linear.preparation import prepared
from models.exact import integers
from models.exact.moments import Moments, moments
from models.linear import sigma_enclosure
from models.linear.sigma_enclosure import enclosed_sigma

REAL = [("synthetic", "raw"), ("boston", "raw"), ("mnist-5k", "pooled-independent")]


def left_out(of: Moments, share: float) -> tuple[flint.fmpq_mat, float, float]:
    """(Sigma - inside / unit) / tr Y Y^T over the rationals, its trace, and the bound stated."""
    gram, cross = (flint.fmpq_mat(integers.as_fmpz(a)) for a in (of.gram, of.cross))
    found = enclosed_sigma(of, share)
    E = (cross.transpose() * gram.solve(cross) - flint.fmpq_mat(found.inside) / found.unit) / of.label_square
    return E, float(sum((E[i, i] for i in range(of.d_y)), flint.fmpq(0))), found.outside


def is_positive(E: flint.fmpq_mat) -> bool:
    """Whether a rational symmetric matrix is positive semidefinite, by its characteristic polynomial.

    Its roots are real; none is negative exactly if the coefficients change sign at every power that has one.
    """
    coefficients = E.charpoly().coeffs()[::-1]
    return all(c * (-1) ** k >= 0 for k, c in enumerate(coefficients))


@pytest.mark.parametrize("share", [1e-3, 1e-15, 1e-60, 1e-200])
@pytest.mark.parametrize(("name", "preparation"), REAL, ids=[name for name, _ in REAL])
def test_what_is_left_out_is_positive_and_within_its_bound(name, preparation, share):
    """The bound asked for is attained, and the rational difference lies between 0 and it."""
    E, trace, outside = left_out(prepared(name, preparation), share)
    assert outside <= share
    assert E.transpose() == E
    assert is_positive(E)
    assert trace <= outside


def test_numbers_beyond_64_bits_are_refined():
    """Moments in Python integers, as centring leaves them, have no rounding either."""
    draw = np.random.default_rng(8)
    X, Y = draw.integers(-(2**40), 2**40, (30, 5)), draw.integers(-(2**40), 2**40, (30, 2))
    of = moments(X.astype(object), Y.astype(object))
    assert of.gram.dtype == object
    E, trace, outside = left_out(of, 1e-60)
    assert outside <= 1e-60
    assert is_positive(E)
    assert trace <= outside


@pytest.mark.parametrize(
    ("fault", "reached"), [(1.001, True), (0.5, True), (3.0, False), (-1.0, False)], ids=str
)
def test_a_wrong_solver_costs_rounds_or_width_never_the_bound(fault, reached, monkeypatch):
    """With a solver that is off by a factor, refinement still converges or the bound is wide, and holds."""
    rounds = []

    def faulty(factor, b):
        rounds.append(b)
        return fault * np.linalg.solve(factor[0] @ factor[0].T, b)

    monkeypatch.setattr(sigma_enclosure.linalg, "cho_solve", faulty)
    E, trace, outside = left_out(prepared("boston", "raw"), 1e-20)
    assert (outside <= 1e-20) == reached
    assert reached or (outside > 1e-3 and len(rounds) == 2)  # it gives up when a round gains nothing
    assert is_positive(E)
    assert trace <= outside


def test_labels_that_no_input_explains():
    """X Y^T = 0 has Sigma = 0, with nothing left out."""
    X = np.array([[1, 1], [1, -1], [-1, 1], [-1, -1]])
    found = enclosed_sigma(moments(X, np.ones((4, 1), dtype=np.int64)), 1e-30)
    assert (int(found.inside[0, 0]), found.outside) == (0, 0.0)


@pytest.mark.parametrize("share", [0.0, 1e-201, -1.0, float("nan")])
def test_a_bound_that_would_underflow_is_refused(share):
    """Squares below float64's numbers would pass for nothing left out."""
    with pytest.raises(ValueError, match=r"of tr Y Y\^T, wanted at least 1e-200"):
        enclosed_sigma(prepared("boston", "raw"), share)
