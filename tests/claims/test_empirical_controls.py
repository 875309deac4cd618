"""Planted controls: for each empirical claim one case to support and one to refute; then damage to them."""

from __future__ import annotations

import importlib
import json
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from planted import Case, altered, by_model, fall, judge, planted, plateau
from scipy import stats

from claims import empirical, labels
from claims.catalogue import CATALOGUE, Convergence, claim
from claims.margins import HALF_LOSS, TENTH_LOSS
from claims.verdict import Evidence, Outcome
from data import Dataset
from models.backend import resolve_backend
from models.experiment import Experiment
from models.run import Run
from models.training import Trainer

SUPPORTED, REFUTED, INCONCLUSIVE = Outcome.SUPPORTED, Outcome.REFUTED, Outcome.INCONCLUSIVE


# -- the cases ------------------------------------------------------------------------


def one(function: Callable[..., Evidence]) -> Callable[[Sequence[Run], object], Evidence]:
    """The evidence of a function of a single run."""
    return lambda runs, claim: function(runs[0], claim)


def final(values: Sequence[float], width: float = 1e-4, **more: object) -> Callable[[int], list[Run]]:
    """A run whose models settle at these losses."""
    return lambda replicates: [
        planted(plateau(by_model(values, replicates, width)), replicates=replicates, **more)
    ]


def zero_beside_tiny(replicates: int) -> list[Run]:
    """Losses of 0, 1e-5 and 1e-9 among the replicates of each model."""
    return [planted(plateau(np.resize([0, 1e-5, 1e-9], 4 * replicates)), replicates=replicates)]


def curve(agreement: Sequence[float]) -> Callable[[int], list[Run]]:
    """A run of settled losses in which every pair agrees as the curve says, interpolated over the epochs."""

    def runs(replicates: int) -> list[Run]:
        epochs = 20
        every = np.interp(np.arange(epochs + 1), np.linspace(0, epochs, len(agreement)), agreement)
        # A model's own effect, so that the bootstrap has something to find.
        own = np.add.outer(by_model([0] * 4, replicates, 0.002), by_model([0] * 4, replicates, 0.002))
        alike = every[:, None, None] - 0.01 + np.cos(np.arange(epochs + 1))[:, None, None] * own
        losses = plateau(by_model([0.2] * 4, replicates, 1e-4), epochs)
        return [planted(losses, replicates=replicates, agreement=alike)]

    return runs


def times(*rates: float) -> Callable[[int], list[Run]]:
    """One run for each rate, softmax first in each pair; l = level after rate * log(1 / level) epochs."""
    return lambda replicates: [
        planted(fall(by_model([rate] * 4, replicates, rate / 100)), replicates=replicates) for rate in rates
    ]


def accuracies(*values: float) -> Callable[[int], list[Run]]:
    """One run for each accuracy, each with its own loss."""
    return lambda replicates: [
        planted(
            plateau(by_model([0.2] * 4, replicates, 1e-4)),
            accuracy=by_model([value] * 4, replicates, 0.005),
            replicates=replicates,
            output="softmax" if loss == "ce" else "linear",
            loss=loss,
        )
        for value, loss in zip(values, ("mse", "bce", "ce"), strict=False)
    ]


def merging(half: float, end: float, noise: tuple[float, float] = (1e-4, 1e-4)):
    """{0, 1} and {2, 3} apart by `half` at half the epochs, by `end` at the last; `noise` spreads models."""

    def runs(replicates: int) -> list[Run]:
        start, stop = (
            by_model([0.3, 0.3, 0.3 + gap, 0.3 + gap], replicates)
            + np.random.default_rng(3).normal(size=4 * replicates) * width
            for gap, width in ((half, noise[0]), (end, noise[1]))
        )
        part = np.clip(np.arange(21) / 5 - 2, 0, 1)[:, None]  # they move from epoch 10 to 15, then rest
        return [planted(start + part * (stop - start), replicates=replicates)]

    return runs


def graded_weights(replicates: int) -> list[Run]:
    """The further two models are apart, the more of their weights differ."""
    scale = np.random.default_rng(1).permutation(4 * replicates)
    weights = scale[:, None, None] * np.geomspace(0.1 / len(scale), 0.1, 60).reshape(30, 2)
    return [planted(plateau(by_model([0.1] * 4, replicates)), weights=weights, replicates=replicates)]


