"""`decide` and `conjunction`: what evidence amounts to, case by case and in seeded random trials."""

from __future__ import annotations

import dataclasses
import itertools
import json
import math

import numpy as np
import pytest

from claims.catalogue import Convergence, claim
from claims.verdict import Evidence, Outcome, Region, Strength, Verdict, conjunction, decide

INF, NAN = math.inf, math.nan
S, R, I, NA = Outcome.SUPPORTED, Outcome.REFUTED, Outcome.INCONCLUSIVE, Outcome.NOT_APPLICABLE  # noqa: E741

AT_MOST, AT_LEAST, BETWEEN = Region(high=1.0), Region(low=1.0), Region(low=1.0, high=2.0)
STEP = math.ulp(1.0)


def verdict(
    evidence: Evidence, region: Region = AT_MOST, convergence=Convergence.TRAJECTORY, failed=()
) -> Verdict:
    of = dataclasses.replace(claim("E1"), region=region, convergence=convergence)
    return decide(of, evidence, setting="x", dataset="y", failed_prerequisites=failed)


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
    """Inside the closed region is supported, wholly outside refuted, anything else open."""
    found = verdict(Evidence(0.5, interval, 12), region)
    assert found.outcome is outcome
    assert found.reason


POLICY = {
    # interval: inside, outside, astride -> outcome of an optimiser that did not converge
    Convergence.TRAJECTORY: (S, R, I),
    Convergence.REACHES: (S, I, I),
    Convergence.END_STATE: (I, I, I),
}
PLACES = {"inside": (0.2, 0.8), "outside": (1.2, 1.8), "astride": (0.8, 1.2)}


@pytest.mark.parametrize("diverged", [0, 2])
@pytest.mark.parametrize("converged", [True, False])
@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("convergence", Convergence)
def test_convergence_and_divergence(convergence, place, converged, diverged):
    """Not converged blocks what the claim's policy says; a diverged model blocks "supported" only."""
    index = list(PLACES).index(place)
    expected = (S, R, I)[index] if converged else POLICY[convergence][index]
    if diverged and expected is S:
        expected = I
    found = verdict(
        Evidence(0.5, PLACES[place], 12, converged=converged, diverged=diverged), convergence=convergence
    )
    assert found.outcome is expected
    if expected is I and place != "astride":
        blocked = (
            "did not converge"
            if not converged and POLICY[convergence][index] is I
            else "2 of the models diverged"
        )
        assert blocked in found.reason


@pytest.mark.parametrize("strength", [Strength.PROOF, Strength.CERTIFICATE])
@pytest.mark.parametrize(("proved", "outcome"), [(True, S), (False, R), (None, I)])
@pytest.mark.parametrize("interval", [(0.2, 0.8), (1.5, 1.8), None])
def test_a_proof_speaks_for_itself(strength, proved, outcome, interval):
    """A proof or certificate decides whatever number comes with it; one that did not close is open."""
    found = verdict(Evidence(0.5, interval, 1, strength=strength, proved=proved, converged=False, diverged=3))
    assert found.outcome is outcome
    assert found.strength is strength
    assert proved is not None or f"the {strength} did not close" in found.reason


@pytest.mark.parametrize(
    "evidence",
    [Evidence(0.5, (0.2, 0.8), 12), Evidence(None, None, 1, Strength.PROOF, proved=False)],
    ids=["statistical", "proof"],
)
def test_a_failed_prerequisite_comes_first(evidence):
    """Where a hypothesis failed on the data the theorem says nothing, and the reason names each."""
    found = verdict(evidence, failed=["H2 failed on y", "H3 failed on y"])
    assert found.outcome is NA
    assert found.reason.startswith("H2 failed on y; H3 failed on y")


def test_the_reason_names_part_and_note():
    """A verdict says which part decided, and carries the note along."""
    found = verdict(Evidence(1.5, (1.2, 1.8), 12, part="test loss of model 3", note="60 epochs"))
    assert found.reason == "test loss of model 3: whole interval outside <= 1; 60 epochs"


def test_a_verdict_carries_the_claim():
    """Everything needed to doubt a verdict is in it."""
    found = verdict(Evidence(0.5, (0.2, 0.8), 12))
    of = claim("E1")
    assert (found.claim, found.statement, found.place, found.paper) == (
        of.id,
        of.statement,
        of.place,
        of.paper,
    )
    assert (found.margin, found.region, found.alpha, found.n) == (1.0, "<= 1", of.alpha, 12)
    assert (found.setting, found.dataset, found.kind) == ("x", "y", "empirical")


@pytest.mark.parametrize("make", [lambda: Evidence(0.5, (1.0, 0.5), 3), lambda: Region(2.0, 1.0)])
def test_ends_the_wrong_way_round(make):
    """An interval or a region whose ends are swapped is an error, not a verdict."""
    with pytest.raises(ValueError, match="swap the two ends"):
        make()


