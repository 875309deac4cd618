"""Planted controls: for each empirical claim one case to support and one to refute; then damage to them."""

from __future__ import annotations

from functools import partial

import msgspec
import numpy as np
import pytest

from claims.catalogue import claim
from claims.core.verdict import Outcome, Verdict
from models.runs.run import Run
from tests.claims.cases import CASES, STRADDLING
from tests.claims.controls.declared import control
from tests.claims.planted import altered
from tests.helpers.specs import changed

SUPPORTED, REFUTED, INCONCLUSIVE = Outcome.SUPPORTED, Outcome.REFUTED, Outcome.INCONCLUSIVE
NOT_APPLICABLE = Outcome.NOT_APPLICABLE


def through_json(verdict: Verdict) -> Verdict:
    """As a report holds it: no value of it is anything but plain JSON of the declared type."""
    return msgspec.json.decode(msgspec.json.encode(verdict), type=Verdict)


every_case = pytest.mark.parametrize(
    "case", [pytest.param(case, id=str(case), marks=control(case.id, case.outcome)) for case in CASES]
)


# -- each verdict can go either way ---------------------------------------------------


@every_case
def test_a_planted_case_comes_out_as_planted(case):
    """Each claim is supported where it is true and refuted where it is false."""
    verdict = case.verdict()
    assert verdict.outcome is case.outcome, verdict.reason
    assert verdict.n >= 8


@every_case
def test_a_decision_stands_down_to_its_p_value(case):
    """The p-value of a decided row is the smallest alpha at which its interval still decides."""
    from dataclasses import replace

    from claims.core.verdict import decide

    runs, of = case.runs(32), claim(case.id)

    def outcome(alpha: float) -> Outcome:
        rule = replace(of, alpha=alpha)
        return decide(rule, case.evidence(runs, rule), setting="", dataset="").outcome

    p = case.verdict().p_value
    assert 0 <= p <= of.alpha
    if p > 1e-12:
        assert outcome(min(p * 1.001, 0.5)) is case.outcome
        assert outcome(p * 0.999) is not case.outcome


@pytest.mark.parametrize("case", STRADDLING, ids=str)
def test_an_interval_across_the_edge_is_inconclusive(case):
    """Evidence that the data cannot decide is said to be undecided."""
    verdict = case.verdict()
    assert verdict.outcome is INCONCLUSIVE, verdict.reason
    assert "straddles" in verdict.reason
    assert verdict.p_value > 0.05


# -- honest about what went wrong -----------------------------------------------------


TRAJECTORY = {"E3", "E6", "E8", "E8-one", "D1", "M1"}
"""Claims about the epochs that were run: no later epoch changes what they were."""

MINIMA = {"E11", "E12", "D7", "D8"}
"""Claims about second legs: what the first was about to do says nothing of them."""

ARRIVING = {"E1", "E4", "E9", "D2", "M2"} | {"E1-test", "E4-test", "E9-test", "E5", "E5-test"}
"""Claims that are true as soon as networks have arrived, wherever they go from there."""


def unsettled(run: Run) -> Run:
    """The same final epoch, but everything was still on the move until then."""
    late = slice(-4, -1)
    changed = {}
    for name, step in {
        "train_loss": 0.2,
        "test_loss": 0.2,
        "train_accuracy": -0.2,
        "test_accuracy": -0.2,
    }.items():
        changed[name] = run.arrays[name].copy()
        changed[name][late] += step
    for side in ("train", "test"):
        changed[f"{side}_agreement"] = run.arrays[f"{side}_agreement"].copy()
        changed[f"{side}_agreement"][late] -= 100
    return altered(run, **changed)


@pytest.mark.parametrize("case", [c for c in CASES if c.id not in TRAJECTORY | MINIMA], ids=str)
def test_unconverged_is_never_refuted(case):
    """Networks on the move refute nothing, and support only claims for which arriving is enough."""
    verdict = case.verdict(change=unsettled)
    arrived = case.id in ARRIVING and case.outcome is SUPPORTED and case.name != "neither arrives"
    # Both outputs of N3 have arrived at E1's region, all three losses of D6 at zero.
    arrived |= (case.id, case.outcome) in {("N3", SUPPORTED), ("D6", REFUTED)}
    expected = case.outcome if arrived else INCONCLUSIVE
    assert verdict.outcome is expected, verdict.reason
    assert arrived or "had not converged" in verdict.reason, verdict.reason


