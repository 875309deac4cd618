"""Particular traps: runs that a careless rule would judge wrongly, each with the verdict it must get."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest
from cases import APART, CASES, SAME, accuracies, alike, curve, final, losses, pairs_of_six, unequal_tests
from planted import EARLY, STEPS, altered, by_model, fall, judge, planted, plateau, spread

from claims.catalogue import claim
from claims.core.margins import HALF_LOSS
from claims.core.verdict import Outcome, Verdict, decide
from claims.evidence.trained import (
    comparisons,
    distances,
    equal_pairs,
    equality,
    groups,
    labels,
    reaching,
    speed,
)
from models.runs.run import Run

SUPPORTED, REFUTED, INCONCLUSIVE = Outcome.SUPPORTED, Outcome.REFUTED, Outcome.INCONCLUSIVE
NOT_APPLICABLE = Outcome.NOT_APPLICABLE


def judged(id: str, evidence, *runs) -> Verdict:
    return judge(id, evidence(*runs, claim(id)))


# -- what has not come to rest ----------------------------------------------------------


def on_its_way(end: float, step: float, networks: int = 32) -> np.ndarray:
    """Losses that fall by `step` an epoch, the same until the last."""
    return end + step * np.arange(20, -1, -1)[:, None] + spread(networks, 1e-4)


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


# -- counting networks ------------------------------------------------------------------


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
    pooled = replace(run, spec=replace(run.spec, protocol="he"))
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
    stuck = replace(stuck, spec=replace(stuck.spec, widths=(3, 2)))
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
    runs[-1] = replace(runs[-1], spec=replace(runs[-1].spec, **change))
    with pytest.raises(
        ValueError, match=r"got networks \d+ to \d+ of seed \d beside 0 to 31 of seed 0, wanted"
    ):
        case.evidence(runs, claim(id))


# -- equal and different ----------------------------------------------------------------


def test_two_clusters_under_he_are_different():
    """One population with two kinds of networks: the means of any groups would be equal."""
    ends = np.where(np.arange(32) // 4 % 2, 0.03, 0.01)
    run = planted(plateau(ends), protocol="he")
    verdict = judged("E7", equality.equal_loss, run)
    assert (verdict.outcome, verdict.estimate) == (SUPPORTED, 0.5)
    assert "16 of 32 networks certainly within 0.01 of each other, at most 16" in verdict.reason
    assert judged("E2", equality.equal_loss, run).outcome is REFUTED


def test_sigma_is_not_compared_where_there_is_one():
    """Under he all networks are of one population: the row does not exist, and asking for it is an error."""
    run = planted(plateau(np.full(8, 0.2)), protocol="he")
    with pytest.raises(
        ValueError, match="got protocol 'he', whose networks are one population, wanted std or var"
    ):
        equality.sigma_effect(run, claim("E2-sigma"))


def test_sigma_names_the_models_that_differ():
    """The largest of the six median differences, and the medians by model in the note."""
    verdict = judged("E7-sigma", equality.sigma_effect, final([0.2, 0.25, 0.2, 0.3])(32)[0])
    assert verdict.outcome is SUPPORTED
    assert verdict.estimate == pytest.approx(0.1)
    assert "median l by model: 0.2, 0.25, 0.2, 0.3" in verdict.reason
    refuted = judged("E2-sigma", equality.sigma_effect, final([0.2, 0.25, 0.2, 0.3])(32)[0])
    assert refuted.reason.startswith("models ")


# -- two groups -------------------------------------------------------------------------


def test_evenly_spaced_models_are_no_two_groups():
    """0, 1, 2, 3: the gaps across are larger than those inside, which are none the less no groups."""
    assert judged("E10-groups", groups.two_groups, final([0.0, 1.0, 2.0, 3.0])(32)[0]).outcome is REFUTED


@pytest.mark.parametrize(
    "half",
    [[0.3] * 4, [0.3, 0.4, 0.5, 0.6], [0.3, 0.6, 0.3, 0.6], [0.3, 0.3, 0.3, 0.6]],
    ids=["one group", "no groups", "other groups", "one stray model"],
)
def test_without_two_groups_at_half_time_nothing_merges(half):
    """A mere fall of the gaps, or losses that were equal all along, never support E10-merge."""
    start = by_model(half, 32, 1e-4)
    curves = np.concatenate([np.tile(start, (41, 1)), np.tile(by_model([0.3] * 4, 32, 1e-4), (40, 1))])
    verdict = judged("E10-merge", groups.groups_merge, planted(curves))
    assert verdict.outcome is NOT_APPLICABLE
    assert "no two groups {0, 1} and {2, 3} at epoch 40, so nothing to merge" in verdict.reason
    assert verdict.n == 32


def test_groups_that_few_networks_cannot_show_leave_the_merger_open():
    """At 12 networks, three of a model, two groups are neither found nor excluded: a later look may tell."""
    (case,) = (c for c in CASES if (c.id, c.outcome, c.name) == ("E10-merge", SUPPORTED, ""))
    verdict = case.verdict(networks=12)
    assert (verdict.outcome, verdict.p_value) == (INCONCLUSIVE, 1.0)
    assert "two groups at epoch 80 are neither found nor excluded" in verdict.reason
    assert case.verdict(networks=48).outcome is SUPPORTED


def test_noise_that_dies_away_is_no_merger():
    """Groups that never were merge in no more than alpha of all runs, though the networks' spread shrinks."""
    rng, merged, runs = np.random.default_rng(6), 0, 200
    for _ in range(runs):
        noise = rng.normal(size=(2, 32)) * [[0.1], [0.001]]
        run = planted(0.5 + np.repeat(noise, [11, 10], axis=0))
        merged += judged("E10-merge", groups.groups_merge, run).outcome is SUPPORTED
    assert merged / runs <= 0.05 + 4 * (0.05 * 0.95 / runs) ** 0.5


