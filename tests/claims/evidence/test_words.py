"""What stands beside the verdicts of section 2, word for word, on data whose numbers can be checked."""

from __future__ import annotations

import numpy as np
import pytest

from claims.catalogue import claim
from claims.catalogue.exact_sets import exact_sets
from claims.core.verdict import Evidence, Strength
from claims.evidence.linear import convexity, dropped_hypotheses, hypotheses, strictness
from claims.evidence.linear.convexity import convexity_evidence
from claims.evidence.linear.curvature import curvature_evidence
from claims.evidence.linear.points import checked
from claims.evidence.linear.preparation import prepared
from claims.evidence.linear.strictness import strictness_evidence
from claims.evidence.relu import bernoulli_paths, relu_theorem
from claims.evidence.sources import source
from data import entry
from models.exact.moments import moments
from models.linear.exact_network import exact_moments

EYE = np.eye(3, dtype=int)

DIFFERENCES = "relative difference at rho = 1/3, q = 1/rho: 4-2-3 {}, 4-4-3 {}, 4-2-2-3 {}"
DRAWN = (
    "4-20-12-3, 2880 paths, 4000 draws in 40 batches, rho = 1/2; the variance of the paths is 0.3137 of the "
    "deep linear loss"
)
"""20 x 12 paths from each of four inputs to each of three outputs."""

WORDS = {
    "N2, output, exact": (
        lambda: bernoulli_paths.exact_evidence("expected-output", claim("N2")),
        "1/2 |E[Y^] - Y|^2 is the deep linear loss at q rho = 1; "
        + DIFFERENCES.format(0, 0, 0)
        + "; for all weights and inputs of 2-2-1 (256 points) and 2-2-2-1 (4096 points), as multilinear "
        "polynomials that agree on {0, 1}^n",
    ),
    "N2, loss, exact": (
        lambda: bernoulli_paths.exact_evidence("expected-loss", claim("N2")),
        "E[1/2 |Y^ - Y|^2] exceeds the deep linear loss by 1/2 q^2 rho (1 - rho) times the sum of "
        "W_(H+1)^2...W_1^2 X^2 (entrywise), by enumeration and by formula alike; "
        + DIFFERENCES.format(0.2324, 0.6754, 0.4245),
    ),
    "N2, output, sampled": (
        lambda: bernoulli_paths.sampled_evidence("expected-output", claim("N2")),
        DRAWN,
    ),
    "N2, loss, sampled": (lambda: bernoulli_paths.sampled_evidence("expected-loss", claim("N2")), DRAWN),
    "T1": (
        lambda: convexity_evidence(prepared("synthetic", "raw")),
        "6 of 6 witnesses for H = 1, 2, 3; one path, input 0 to label 0 (counted from 0), G = 16, C = 960, "
        "tr YY^T = 128576; with H = 3 above: (1, 1, 1, 60) and (-1, 1, 1, -60), losses 35488 and 35488, "
        "midpoint 64288; below: (1, 1, 1, 0) and (1, 1, 1, 120), losses 64288 and 64288, midpoint 35488",
    ),
    "T4": (
        lambda: curvature_evidence(*checked("synthetic", "raw")),
        "checked exactly at the 58 points built: v^T H v < 0 at 58 of 58 saddles with rank(W_H ... W_2) = p, "
        "at most -15680",
    ),
    "T5": (
        lambda: strictness_evidence(*checked("synthetic", "raw"), prepared("synthetic", "raw")),
        "checked exactly at the 23 points built: v^T H v < 0 at 23 of 23 saddles for H = 1, at most -15680; "
        "at zero weights, H = 2: the Hessian is 0 (18 weights), L(t) = 64288 - 960 t^3 + 8 t^6; H = 3: the "
        "Hessian is 0 (22 weights), L(t) = 64288 - 960 t^4 + 8 t^8",
    ),
    "T5, unrelated labels": (
        lambda: strictness_evidence(*dropped("synthetic-unrelated"), prepared("synthetic-unrelated", "raw")),
        "no point was built; v^T H v < 0 at 0 of 0 saddles for H = 1; at zero weights, H = 2: the Hessian is "
        "0 (18 weights), no descent; H = 3: the Hessian is 0 (22 weights), no descent; X Y^T = 0, so zero "
        "weights are a global minimum and no saddle",
    ),
}


