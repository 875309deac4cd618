"""Traps: two groups of models, and what merges."""

from __future__ import annotations

import numpy as np
import pytest

from claims.core.verdict import Outcome
from claims.evidence.trained import (
    groups,
)
from tests.claims.cases import CASES, final
from tests.claims.planted import altered, by_model, judged, planted, plateau

SUPPORTED, REFUTED, INCONCLUSIVE, NOT_APPLICABLE = (
    Outcome.SUPPORTED,
    Outcome.REFUTED,
    Outcome.INCONCLUSIVE,
    Outcome.NOT_APPLICABLE,
)


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