def unrelated_weights(replicates: int) -> list[Run]:
    """The distance lies in one weight and the count in the others, drawn apart from it."""
    rng, members = np.random.default_rng(2), 4 * replicates
    weights = 0.05 * rng.permutation(members)[:, None, None] * np.linspace(0.1, 1, 60).reshape(30, 2)
    weights[:, 0, 0] = 100 * rng.permutation(members)
    return [planted(plateau(by_model([0.1] * 4, replicates)), weights=weights, replicates=replicates)]


def unequal_tests(values: Sequence[float], train: float = 0.1) -> Callable[[int], list[Run]]:
    """Equal training losses, and these test losses."""
    return lambda replicates: [
        planted(
            plateau(by_model([train] * 4, replicates, 1e-3)),
            plateau(by_model(values, replicates, 1e-3)),
            replicates=replicates,
        )
    ]


def three(values: Sequence[float]) -> Callable[[int], list[Run]]:
    """Three architectures that all end like this."""
    return lambda replicates: final(values)(replicates) * 3


def _slowdown(level: float, runs: Sequence[Run], claim: object) -> Evidence:
    names = ["squared error", "cross entropy"] if len(runs) == 4 else [""]
    return empirical.slowdown(list(zip(runs[::2], runs[1::2], strict=True)), level, claim, names)


def _drop(runs: Sequence[Run], claim: object) -> Evidence:
    return labels.accuracy_drop(runs[0], runs[1], claim)


NEAR_ZERO, EQUAL = one(empirical.near_zero), one(empirical.equal_loss)
RISE, HIGHEST = one(labels.early_fall_then_rise), one(labels.highest_agreement)
GROUPS, MERGE = one(empirical.two_groups), one(empirical.groups_merge)
M1, M2 = one(labels.rank_agreement), one(labels.label_agreement)
D3, D4 = one(labels.agreement_of_equal_losses), one(labels.generalisation_of_equal_losses)

SAME, APART = [0.2, 0.2, 0.2, 0.2], [0.1, 0.2, 0.3, 0.4]

