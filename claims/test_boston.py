"""Section 4.4: regression on the Boston housing table."""

from __future__ import annotations

from claims.catalogue import claim
from claims.empirical import near_zero
from claims.experiments import BOSTON_50
from claims.trains import trains


@trains(BOSTON_50)
def test_regression_loss_goes_to_zero(run, judge):
    """E9, figure 8."""
    assert judge("E9", near_zero(run, claim("E9"))).reason
