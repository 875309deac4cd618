"""Planted controls for H1 to H6: one matrix for which each must be supported, one for which refuted."""

import re
from collections.abc import Callable

import numpy as np
import pytest

from claims.catalogue import claim
from claims.core.verdict import Evidence, Failed, Outcome, Strength, Verdict, decide
from claims.evidence.linear import hypotheses, preparation
from data import load
from models.exact.moments import Moments, moments
from tests.claims.controls.declared import control

EYE = np.eye(3, dtype=int)
FOUR = EYE[[0, 1, 2, 0]]
"""Labels of four samples."""

SUPPORTED, REFUTED = Outcome.SUPPORTED, Outcome.REFUTED


A, B = np.array([1, 0, 2, 5]), np.array([3, 1, 4, 1])


def hilbert(d: int) -> np.ndarray:
    """An integer multiple of the d by d Hilbert matrix: regular, with a condition number beyond float64."""
    whole = int(np.lcm.reduce(np.arange(1, 2 * d, dtype=np.int64)))
    i = np.arange(d)
    return whole // (i[:, None] + i[None, :] + 1)


def three_in_a_plane() -> np.ndarray:
    """Three columns, no two of them proportional, the third the sum of the others."""
    a, b = np.array([1, 2, 3, 5]), np.array([4, 1, 0, 2])
    return np.column_stack([a, b, a + b])


def well_conditioned() -> np.ndarray:
    return np.array([[2, 1, 0], [0, 3, 1], [1, 0, 4], [1, 1, 1]])


CONTROLS: list[tuple[str, Callable[[Moments], Evidence], Moments, Outcome, str]] = [
    ("H1", hypotheses.shape_evidence, moments(EYE, EYE[:, :1]), SUPPORTED, "d_y = 1, d_x = 3"),
    ("H1", hypotheses.shape_evidence, moments(EYE[:, :1], EYE), REFUTED, "d_y = 3, d_x = 1"),
    ("H2", hypotheses.gram_rank_evidence, moments(well_conditioned(), FOUR), SUPPORTED, "3 of 3"),
    ("H2", hypotheses.gram_rank_evidence, moments(three_in_a_plane(), FOUR), REFUTED, "2 of 3"),
    ("H2", hypotheses.literal_rank_evidence, moments(EYE, EYE), SUPPORTED, "3 by 3 of rank 3"),
    (
        "H2",
        hypotheses.literal_rank_evidence,
        moments(well_conditioned(), FOUR),
        REFUTED,
        "4 by 4 of rank 3, and never more than d_x = 3",
    ),
    ("H3", hypotheses.cross_rank_evidence, moments(EYE, EYE[:, :2]), SUPPORTED, "rank 2 of 2"),
    ("H3", hypotheses.cross_rank_evidence, moments(EYE, EYE[:, [0, 0]]), REFUTED, "rank 1 of 2"),
    ("H4", hypotheses.eigenvalue_evidence, moments(EYE, EYE * [1, 2, 3]), SUPPORTED, "3 distinct"),
    ("H4", hypotheses.eigenvalue_evidence, moments(EYE, EYE * [1, 2, 2]), REFUTED, "2 distinct"),
    (
        "H5",
        hypotheses.column_evidence,
        moments(np.column_stack([EYE, 2 * EYE[:, 0], 0 * EYE[:, 0]]), EYE),
        SUPPORTED,
        "2 of 5 missing: 1 columns are zero, 1 are multiples of another, 0 unexplained",
    ),
    (
        "H5",
        hypotheses.column_evidence,
        moments(three_in_a_plane(), FOUR),
        REFUTED,
        "1 of 3 missing: 0 columns are zero, 0 are multiples of another, 1 unexplained",
    ),
    (
        "H5",
        hypotheses.column_evidence,
        moments(np.column_stack([A, 1 - A, A**0]), FOUR),
        SUPPORTED,
        "1 of 3 missing: 0 columns are zero, 1 are constant, 0 are multiples of another, 0 unexplained",
    ),
    ("H6", hypotheses.method_evidence, moments(well_conditioned(), FOUR), SUPPORTED, "QR: rank 3, right"),
    ("H6", hypotheses.method_evidence, moments(hilbert(14), hilbert(14)[:, :1]), REFUTED, "wrong"),
]  # fmt: skip


