"""Traps: networks are counted one by one, by model and by architecture; a mean hides what matters."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from claims.catalogue import claim
from claims.core.verdict import Outcome
from claims.evidence.trained import (
    reaching,
)
from tests.claims.cases import CASES, final, losses
from tests.claims.planted import altered, judged, planted, plateau
from tests.helpers.specs import changed

SUPPORTED, REFUTED, INCONCLUSIVE = Outcome.SUPPORTED, Outcome.REFUTED, Outcome.INCONCLUSIVE


def test_one_stuck_network_is_shown_and_forgiven():
    """31 of 32 at zero: no mean hides the one, the share is what it is."""
    case = next(case for case in CASES if case.id == "E1" and case.name == "all but one")
    verdict = case.verdict()
    assert verdict.outcome is SUPPORTED
    assert verdict.estimate == 31 / 32
    assert "31 of 32 networks at l <= 0.05 on the train set, 0 unresolved (by model i: 8, 7, 8, 8)" in (
        verdict.reason
    )
    assert "largest 1" in verdict.reason


def test_one_model_of_the_four_that_never_arrives_refutes():
    """24 of 32 networks arrive and the whole share alone is open: but model 2 by itself never does."""
    (run,) = final([0.01, 0.01, 0.5, 0.01])(32)
    verdict = judged("E1", reaching.near_zero, run)
    assert (verdict.outcome, verdict.estimate) == (REFUTED, 24 / 32)
    assert verdict.reason.startswith("model 2: whole interval outside >= 0.85")
    pooled = replace(run, spec=changed(run.spec, protocol="he"))
    assert judged("E1", reaching.near_zero, pooled).outcome is INCONCLUSIVE
    assert "by model i" not in judged("E1", reaching.near_zero, pooled).reason


def test_a_diverged_network_at_zero_is_no_hit():
    """Neither a hit nor a miss: the share counts it against each bound."""
    (run,) = final([0.01] * 4)(32)
    lost = altered(run, diverged_at=np.where(np.arange(32) < 2, 3, -1))
    for verdict in (
        judged("E1", reaching.near_zero, lost),
        judged("D2", reaching.every_architecture, [lost]),
    ):
        assert verdict.estimate == 30 / 32
        assert verdict.interval[1] == 1.0
        assert "2 unresolved" in verdict.reason
        assert "2 of 32 networks diverged" in verdict.reason


def test_d2_shows_the_architecture_in_which_fewest_arrive():
    """And names it where it refutes; n counts the networks of all."""
    zero, stuck = final([0.01] * 4)(32)[0], losses(lambda n: np.where(np.arange(n) % 8 < 5, 0.3, 0.01))(32)[0]
    stuck = replace(stuck, spec=changed(stuck.spec, widths=(3, 2)))
    verdict = judged("D2", reaching.every_architecture, [zero, stuck])
    assert (verdict.outcome, verdict.estimate, verdict.n) == (REFUTED, 12 / 32, 64)
    assert "3-2, " in verdict.reason.split(":")[0]
    assert "32 of 32 at 2, 12 of 32 at 3-2" in verdict.reason


def test_the_same_behaviour_is_that_of_one_seed():
    """As many networks arrive in one architecture as in the other, but not the same ones: E5 is refuted."""
    half = np.arange(32) // 4 % 2
    small, large = (planted(plateau(np.where(half == k, 0.01, 0.5))) for k in (0, 1))
    verdict = judged("E5", reaching.same_behaviour, small, large)
    assert (verdict.outcome, verdict.estimate) == (REFUTED, 0.0)
    assert "16 of 32 networks of 2, 16 of 32 of 2" in verdict.reason


@pytest.mark.parametrize("change", [{"first": 32}, {"seed": 1}], ids=str)
@pytest.mark.parametrize("id", ["E5", "E6", "D5", "D6"])
def test_other_seeds_are_not_paired(id, change):
    """Comparisons are seed by seed: other networks, or another seed, are refused and both are named."""
    case = next(case for case in CASES if case.id == id)
    runs = case.runs(32)
    runs[-1] = replace(runs[-1], spec=changed(runs[-1].spec, **change))
    with pytest.raises(
        ValueError, match=r"got networks \d+ to \d+ of seed \d beside 0 to 31 of seed 0, wanted"
    ):
        case.evidence(runs, claim(id))