def test_a_fall_that_did_not_come_stays_refuted():
    """E3's early fall is over and done with: networks on the move cannot bring it back."""
    case = next(case for case in CASES if case.name == "no early fall")
    assert case.verdict(change=unsettled).outcome is REFUTED


def test_a_rise_may_still_come():
    """E3 does not refute the later rise while losses move."""
    case = next(case for case in CASES if case.name == "only falls")
    assert case.verdict(change=unsettled).outcome is INCONCLUSIVE


def falling(run: Run) -> Run:
    """The training loss falls by orders of magnitude; labels and accuracy stay as they are."""
    loss = run.arrays["train_loss"]
    return altered(run, train_loss=loss + np.geomspace(1e4, 1e2, len(loss))[:, None])


@pytest.mark.parametrize("id", ["M2", "D3", "D5", "E1-test", "E5-test"])
def test_what_stands_still_does_not_refute_while_the_training_loss_falls(id):
    """Labels at chance and test losses may stand still long before the training loss does."""
    case = next(case for case in CASES if case.id == id and case.outcome is REFUTED)
    verdict = case.verdict(change=falling)
    assert verdict.outcome is INCONCLUSIVE, verdict.reason


def lost(run: Run, value: float) -> Run:
    """Two networks leave the finite numbers half-way, as the engine would record it."""
    arrays = {k: run.arrays[k].copy() for k in ("train_loss", "test_loss", "early_train_loss", "diverged_at")}
    half = run.spec.budget.epochs // 2
    for name in ("train_loss", "test_loss"):
        arrays[name][half:, -2:] = value
    arrays["diverged_at"][-2:] = half
    return altered(run, **arrays)


def all_lost(run: Run) -> Run:
    """Every network leaves the finite numbers before the first epoch ends."""
    arrays = {k: np.full_like(run.arrays[k], np.nan) for k in ("train_loss", "test_loss", "early_train_loss")}
    return altered(run, **arrays, diverged_at=np.zeros_like(run.arrays["diverged_at"]))


def blown_up(run: Run) -> Run:
    """Two networks are marked as diverged although their numbers are finite."""
    diverged = run.arrays["diverged_at"].copy()
    diverged[-2:] = 1
    return altered(run, diverged_at=diverged)


DAMAGE = {
    "nan": partial(lost, value=np.nan),
    "inf": partial(lost, value=np.inf),
    "all-nan": all_lost,
    "blown-up": blown_up,
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
@every_case
def test_diverged_networks_are_counted_and_turn_no_verdict(case, damage):
    """Networks that diverged are counted in the reason; they may leave a claim open and never turn it."""
    verdict = case.verdict(change=damage)
    left_open = (INCONCLUSIVE, NOT_APPLICABLE)
    assert verdict.outcome in left_open or verdict.outcome is case.outcome, verdict.reason
    if verdict.outcome is not NOT_APPLICABLE and case.id != "N3":
        runs = len(case.runs(32))
        count = 32 * runs if damage is all_lost else 2 * runs
        assert f"{count} of {32 * runs} networks diverged" in verdict.reason
    if damage is all_lost and case.id != "M1":
        assert verdict.outcome in left_open, verdict.reason
    assert through_json(verdict).outcome is verdict.outcome


@pytest.mark.parametrize("networks", [8, 12, 48])
@every_case
def test_more_or_fewer_networks_never_turn_a_verdict(case, networks):
    """Few networks may leave a claim open, many decide it; neither says the opposite."""
    outcome = case.verdict(networks=networks).outcome
    assert outcome is case.outcome or (networks < 32 and outcome in (INCONCLUSIVE, NOT_APPLICABLE))


@every_case
def test_a_single_epoch_is_judged(case):
    """A run of one epoch gives a verdict, not an exception, and plain JSON."""

    def first_and_last(run: Run) -> Run:
        epochs = run.spec.budget.epochs
        early = run.arrays["early_steps"] < run.steps_per_epoch
        arrays = {
            key.replace(f"/{epochs}/", "/1/"): value[early]
            if key.startswith("early_")
            else value[[0, -1]]
            if len(value) == epochs + 1
            else value
            for key, value in run.arrays.items()
        }
        return Run(changed(run.spec, epochs=1), arrays)

    verdict = case.verdict(change=first_and_last)
    assert through_json(verdict).outcome is verdict.outcome
