"""What holds a verdict open, and what the command line can do about it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from claims.catalogue import claim
from claims.catalogue.experiments import BCE_500, LINEAR_500, LINEAR_500_300, SOFTMAX_500, Training
from claims.core.causes import Cause, Open
from claims.core.verdict import Evidence, Outcome, Strength, Verdict, decide
from claims.harness.openness import held_open, kept_open
from claims.harness.options import Options
from models.networks.convolutional import Convolutional
from models.optimisers.lbfgs import LBFGS
from models.optimisers.levenberg_marquardt import LevenbergMarquardt

STRADDLES = {"estimate": 0.5, "interval": (0.0, 1.0), "n": 32}


def held(id: str, *trainings: Training, scale: str = "quick", **evidence: object) -> Open | None:
    """Of a verdict on these, under the paper's weights at standard deviation i + 2."""
    options = Options(scale=scale)
    specs = tuple(options.sizes.experiment(training, "std") for training in trainings)
    found = Evidence(**(STRADDLES | evidence))  # type: ignore[arg-type]
    verdict = decide(claim(id), found, setting="s", dataset="d", protocol="std")
    return held_open(verdict, found, claim(id), specs, options)


def test_a_scale_that_leaves_out_the_second_leg_has_its_price() -> None:
    """Of every experiment that lacks it, for all its networks, and the option that pays it."""
    lbfgs = replace(LINEAR_500, optimiser=LBFGS())
    assert held("E2", LINEAR_500_300, unresolved=32) == Open(
        Cause.NO_SECOND_LEG,
        "--second-legs all",
        (("mnist-1k-500-300-std linear mse", pytest.approx(7.6 * 32)),),
    )
    missing = held("E12", LINEAR_500, lbfgs)
    assert missing is not None
    assert (missing.cause, missing.remedy) == (Cause.NOT_TRAINED, "--second-legs all")
    assert missing.seconds == pytest.approx(14.0 * 32)


def test_more_samples_than_usual_have_a_price() -> None:
    """Of the products that a network may take on the paper's 60,000 digits: half an hour."""
    each = pytest.approx(32 * 2_000 * 0.88, rel=0.01)
    assert held("E2", LINEAR_500, scale="paper", unresolved=32) == Open(
        Cause.NO_SECOND_LEG, "--second-legs all", (("mnist-500-std linear mse", each),)
    )
    many = replace(LINEAR_500, optimiser=LevenbergMarquardt())
    missing = held("E12", LINEAR_500, many, scale="paper")
    assert missing is not None
    assert (missing.cause, missing.seconds) == (Cause.NOT_TRAINED, each)


def test_what_no_option_decides_is_said_without_one() -> None:
    """No second leg goes through buffers; at the standard scale descents have all steps that there are."""
    normalised = replace(LINEAR_500, network=Convolutional((2,), batch_norm=True))
    assert held("E2", normalised, scale="paper", unresolved=32) == Open(Cause.NO_SECOND_LEG)
    descended = held("E2", BCE_500, scale="standard", unresolved=32)
    assert descended == Open(Cause.NO_CERTIFICATE)


def test_networks_on_the_move_want_a_longer_training() -> None:
    """The costs grow with samples and epochs: 4,000 digits to 1,000, and 5 epochs to 3."""
    assert held("E2", LINEAR_500, unresolved=3) == Open(
        Cause.NO_CERTIFICATE, "--scale standard", times=pytest.approx(4 * 5 / 3)
    )
    never = held("E6", SOFTMAX_500, LINEAR_500, interval=(0.0, float("inf")))
    assert never is not None
    assert (never.cause, never.remedy) == (Cause.TOO_SHORT, "--scale standard")


def test_an_interval_that_is_too_wide_wants_more_networks() -> None:
    """Others than those that were looked at: a design is not continued by another."""
    few = held("E6", SOFTMAX_500, LINEAR_500, interval=(1.0, 3.0))
    assert few == Open(Cause.TOO_FEW, "--networks 64 --seed 1", times=2.0)


def test_a_decided_verdict_is_not_held_open() -> None:
    """Nor one that does not apply."""
    assert held("E2", LINEAR_500, interval=(0.9, 1.0), estimate=1.0) is None
    assert held("E2", LINEAR_500, inapplicable="x") is None


@pytest.mark.parametrize(
    ("strength", "cause"), [(Strength.PROOF, Cause.NOT_CLOSED), (Strength.STATISTICAL, Cause.TOO_FEW)]
)
def test_what_trains_nothing_has_a_cause_too(strength: Strength, cause: Cause) -> None:
    """A check that came to no end, or too few restarts."""
    verdict: Verdict = decide(claim("T2"), Evidence(0.0, (0.0, 1.0), 3, strength), setting="s", dataset="d")
    assert verdict.outcome is Outcome.INCONCLUSIVE
    assert kept_open(verdict) == Open(cause)
    assert kept_open(decide(claim("T2"), Evidence(0.0, (0.0, 0.0), 3), setting="s", dataset="d")) is None
