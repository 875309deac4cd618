"""`measured`: evidence from a quantity, its bounds at the claim's alpha and the part that binds."""

from __future__ import annotations

import dataclasses
import math

import pytest

from claims.catalogue import claim
from claims.core.measured import measured
from claims.core.verdict import Evidence, Outcome, Region, decide
from claims.statistics import Affine, Largest, Median, Share, Smallest

E1 = claim("E1")
AT_MOST = dataclasses.replace(E1, region=Region(high=0.5))


def test_the_bounds_are_those_of_the_claims_alpha():
    """Each end is one-sided at the claim's whole alpha; n and the unit come from the caller."""
    share = Share(30, 1, 32)
    found = measured(share, E1, 32, "restarts", unresolved=1, diverged=2, note="why")
    assert found.interval == (share.lower(E1.alpha), share.upper(E1.alpha))
    assert (found.estimate, found.n, found.sampling_unit) == (30 / 32, 32, "restarts")
    assert (found.unresolved, found.diverged, found.note, found.part) == (1, 2, "why", "")
    look = dataclasses.replace(E1, alpha=0.005)
    assert measured(share, look, 32).interval == (share.lower(0.005), share.upper(0.005))
    assert measured(share, look, 32).sampling_unit == "networks"


@pytest.mark.parametrize(
    ("rule", "support", "refute"),
    [
        (E1, lambda q: q.at_least(0.85), lambda q: q.below(0.85)),
        (AT_MOST, lambda q: q.at_most(0.5), lambda q: q.beyond(0.5)),
    ],
    ids=["at least", "at most"],
)
def test_the_p_values_are_those_of_the_regions_edge(rule, support, refute):
    """Supporting needs the closed region, refuting its open complement: at the edge itself the two differ."""
    for quantity in (Share(20, 2, 32), Median.of([0.5] * 8 + [0.85] * 8)):
        found = measured(quantity, rule, 32)
        assert (found.p_support, found.p_refute) == (support(quantity), refute(quantity))


def test_an_estimate_of_the_callers_own_is_shown():
    """A share among all networks may stand for parts that were raised to one edge."""
    parts = Smallest({"all": Share(32, 0, 32), "model 0": Affine(Share(5, 0, 8), 0.35)})
    assert measured(parts, E1, 32).estimate == parts.value
    assert measured(parts, E1, 32, estimate=0.75).estimate == 0.75


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_an_estimate_that_is_no_number_is_none(value):
    """What the data do not tell is not printed as a number."""
    assert measured(Median.of([value] * 12), E1, 12).estimate is None


@pytest.mark.parametrize("region", [Region(0.1, 0.5), Region()], ids=str)
def test_a_region_with_two_edges_or_none_is_refused(region):
    """p-values are against one edge."""
    with pytest.raises(ValueError, match=r"got the region .* of E1, wanted one finite edge"):
        measured(Share(1, 0, 2), dataclasses.replace(E1, region=region), 2)


def shares(*hits: int) -> dict[str, Share]:
    return {f"{k} of 32": Share(k, 0, 32) for k in hits}


@pytest.mark.parametrize(
    ("quantity", "rule", "outcome", "part"),
    [
        (Smallest(shares(31, 32, 30)), E1, Outcome.INCONCLUSIVE, "30 of 32"),
        (Smallest(shares(32, 31)), E1, Outcome.SUPPORTED, "31 of 32"),
        (Smallest(shares(32, 4, 2, 10)), E1, Outcome.REFUTED, "2 of 32"),
        (Largest(shares(1, 4, 2)), AT_MOST, Outcome.SUPPORTED, "4 of 32"),
        (Largest(shares(1, 16, 4)), AT_MOST, Outcome.INCONCLUSIVE, "16 of 32"),
        (Largest(shares(26, 30, 1)), AT_MOST, Outcome.REFUTED, "30 of 32"),
    ],
    ids=str,
)
def test_the_part_that_binds_is_named(quantity, rule, outcome, part):
    """Where some part refutes, the one that does so most clearly; else the one that supports least."""
    found = measured(quantity, rule, 32)
    assert found.part == part
    verdict = decide(rule, found, setting="x", dataset="y")
    assert verdict.outcome is outcome
    assert (f"{part}: " in verdict.reason) == (outcome is not Outcome.SUPPORTED)


def test_one_part_is_not_named():
    """A name tells parts apart; where there is one it tells nothing."""
    assert measured(Smallest(shares(2)), E1, 32).part == ""
    assert measured(Largest(shares(2)), AT_MOST, 32).part == ""


def test_a_decision_and_its_p_value_agree_at_alpha():
    """Refuted at exactly the alpha that the p-value names, and no longer below it."""
    share = Share(20, 0, 32)
    p = measured(share, E1, 32).p_value
    for alpha, outcome in ((p * 1.0001, Outcome.REFUTED), (p * 0.9999, Outcome.INCONCLUSIVE)):
        rule = dataclasses.replace(E1, alpha=alpha)
        evidence = measured(share, rule, 32)
        assert isinstance(evidence, Evidence)
        assert decide(rule, evidence, setting="x", dataset="y").outcome is outcome
