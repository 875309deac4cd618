"""Traps: what has not come to rest is neither supported nor refuted by where it stands."""

from __future__ import annotations

import numpy as np

from claims.core.verdict import Outcome
from claims.evidence.trained import (
    comparisons,
    equal_pairs,
    equality,
    labels,
    reaching,
)
from tests.claims.cases import CASES, alike, curve
from tests.claims.planted import altered, judged, on_its_way, planted, plateau, spread

SUPPORTED, INCONCLUSIVE = Outcome.SUPPORTED, Outcome.INCONCLUSIVE


def test_a_network_on_its_way_past_the_edge_has_not_settled():
    """A loss of 0.06 that fell by 0.02 in the last quarter does not refute "reaches 0.05"."""
    run = planted(on_its_way(0.06, 0.004))
    for verdict in (
        judged("E1", reaching.near_zero, run),
        judged("D2", reaching.every_architecture, [run, run]),
    ):
        assert verdict.outcome is INCONCLUSIVE, verdict.reason
        assert "networks had not converged" in verdict.reason


def test_the_slow_law_of_the_paper_does_not_pass_for_a_plateau():
    """0.35 / sqrt(t) moves by a hundredth in the last quarter, and goes to zero all the same."""
    t = np.arange(1, 42)[:, None]
    run = planted(0.35 / np.sqrt(t) + spread(32, 1e-4))
    assert run.normalised_loss()[-1].min() > 0.05
    assert judged("E1", reaching.near_zero, run).outcome is INCONCLUSIVE


def test_agreement_on_its_way_past_the_edge_has_not_settled():
    """Agreement of 0.93 that rises by 0.02 in the last quarter does not refute "identically"."""
    (run,) = curve([0.85, 0.93])(32)
    assert judged("M2", labels.same_labels, run).outcome is INCONCLUSIVE
    (equal,) = alike(0.93)(32)
    told = equal.arrays["train_predictions"].copy()
    for epoch in range(21):  # ever fewer samples are told apart: from 150 to 70
        told[epoch, 1::2] = 0
        told[epoch, 1::2, : 150 - 4 * epoch] = 1
    rising = altered(equal, train_predictions=told)
    assert judged("D3", equal_pairs.equal_labels, rising).outcome is INCONCLUSIVE


def test_agreement_that_creeps_up_is_open_whatever_it_was_at_first():
    """From 0.3 to 0.93 in three epochs and on to 0.94 by the last: D3 asks where it is now."""
    (equal,) = alike(0.94)(32)
    told = np.zeros_like(equal.arrays["train_predictions"])
    apart = np.interp(np.arange(21), [0, 3, 20], [700, 70, 60]).round().astype(int)
    for epoch, samples in enumerate(apart):
        told[epoch, 1::2, :samples] = 1
    verdict = judged("D3", equal_pairs.equal_labels, altered(equal, train_predictions=told))
    assert verdict.outcome is INCONCLUSIVE
    assert "16 of 16 disjoint pairs had not converged" in verdict.reason


def test_a_closing_gap_does_not_make_losses_differ():
    """Two clusters of networks whose gap is closing on the margin are not different yet."""
    ends = np.where(np.arange(32) // 4 % 2, 0.2125, 0.2) + spread(32, 1e-4)
    assert judged("E7", equality.equal_loss, planted(plateau(ends))).outcome is SUPPORTED
    curves = plateau(ends)
    curves[-8:] += np.where(np.arange(32) // 4 % 2, 1, 0) * np.linspace(0.008, 0.0, 8)[:, None]
    verdict = judged("E7", equality.equal_loss, planted(curves))
    assert verdict.outcome is INCONCLUSIVE, verdict.reason
    assert "networks had not converged" in verdict.reason


def test_accuracies_settle_seed_by_seed():
    """D5 of networks whose accuracy still moves, in either run, is open however large the drop is."""
    case = next(case for case in CASES if case.id == "D5" and case.outcome is SUPPORTED)
    for moving in (0, 1):
        runs = case.runs(32)
        drift = np.linspace(0.3, 0.0, 21)[:, None]
        test = runs[moving].arrays["test_accuracy"] + drift * (1 if moving else -1)
        runs[moving] = altered(runs[moving], test_accuracy=test)
        verdict = judged("D5", comparisons.accuracy_drop, *runs)
        assert verdict.outcome is INCONCLUSIVE, verdict.reason
        assert "32 of 32 paired networks had not converged" in verdict.reason