CASES = [
    *(
        case
        for id in ("E1", "E4", "E5", "E9")
        for case in (
            Case(id, SUPPORTED, NEAR_ZERO, final([0.01, 0.02, 0.01, 0.02])),
            Case(id, REFUTED, NEAR_ZERO, final([0.01, 0.02, 0.01, 0.3])),
        )
    ),
    Case("E1", SUPPORTED, NEAR_ZERO, zero_beside_tiny),
    Case("E1", REFUTED, NEAR_ZERO, unequal_tests([0.3] * 4, 0.01), "on the test set only"),
    Case("E2", SUPPORTED, EQUAL, final(SAME)),
    Case("E2", REFUTED, EQUAL, final(APART)),
    Case("E3", SUPPORTED, RISE, curve([0.5, 0.3, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.96, 0.97, 0.98])),
    Case("E3", REFUTED, RISE, curve([0.9, 0.8, 0.6, 0.4, 0.2])),
    Case("E3", REFUTED, RISE, curve([0.3, 0.5, 0.7, 0.8, 0.9]), "no early fall"),
    Case("E6", SUPPORTED, partial(_slowdown, HALF_LOSS), times(10, 2)),
    Case("E6", REFUTED, partial(_slowdown, HALF_LOSS), times(5, 5)),
    Case("E6", SUPPORTED, partial(_slowdown, HALF_LOSS), times(1e6, 2), "softmax never gets there"),
    Case("E6", REFUTED, partial(_slowdown, HALF_LOSS), times(2, 1e6), "linear never gets there"),
    Case("E7", SUPPORTED, EQUAL, final(APART)),
    Case("E7", REFUTED, EQUAL, final(SAME)),
    Case("E8", SUPPORTED, HIGHEST, curve([0.1, 0.2, 0.3, 0.2])),
    Case("E8", REFUTED, HIGHEST, curve([0.1, 0.8, 0.3, 0.2])),
    Case("E10", SUPPORTED, EQUAL, final(SAME)),
    Case("E10", REFUTED, EQUAL, final(APART)),
    Case("E10-groups", SUPPORTED, GROUPS, final([0.1, 0.101, 0.3, 0.301])),
    Case("E10-groups", SUPPORTED, GROUPS, final([0.3, 0.301, 0.1, 0.101]), "the other way round"),
    Case("E10-groups", REFUTED, GROUPS, final([0.1, 0.3, 0.1, 0.3]), "other groups"),
    Case("E10-groups", REFUTED, GROUPS, final(SAME), "one group"),
    Case("E10-groups", REFUTED, GROUPS, final([0.1, 0.3, 0.1, 0.1]), "one stray model"),
    Case("E10-merge", SUPPORTED, MERGE, merging(0.3, 0.0)),
    Case("E10-merge", SUPPORTED, MERGE, merging(-0.3, 0.0), "the other way round"),
    Case("E10-merge", REFUTED, MERGE, merging(0.3, 0.3), "groups stay"),
    Case("E10-merge", REFUTED, MERGE, merging(0.1, 0.3), "groups part"),
    Case("E10-merge", REFUTED, MERGE, merging(0.3, -0.3), "groups cross"),
    Case("M1", SUPPORTED, M1, graded_weights),
    Case("M1", REFUTED, M1, unrelated_weights),
    Case("M2", SUPPORTED, M2, curve([0.2, 1.0, 1.0, 1.0, 1.0])),
    Case("M2", REFUTED, M2, curve([0.2, 0.4, 0.4, 0.4, 0.4])),
    Case("D1", SUPPORTED, partial(_slowdown, TENTH_LOSS), times(8, 2, 7, 2)),
    Case("D1", REFUTED, partial(_slowdown, TENTH_LOSS), times(8, 2, 4, 4), "only for squared error"),
    Case("D2", SUPPORTED, empirical.share_at_zero, three([0.01, 0.02, 0.01, 0.02])),
    Case("D2", REFUTED, empirical.share_at_zero, three([0.01, 0.3, 0.01, 0.4])),
    Case("D3", SUPPORTED, D3, curve([0.2, 1.0, 1.0, 1.0, 1.0])),
    Case("D3", REFUTED, D3, curve([0.2, 0.4, 0.4, 0.4, 0.4])),
    Case("D4", SUPPORTED, D4, unequal_tests(SAME)),
    Case("D4", REFUTED, D4, unequal_tests(APART)),
    Case("D5", SUPPORTED, _drop, accuracies(0.95, 0.8)),
    Case("D5", REFUTED, _drop, accuracies(0.95, 0.95)),
    Case("D6", SUPPORTED, labels.accuracy_gap, accuracies(0.95, 0.85, 0.95)),
    Case("D6", REFUTED, labels.accuracy_gap, accuracies(0.95, 0.95, 0.95)),
]  # fmt: skip

every_case = pytest.mark.parametrize("case", CASES, ids=str)


# -- each verdict can go either way ---------------------------------------------------


@every_case
def test_a_planted_case_comes_out_as_planted(case):
    """Each claim is supported where it is true and refuted where it is false."""
    verdict = case.verdict()
    assert verdict.outcome is case.outcome, verdict.reason
    assert verdict.n >= 3


PLANTED = {(case.id, case.outcome) for case in CASES}


def test_every_claim_has_both_controls():
    """A claim of the catalogue without a planted support and a planted refutation fails here.

    Each file of controls lists in PLANTED what its cases plant, or names the tests that do.
    """
    files = sorted(Path(__file__).parent.glob("test_*_controls.py"))
    planted = set().union(*(getattr(importlib.import_module(path.stem), "PLANTED", ()) for path in files))
    assert {(id, way) for id in CATALOGUE for way in (SUPPORTED, REFUTED)} - planted == set()