def judge(id: str, evidence: Evidence) -> Verdict:
    return decide(claim(id), evidence, setting="planted", dataset="planted")


@pytest.mark.parametrize(
    ("id", "evidence", "planted", "outcome", "note"),
    [
        pytest.param(*case, id=f"{case[0]}-{case[1].__name__}-{case[3]}-{n}", marks=control(case[0], case[3]))
        for n, case in enumerate(CONTROLS)
    ],
)
def test_a_planted_case_comes_out_as_planted(id, evidence, planted, outcome, note):
    """Each hypothesis can go either way, and its note gives the numbers."""
    verdict = judge(id, evidence(planted))
    assert verdict.outcome is outcome
    assert verdict.strength is Strength.PROOF
    assert note in verdict.reason
    assert claim(id).region.contains((verdict.estimate,) * 2) == (outcome is Outcome.SUPPORTED)


ONE, NONE = A**0, 0 * A
COLUMNS = {
    "affine-pair-and-constant": ((A, 1 - A, ONE), 1, 0),
    "scaled-pair-and-constant": ((A, 7 - 3 * A, 2 * ONE), 1, 0),
    "two-constants": ((A, B, ONE, 5 * ONE), 1, 0),
    "constants-alone": ((ONE, -ONE, NONE), 2, 0),
    "affine-pair-alone": ((A, 1 - A), 0, 0),
    "two-affine-pairs": ((A, 1 - A, B, 1 - B), 1, 1),
    "two-affine-pairs-and-constant": ((A, 1 - A, B, 1 - B, ONE), 2, 1),
    "opposite": ((A, -A), 1, 0),
    "multiples": ((2 * A, -3 * A, 5 * A, B), 2, 0),
    "shares": ((A, B, 12 - A - B, ONE), 1, 0),
    "plane": ((A, B, A + B), 1, 1),
    "plane-and-more": ((A, B, A + B, 2 * A, ONE, NONE), 3, 1),
}
"""Columns, the rank missing, and what of it stays unexplained."""


@pytest.mark.parametrize(("columns", "missing", "unexplained"), COLUMNS.values(), ids=COLUMNS)
@pytest.mark.parametrize("order", [1, -1])
def test_constant_and_collinear_columns_are_taken_out(columns, missing, unexplained, order):
    """What goes away with them is explained, whatever the order; what is left is not."""
    of = moments(np.column_stack([*columns[::order]]), FOUR)
    evidence = hypotheses.column_evidence(of)
    assert (of.d_x - of.rank, evidence.estimate) == (missing, unexplained)
    assert evidence.proved is (unexplained == 0)


@pytest.mark.parametrize(
    "chain", ["raw", "centred", "bias", "centred-bias", "bias-centred", "standardised-bias"]
)
def test_a_constant_column_explains_in_every_preparation(chain):
    """A bias row is a constant column, and centring makes zeros of constants."""
    of = moments(np.column_stack([A, 1 - A, 3 * ONE, NONE]), FOUR)
    for step in chain.split("-"):
        of = preparation.VARIANTS[step](of)
    assert hypotheses.column_evidence(of).estimate == 0
    assert of.rank < of.d_x


@pytest.mark.parametrize("power", [1, 150, 160, 400, 2000])
def test_entries_beyond_float64_are_judged_exactly(power):
    """Columns of 10^power: H5 counts the multiples, H6's methods have no answer once X X^T overflows."""
    big = np.array([[3, 1], [1, 4], [5, 9]], dtype=object) * 10**power
    of = moments(np.column_stack([big, -2 * big[:, 0], big[:, 1] + 1, big[:, 0] * 10**9]), EYE)
    assert hypotheses.column_evidence(of).note == (
        "2 of 5 missing: 0 columns are zero, 2 are multiples of another, 0 unexplained"
    )
    found = hypotheses.method_evidence(of)
    assert "exact rank 3 of 5" in found.note
    assert (found.note.count("X X^T overflows float64, no answer") == 5) == (power > 140)
    assert found.proved is (power == 1)


