"""Traps: times inside an epoch, between records, and beyond the run."""

from __future__ import annotations

import numpy as np

from claims.catalogue import claim
from claims.core.margins import HALF_LOSS
from claims.core.verdict import Outcome
from claims.evidence.trained import (
    speed,
)
from models.runs.run import Run
from tests.claims.planted import EARLY, STEPS, altered, by_model, fall, judge, planted, plateau

SUPPORTED, INCONCLUSIVE = Outcome.SUPPORTED, Outcome.INCONCLUSIVE


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
