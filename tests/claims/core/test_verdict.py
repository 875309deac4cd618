"""`decide`: what evidence amounts to, case by case."""

from __future__ import annotations

import dataclasses
import json
import math

import msgspec
import numpy as np
import pytest

from claims.catalogue import claim
from claims.core.verdict import Evidence, Failed, Outcome, Region, Strength, Verdict, decide

INF, NAN = math.inf, math.nan
S, R, I, NA = Outcome.SUPPORTED, Outcome.REFUTED, Outcome.INCONCLUSIVE, Outcome.NOT_APPLICABLE  # noqa: E741

AT_MOST, AT_LEAST, BETWEEN = Region(high=1.0), Region(low=1.0), Region(low=1.0, high=2.0)
STEP = math.ulp(1.0)


def verdict(evidence: Evidence, region: Region = AT_MOST, **more: object) -> Verdict:
    of = dataclasses.replace(claim("E1"), region=region)
    return decide(of, evidence, setting="x", dataset="y", **more)


INTERVALS = [
    # region, interval, outcome
    (AT_MOST, (0.2, 0.8), S),
    (AT_MOST, (0.2, 1.0), S),
    (AT_MOST, (0.2, 1.0 + STEP), I),
    (AT_MOST, (1.0, 1.2), I),
    (AT_MOST, (1.0 + STEP, 1.2), R),
    (AT_MOST, (1.0, 1.0), S),
    (AT_MOST, (1.5, 1.5), R),
    (AT_MOST, (-INF, 0.5), S),
    (AT_MOST, (1.5, INF), R),
    (AT_MOST, (0.5, INF), I),
    (AT_MOST, (-INF, INF), I),
    (AT_LEAST, (1.0, 3.0), S),
    (AT_LEAST, (1.0, INF), S),
    (AT_LEAST, (1.0 - STEP, 3.0), I),
    (AT_LEAST, (0.0, 1.0), I),
    (AT_LEAST, (0.0, 1.0 - STEP), R),
    (AT_LEAST, (-INF, 0.5), R),
    (AT_LEAST, (1.0, 1.0), S),
    (AT_LEAST, (-INF, INF), I),
    (BETWEEN, (1.0, 2.0), S),
    (BETWEEN, (1.5, 1.5), S),
    (BETWEEN, (0.5, 2.5), I),
    (BETWEEN, (0.5, 1.0), I),
    (BETWEEN, (0.0, 0.5), R),
    (BETWEEN, (2.5, 3.0), R),
    (AT_MOST, (NAN, 0.5), I),
    (AT_MOST, (0.1, NAN), I),
    (AT_LEAST, (NAN, NAN), I),
    (AT_MOST, None, I),
]


@pytest.mark.parametrize(("region", "interval", "outcome"), INTERVALS, ids=str)
def test_the_interval_decides(region, interval, outcome):
    """Inside the closed region is supported, wholly outside refuted, anything else open; networks that
    diverged or may still change are in the interval already and decide nothing more."""
    for more in ({}, {"unresolved": 2, "diverged": 3}):
        found = verdict(Evidence(0.5, interval, 12, **more), region)
        assert found.outcome is outcome
        assert found.reason


REASONS = {
    "supported": (Evidence(0.5, (0.2, 0.8), 12, part="a part"), S, "whole interval inside <= 1"),
    "refuted": (Evidence(1.5, (1.2, 1.8), 12), R, "whole interval outside <= 1"),
    "refuted by a part": (
        Evidence(1.5, (1.2, 1.8), 12, part="model 3", note="60 epochs"),
        R,
        "model 3: whole interval outside <= 1; 60 epochs",
    ),
    "open": (Evidence(1.0, (0.8, 1.2), 12), I, "the interval straddles <= 1"),
    "open by a part": (Evidence(1.0, (0.8, 1.2), 12, part="b"), I, "b: the interval straddles <= 1"),
    "unresolved": (
        Evidence(1.0, (0.8, 1.2), 12, unresolved=5, sampling_unit="disjoint pairs", note="n"),
        I,
        "the interval straddles <= 1: 5 of 12 disjoint pairs had not converged; n",
    ),
    "none formed": (Evidence(1.0, None, 12, part="c", note="n"), I, "c: no interval could be formed; n"),
    "not a number": (Evidence(1.0, (NAN, 1.0), 12), I, "no interval could be formed"),
    "does not apply": (
        Evidence(0.5, (0.2, 0.8), 12, inapplicable="at chance", note="n"),
        NA,
        "at chance; n",
    ),
}


