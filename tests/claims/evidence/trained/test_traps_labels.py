"""Traps: agreement on labels that mean nothing, or that was read off at the wrong time."""

from __future__ import annotations

import re

import numpy as np
import pytest

from claims.catalogue import claim
from claims.core.verdict import Outcome, decide
from claims.evidence.trained import (
    equal_pairs,
    labels,
)
from models.runs.run import Run
from tests.claims.cases import CASES, alike, curve, pairs_of_six
from tests.claims.planted import altered, judged, on_its_way, planted, plateau

SUPPORTED, REFUTED, INCONCLUSIVE, NOT_APPLICABLE = (
    Outcome.SUPPORTED,
    Outcome.REFUTED,
    Outcome.INCONCLUSIVE,
    Outcome.NOT_APPLICABLE,
)


@pytest.mark.parametrize("id", ["E8", "E8-one"])
@pytest.mark.parametrize(("accuracy", "applies"), [(0.1, False), (0.149, False), (0.151, True), (0.9, True)])
def test_labels_at_chance_say_nothing(id, accuracy, applies):
    """The claim applies from five points above the largest class on; below, the reason says so."""
    evidence = {"E8": labels.highest_agreement, "E8-one": labels.exactly_one_pair}[id]
    run = planted(plateau(np.full(32, 0.2)), agreement=0.1, accuracy=accuracy)
    verdict = judged(id, evidence, run)
    assert (verdict.outcome is not NOT_APPLICABLE) == applies, verdict.reason
    if not applies:
        assert verdict.reason.startswith(
            "accuracy clearly above chance failed on the run (median accuracy 0.1"
        )
        assert "wanted 0.15" in verdict.reason


def test_half_of_the_networks_must_be_above_chance():
    """A few that learned do not make the labels of the others mean anything."""
    few = np.where(np.arange(32) % 4 == 0, 0.9, 0.1)
    run = planted(plateau(np.full(32, 0.2)), agreement=0.1, accuracy=few)
    assert judged("E8", labels.highest_agreement, run).outcome is NOT_APPLICABLE
    most = planted(plateau(np.full(32, 0.2)), agreement=0.1, accuracy=1.0 - few)
    assert judged("E8", labels.highest_agreement, most).outcome is SUPPORTED


@pytest.mark.parametrize("id", ["E3", "E8", "E8-one"])
def test_accuracy_that_may_be_at_chance_leaves_the_claim_open(id):
    """Where the bounds of the median hold the edge, the claim is open and a later look may tell."""
    evidence = {
        "E3": labels.fall_then_rise,
        "E8": labels.highest_agreement,
        "E8-one": labels.exactly_one_pair,
    }
    around = 0.15 + np.where(np.arange(32) % 2, 0.02, -0.02)
    run = planted(plateau(np.full(32, 0.2)), agreement=0.1, accuracy=around)
    verdict = judged(id, evidence[id], run)
    assert verdict.outcome is INCONCLUSIVE
    assert verdict.p_value == 1.0
    assert "accuracy above chance is neither found nor excluded" in verdict.reason


@pytest.mark.parametrize(
    ("first", "unresolved"), [(520, 0), (505, 16), (480, 16)], ids=["rose", "a bit", "fell"]
)
def test_what_agreement_did_first_is_over_and_done_with(first, unresolved):
    """From 0.5 up by two points within one minibatch, then down for good: such pairs did not disagree first,
    however the losses move; pairs that fell first may still rise."""
    run = planted(on_its_way(0.2, 0.02), agreement=0.3)
    alike, early = (run.arrays[name].copy() for name in ("train_agreement", "early_train_agreement"))
    alike[0], early[0] = 500, first
    evidence = labels.fall_then_rise(
        altered(run, train_agreement=alike, early_train_agreement=early), claim("E3")
    )
    assert (evidence.estimate, evidence.unresolved) == (0.0, unresolved)


def test_the_epoch_that_refutes_is_named_by_its_number():
    """One epoch of twenty is high: the third."""
    (run,) = curve([0.1, 0.1])(32)
    alike = run.arrays["train_agreement"].copy()
    alike[3] = 800
    verdict = judged("E8", labels.highest_agreement, altered(run, train_agreement=alike))
    assert verdict.reason.startswith("epoch 3: whole interval outside <= 0.5")