def dropped(name: str) -> tuple:
    """The checked points of planted data that break a hypothesis."""
    planted = source(name)
    data = exact_moments(prepared(name, "raw"))
    return dropped_hypotheses._every_basis(data, planted.reflection.T.tolist())


@pytest.mark.parametrize(("make", "note"), WORDS.values(), ids=WORDS)
def test_the_note(make, note):
    """Numbers that a reader can check with paper, or with the formula beside them."""
    assert make().note == note


@pytest.mark.parametrize(
    ("make", "n", "unit"),
    [
        (WORDS["T1"][0], 6, "witnesses"),
        (WORDS["T4"][0], 58, "points built"),
        (WORDS["T5"][0], 27, "checks at points built"),
        (lambda: hypotheses.shape_evidence(moments(EYE, EYE)), 1, "data set"),
        (lambda: hypotheses.gram_rank_evidence(moments(EYE, EYE)), 1, "data set"),
        (lambda: hypotheses.eigenvalue_evidence(moments(EYE, np.diag([1, 2, 3]))), 1, "data set"),
        (lambda: hypotheses.column_evidence(moments(EYE, EYE)), 1, "data set"),
    ],
    ids=["T1", "T4", "T5", "H1", "H2", "H4", "H5"],
)
def test_a_proof_counts_what_it_looked_at(make, n, unit):
    """Witnesses, points, or the one data set that there is."""
    found = make()
    assert (found.n, found.sampling_unit) == (n, unit)


@pytest.mark.parametrize("proved", [True, None], ids=str)
def test_an_open_h4_counts_its_data_set_too(monkeypatch, proved):
    """Whether an eigenvalue is repeated may stay open; the row is about one data set all the same."""
    monkeypatch.setattr(hypotheses.sigma, "repeated_eigenvalues", lambda of: None if proved is None else 0)
    found = hypotheses.eigenvalue_evidence(moments(EYE, np.diag([1, 2, 3])))
    assert (found.n, found.sampling_unit, found.proved) == (1, "data set", proved)


def test_labels_that_are_unrelated_refute_t5():
    """Zero weights are then a global minimum, which is proved, whatever was or was not built."""
    found = WORDS["T5, unrelated labels"][0]()
    assert (found.proved, found.strength, found.n) == (False, Strength.PROOF, 4)


@pytest.mark.parametrize(
    "line",
    [[1, 0, 0, 0, 0, 1, 1, 1, 1], [1, -1, 0, -1, -1], [1, 1, 0, -1, -1], [1, 0, 0, 1, 1], [1, 0, 0, 0, 0]],
    ids=["rises later", "falls at once", "rises at once", "rises", "flat"],
)
def test_t5_stays_open_where_zero_weights_are_not_shown_to_descend(monkeypatch, line):
    """Every saddle of one hidden layer is strict, and yet nothing is proved of the deeper ones: the loss must
    keep still up to the order of the first layer products and fall with it."""
    monkeypatch.setattr(strictness, "descent_from_zero", lambda path, depth: line)
    found = WORDS["T5"][0]()
    assert found.proved is None
    assert found.estimate == 25 / 27


def test_t1_stays_open_where_a_witness_is_missing(monkeypatch):
    """A witness that does not hold refutes nothing, unless the loss is convex by its form."""
    right = convexity.witnesses
    monkeypatch.setattr(convexity, "witnesses", lambda path, depth: right(path, depth)[: 2 - (depth == 2)])
    found = convexity_evidence(prepared("synthetic", "raw"))
    assert (found.proved, found.estimate) == (None, 5 / 6)