STRADDLING = [
    Case("E1", INCONCLUSIVE, NEAR_ZERO, final([0.01, 0.02, 0.01, 0.05], 0.03)),
    Case("E2", INCONCLUSIVE, EQUAL, final([0.2, 0.2, 0.2, 0.21], 0.003)),
    Case("E3", INCONCLUSIVE, RISE, curve([0.5, 0.49, 0.5, 0.6, 0.7, 0.8, 0.9, 0.9, 0.9, 0.9, 0.9])),
    Case("E6", INCONCLUSIVE, partial(_slowdown, HALF_LOSS), times(8, 4)),
    Case("E7", INCONCLUSIVE, EQUAL, final([0.2, 0.2, 0.2, 0.21], 0.003)),
    Case("E8", INCONCLUSIVE, HIGHEST, curve([0.1, 0.51, 0.51, 0.4])),
    Case("E10-groups", INCONCLUSIVE, GROUPS, final([0.2, 0.2, 0.21, 0.21], 0.005)),
    Case("E10-merge", INCONCLUSIVE, MERGE, merging(0.11, 0.1, (0.02, 0.02))),
    Case("M2", INCONCLUSIVE, M2, curve([0.96, 0.96])),
    Case("D1", INCONCLUSIVE, partial(_slowdown, TENTH_LOSS), times(1e6, 1e6, 1e6, 1e6), "nobody gets there"),
    Case("D2", INCONCLUSIVE, lambda runs, claim: empirical.share_at_zero(runs[:1], claim), three([0.01] * 4)),
    Case("D3", INCONCLUSIVE, D3, lambda _: [planted(plateau(np.linspace(0.1, 0.9, 12)))], "no equal pairs"),
    Case("D4", INCONCLUSIVE, D4, unequal_tests([0.2, 0.2, 0.21, 0.22])),
    Case("D5", INCONCLUSIVE, _drop, accuracies(0.85, 0.8)),
    Case("D6", INCONCLUSIVE, labels.accuracy_gap, accuracies(0.85, 0.8, 0.8)),
]  # fmt: skip


@pytest.mark.parametrize("case", STRADDLING, ids=str)
def test_an_interval_across_the_edge_is_inconclusive(case):
    """Evidence that the data cannot decide is said to be undecided."""
    verdict = case.verdict()
    assert verdict.outcome is INCONCLUSIVE, verdict.reason
    assert "straddles" in verdict.reason or "no interval" in verdict.reason


# -- honest about what went wrong -----------------------------------------------------


def unsettled(run: Run) -> Run:
    """The same final epoch, but everything was still on the move until then."""
    late = slice(-3, -1)
    changed = {}
    for side in ("train", "test"):
        for name, step in (("loss", 1.0), ("accuracy", -0.2), ("agreement", -200)):
            moved = run.arrays[f"{side}_{name}"].copy()
            moved[late] += np.asarray(step, dtype=moved.dtype)
            changed[f"{side}_{name}"] = moved
    return altered(run, **changed)


def lost(run: Run, value: float) -> Run:
    """The last model's loss became NaN or infinite half way, and so did its weights."""
    half = run.spec.epochs // 2
    changed = {}
    for side in ("train", "test"):
        loss, alike = run.arrays[f"{side}_loss"].copy(), run.arrays[f"{side}_agreement"].copy()
        loss[half:, -1] = value
        accuracy = run.arrays[f"{side}_accuracy"].copy()
        accuracy[half:, -1] = 0.1
        changed |= {f"{side}_loss": loss, f"{side}_agreement": alike, f"{side}_accuracy": accuracy}
    weights = run.arrays[f"weights/{run.spec.epochs}/W1"].copy()
    weights[-1] = value
    distance = run.arrays["weight_distance"].copy()
    distance[half:, -1, :-1] = distance[half:, :-1, -1] = value
    diverged = run.arrays["diverged_at"].copy()
    diverged[-1] = half
    changed |= {"weight_distance": distance, "diverged_at": diverged}
    return altered(run, **changed, **{f"weights/{run.spec.epochs}/W1": weights})


def all_lost(run: Run) -> Run:
    """Every model's loss is NaN from the first epoch on, and all label everything alike, always."""
    nan = {f"{side}_loss": run.arrays[f"{side}_loss"].copy() for side in ("train", "test")}
    for loss in nan.values():
        loss[1:] = np.nan
    weights = f"weights/{run.spec.epochs}/W1"
    return altered(
        run,
        **nan,
        diverged_at=np.ones_like(run.arrays["diverged_at"]),
        weight_distance=np.full_like(run.arrays["weight_distance"], np.nan),
        **{
            f"{side}_agreement": np.full_like(run.arrays[f"{side}_agreement"], 1000)
            for side in ("train", "test")
        },
        **{
            f"{side}_accuracy": np.full_like(run.arrays[f"{side}_accuracy"], 0.1)
            for side in ("train", "test")
        },
        **{weights: np.full_like(run.arrays[weights], np.nan)},
    )


