"""Bounds are the numbers their formulas say, and hold whatever LAPACK returns."""

from __future__ import annotations

import math
from dataclasses import FrozenInstanceError

import numpy as np
import pytest

from models.curvature import dense
from models.curvature.answers import Count, Eigenvalue, Estimate
from models.curvature.dense import UNIT, gamma, nonnegative_norm, symmetric_eigensystem, symmetric_eigenvalues
from models.curvature.hessian import DenseHessian
from models.curvature.spectrum import Spectrum

TINY = np.finfo(np.float64).tiny


def test_gamma_is_higham_s():
    """n u / (1 - n u) with u = 2^-53."""
    assert UNIT == 2.0**-53
    assert gamma(4) == pytest.approx(4 * 2.0**-53, rel=1e-14, abs=0)
    assert gamma(2**51) == pytest.approx(0.25 / 0.75, rel=1e-14, abs=0)


@pytest.mark.parametrize("scale", [1.0, 2.0**40, 2.0**-300])
def test_the_bound_of_a_diagonal_matrix_is_the_formula(scale):
    """Of diag(1, 2), scaled to diag(1/4, 1/2): Q = I and R = 0, so that only rounding is left."""
    found, bound = symmetric_eigenvalues(np.diag([1.0, 2.0]) * scale)
    size_S, size_Q, size_D, slack = math.hypot(0.25, 0.5), math.sqrt(2), math.hypot(0.25, 0.5), 1 + 1e-6
    rounding = gamma(2) * size_S * size_Q + UNIT * 0.5 * size_Q
    lost = gamma(2) * size_Q**2
    stored = 2 * UNIT * size_S + 4 * 2 * max(1.0, size_D) * TINY
    expected = (rounding / math.sqrt(1 - lost) + stored) * slack * 4 * scale * slack
    assert found.tolist() == [scale, 2 * scale]
    assert bound == pytest.approx(expected, rel=1e-9, abs=0)


def test_the_vectors_come_with_their_values():
    """In columns, in the order of the values; without entry errors none are assumed."""
    A = np.array([[2.0, 1.0], [1.0, 2.0]])
    values, vectors, bound = symmetric_eigensystem(A)
    np.testing.assert_allclose(A @ vectors, vectors * values, atol=1e-15 * 8)
    assert bound == symmetric_eigenvalues(A)[1] < 1e-14


def test_entry_errors_add_their_norm():
    """The norm of the errors, enlarged by the slack twice, comes on top of the rounding."""
    H, E = np.diag([1.0, 2.0]), np.array([[1.0, 2.0], [2.0, 1.0]])
    plain, widened = symmetric_eigenvalues(H)[1], symmetric_eigenvalues(H, E)[1]
    assert widened - plain == pytest.approx(3.0 * (1 + 1e-6) ** 2, rel=1e-8, abs=0)


def test_zero_with_entry_errors_is_as_wide_as_they_are():
    """H = 0 known to within 1/4 an entry: every eigenvalue within the norm of the errors."""
    found, bound = symmetric_eigenvalues(np.zeros((3, 3)), 0.25)
    assert found.tolist() == [0.0] * 3
    assert bound == pytest.approx(0.75 * (1 + 1e-6), rel=1e-12, abs=0)


@pytest.mark.parametrize("size", [1e-3, 1e-2, 0.1])
@pytest.mark.parametrize("what", ["values", "vectors", "lengths"])
def test_a_library_that_errs_is_caught_by_the_bound(monkeypatch, what, size):
    """Eigenvalues moved, vectors turned or too short: the bound grows with it and still holds."""
    draw = np.random.default_rng(7)
    A = draw.normal(size=(6, 6))
    A = A + A.T
    truth, honest = np.linalg.eigvalsh(A), np.linalg.eigh

    def erring(S):
        D, Q = honest(S)
        if what == "values":
            D = D + size * np.linalg.norm(S, 2) * draw.uniform(-1, 1, 6)
        if what == "vectors":
            Q = Q + size * draw.normal(size=Q.shape) / 6
        if what == "lengths":
            Q = Q * (1 - size)
        return D, Q

    monkeypatch.setattr(dense.np.linalg, "eigh", erring)
    found, bound = symmetric_eigenvalues(A)
    monkeypatch.undo()
    off = np.abs(found - truth).max()
    assert off <= bound
    if what == "lengths":
        # R and Q shrink alike, and sigma_min(Q) divides what is left by no more than it has to.
        assert bound < 1e-13
    else:
        assert bound <= 20 * size * np.linalg.norm(A, 2)
        assert bound > (0.1 if what == "vectors" else 0.9) * (off or size * 1e-2)


