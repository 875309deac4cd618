"""The catalogue says everything a reader needs to doubt a verdict, for every claim."""

from __future__ import annotations

import dataclasses
import math
import re

import pytest

from claims.catalogue import CATALOGUE, Claim, Convergence, Kind, claim
from claims.margins import ALPHA, N

EVERY = pytest.mark.parametrize("of", CATALOGUE.values(), ids=CATALOGUE)

STATISTICAL = {"H7", "T2"}
"""What no proof settles, among the hypotheses and theorems."""


def exact(of: Claim) -> bool:
    """Whether a proof decides the claim, and no sample of models."""
    return of.kind in (Kind.HYPOTHESIS, Kind.THEOREM) and of.id not in STATISTICAL


IDS = {
    *(f"H{i}" for i in range(1, 8)),
    *(f"T{i}" for i in range(1, 7)),
    *(f"N{i}" for i in range(1, 4)),
    *(f"E{i}" for i in range(1, 11)),
    "M1",
    "M2",
    *(f"D{i}" for i in range(1, 7)),
}


def test_every_claim_is_there():
    """Sections 2.1, 3.1, 4 and 5 of the paper are covered, and what it says of E10 in the text as well."""
    assert set(CATALOGUE) >= IDS
    assert {"E10-groups", "E10-merge"} <= set(CATALOGUE)


@EVERY
def test_a_claim_is_one_line_with_a_place(of):
    """The statement fits a line of the table; place, rule, unit and the paper's own reading are given."""
    assert 10 <= len(of.statement) <= 80
    assert not of.statement.endswith(".")
    assert "\n" not in of.statement
    assert re.search(r"section \d|theorem \d|corollary \d", of.place)
    assert len(of.rule) > 20
    assert of.unit
    assert of.paper in {"yes", "no", "open", "assumed", "ideally", "left out"}
    assert of.kind in Kind


@EVERY
def test_a_claim_can_be_decided(of):
    """The region has a finite margin and leaves room on both sides; alpha and n are sane."""
    assert of.region.margin is not None
    assert math.isfinite(of.region.margin)
    assert (of.region.low > -math.inf) != (of.region.high < math.inf)
    assert of.alpha == ALPHA
    assert of.n == 0 if exact(of) else of.n >= N


@EVERY
def test_prerequisites_exist(of):
    """A prerequisite is another claim of the catalogue."""
    assert set(of.prerequisites) <= set(CATALOGUE) - {of.id}


@EVERY
def test_a_rule_names_its_interval(of):
    """A statistical rule says which interval it reads, any other that it is exact."""
    words = (
        r"exact|integer|rational|proved|constant columns"
        if exact(of)
        else r"t-interval|Welch|bootstrap|Clopper-Pearson|judged once more"
    )
    assert re.search(words, of.rule)


def test_claims_cannot_be_changed():
    """A rule is fixed before any run: a claim is frozen."""
    with pytest.raises(dataclasses.FrozenInstanceError):
        claim("E1").alpha = 0.5


def test_an_unknown_claim_lists_the_known():
    """A misspelt id is answered with those that exist."""
    with pytest.raises(KeyError, match=r"got the claim id 'E99', wanted one of H1, H2"):
        claim("E99")


@pytest.mark.parametrize(
    ("convergence", "supported", "refuted"),
    [
        (Convergence.END_STATE, True, True),
        (Convergence.REACHES, False, True),
        (Convergence.TRAJECTORY, False, False),
    ],
)
def test_what_an_unsettled_optimiser_forbids(convergence, supported, refuted):
    """An end state needs convergence for either outcome, reaching only for "does not reach"."""
    of = dataclasses.replace(claim("E1"), convergence=convergence)
    assert of.blocked_by_nonconvergence(supported=True) is supported
    assert of.blocked_by_nonconvergence(supported=False) is refuted


@pytest.mark.parametrize("id", ["E2", "E7", "E10", "D3", "D4", "D5", "D6"])
def test_claims_about_where_training_ends_need_convergence(id):
    """Equal losses, labels or accuracies at the end are claims about the end."""
    assert claim(id).convergence is Convergence.END_STATE
