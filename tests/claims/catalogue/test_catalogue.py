"""The catalogue says everything a reader needs to doubt a verdict, for every claim."""

from __future__ import annotations

import dataclasses
import importlib
import math
import sys

import pytest

import claims.catalogue
from claims.catalogue import CATALOGUE, Claim, Kind, Leg, claim
from claims.core import margins
from claims.core.margins import ALPHA
from claims.core.verdict import Region

EVERY = pytest.mark.parametrize("of", CATALOGUE.values(), ids=CATALOGUE)

STATISTICAL = {"H7", "T2", "N2"}
"""What no proof settles, or not by itself, among the hypotheses and theorems."""

IDS = {
    *(f"H{i}" for i in range(1, 8)),
    *(f"T{i}" for i in range(1, 7)),
    *(f"N{i}" for i in range(1, 4)),
    *(f"E{i}" for i in range(1, 13)),
    *(f"E{i}-test" for i in (1, 4, 5, 9)),
    *(f"E{i}-sigma" for i in (2, 7, 10)),
    *("E8-one", "E10-groups", "E10-merge", "M1", "M2"),
    *(f"D{i}" for i in range(1, 10)),
}


def test_every_claim_is_there_and_no_other():
    """Sections 2.1, 3.1, 4 and 5 of the paper are covered, what it says of E10 in the text as well, and
    training and test set are rows of their own."""
    assert set(CATALOGUE) == IDS
    assert all(id == of.id for id, of in CATALOGUE.items())


@EVERY
def test_a_claim_is_one_line_with_a_place(of):
    """The statement fits a line of the table; place, rule, unit and the paper's own reading are given."""
    assert 10 <= len(of.statement) <= 80
    assert not of.statement.endswith(".")
    assert "\n" not in of.statement
    assert of.place
    assert len(of.rule) > 20
    assert of.unit
    assert of.paper in {"yes", "no", "open", "assumed", "ideally", "left out"}
    assert of.kind in Kind


@EVERY
def test_a_claim_can_be_decided(of):
    """The region has a finite margin and leaves room outside; alpha is everybody's."""
    assert math.isfinite(of.region.margin)
    assert of.alpha == ALPHA
    if of.id == "E8-one":
        assert of.region == Region(1.0, 1.0), "exactly one: fewer and more are both wrong"
    else:
        assert (of.region.low > -math.inf) != (of.region.high < math.inf)


@EVERY
def test_figures_are_numbers_of_the_paper(of):
    """Each figure of a claim is one of the paper's nine, once and in order; section 2 and 5 have none."""
    assert list(of.figures) == sorted(set(of.figures))
    assert set(of.figures) <= set(range(1, 10))
    assert not of.figures or of.kind in (Kind.EMPIRICAL, Kind.METRIC)


def test_every_figure_shows_a_claim():
    """The paper has no figure of which nothing is claimed."""
    assert {figure for of in CATALOGUE.values() for figure in of.figures} == set(range(1, 10))


@EVERY
def test_prerequisites_exist(of):
    """A prerequisite is another claim of the catalogue."""
    assert set(of.prerequisites) <= set(CATALOGUE) - {of.id}


def exact(of: Claim) -> bool:
    """Whether a proof decides the claim, and no sample of networks."""
    return of.kind in (Kind.HYPOTHESIS, Kind.THEOREM) and of.id not in STATISTICAL


def test_claims_cannot_be_changed():
    """A rule is fixed before any run: a claim is frozen."""
    with pytest.raises(dataclasses.FrozenInstanceError):
        claim("E1").alpha = 0.5


def test_an_unknown_claim_lists_the_known():
    """A misspelt id is answered with the nearest, any other with all."""
    with pytest.raises(KeyError, match=r"got the claim id 'e8-On', wanted one .* such as E8-one"):
        claim("e8-On")
    with pytest.raises(KeyError, match=r"such as H1, H2, .*, D9"):
        claim("survival")


@pytest.mark.parametrize(
    ("training", "test"), [("E1", "E1-test"), ("E4", "E4-test"), ("E5", "E5-test"), ("E9", "E9-test")]
)
def test_training_and_test_are_rows_of_their_own(training, test):
    """The same rule, about the other loss; and their texts say which."""
    here, there = CATALOGUE[training], CATALOGUE[test]
    assert here.rule.replace("training l ", "test l ") == there.rule
    assert (here.region, here.place) == (there.region, there.place)


def test_different_is_the_opposite_of_equal():
    """E7 says of softmax what E2 denies of the linear output: one rule, the region turned round."""
    assert (CATALOGUE["E2"].region.low, CATALOGUE["E7"].region.high) == (margins.SHARE, margins.SHARE)
    assert CATALOGUE["E7"].rule.startswith(CATALOGUE["E2"].rule)
    assert CATALOGUE["E10"].rule == CATALOGUE["E2"].rule
    same, different = CATALOGUE["E2-sigma"], CATALOGUE["E7-sigma"]
    assert (same.region.high, different.region.low) == (margins.EQUAL_LOSS, margins.EQUAL_LOSS)
    assert CATALOGUE["E10-sigma"].rule == same.rule != different.rule


@pytest.mark.parametrize("id", ["D3", "D4"])
def test_what_is_said_of_networks_without_softmax_is_not_claimed_of_others(id):
    """Section 5 speaks of networks without softmax; a row of a softmax network says so."""
    assert claim(id).reading("softmax") == "not claimed"
    assert claim(id).reading("linear") == claim(id).paper == "yes"
    assert claim("E7").reading("softmax") == "yes"


