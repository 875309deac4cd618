"""Planted second legs: what certificates decide, what they leave open, and what the first leg may not say."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from claims.catalogue import Leg, claim
from claims.core.verdict import Outcome, Strength
from claims.evidence.minima.kinds import dead_minima
from models.descent.certificates.certificate import Kind
from models.runs.run import Run
from tests.claims.cases import CASES, ended, half_dead, zero
from tests.claims.controls.declared import control
from tests.claims.controls.test_empirical import MINIMA, unsettled
from tests.claims.planted import altered, descended, judge, planted, plateau
from tests.helpers.specs import changed

SUPPORTED, REFUTED, INCONCLUSIVE = Outcome.SUPPORTED, Outcome.REFUTED, Outcome.INCONCLUSIVE
OPEN = [kind for kind in Kind if not kind.conclusive]

AT_ENDS = [case for case in CASES if claim(case.id).leg is Leg.END and case.id not in MINIMA]
"""Cases of claims about ends, planted with a first leg only."""

TRAJECTORIES = [case for case in CASES if claim(case.id).leg is Leg.FIRST]


def through(kind: Kind | None = None, first: Callable[[Run], Run] = unsettled) -> Callable[[Run], Run]:
    """A second leg that rests where the planted first leg ends, while that one is still on the move."""
    return lambda run: replace(first(run), second=descended(run, kind=kind).second)


# -- certificates decide ----------------------------------------------------------------


@pytest.mark.parametrize("case", AT_ENDS, ids=str)
def test_certified_ends_decide_whatever_the_first_leg_was_about_to_do(case):
    """The planted verdict, of networks whose training was cut short and whose descent was certified."""
    verdict = case.verdict(change=through())
    assert verdict.outcome is case.outcome, verdict.reason
    assert case.id == "N3" or "first leg: " in verdict.reason


@pytest.mark.parametrize("kind", [Kind.STATIONARY_KINK, Kind.DEAD], ids=str)
@pytest.mark.parametrize("case", AT_ENDS, ids=str)
def test_a_kink_and_dead_units_are_ends_like_any(case, kind):
    """What counts is where a network ended, not what kind of point that is."""
    assert case.verdict(change=through(kind)).outcome is case.outcome


BY_LOSS_ALONE = {"E1", "E4", "E9", "D2", "E5"}
"""Claims that a descent decides as soon as it is low enough, since it never rises again."""


@pytest.mark.parametrize("kind", OPEN, ids=str)
@pytest.mark.parametrize("case", AT_ENDS, ids=str)
def test_a_descent_without_a_certificate_refutes_nothing(case, kind):
    """Flat, falling or merely stationary networks may end anywhere below: they support what is already so."""
    verdict = case.verdict(change=through(kind, lambda run: run))
    arrived = case.id in BY_LOSS_ALONE and case.outcome is SUPPORTED and case.name != "neither arrives"
    arrived |= (case.id, case.outcome) in {("N3", SUPPORTED), ("D6", REFUTED)}
    assert verdict.outcome is (case.outcome if arrived else INCONCLUSIVE), verdict.reason


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("case", AT_ENDS, ids=str)
def test_missing_certificates_leave_open_and_turn_nothing(case, seed):
    """Whichever networks have none."""
    missing = np.random.default_rng(seed).random(32) < 0.3

    def some(run: Run) -> Run:
        whole = descended(run)
        assert whole.second is not None
        code = whole.second.arrays["certificate_kind"].copy()
        code[missing] = Kind.FALLING.code
        return replace(whole, second=altered(whole.second, certificate_kind=code))

    verdict = case.verdict(change=some)
    assert verdict.outcome in (case.outcome, INCONCLUSIVE, Outcome.NOT_APPLICABLE), verdict.reason


@pytest.mark.parametrize("case", TRAJECTORIES, ids=str)
def test_a_trajectory_does_not_know_of_the_second_leg(case):
    """E3, E6, E8 and D1 are about the training itself."""
    runs = case.runs(32)
    assert case.evidence([descended(run) for run in runs], claim(case.id)) == (
        case.evidence(runs, claim(case.id))
    )


# -- what the reader is told ------------------------------------------------------------


def note(run: Run, id: str = "E1") -> str:
    case = next(case for case in CASES if case.id == id)
    return case.evidence([run], claim(id)).note


def test_the_first_legs_figure_stands_beside():
    """One network in four was near zero when training stopped, every one when the descent did."""
    run = planted(plateau(np.resize([0.01, 0.3, 0.3, 0.3], 32)))
    found = note(descended(run, zero(32)))
    assert "32 of 32 networks at l <= 0.05" in found
    assert found.endswith("first leg: 0.25 [0.131, 0.467] share of networks")
    assert "20 epochs and at most 4 steps of descent" in found
    assert "ended 32 global within tau" in found


def test_certificates_are_counted():
    """By kind, diverged networks apart; and what would settle the rest is said where some are open."""
    kinds = [Kind.GLOBAL] * 20 + [Kind.DEAD] * 2 + [Kind.FALLING] * 10
    run = descended(planted(plateau(np.full(32, 0.3))), zero(32), kind=kinds)
    run = replace(
        altered(run, diverged_at=np.where(np.arange(32) == 31, 3, -1)), open_because="it takes an hour"
    )
    found = note(run)
    assert "ended 20 global within tau, 2 dead, 9 still falling, 1 diverged; it takes an hour" in found
    settled = replace(descended(planted(plateau(np.full(32, 0.3)))), open_because="it takes an hour")
    assert "an hour" not in note(settled)


def test_open_networks_say_what_they_would_take():
    """At a relative fall of a thousandth a product, from a loss e times too large: a thousand products."""
    kinds = [Kind.GLOBAL] * 30 + [Kind.FALLING] * 2
    ends = np.array([0.0] * 30 + [0.005 * np.e, 0.004])
    run = descended(planted(plateau(np.full(32, 0.3))), ends, kind=kinds)
    assert "products away" not in note(run), "no rate is known"
    assert run.second is not None
    falling = replace(run, second=altered(run.second, certificate_rate_per_product=np.full(32, 1e-3)))
    assert "1 open above l = 0.005, at their rates 1e+03 products away (median)" in note(falling)


def test_without_a_second_leg_the_reason_stands_there():
    """In place of the certificates, and the first leg is not told twice."""
    run = planted(plateau(np.full(32, 0.3)))
    assert "; no second leg" in note(run)
    assert "first leg" not in note(run)
    assert "; one takes 5 minutes" in note(replace(run, open_because="one takes 5 minutes"))


def test_what_is_not_proved_is_said():
    """A kind that rests on tolerances is an end as any, and the reader is told."""
    run = descended(planted(plateau(np.full(32, 0.3))), kind=Kind.STATIONARY_KINK, proved=False)
    assert "ended 32 stationary at a kink (32 of them to tolerance)" in note(run)
    run = descended(planted(plateau(np.full(32, 0.3))), kind=Kind.FALLING, proved=False)
    assert "ended 32 still falling;" in note(run)


def test_runs_that_ended_differently_are_told_apart():
    """Of several runs each has its name, unless they all ended alike."""
    from claims.evidence.trained.legs import endings

    one = planted(plateau(np.full(32, 0.3)))
    other = replace(one, spec=changed(one.spec, widths=(3, 4)))
    low = descended(one, zero(32))
    assert endings(low, low) == "ended 32 global within tau"
    assert endings(low, other) == (
        "mnist-5k-2-std linear mse: ended 32 global within tau; mnist-5k-3-4-std linear mse: no second leg"
    )


def test_an_infimum_that_is_not_attained_is_said():
    """Cross entropy of separable data has no finite minimum."""
    run = descended(planted(plateau(np.full(32, 0.3)), loss="bce"), zero(32), attained=False)
    assert "infimum 0, not attained by finite weights" in note(run, "E10")
    far = descended(planted(plateau(np.full(32, 0.3)), loss="bce"), attained=False)
    assert "a loss of 0, not attained by finite weights" in note(far, "E10")


# -- the claims about minima ------------------------------------------------------------


DEAD = partial(ended, zero, kind=Kind.DEAD)


@control("D9", SUPPORTED)
def test_one_proved_dead_network_is_enough():
    """Existence needs one; the note bounds the share."""
    kinds = [Kind.DEAD] + [Kind.GLOBAL] * 31
    verdict = judge("D9", dead_minima(ended(zero, kind=kinds)(32), claim("D9")))
    assert (verdict.outcome, verdict.strength, verdict.estimate) == (SUPPORTED, Strength.CERTIFICATE, 1.0)
    assert "adam: 1 of 32 dead, a share in [0.0016, 0.14]" in verdict.reason
    assert verdict.p_value is None


@control("D9", REFUTED)
def test_a_network_without_hidden_layers_has_no_silent_one():
    """The one way to exclude it: there is nothing that could be silent."""
    run = planted(plateau(np.full(32, 0.3)))
    verdict = judge("D9", dead_minima([replace(run, spec=changed(run.spec, widths=()))], claim("D9")))
    assert (verdict.outcome, verdict.strength) == (REFUTED, Strength.PROOF)


@pytest.mark.parametrize(
    "runs",
    [
        ended(zero)(32),
        DEAD(proved=False)(32),
        [altered(run, diverged_at=np.zeros(32, dtype=int)) for run in DEAD()(32)],
        [planted(plateau(np.full(32, 1.0)))],
    ],
    ids=["none", "none proved", "diverged", "no second leg"],
)
def test_dead_networks_that_did_not_come_refute_nothing(runs):
    """Absence from 32 networks bounds a share, it excludes nothing."""
    verdict = judge("D9", dead_minima(runs, claim("D9")))
    assert (verdict.outcome, verdict.estimate) == (INCONCLUSIVE, 0.0)


def test_optimisers_are_not_pooled():
    """The same seeds train each of them."""
    found = dead_minima([*ended(zero)(32), *half_dead(32)], claim("D9"))
    assert (found.estimate, found.n) == (16.0, 64)
    assert found.note.startswith(
        "adam: 0 of 32 dead, a share in [0, 0.0894]; ended 32 global within tau; adam: 16"
    )


@pytest.mark.parametrize("id", sorted(MINIMA))
@pytest.mark.parametrize("kind", OPEN, ids=str)
def test_claims_about_minima_need_certificates(id, kind):
    """Without conclusive ones each is open, but for losses that are global minima or equal by themselves."""
    for case in (case for case in CASES if case.id == id):

        def opened(run: Run, kind: Kind = kind) -> Run:
            assert run.second is not None
            code = np.full(32, kind.code, dtype=np.int8)
            return replace(run, second=altered(run.second, certificate_kind=code))

        verdict = case.verdict(change=opened)
        by_itself = case.outcome is SUPPORTED and case.name != "none is near zero" and id in ("E11", "E12")
        assert verdict.outcome is (SUPPORTED if by_itself else INCONCLUSIVE), verdict.reason


def test_unequal_losses_say_nothing_of_accuracy():
    """D7: pairs whose losses differ are left out, and with all of them out nothing is known."""
    case = next(case for case in CASES if case.id == "D7" and case.outcome is SUPPORTED)
    he, std, var = case.runs(32)
    std = replace(std, second=descended(std, np.full(32, 0.3), kind=Kind.LOCAL_MINIMUM).second)
    verdict = judge("D7", case.evidence([he, std, var], claim("D7")))
    assert verdict.outcome is INCONCLUSIVE
    assert "he and std: median nan over 0 pairs of equal loss, 0 open" in verdict.reason


def test_one_scale_has_none_to_be_compared_with():
    """D7 of he alone does not apply; of std alone its models are compared."""
    case = next(case for case in CASES if case.id == "D7")
    he, std, _ = case.runs(32)
    assert judge("D7", case.evidence([he], claim("D7"))).outcome is Outcome.NOT_APPLICABLE
    assert "std, models 0 and 3" in judge("D7", case.evidence([std], claim("D7"))).reason


def test_models_of_one_protocol_are_compared_too():
    """D7: model 3 of std is worse by ten points, and eight quadruples are enough to say so."""
    case = next(case for case in CASES if case.id == "D7")
    accuracy = np.resize([0.95, 0.95, 0.95, 0.85], 32)
    run = descended(planted(plateau(np.full(32, 0.2))), zero(32), test_accuracy=accuracy)
    verdict = judge("D7", case.evidence([run], claim("D7")))
    assert (verdict.outcome, verdict.n) == (SUPPORTED, 32)


def test_one_population_has_one_sigma():
    """D8 does not apply under he."""
    case = next(case for case in CASES if case.id == "D8")
    run = descended(planted(plateau(np.full(32, 0.2)), protocol="he"), zero(32))
    assert judge("D8", case.evidence([run], claim("D8"))).outcome is Outcome.NOT_APPLICABLE


def test_runs_that_differ_in_more_than_the_optimiser_are_refused():
    """E12 compares what leads networks away from the same weights, nothing else."""
    case = next(case for case in CASES if case.id == "E12")
    one, *_ = case.runs(32)
    for spec in (
        changed(one.spec, protocol="he"),
        changed(one.spec, widths=(3,)),
        changed(one.spec, loss="bce"),
    ):
        with pytest.raises(ValueError, match="only how they were trained may differ"):
            case.evidence([one, replace(one, spec=spec)], claim("E12"))
    with pytest.raises(ValueError, match="two runs or more"):
        case.evidence([one], claim("E12"))