def test_vectors_far_from_orthogonal_certify_nothing(monkeypatch):
    """From ||Q^T Q - I|| = 1/2 on the answer is an error, and just below it is a bound."""

    def returns(length):
        return lambda S: (np.array([S[0, 0]]), np.array([[length]]))

    for loss, raises in ((0.49, False), (0.51, True)):
        monkeypatch.setattr(dense.np.linalg, "eigh", returns(math.sqrt(1 - loss)))
        if raises:
            with pytest.raises(
                ArithmeticError, match=r"\|\|Q\^T Q - I\|\| up to 5.1e-01, wanted less than 0.5"
            ):
                symmetric_eigenvalues(np.array([[3.0]]))
        else:
            assert symmetric_eigenvalues(np.array([[3.0]]))[0] == [3.0]


@pytest.mark.parametrize("short", [0.1, 0.3, 0.49])
def test_short_vectors_divide_the_residual(monkeypatch, short):
    """||R|| / sigma_min(Q): a vector of length sqrt(1 - x) shows an error of 0.1 as sqrt(1 - x) of it."""
    monkeypatch.setattr(dense.np.linalg, "eigh", lambda S: (S[0] + 0.1, np.array([[math.sqrt(1 - short)]])))
    found, bound = symmetric_eigenvalues(np.array([[3.0]]))
    assert found == pytest.approx([3.4])
    assert bound == pytest.approx(0.4 * (1 + 1e-6) ** 2, rel=1e-9)


NORMS = {
    "ones": (np.ones((7, 7)), 7.0),
    "one": (np.array([[3.0]]), 3.0),
    "zero-rows": (np.pad(np.ones((2, 2)), (0, 3)), 2.0),
    "swap": (np.array([[0.0, 2.0], [2.0, 0.0]]), 2.0),
    "unequal": (np.array([[0.0, 1.0], [1.0, 3.0]]), (3 + math.sqrt(13)) / 2),
    "zero": (np.zeros((4, 4)), 0.0),
}


@pytest.mark.parametrize("name", NORMS)
def test_the_norm_of_a_nonnegative_matrix_is_close_from_above(name):
    """Five steps of the power method: at most a few per cent above the spectral radius, and never below."""
    E, radius = NORMS[name]
    assert radius * (1 + 0.9e-6) <= nonnegative_norm(E) <= 1.02 * radius


def test_a_regular_matrix_costs_no_more_than_the_slack():
    """Where all row sums are equal the first step is exact."""
    assert nonnegative_norm(np.ones((7, 7))) == pytest.approx(7.0 * (1 + 1e-6), rel=1e-12, abs=0)


@pytest.mark.parametrize(("gap", "raises"), [(0.199, False), (0.201, True)])
def test_asymmetry_up_to_twice_the_entry_error_is_allowed(gap, raises):
    """|H_ij - H_ji| <= E_ij + E_ji: two entries within their errors of one number."""
    H = np.array([[1.0, gap], [0.0, 1.0]])
    if raises:
        with pytest.raises(
            ValueError, match=r"\|H - H\^T\| up to 2.01e-01, wanted at most twice the entry error"
        ):
            symmetric_eigenvalues(H, 0.1)
    else:
        found, _ = symmetric_eigenvalues(H, 0.1)
        assert found == pytest.approx([1 - gap / 2, 1 + gap / 2])


def test_unequal_entry_errors_are_shared():
    """The error of the mean of two entries is the mean of theirs; either alone may be 0."""
    H, E = np.array([[1.0, 0.15], [0.0, 1.0]]), np.array([[0.0, 0.2], [0.0, 0.0]])
    found, bound = symmetric_eigenvalues(H, E)
    assert found == pytest.approx([0.925, 1.075])
    assert bound == pytest.approx(0.1, rel=1e-3, abs=0)