def test_values_are_frozen():
    """Evidence, regions and verdicts do not change once made."""
    for value, field in (
        (Evidence(0.5, None, 1), "n"),
        (AT_MOST, "high"),
        (verdict(Evidence(0.5, None, 1)), "outcome"),
    ):
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(value, field, 0)


@pytest.mark.parametrize("region", [AT_MOST, AT_LEAST, BETWEEN], ids=str)
@pytest.mark.parametrize(
    "interval", [None, (-INF, INF), (NAN, 1.0), (np.float64(0.1), np.float32(0.5))], ids=str
)
@pytest.mark.parametrize("estimate", [None, NAN, INF, np.float32(0.25), 1.0], ids=str)
def test_json_is_strict(estimate, interval, region):
    """A verdict is plain JSON: no NaN, no infinity, no NumPy scalar; open ends are null."""
    fields = verdict(Evidence(estimate, interval, 12), region).as_json()
    assert json.loads(json.dumps(fields, allow_nan=False)) == fields
    assert set(fields) == {field.name for field in dataclasses.fields(Verdict)}
    if interval == (-INF, INF):
        assert fields["interval"] == [None, None]


# -- conjunction ----------------------------------------------------------------------


def parts_at_random(rng: np.random.Generator) -> list[Evidence]:
    parts = []
    for _ in range(rng.integers(1, 5)):
        low, high = sorted(rng.choice([0.5, 0.9, 1.0, 1.1, 1.5, 2.0, 2.5, -INF, INF], 2))
        interval = [(low, high), None, (NAN, high), (-INF, INF)][rng.choice(4, p=[0.85, 0.05, 0.05, 0.05])]
        parts.append(
            Evidence(
                0.5,
                interval if interval not in ((INF, INF), (-INF, -INF)) else None,
                int(rng.integers(1, 20)),
                converged=bool(rng.random() < 0.8),
                diverged=int(rng.random() < 0.1),
            )
        )
    return parts


@pytest.mark.parametrize("region", [AT_MOST, AT_LEAST, BETWEEN], ids=str)
@pytest.mark.parametrize("convergence", Convergence)
def test_conjunction_by_brute_force(region, convergence):
    """Supported if and only if each part is by itself; refuted if and only if some part is."""
    rng = np.random.default_rng(7)
    seen = set()
    for _ in range(3000):
        parts = parts_at_random(rng)
        alone = [verdict(part, region, convergence).outcome for part in parts]
        whole = verdict(conjunction(region, parts), region, convergence).outcome
        seen.add(whole)
        # Divergence belongs to the run: any diverged model forbids "supported".
        assert (whole is S) == all(outcome is S for outcome in alone), parts
        assert (whole is R) == any(outcome is R for outcome in alone), parts
    assert seen == {S, R, I}


@pytest.mark.parametrize("region", [AT_MOST, AT_LEAST, BETWEEN], ids=str)
def test_conjunction_does_not_depend_on_the_order(region):
    """Whatever the order of the parts, the same outcome and the same n."""
    rng = np.random.default_rng(8)
    for _ in range(300):
        parts = parts_at_random(rng)[:3]
        found = {
            (verdict(joined, region).outcome, joined.n, joined.diverged)
            for order in itertools.permutations(parts)
            for joined in [conjunction(region, order)]
        }
        assert len(found) == 1


def test_the_part_that_reaches_furthest_binds():
    """Among parts outside, the worst is shown; among parts inside, the one nearest to the edge."""
    parts = [Evidence(x, (x - 0.1, x + 0.1), 3, part=str(x)) for x in (0.2, 0.7, 0.4)]
    assert conjunction(AT_MOST, parts).part == "0.7"
    worse = [*parts, *(Evidence(x, (x - 0.1, x + 0.1), 3, part=str(x)) for x in (1.5, 1.9, 1.2))]
    assert conjunction(AT_MOST, worse).part == "1.9"


def test_an_unknown_part_leaves_the_whole_open():
    """One part without an interval forbids "supported", and is the one named."""
    parts = [Evidence(0.2, (0.1, 0.3), 3, part="known"), Evidence(NAN, (-INF, INF), 3, part="unknown")]
    for order in (parts, parts[::-1]):
        joined = conjunction(AT_MOST, order)
        assert joined.part == "unknown"
        assert verdict(joined).outcome is I


def test_nothing_to_judge_is_an_error():
    """A conjunction of no parts is not vacuously true."""
    with pytest.raises(ValueError, match="got no parts, wanted at least one"):
        conjunction(AT_MOST, [])


@pytest.mark.parametrize(
    ("region", "text", "margin"),
    [(AT_MOST, "<= 1", 1.0), (AT_LEAST, ">= 1", 1.0), (BETWEEN, "[1, 2]", 2.0), (Region(), "<= inf", None)],
)
def test_a_region_has_a_text_and_a_margin(region, text, margin):
    """The margin is the finite edge a reader compares with, the upper one of two."""
    assert (str(region), region.margin) == (text, margin)