# -- numbers come from claims.core.margins ---------------------------------------------------

REACHES = {"E1", "E1-test", "E4", "E4-test", "E5", "E5-test", "E9", "E9-test", "D2"}
EQUAL, SIGMA = {"E2", "E7", "E10"}, {"E2-sigma", "E7-sigma", "E10-sigma"}
PAIRS = {"E3", "M2", "D3", "D4"}
MINIMA = {"E11", "E12"}

USED = {
    # margin: claims whose rule's text names it, claims whose region has it as its edge
    "SHARE": (REACHES | EQUAL | MINIMA | {"D6"}, REACHES | EQUAL | MINIMA | {"D6"}),
    "MODEL_SHARE": (REACHES | MINIMA, set()),
    "PAIR_SHARE": (PAIRS, PAIRS),
    "NEAR_ZERO": (REACHES | {"D6", "E11"}, set()),
    "EQUAL_LOSS": (EQUAL | SIGMA | {"E10-groups", "D3", "D4", "D7", "E12"}, SIGMA | {"E10-merge"}),
    "MUCH_SLOWER": (set(), {"E6", "D1"}),
    "HALF_LOSS": ({"E6"}, set()),
    "TENTH_LOSS": ({"D1"}, set()),
    "SAME_LABELS": ({"M2", "D3"}, set()),
    "HALF_LABELS": ({"E8-one"}, {"E8"}),
    "A_POINT": ({"E3"}, set()),
    "RISING": ({"E3", "D8"}, {"D8"}),
    "A_LOT": ({"D7"}, {"D5", "D7"}),
    "ABOVE_CHANCE": ({"E3", "E8", "E8-one"}, set()),
    "RANKS_ALIKE": (set(), {"M1"}),
    "FEW": (set(), {"T2"}),
    "DEPENDS": ({"H7"}, {"H7"}),
    "PATHS": ({"H7"}, set()),
    "PATH_SAMPLES": ({"H7"}, set()),
    "RESCALED": (set(), {"N2"}),
    "NOT_GLOBAL": ({"T2"}, set()),
}
"""Every margin of a rule. The others are sizes and error rates, which a verdict prints by itself."""

OTHERS = {"ALPHA", "NETWORKS", "LOOKS", "LOOK_WEIGHTS", "RESTARTS"}


@pytest.fixture
def rewritten(monkeypatch):
    """The catalogue as its files would be read with other margins."""

    def read(**values: float) -> dict[str, Claim]:
        for name, value in values.items():
            monkeypatch.setattr(margins, name, value)
        monkeypatch.setattr(
            claims, "catalogue", claims.catalogue
        )  # put back afterwards, and so are the modules
        for module in [name for name in sys.modules if name.startswith("claims.catalogue")]:
            monkeypatch.delitem(sys.modules, module)
        return importlib.import_module("claims.catalogue").CATALOGUE

    return read


def other(name: str) -> float:
    """A value for the margin that nothing else has."""
    return 0.7123 if name in ("SHARE", "PAIR_SHARE", "SAME_LABELS") else getattr(margins, name) * 1.2345


@pytest.mark.parametrize("name", USED)
def test_a_margin_is_written_in_one_place(rewritten, name):
    """Changing it in `claims.core.margins` changes every text and region that has it, and nothing else."""
    changed = rewritten(**{name: other(name)})
    for id, of in changed.items():
        assert dataclasses.replace(of, rule=CATALOGUE[id].rule, region=CATALOGUE[id].region) == CATALOGUE[id]
    assert {id for id in IDS if changed[id].rule != CATALOGUE[id].rule} == USED[name][0]
    assert {id for id in IDS if changed[id].region != CATALOGUE[id].region} == USED[name][1]


def test_no_margin_is_left_out_above():
    """A new margin is either of a rule or one of the sizes."""
    assert set(margins.__all__) - OTHERS == set(USED)


def test_shares_of_networks_and_of_pairs_go_together():
    """Where a share s of networks is alike, at least 2 s - 1 of disjoint pairs hold only those."""
    assert pytest.approx(2 * margins.SHARE - 1) == margins.PAIR_SHARE


# -- since when a rule holds ------------------------------------------------------------


TRAJECTORY = {"E3", "E6", "E8", "D1"}
"""What is claimed of the training itself, epoch by epoch."""


def test_a_report_can_tell_a_changed_rule_from_a_flip():
    """Proofs have the rules of version 1; what counts networks has new ones."""
    assert {id for id, of in CATALOGUE.items() if exact(of) and of.since not in (1, 2)} == set()
    since = {id for id, of in CATALOGUE.items() if of.since == 2}
    assert since >= TRAJECTORY | {"H7"}
    assert {"H1", "H2", "H3"} & since == set()


def test_what_is_said_of_ends_is_judged_at_ends():
    """Claims about the course of the training are of its first leg, what trained networks show at the end of
    the second; both are told from the rules of earlier reports."""
    ends = {id for id, of in CATALOGUE.items() if of.leg is Leg.END}
    assert ends == {id for id in IDS if id[0] in "EMD"} - TRAJECTORY | {"N3"}
    assert {CATALOGUE[id].since for id in ends} == {3}
