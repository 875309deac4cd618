"""Traps: pairs of equal loss, and two distances between their weights."""

from __future__ import annotations

import numpy as np
import pytest

from claims.catalogue import claim
from claims.core.verdict import Outcome
from claims.evidence.trained import (
    distances,
    equal_pairs,
)
from tests.claims.cases import CASES, SAME, unequal_tests
from tests.claims.planted import altered, by_model, judge, judged, on_its_way, planted, plateau

SUPPORTED, INCONCLUSIVE = Outcome.SUPPORTED, Outcome.INCONCLUSIVE


def test_neighbours_in_loss_are_paired_off_and_no_network_twice():
    """0.1, 0.105 | 0.111, 0.12 | 0.5 alone; 0.7, 0.709; what has no partner is left out."""
    ends = np.array([0.709, 0.5, 0.1, 0.111, 0.105, 0.7, 0.12, 0.9])
    pairs = equal_pairs.equal_pairs(planted(plateau(ends)))
    assert sorted(map(sorted, pairs.tolist())) == [[0, 5], [2, 4], [3, 6]]
    note = equal_pairs.equal_labels(planted(plateau(ends)), claim("D3")).note
    assert "3 of 3 pairs of equal training loss alike, 0 unresolved" in note
    assert "2 of 8 networks are in no such pair" in note


def test_networks_without_an_end_are_in_no_pair():
    """One that diverged, or whose loss still moves by more than the margin."""
    run = planted(plateau(np.full(8, 0.2)))
    lost = altered(run, diverged_at=np.array([-1, 2, -1, -1, -1, -1, -1, -1]))
    assert 1 not in equal_pairs.equal_pairs(lost)
    assert len(equal_pairs.equal_pairs(lost)) == 3
    moving = planted(on_its_way(0.2, 0.004, 8))
    assert equal_pairs.equal_pairs(moving).shape == (0, 2)
    verdict = judged("D4", equal_pairs.equal_generalisation, moving)
    assert (verdict.outcome, verdict.n) == (INCONCLUSIVE, 0)
    assert "8 of 8 networks had not converged" in verdict.reason


def test_a_gap_in_test_loss_that_may_still_close_is_unresolved():
    """Neither alike nor apart while the test losses move."""
    (run,) = unequal_tests([0.2] * 4)(32)
    test = run.arrays["test_loss"] + 0.004 * np.arange(20, -1, -1)[:, None] * (np.arange(32) % 2)
    moving = altered(run, test_loss=test)
    verdict = judged("D4", equal_pairs.equal_generalisation, moving)
    assert verdict.outcome is INCONCLUSIVE
    assert "disjoint pairs had not converged" in verdict.reason


def test_counts_that_are_all_equal_rank_nothing():
    """Where every pair has the same count of differing weights, tau does not exist, and M1 is open."""
    weights = np.arange(32.0)[:, None, None] * np.ones((1, 3, 2))
    verdict = judged("M1", distances.rank_agreement, planted(plateau(by_model(SAME, 32)), weights=weights))
    assert verdict.outcome is INCONCLUSIVE
    assert verdict.estimate is None
    assert (verdict.n, verdict.sampling_unit) == (8, "quadruples")


def test_aligning_units_undoes_a_permutation():
    """With units aligned M1 does not depend on the order of the hidden units; as they stand it does."""
    case = next(case for case in CASES if case.id == "M1" and case.outcome is SUPPORTED)
    weights = case.runs(32)[0].arrays["weights/20/W1"] * [1, 8]
    swapped = weights.copy()
    swapped[::2] = swapped[::2, :, ::-1]
    runs = [planted(plateau(by_model(SAME, 32)), weights=W) for W in (weights, swapped)]
    notes = [distances.rank_agreement(run, claim("M1")).note.split("; ")[0].split(", ") for run in runs]
    stand, aligned = zip(*notes, strict=True)
    assert stand[0] != stand[1]
    assert aligned[0] == aligned[1] == "median tau 1.00 units aligned"


def test_weights_that_are_no_numbers_leave_their_quadruple_open():
    """One quadruple of eight is unknown, the others keep their tau."""
    case = next(case for case in CASES if case.id == "M1" and case.outcome is SUPPORTED)
    (run,) = case.runs(32)
    weights, distance = run.arrays["weights/20/W1"].copy(), run.arrays["weight_distance"].copy()
    weights[5] = np.nan
    distance[-1, [6, 9, 10]] = np.nan
    broken = altered(run, weight_distance=distance, **{"weights/20/W1": weights})
    evidence = distances.rank_agreement(broken, claim("M1"))
    assert evidence.estimate == pytest.approx(1.0)
    assert judge("M1", evidence).outcome is SUPPORTED