def test_rationals_arrive_rounded():
    """Entries that differ by their own rounding are symmetric: 2 u |H_ij| from either side."""
    big = float(2**60)
    below = big * (1 - 3 * 2.0**-53)
    assert symmetric_eigenvalues(np.array([[0.0, big], [below, 0.0]]))[0] == pytest.approx([-big, big])
    with pytest.raises(ValueError, match=r"wanted at most twice the entry error of 0\.00e"):
        symmetric_eigenvalues(np.array([[0.0, big], [big * (1 - 5 * 2.0**-53), 0.0]]))


@pytest.mark.parametrize("wrong", [np.nan, np.inf, -1e-3])
def test_one_bad_number_among_good_ones_is_named(wrong):
    """In the matrix a NaN or an infinity, in the errors those and a negative one."""
    H, E = np.eye(3), np.full((3, 3), 0.1)
    H[1, 1] = E[1, 1] = wrong
    with pytest.raises(ValueError, match="got an entry error that is negative or not finite"):
        symmetric_eigenvalues(np.eye(3), E)
    if not np.isfinite(wrong):
        with pytest.raises(ValueError, match="got 1 entries of H that are not finite, wanted numbers"):
            symmetric_eigenvalues(H)


def test_the_largest_entry_error_is_named():
    """Of unequal ones, where an asymmetry exceeds its own."""
    H, E = np.array([[1.0, 0.5], [0.0, 1.0]]), np.array([[0.75, 0.125], [0.125, 0.0]])
    with pytest.raises(ValueError, match=r"up to 5.00e-01, wanted at most twice the entry error of 7.50e-01"):
        symmetric_eigenvalues(H, E)


def test_the_largest_size_is_allowed(monkeypatch):
    """One row more is not."""
    monkeypatch.setattr(dense, "LARGEST", 3)
    assert symmetric_eigenvalues(np.eye(3))[0].tolist() == [1.0] * 3
    with pytest.raises(ValueError, match=r"got H of shape \[4, 4\], wanted \[P, P\] with 1 <= P <= 3"):
        symmetric_eigenvalues(np.eye(4))


def test_the_largest_size_is_named():
    """None at all, and one too many."""
    with pytest.raises(ValueError, match=r"got H of shape \[0, 0\], wanted \[P, P\] with 1 <= P <= 65536"):
        symmetric_eigenvalues(np.zeros((0, 0)))
    with pytest.raises(ValueError, match=r"got H of shape \[1\]"):
        symmetric_eigenvalues(np.zeros(1))
    too_many = np.broadcast_to(0.0, (65537, 65537))
    with pytest.raises(ValueError, match=r"got H of shape \[65537, 65537\]"):
        symmetric_eigenvalues(too_many)


# -- answers --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("low", "high", "sign"),
    [
        (1e-300, 2.0, 1),
        (-2.0, -1e-300, -1),
        (0.0, 0.0, 0),
        (0.0, 1.0, None),
        (-1.0, 0.0, None),
        (-1, 1, None),
    ],
)
def test_a_sign_is_what_the_ends_prove(low, high, sign):
    """Strictly above or below 0, or 0 itself; touching 0 proves nothing."""
    assert Eigenvalue("smallest", 0.0, 1.0, low, high, True, "").sign == sign


@pytest.mark.parametrize(
    ("low", "high", "known"),
    [
        (-math.inf, 2.0, "at most 2 is proved"),
        (-1.0, math.inf, "at least -1 is proved"),
        (-1.0, 2.0, "at least -1 and at most 2 is proved"),
        (-math.inf, math.inf, "nothing is proved"),
    ],
)
def test_what_is_known_is_said(low, high, known):
    """Each end that is finite, and no other."""
    text = str(Eigenvalue("largest", 1.0, 0.5, low, high, False, "why"))
    assert text == f"largest eigenvalue 1, inconclusive: {known} (why)"