def test_printed_numbers_within_float64_are_asked_about():
    """Integers beyond float64 whose printed columns are not: 10^200 with 200 decimals is 1."""
    X = np.array([[1, 0], [0, 2], [1, 1]], dtype=object) * 10**200
    of = moments(X, EYE, scale=np.array([1e200, 1e200]))
    note = hypotheses.method_evidence(of).note
    assert "overflows" not in note
    assert "det: 9, right" in note


def test_two_runs_say_the_same():
    """No time of this machine or that run is in what H6 says, so that reports can be compared to the byte."""
    one, other = (hypotheses.method_evidence(moments(well_conditioned(), FOUR)) for _ in range(2))
    assert one == other
    assert not re.search(r"\d s\b", one.note)


def test_float_methods_are_wrong_where_the_exact_rank_is_right():
    """A regular matrix beyond float64's condition: exact says 14 of 14, QR and SVD say less."""
    note = hypotheses.method_evidence(moments(hilbert(14), hilbert(14)[:, :1])).note
    assert "exact rank 14 of 14" in note
    for method in ("QR", "SVD"):
        assert f"{method}: rank " in note
        assert "wrong" in note.split(f"{method}: ")[1].split(";")[0]


def test_a_hidden_dependency_among_many_inputs():
    """Of 200 inputs one is a combination of the others: the exact rank sees it and det does not."""
    draw = np.random.default_rng(5)
    X = draw.integers(0, 256, (300, 200))
    X[:, 199] = X[:, :199] @ np.tile([1, -1], 100)[:199]
    of = moments(X, X[:, :1])
    evidence = hypotheses.method_evidence(of)
    assert of.rank == 199
    assert "exact rank 199 of 200" in evidence.note
    assert evidence.proved is False  # the determinant of a singular matrix of this size overflows or is noise


def test_h4_without_an_inverse_is_not_applicable():
    """Where H2 failed the theorem says nothing, and the reason names H2."""
    evidence = hypotheses.eigenvalue_evidence(moments(three_in_a_plane(), FOUR))
    verdict = decide(
        claim("H4"),
        evidence,
        setting="planted",
        dataset="planted",
        failed_prerequisites=[Failed("H2", "H2 failed on planted: rank 2 of 3")],
    )
    assert verdict.outcome is Outcome.NOT_APPLICABLE
    assert verdict.reason.startswith("H2 failed on planted: rank 2 of 3")


def test_h4_is_inconclusive_when_a_repetition_cannot_be_proved(monkeypatch):
    """An open proof is never read as refuted."""
    monkeypatch.setattr(hypotheses.sigma, "repeated_eigenvalues", lambda of: None)
    assert judge("H4", hypotheses.eigenvalue_evidence(moments(EYE, EYE))).outcome is Outcome.INCONCLUSIVE


def test_centred_inputs_and_one_hot_labels_lose_a_dimension():
    """The note says why X Y^T is singular there."""
    X = np.random.default_rng(0).integers(0, 9, (12, 5))
    evidence = hypotheses.cross_rank_evidence(moments(X, EYE[np.arange(12) % 3]).centred())
    assert evidence.note == "rank 2 of 3; the label columns of X Y^T add up to zero"
    assert evidence.proved is False


def test_preparations_are_joined_from_left_to_right():
    """Steps compose, are computed once, and an unknown one lists the choices."""
    boston = load("boston")
    assert preparation.variant(boston, "bias-independent").d_x == 14
    assert preparation.variant(boston, "raw") is preparation.variant(boston, "raw")
    with pytest.raises(ValueError, match="got the preparation 'whitened', wanted one of raw, centred"):
        preparation.variant(boston, "raw-whitened")


def test_decimals_are_read_exactly():
    """Boston's columns are scaled to integers, with the scale kept for the floating-point methods."""
    of = preparation.of_dataset(load("boston"))
    assert of.scale.tolist() == [1e5, 10, 100, 1, 1e4, 1e3, 10, 1e4, 1, 1, 10, 100, 100]
    raw = np.concatenate([load("boston").raw_train, load("boston").raw_test])
    assert np.allclose(of.gram.astype(float) / np.outer(of.scale, of.scale), raw.T @ raw, rtol=1e-12)