def blown_up(run: Run) -> Run:
    """The last model is counted as diverged although its numbers are finite."""
    diverged = run.arrays["diverged_at"].copy()
    diverged[-1] = 1
    return altered(run, diverged_at=diverged)


def falling(run: Run) -> Run:
    """The training loss falls by orders of magnitude; labels and accuracy stay as they are."""
    loss = run.arrays["train_loss"]
    return altered(run, train_loss=loss + np.geomspace(1e4, 1e2, len(loss))[:, None])


OVER = "no early fall"
"""What the first epochs showed stays shown, however the loss moves later."""

ABOUT_THE_END = [
    case for case in CASES if claim(case.id).convergence is not Convergence.TRAJECTORY and case.name != OVER
]


@pytest.mark.parametrize("case", ABOUT_THE_END, ids=str)
def test_unconverged_is_never_refuted(case):
    """An optimiser on the move refutes nothing, and supports only claims for which arriving is enough."""
    verdict = case.verdict(change=unsettled)
    reaches = claim(case.id).convergence is Convergence.REACHES
    expected = SUPPORTED if reaches and case.outcome is SUPPORTED else INCONCLUSIVE
    assert verdict.outcome is expected, verdict.reason
    assert expected is SUPPORTED or "did not converge" in verdict.reason


def test_a_fall_that_did_not_come_stays_refuted():
    """E3's early fall is over and done with: an optimiser on the move cannot bring it back."""
    case = next(case for case in CASES if case.name == OVER)
    assert case.verdict(change=unsettled).outcome is REFUTED


def test_labels_at_chance_do_not_refute_while_the_loss_falls():
    """M2, D5 and D6 wait for the loss, even where labels and accuracy stand still."""
    for id in ("M2", "D5", "D6"):
        case = next(case for case in CASES if case.id == id and case.outcome is REFUTED)
        verdict = case.verdict(change=falling)
        assert verdict.outcome is INCONCLUSIVE, verdict.reason


def test_share_at_zero_waits_for_models_on_the_move():
    """D2 does not count a model that is still falling as one that cannot reach zero."""
    case = next(case for case in CASES if case.id == "D2" and case.outcome is REFUTED)
    verdict = case.verdict(change=unsettled)
    assert verdict.outcome is INCONCLUSIVE
    assert "18 unresolved" in verdict.reason