@pytest.mark.parametrize(("high", "count"), [((), 0), ((4,), 1), ((0, 4), 2), (range(6), 6)], ids=str)
def test_the_pairs_that_agree_are_counted(high, count):
    """E8-one's estimate, and its interval where the networks leave no doubt."""
    (run,) = pairs_of_six(*(0.9 if k in high else 0.2 for k in range(6)))(32)
    evidence = labels.exactly_one_pair(run, claim("E8-one"))
    assert evidence.estimate == float(count)
    assert evidence.interval == (float(count), float(count))


def test_early_low_epochs_do_not_support_e8():
    """Agreement is low after the first epoch and high later: the epoch where it is highest counts."""
    (run,) = curve([0.1, 0.2, 0.8, 0.2, 0.1])(32)
    verdict = judged("E8", labels.highest_agreement, run)
    assert verdict.outcome is REFUTED
    assert re.match(r"epoch ([89]|1[012]): whole interval outside <= 0.5", verdict.reason)
    assert "agreement median 0.10 at the end" in verdict.reason


def test_agreement_before_training_is_no_evidence():
    """Networks that agree before the first epoch only, all dead at first, do not refute E8."""
    (run,) = curve([0.1, 0.1, 0.1])(32)
    start = run.arrays["train_agreement"].copy()
    start[0] = 1000
    assert judged("E8", labels.highest_agreement, altered(run, train_agreement=start)).outcome is SUPPORTED


def test_exactly_one_pair_is_not_claimed_of_one_population():
    """Under he no pair of models differs from another."""
    run = planted(plateau(np.full(32, 0.2)), protocol="he")
    verdict = judged("E8-one", labels.exactly_one_pair, run)
    assert verdict.outcome is NOT_APPLICABLE
    assert verdict.reason == "one population of networks: no pair of models i, j differs from another"
    assert (verdict.n, verdict.sampling_unit) == (8, "quadruples")


@pytest.mark.parametrize(("train", "test"), [(1.0, 0.5), (0.5, 1.0), (1.0, 1.0)])
def test_both_sides_stand_beside_the_lesser(train, test):
    """M2: each set's share and bounds; the verdict's are the least of the two, its reason names the set."""
    run = planted(plateau(np.full(32, 0.2)), agreement=train)
    other = planted(plateau(np.full(32, 0.2)), agreement=test)
    verdict = judged("M2", labels.same_labels, altered(run, test_agreement=other.arrays["test_agreement"]))
    sides = [verdict.sides.train, verdict.sides.test]
    assert [side.estimate for side in sides] == [float(train == 1.0), float(test == 1.0)]
    assert verdict.estimate == min(side.estimate for side in sides)
    assert verdict.interval == tuple(min(side.interval[end] for side in sides) for end in (0, 1))
    lesser = "train labels: whole" if train < test else "test labels: whole" if test < train else "whole"
    assert verdict.reason.startswith(lesser)


@pytest.mark.parametrize("id", ["E3", "E8", "E8-one", "M2", "D5"])
def test_labels_of_lost_networks_are_no_evidence(id):
    """Networks of NaN label everything alike: agreement and accuracy are unknown, not perfect, not poor."""
    case = next(case for case in CASES if case.id == id)

    def lost(run: Run) -> Run:
        loss = np.full_like(run.arrays["train_loss"], np.nan)
        early = np.full_like(run.arrays["early_train_loss"], np.nan)
        alike = np.full_like(run.arrays["train_agreement"], 1000)
        gone = np.ones_like(run.arrays["diverged_at"])
        return altered(run, train_loss=loss, early_train_loss=early, diverged_at=gone,
                       train_agreement=alike, test_agreement=alike)  # fmt: skip

    assert case.verdict(change=lost).outcome in (INCONCLUSIVE, NOT_APPLICABLE)


@pytest.mark.parametrize(
    ("id", "evidence"), [("D3", equal_pairs.equal_labels), ("D4", equal_pairs.equal_generalisation)]
)
def test_the_paper_claims_nothing_of_softmax_in_section_5(id, evidence):
    """Judged all the same, with the paper's reading left out."""
    (run,) = alike(0.99)(32)
    rule = claim(id)
    verdict = decide(rule, evidence(run, rule), setting="", dataset="", paper=rule.reading("softmax"))
    assert (verdict.outcome, verdict.paper) == (SUPPORTED, "not claimed")


def test_pairs_that_are_all_alike_have_no_interval_of_a_point():
    """16 of 16 pairs: no spread at all, and the lower bound is what sixteen can tell."""
    verdict = judged("D3", equal_pairs.equal_labels, alike(1.0)(32)[0])
    assert (verdict.estimate, verdict.n) == (1.0, 16)
    assert verdict.interval == pytest.approx((0.05 ** (1 / 16), 1.0))