@pytest.mark.parametrize(("evidence", "outcome", "reason"), REASONS.values(), ids=REASONS)
def test_the_reason_says_why(evidence, outcome, reason):
    """Word for word: what decided, the part that bound, and what was unresolved where that left it open."""
    found = verdict(evidence)
    assert (found.outcome, found.reason) == (outcome, reason)


@pytest.mark.parametrize("strength", [Strength.PROOF, Strength.POINTS, Strength.CERTIFICATE])
@pytest.mark.parametrize(("proved", "outcome"), [(True, S), (False, R), (None, I)])
@pytest.mark.parametrize("interval", [(0.2, 0.8), (1.5, 1.8), None])
def test_a_proof_speaks_for_itself(strength, proved, outcome, interval):
    """A proof or certificate decides whatever number comes with it, and has no p-value; one that did not
    close is open."""
    found = verdict(
        Evidence(0.5, interval, 1, strength, proved=proved, p_support=0.01, p_refute=0.5, diverged=3)
    )
    assert found.outcome is outcome
    assert found.strength is strength
    assert found.p_value is None
    name = "check at the points built" if strength is Strength.POINTS else strength
    assert found.reason == ("" if proved is not None else f"the {name} did not close")


@pytest.mark.parametrize(
    "evidence",
    [
        Evidence(0.5, (0.2, 0.8), 12, p_support=0.001, p_refute=1.0),
        Evidence(0.5, (0.2, 0.8), 12, inapplicable="another reason"),
        Evidence(None, None, 1, Strength.PROOF, proved=False),
    ],
    ids=["statistical", "inapplicable too", "proof"],
)
def test_a_failed_prerequisite_comes_first(evidence):
    """Where a hypothesis failed on the data the theorem says nothing, and the reason names each."""
    broken = [Failed("H2", "H2 failed on y"), Failed("H3", "H3 failed on y")]
    found = verdict(evidence, failed_prerequisites=broken)
    assert found.outcome is NA
    assert found.reason == "H2 failed on y; H3 failed on y"
    assert found.failed == ("H2", "H3")
    assert found.p_value is None


@pytest.mark.parametrize(
    ("support", "refute", "smallest"),
    [(0.01, 0.9, 0.01), (0.9, 0.01, 0.01), (None, 0.3, 0.3), (0.0, None, 0.0), (None, None, None)],
)
def test_the_p_value_is_the_smaller_of_the_two(support, refute, smallest):
    """It is the smallest alpha at which either decision would be taken; unknown where neither is known."""
    evidence = Evidence(0.5, (0.2, 0.8), 12, p_support=support, p_refute=refute)
    assert evidence.p_value == smallest
    assert verdict(evidence).p_value == smallest


def test_a_look_pays_for_its_share_of_alpha():
    """The p-value of a look with a tenth of alpha is ten times as large, and never above one."""
    small = Evidence(0.5, (0.2, 0.8), 12, p_support=0.004, p_refute=1.0)
    found = verdict(small, look="1 of 4", spent=0.1)
    assert found.p_value == pytest.approx(0.04)
    assert found.look == "1 of 4"
    assert verdict(small).look == ""
    large = Evidence(1.0, (0.2, 1.8), 12, p_support=0.3, p_refute=0.4)
    assert verdict(large, spent=0.1).p_value == 1.0


def test_a_verdict_carries_the_claim():
    """Everything needed to doubt a verdict is in it, word for word."""
    of = dataclasses.replace(claim("E1"), alpha=0.005)
    evidence = Evidence(0.9, (0.86, 1.0), 12, sampling_unit="quadruples", cites="a proof in words")
    found = decide(of, evidence, setting="x", dataset="y", protocol="he")
    for name in ("statement", "place", "unit", "paper", "alpha", "rule"):
        assert getattr(found, name) == getattr(of, name), name
    assert (found.claim, found.kind, found.rule_since) == ("E1", "empirical", of.since)
    assert (found.margin, found.region, str(found.region)) == (0.85, of.region, ">= 0.85")
    assert (found.estimate, found.interval, found.n) == (0.9, (0.86, 1.0), 12)
    assert (found.sampling_unit, found.cites) == ("quadruples", "a proof in words")
    assert (found.setting, found.dataset, found.protocol) == ("x", "y", "he")
    assert found.strength is Strength.STATISTICAL