def test_estimates_and_counts_say_how_they_are_known():
    """A proved interval and one with a probability; a count that is known and one that is not."""
    assert str(Estimate(1.0, 0.5, 2.0, True, 1.0, "dense")) == "1 in [0.5, 2], certified (dense)"
    assert str(Estimate(1.0, 0.5, 2.0, False, 0.99, "probes")) == "1 in [0.5, 2], 99% interval (probes)"
    assert (Count(2, 2, "").certified, Count(2, 3, "").certified) == (True, False)
    for answer in (
        Eigenvalue("largest", 1, 1, 1, 1, True, ""),
        Estimate(1, 1, 1, True, 1, ""),
        Count(1, 1, ""),
    ):
        assert not hasattr(answer, "__dict__")
        with pytest.raises(FrozenInstanceError):
            answer.note = "other"
    assert str(Count(2, 3, "why")) == "inconclusive: between 2 and 3 (why)"


# -- spectra --------------------------------------------------------------------------


def spectrum(eigenvalues, bound=0.1, certified=True, error=0.0) -> Spectrum:
    values = np.array(eigenvalues, dtype=np.float64)
    return Spectrum(
        values, np.eye(len(values)), bound, DenseHessian(np.diag(values), error, certified, "why")
    )


@pytest.mark.parametrize(
    ("t", "low", "high"),
    [(-2.0, 0, 0), (-1.05, 0, 1), (-0.95, 0, 1), (-0.85, 1, 1), (0.05, 1, 2), (2.0, 3, 3)],
)
def test_eigenvalues_below_are_counted_from_both_sides(t, low, high):
    """At least those that are below with the bound added, at most those with it taken off."""
    found = spectrum([-1.0, 0.0, 1.0]).below(t)
    assert (found.low, found.high) == (low, high)
    assert found.note == "dense, eigenvalues within 1.0e-01; why"
    open_ = spectrum([-1.0, 0.0, 1.0], certified=False).below(t)
    assert (open_.low, open_.high) == (0, 3)


def test_an_eigenvalue_at_its_bound_is_not_counted():
    """Below means below: within the bound of t from either side, the count stays open."""
    values = spectrum([-0.5, 0.5], bound=0.5)
    assert (values.index.low, values.index.high) == (0, 1)


def test_the_ends_carry_their_bounds():
    """The first and the last eigenvalue, each plus and minus the bound; infinitely wide without a proof."""
    sure, open_ = spectrum([-1.0, 0.0, 3.0]), spectrum([-1.0, 0.0, 3.0], certified=False)
    assert (sure.smallest.low, sure.smallest.eigenvalue, sure.smallest.high) == (-1.1, -1.0, -0.9)
    assert (sure.largest.low, sure.largest.eigenvalue, sure.largest.high) == (2.9, 3.0, 3.1)
    assert (open_.smallest.low, open_.largest.high) == (-math.inf, math.inf)
    assert (sure.smallest.which, sure.largest.which) == ("smallest", "largest")
    assert (sure.smallest.certified, open_.smallest.certified) == (True, False)
    assert sure.smallest.note == "dense; why"


def test_a_spectrum_is_itself_alone():
    """Frozen; no two are equal, since arrays do not compare to one truth; its arrays are not printed."""
    one, other = spectrum([1.0, 2.0]), spectrum([1.0, 2.0])
    assert one != other
    assert "array" not in repr(one)
    with pytest.raises(FrozenInstanceError):
        one.bound = 0.0


def test_null_eigenvalues_are_within_the_tolerance_of_either_sign():
    """The tolerance itself counts as 0."""
    assert spectrum([-0.2, -0.1, 0.0, 0.1, 0.2]).null(0.1).tolist() == [1, 2, 3]


@pytest.mark.parametrize("certified", [True, False])
def test_the_trace_is_as_wide_as_the_entries_of_the_diagonal(certified):
    """Their errors and the rounding of the sum: P u times the sum of absolute values."""
    error = np.array([[0.5, 9.0, 9.0], [9.0, 0.25, 9.0], [9.0, 9.0, 0.125]])
    found = spectrum([-1.0, 2.0, 4.0], certified=certified, error=error).trace
    assert (found.value, found.certified, found.level) == (5.0, certified, 1.0 if certified else 0.0)
    assert found.high - found.value == pytest.approx(0.875, rel=1e-12, abs=0)
    exact = spectrum([-1.0, 0.5, 0.5]).trace
    assert exact.high == -exact.low == pytest.approx(3 * UNIT * 2.0 * (1 + 1e-6), rel=1e-12, abs=0)
    assert spectrum([1.0, 1.0], error=0.25).trace.high == pytest.approx(2.5)