@pytest.mark.parametrize("failing", [0, 1, 2])
def test_n2_is_proved_only_with_every_identity(monkeypatch, failing):
    """A grid on which the two polynomials differ at one point is no proof for all weights."""
    count = iter([failing == 0, failing == 1])
    monkeypatch.setattr(
        bernoulli_paths.bernoulli, "identity_failures", lambda sizes, rate: (int(next(count)), 256)
    )
    assert bernoulli_paths.exact_evidence("expected-output", claim("N2")).proved is (failing == 2)


def test_sigma_that_does_not_exist_has_no_eigenvalues():
    """H4 without H2: a proof's row without an answer."""
    singular = np.column_stack([EYE, EYE[:, 0]])
    found = hypotheses.eigenvalue_evidence(moments(singular, EYE))
    assert (found.strength, found.proved, found.estimate) == (Strength.PROOF, None, None)
    assert found.note == "Sigma does not exist"
    assert found.sampling_unit == hypotheses.UNIT


def test_columns_that_are_constant_and_zero_are_told_apart():
    """Two columns of zeros and one of sevens: the note counts each kind once."""
    X = np.column_stack([np.zeros((4, 2), int), np.full(4, 7), [1, 2, 3, 4], [1, 4, 9, 16]])
    note = hypotheses.column_evidence(moments(X, EYE[[0, 1, 2, 0]])).note
    assert "2" in note
    assert "1 are constant" in note
    assert "3 are constant" not in note


@pytest.mark.parametrize("name", [name for name in exact_sets() if not entry(name).large])
def test_n1_is_judged_on_whole_numbers(name):
    """All samples of the embedded sets: the table scaled to integers, or pixels beside one-hot labels."""
    of, (X, Y) = entry(name), relu_theorem.samples(name)
    m = of.train + of.test
    assert (X.shape, Y.shape) == ((m, of.d_x), (m, of.outputs))
    assert X.dtype.kind in "iu"
    assert Y.dtype.kind == "i"
    if of.task == "regression":
        assert Y.max() > 1
    else:
        assert (Y.sum(axis=1) == 1).all()
        assert Y.min() == 0
        assert X.max() == 255


def test_the_worst_of_the_strict_minima_is_described(monkeypatch):
    """Three minima of different losses: the share of the best, and the loss of the worst."""
    task = relu_theorem.strict_task("boston")
    found: Evidence = relu_theorem.strict_evidence(task, starts=20)
    losses = []
    inspect = relu_theorem.strict_minimum.inspect

    def watched(*arguments):
        point = inspect(*arguments)
        if point.is_strict_minimum:
            losses.append(point.loss)
        return point

    monkeypatch.setattr(relu_theorem.strict_minimum, "inspect", watched)
    relu_theorem.strict_evidence(task, starts=20)
    unit = relu_theorem.baseline_loss(task.y[:, None])
    assert len(set(losses)) >= 2
    assert f"the worst with L/L0 = {float(max(losses) / unit):.6g}, the best" in found.note
    assert f"the best {float(min(losses) / unit):.6g};" in found.note
    assert found.estimate == losses.count(min(losses)) / len(losses)


def test_a_pattern_without_a_minimum_is_passed_over(monkeypatch):
    """A singular cell is no minimum; the patterns after it are inspected all the same."""
    task = relu_theorem.strict_task("boston")
    expected = relu_theorem.strict_evidence(task, starts=20)
    search = relu_theorem.strict_minimum.search
    alike = np.repeat(task.X[:, :1] > 1000, 2, axis=1)
    monkeypatch.setattr(
        relu_theorem.strict_minimum, "search", lambda *a, **more: [alike, *search(*a, **more), alike]
    )
    assert relu_theorem.strict_evidence(task, starts=20) == expected