@pytest.mark.parametrize(
    ("id", "evidence"), [("E10-groups", groups.two_groups), ("E10-merge", groups.groups_merge)]
)
def test_one_population_has_no_groups_of_models(id, evidence):
    """Under he there are no models i: the claim does not apply, and the reason says why."""
    verdict = judged(id, evidence, planted(plateau(np.full(32, 0.2)), protocol="he"))
    assert verdict.outcome is NOT_APPLICABLE
    assert verdict.reason == "one population of networks: there are no models i to form groups"
    assert (verdict.n, verdict.p_value) == (32, None)


def test_groups_of_unknown_loss_are_left_open():
    """E10-groups with losses that are no numbers has an open interval, not a NaN one."""
    (run,) = final([0.1, 0.1, 0.3, 0.3])(32)
    loss = run.arrays["train_loss"].copy()
    loss[-1] = np.inf
    verdict = judged("E10-groups", groups.two_groups, altered(run, train_loss=loss))
    assert verdict.outcome is INCONCLUSIVE
    assert verdict.interval[0] == -np.inf
    assert not np.isnan(verdict.interval).any()


# -- labels -----------------------------------------------------------------------------


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


# -- pairs of equal loss ----------------------------------------------------------------


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


# -- times ------------------------------------------------------------------------------


def crossing(rate: float, networks: int = 32, **more: object) -> Run:
    """Losses of exp(-t / rate), with what the early grid would have seen of them."""
    run = planted(fall(np.full(networks, rate)), **more)
    early = np.exp(-EARLY[STEPS * 20 > EARLY] / STEPS / rate)
    unit = run.arrays["baseline"][0]
    return altered(run, early_train_loss=np.tile(early[:, None], networks) * unit)


def test_a_time_inside_the_first_epoch_is_observed():
    """Without softmax l = 0.5 is reached after 5.5 of 32 steps: between the records at 4 and at 8."""
    fast, slow = crossing(0.25), crossing(0.5, output="softmax")
    evidence = speed.slowdown({"": (slow, fast)}, HALF_LOSS, claim("E6"))
    # softmax after 11.1 steps: between 8 and 16. The ratio is known to lie in (9 / 8, 16 / 5).
    assert evidence.interval == (9 / 8, 16 / 5)
    assert "median step 5 to 8" in evidence.note
    assert "median step 9 to 16" in evidence.note
    assert judge("E6", evidence).outcome is INCONCLUSIVE, "an epoch's end alone would have said 1"


def test_the_early_grid_decides_what_epochs_cannot():
    """Both cross within the first epoch, six times apart: by epochs alone the ratio would be one."""
    fast, slow = crossing(0.09), crossing(1.3, output="softmax")
    verdict = judge("E6", speed.slowdown({"": (slow, fast)}, HALF_LOSS, claim("E6")))
    assert verdict.outcome is SUPPORTED
    assert verdict.interval == (17 / 2, 32 / 2)


def test_a_crossing_is_not_interpolated():
    """Where the early records say that the level was reached at once, the epochs' line says nothing."""
    run = crossing(1.0)
    early = run.arrays["early_train_loss"].copy()
    early[:] = 0.1 * run.arrays["baseline"][0]
    sharp = altered(run, early_train_loss=early)
    evidence = speed.slowdown({"": (crossing(1.0, output="softmax"), sharp)}, HALF_LOSS, claim("E6"))
    assert "median step 1 to 1" in evidence.note


def test_times_beyond_the_run_are_censored():
    """A run that never gets there has a time of which only the least is known."""
    late = planted(plateau(np.full(32, 0.9)), output="softmax")
    quick = planted(fall(by_model([2] * 4, 32, 0.1)))
    evidence = speed.slowdown({"": (late, quick)}, HALF_LOSS, claim("E6"))
    assert evidence.interval[1] == np.inf
    assert "l = 0.5 reached by 0 of 32 networks with softmax (median beyond step 640)" in evidence.note
    assert judge("E6", evidence).outcome is SUPPORTED


# -- distances --------------------------------------------------------------------------


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
    notes = [distances.rank_agreement(run, claim("M1")).note.split(", ") for run in runs]
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


# -- losses -----------------------------------------------------------------------------


def test_the_landscape_changes_when_some_seeds_end_elsewhere():
    """D6 counts seeds, not accuracies: a better accuracy with the same ends changes nothing."""
    runs = [
        replace(run, spec=replace(run.spec, loss=loss, output=output))
        for run, loss, output in zip(
            accuracies(0.6, 0.95, 0.8)(32), ("mse", "bce", "ce"), ("linear", "linear", "softmax"), strict=True
        )
    ]
    verdict = judged("D6", comparisons.different_ends, runs)
    assert (verdict.outcome, verdict.estimate) == (REFUTED, 0.0)
    assert "at l <= 0.05: 0 of 32 with mse, 0 of 32 with bce, 0 of 32 with ce" in verdict.reason


def test_apart_is_told_from_the_window_not_from_the_mean():
    """Evenly spread losses: the fullest window holds one model's networks."""
    verdict = judged("E2", equality.equal_loss, final(APART)(32)[0])
    assert verdict.estimate == 8 / 32
    assert "l from 0.0999 to 0.4, median 0.25" in verdict.reason
