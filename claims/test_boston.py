"""Section 4.4: regression on the Boston housing table."""

from __future__ import annotations

from functools import partial

from claims.catalogue.experiments import BOSTON_50
from claims.catalogue.trains import trains
from claims.evidence.trained.reaching import near_zero


@trains(BOSTON_50)
def test_regression_training_loss_goes_to_zero(judge_runs):
    """E9, figure 8, upper panel."""
    assert judge_runs("E9", near_zero).reason


@trains(BOSTON_50)
def test_regression_test_loss_goes_to_zero(judge_runs):
    """E9-test, figure 8, lower panel."""
    assert judge_runs("E9-test", partial(near_zero, side="test")).reason