DAMAGE = {
    "nan": partial(lost, value=np.nan),
    "inf": partial(lost, value=np.inf),
    "all-nan": all_lost,
    "blown-up": blown_up,
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
@every_case
def test_diverged_models_are_counted_and_never_support(case, damage):
    """With diverged models no claim is supported, none is refuted by them, and the reason counts them."""
    verdict = case.verdict(change=damage)
    assert verdict.outcome is INCONCLUSIVE or verdict.outcome is case.outcome is REFUTED, verdict.reason
    models = sum(len(run.groups) for run in case.runs(3))
    count = models if damage is all_lost else models // 12
    assert f"{count} of {models} models diverged" in verdict.reason
    if damage is all_lost or claim(case.id).convergence is Convergence.END_STATE:
        assert verdict.outcome is INCONCLUSIVE, verdict.reason
    json.dumps(verdict.as_json(), allow_nan=False)


POOLED = {"E6", "D1", "D2", "D5", "D6"}
"""Claims about all models together: four of them are a sample even with a single replicate each."""


@every_case
def test_one_replicate_is_no_sample(case):
    """A single model of each kind gives no interval: inconclusive, unless the claim pools all models."""
    verdict = case.verdict(replicates=1)
    assert verdict.outcome is INCONCLUSIVE or (case.id in POOLED and verdict.outcome is case.outcome), (
        verdict.reason
    )
    json.dumps(verdict.as_json(), allow_nan=False)


@pytest.mark.parametrize("replicates", [2, 5])
@every_case
def test_more_or_fewer_replicates_never_turn_a_verdict(case, replicates):
    """Two replicates may leave a claim open, five decide it; neither says the opposite."""
    outcome = case.verdict(replicates=replicates).outcome
    assert outcome is case.outcome or (replicates == 2 and outcome is INCONCLUSIVE)


@every_case
def test_a_single_epoch_is_judged(case):
    """A run of one epoch gives a verdict, not an exception, and plain JSON."""

    def first_and_last(run: Run) -> Run:
        arrays = {
            key.replace(f"/{run.spec.epochs}/", "/1/"): value[[0, -1]] if len(value) == 21 else value
            for key, value in run.arrays.items()
        }
        return Run(Experiment("mnist-5k", (2,), replicates=3, epochs=1, loss=run.spec.loss), arrays)

    json.dumps(case.verdict(change=first_and_last).as_json(), allow_nan=False)


# -- particular traps -----------------------------------------------------------------


def test_a_model_on_its_way_past_the_edge_has_not_settled():
    """A loss of 0.06 that fell by 0.02 in the last quarter does not refute "reaches 0.05"."""
    slope = np.linspace(0.06 + 0.08, 0.06, 21)[:, None] + by_model([0] * 4, 3, 1e-4)
    verdict = judge("E1", empirical.near_zero(planted(slope), claim("E1")))
    assert verdict.outcome is INCONCLUSIVE
    assert "did not converge" in verdict.reason
    runs = [planted(slope)] * 3
    assert judge("D2", empirical.share_at_zero(runs, claim("D2"))).outcome is INCONCLUSIVE


def test_agreement_on_its_way_past_the_edge_has_not_settled():
    """Agreement of 0.93 that rises by 0.02 in the last quarter does not refute "identically"."""
    run = curve([0.85, 0.93])(3)[0]
    assert judge("M2", labels.label_agreement(run, claim("M2"))).outcome is INCONCLUSIVE
    assert judge("D3", labels.agreement_of_equal_losses(run, claim("D3"))).outcome is INCONCLUSIVE


def test_a_closing_gap_does_not_make_losses_differ():
    """Each model moves little, but their gap is closing on the margin: nothing is settled."""
    drift = np.linspace(0.004, 0.0, 6)
    ends = by_model([0.2, 0.2, 0.2, 0.2125], 3, 1e-4)
    curves = plateau(ends)
    curves[-6:, -3:] += drift[:, None]
    verdict = judge("E7", empirical.equal_loss(planted(curves), claim("E7")))
    assert verdict.outcome is INCONCLUSIVE
    assert "did not converge" in verdict.reason


@pytest.mark.parametrize(
    ("values", "count"), [(SAME, 0), ([0.2, 0.2, 0.2, 0.3], 3), ([0.1, 0.1, 0.3, 0.3], 4), (APART, 6)]
)
def test_equal_loss_counts_the_pairs_that_differ(values, count):
    """The note says how many pairs of models differ by more than the margin, by Holm."""
    note = empirical.equal_loss(final(values)(3)[0], claim("E2")).note
    assert f"{count} of 6 pairs differ by more than 0.01 (Holm)" in note


@pytest.mark.parametrize("replicates", [3, 20])
def test_noise_that_dies_away_is_no_merger(replicates):
    """Groups that never were merge in no more than alpha of all runs, though the models' spread shrinks."""
    rng, merged, runs = np.random.default_rng(6), 0, 400
    for _ in range(runs):
        noise = rng.normal(size=(2, 4 * replicates)) * [[0.1], [0.001]]
        losses = 0.5 + np.repeat(noise, [11, 10], axis=0)
        evidence = empirical.groups_merge(planted(losses, replicates=replicates), claim("E10-merge"))
        merged += judge("E10-merge", evidence).outcome is SUPPORTED
    assert merged / runs <= 0.05 + 4 * (0.05 * 0.95 / runs) ** 0.5


def test_near_zero_intervals_hold_at_once():
    """E1's interval is Student's on log10 l, at alpha shared among four models and two sides."""
    run = final([0.01, 0.02, 0.01, 0.3], 0.002)(3)[0]
    evidence = empirical.near_zero(run, claim("E1"))
    logs = np.log10(run.normalised_loss()[-1, -3:])
    expected = stats.t.interval(1 - 0.05 / 8, 2, logs.mean(), logs.std(ddof=1) / 3**0.5)
    assert np.log10(evidence.interval) == pytest.approx(expected)


@pytest.mark.parametrize("id", ["E3", "E8", "M2", "D5", "D6"])
def test_labels_of_lost_models_are_no_evidence(id):
    """Models of NaN label everything alike: agreement and accuracy are unknown, not perfect and not poor."""
    case = next(case for case in CASES if case.id == id)
    interval = case.verdict(change=all_lost).interval
    assert interval[1] == np.inf
    assert interval[0] in (-np.inf, 0.0)


def test_a_diverged_model_at_zero_is_no_hit():
    """D2 does not count a diverged model among those at zero, nor among those that are not."""
    case = next(case for case in CASES if case.id == "D2" and case.outcome is SUPPORTED)
    verdict = case.verdict(change=blown_up)
    assert verdict.estimate == 33 / 36
    assert verdict.interval[1] == 1.0
    assert "3 unresolved" in verdict.reason


@pytest.mark.parametrize("id", ["D5", "D6"])
def test_accuracies_settle_one_by_one_and_together(id):
    """Neither models that trade places, nor means that drift to the margin, have settled."""

    def traded(run: Run) -> Run:
        step = np.zeros((21, 12))
        step[-2, :2] = 0.1, -0.1
        return shifted(run, step)

    def drifting(run: Run) -> Run:
        return shifted(run, np.linspace(0.06, 0.0, 21)[:, None] * (run.spec.loss == "mse"))

    def shifted(run: Run, step: np.ndarray) -> Run:
        return altered(
            run, **{f"{s}_accuracy": run.arrays[f"{s}_accuracy"] + step for s in ("train", "test")}
        )

    case = next(case for case in CASES if case.id == id and case.outcome is SUPPORTED)
    assert "did not converge" in case.verdict(change=traded).reason
    runs = accuracies(0.865, 0.8, 0.8)(3)
    assert judge(id, case.evidence(runs, claim(id))).outcome is SUPPORTED
    assert "did not converge" in judge(id, case.evidence([drifting(run) for run in runs], claim(id))).reason


def test_groups_of_unknown_loss_are_left_open():
    """E10-groups with an infinite loss has an open interval, not a NaN one."""
    run = lost(final([0.1, 0.1, 0.3, 0.3])(3)[0], np.inf)
    assert empirical.two_groups(run, claim("E10-groups")).interval == (-np.inf, np.inf)


def test_groups_want_the_four_models():
    """With other models the claim about {0, 1} and {2, 3} is an error that says so."""
    run = Run(Experiment("mnist-5k", (2,), models=(0, 1)), {})
    for evidence in (empirical.two_groups, empirical.groups_merge):
        with pytest.raises(ValueError, match=r"got models \(0, 1\), wanted \(0, 1, 2, 3\)"):
            evidence(run, claim("E10-groups"))


def test_counts_that_are_all_equal_rank_nothing():
    """Where every pair has the same count of differing weights, tau does not exist, and M1 says so."""
    weights = np.arange(12.0)[:, None, None] * np.ones((1, 3, 2))
    run = planted(plateau(by_model(SAME, 3)), weights=weights)
    verdict = judge("M1", labels.rank_agreement(run, claim("M1")))
    assert verdict.outcome is INCONCLUSIVE
    assert "tau undefined units as they stand: one of the two is the same for every pair" in verdict.reason


def test_aligning_units_undoes_a_permutation():
    """With units aligned M1 does not depend on the order of the hidden units; as they stand it does."""
    weights = graded_weights(3)[0].arrays["weights/20/W1"]
    swapped = weights.copy()
    swapped[::2] = swapped[::2, :, ::-1]
    runs = [planted(plateau(by_model(SAME, 3)), weights=W) for W in (weights, swapped)]
    notes = [labels.rank_agreement(run, claim("M1")).note.split(", ") for run in runs]
    stand, aligned = zip(*notes, strict=True)
    assert stand[0] != stand[1]
    assert aligned[0] == aligned[1]


def test_equal_pairs_count_their_models_only():
    """Where only models 0 and 1 end with equal losses, D3's n is their six replicates."""
    run = final([0.1, 0.1, 0.3, 0.5], 0.0)(3)[0]
    run.arrays["train_loss"][-1, 6:] *= np.linspace(1, 2, 6)
    evidence = labels.agreement_of_equal_losses(run, claim("D3"))
    assert evidence.n == 6
    assert "15 of 66 pairs have equal training loss" in evidence.note


def test_times_beyond_the_shorter_run_are_censored():
    """A softmax run of twice the epochs gets there after the linear run's end: its time is only bounded."""
    late = planted(fall(by_model([40] * 4, 3, 0.1), epochs=40))
    quick = planted(fall(by_model([2] * 4, 3, 0.1)))
    evidence = empirical.slowdown([(late, quick)], HALF_LOSS, claim("E6"))
    assert evidence.interval[1] == np.inf
    assert judge("E6", evidence).outcome is SUPPORTED


# -- really trained -------------------------------------------------------------------


def trained(noise: float, epochs: int, widths: tuple[int, ...] = (32,)) -> Run:
    """Tiny regression networks of eight points: each point once, or twice with targets `noise` apart."""
    rng = np.random.default_rng(0)
    x = np.tile(rng.normal(size=(8, 5)), (2, 1))
    y = np.tile(rng.normal(size=8), 2) + noise * np.repeat([1.0, -1.0], 8)
    data = Dataset("tiny", "regression", x, y, x, y, 0, "", "made up")
    spec = Experiment("tiny", widths, protocol="he", epochs=epochs, batch=16, learning_rate=0.03)
    trainer = Trainer(spec, data, resolve_backend("cpu", "fp32"), threads=1)
    while not trainer.finished:
        trainer.run_epoch()
    return Run(spec, trainer.result())


@pytest.fixture(scope="module")
def realisable() -> Run:
    """A task that a zero loss solves, trained until it does."""
    return trained(noise=0.0, epochs=80)


@pytest.fixture(scope="module")
def noisy() -> Run:
    """A task whose inputs each have two targets, trained to the plateau that this leaves."""
    return trained(noise=0.5, epochs=80)


def test_a_realisable_task_reaches_zero(realisable):
    """E1, E2 and D2 are supported, E7 refuted, by networks that were really trained."""
    assert judge("E1", empirical.near_zero(realisable, claim("E1"))).outcome is SUPPORTED
    assert judge("E2", empirical.equal_loss(realisable, claim("E2"))).outcome is SUPPORTED
    assert judge("E7", empirical.equal_loss(realisable, claim("E7"))).outcome is REFUTED
    assert judge("D2", empirical.share_at_zero([realisable] * 3, claim("D2"))).outcome is SUPPORTED


def test_irreducible_noise_stays(noisy):
    """E1 and D2 are refuted by networks that settle at the loss the noise leaves."""
    verdict = judge("E1", empirical.near_zero(noisy, claim("E1")))
    assert verdict.outcome is REFUTED, verdict.reason
    assert verdict.estimate > 0.1
    assert judge("D2", empirical.share_at_zero([noisy] * 3, claim("D2"))).outcome is REFUTED


def test_networks_of_different_worth_end_at_different_losses(realisable, noisy):
    """E2 is refuted and E7 supported where models 2 and 3 were trained on the noisy task."""
    mixed = np.concatenate([realisable.normalised_loss()[:, :6], noisy.normalised_loss()[:, 6:]], 1)
    run = altered(realisable, train_loss=mixed * realisable.arrays["baseline"][0])
    assert judge("E2", empirical.equal_loss(run, claim("E2"))).outcome is REFUTED
    assert judge("E7", empirical.equal_loss(run, claim("E7"))).outcome is SUPPORTED


def test_training_cut_short_refutes_nothing():
    """The realisable task after three epochs is inconclusive: more training would tell."""
    run = trained(noise=0.0, epochs=3)
    verdict = judge("E1", empirical.near_zero(run, claim("E1")))
    assert verdict.outcome is INCONCLUSIVE
    assert "did not converge" in verdict.reason
