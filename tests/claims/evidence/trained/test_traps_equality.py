"""Traps: equal and different losses, whatever the means of groups say."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from claims.catalogue import claim
from claims.core.verdict import Outcome
from claims.evidence.trained import (
    comparisons,
    equality,
)
from tests.claims.cases import APART, accuracies, final
from tests.claims.planted import judged, planted, plateau
from tests.helpers.specs import changed

SUPPORTED, REFUTED = Outcome.SUPPORTED, Outcome.REFUTED


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


def test_the_landscape_changes_when_some_seeds_end_elsewhere():
    """D6 counts seeds, not accuracies: a better accuracy with the same ends changes nothing."""
    runs = [
        replace(run, spec=changed(run.spec, loss=loss, output=output))
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