def test_the_papers_reading_can_be_that_of_the_network():
    """Where the paper says nothing of a network, the row says so and not what it claims elsewhere."""
    evidence = Evidence(0.9, (0.86, 1.0), 12)
    assert verdict(evidence).paper == "yes"
    assert verdict(evidence, paper="not claimed").paper == "not claimed"
    d3 = claim("D3")
    assert (d3.reading("softmax"), d3.reading("linear")) == ("not claimed", "yes")


@pytest.mark.parametrize("make", [lambda: Evidence(0.5, (1.0, 0.5), 3), lambda: Region(2.0, 1.0)])
def test_ends_the_wrong_way_round(make):
    """An interval or a region whose ends are swapped is an error, not a verdict."""
    with pytest.raises(ValueError, match="swap the two ends"):
        make()


@pytest.mark.parametrize("ends", [(NAN, 1.0), (0.0, NAN)], ids=str)
def test_a_region_without_an_edge_is_refused(ends):
    """A margin that is not a number would decide nothing silently."""
    with pytest.raises(ValueError, match=r"got the region \[.*nan.*\], wanted low <= high"):
        Region(*ends)


def test_an_interval_and_a_region_may_be_a_point():
    """Equal ends are in order."""
    assert verdict(Evidence(1.0, (1.0, 1.0), 3), Region(1.0, 1.0)).outcome is S


def test_values_are_frozen():
    """Evidence, regions and verdicts do not change once made."""
    for value, field in (
        (Evidence(0.5, None, 1), "n"),
        (AT_MOST, "high"),
        (verdict(Evidence(0.5, None, 1)), "outcome"),
    ):
        with pytest.raises(AttributeError, match="immutable"):
            setattr(value, field, 0)


@pytest.mark.parametrize("region", [AT_MOST, AT_LEAST, BETWEEN], ids=str)
@pytest.mark.parametrize(
    "interval", [None, (-INF, INF), (NAN, 1.0), (np.float64(0.1), np.float32(0.5))], ids=str
)
@pytest.mark.parametrize("estimate", [None, NAN, INF, np.float32(0.25), 1.0], ids=str)
def test_json_is_strict(estimate, interval, region):
    """A verdict is plain JSON: no NaN, no infinity, no NumPy scalar; open ends are null."""
    evidence = Evidence(estimate, interval, 12, p_support=np.float64(0.25), p_refute=1.0)
    found = verdict(evidence, region)
    fields = json.loads(msgspec.json.encode(found))
    assert json.loads(json.dumps(fields, allow_nan=False)) == fields
    assert set(fields) == set(Verdict.__struct_fields__)
    assert type(fields["p_value"]) is float
    if interval == (-INF, INF):
        assert fields["interval"] == [None, None]


def test_json_has_the_numbers():
    """What is finite is in the JSON as it is, and the enumerations as their words."""
    fields = json.loads(msgspec.json.encode(verdict(Evidence(0.5, (0.2, 0.8), 12, p_support=0.01), AT_LEAST)))
    assert (fields["estimate"], fields["interval"], fields["margin"]) == (0.5, [0.2, 0.8], 1.0)
    assert (fields["outcome"], fields["strength"], fields["p_value"]) == ("refuted", "statistical", 0.01)
    assert fields["region"] == {"low": 1.0, "high": None}
    whole = json.loads(msgspec.json.encode(verdict(Evidence(0.5, (0.2, 0.8), 12), Region())))
    assert (whole["margin"], whole["p_value"]) == (None, None)


@pytest.mark.parametrize("interval", [None, (-INF, INF), (0.2, INF), (0.2, 0.8)], ids=str)
@pytest.mark.parametrize("region", [AT_MOST, AT_LEAST, BETWEEN, Region()], ids=str)
def test_json_is_read_back_as_it_was(interval, region):
    """Open ends are infinite again, on the side on which they were open."""
    found = verdict(Evidence(0.5, interval, 12, p_support=0.01), region)
    assert msgspec.json.decode(msgspec.json.encode(found), type=Verdict) == found


@pytest.mark.parametrize(
    ("region", "text", "margin"),
    [
        (AT_MOST, "<= 1", 1.0),
        (AT_LEAST, ">= 1", 1.0),
        (BETWEEN, "[1, 2]", 2.0),
        (Region(1.0, 1.0), "[1, 1]", 1.0),
        (Region(), "<= inf", None),
    ],
)
def test_a_region_has_a_text_and_a_margin(region, text, margin):
    """The margin is the finite edge a reader compares with, the upper one of two."""
    assert (str(region), region.margin) == (text, margin)
