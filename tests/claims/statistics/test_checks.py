"""An error rate is a probability that is neither 0 nor 1."""

from __future__ import annotations

import math

import numpy as np
import pytest

from claims.statistics import BatchMean, Median, Share, Window
from claims.statistics.checks import check_alpha


@pytest.mark.parametrize("alpha", [0.0, 1.0, -0.05, 5.0, math.nan, math.inf])
def test_what_is_no_error_rate_is_refused(alpha):
    """An alpha of 5 instead of 0.05 is caught, and the error says what 0.05 would mean."""
    text = rf"^got alpha = {alpha}, wanted 0 < alpha < 1: 0\.05 means bounds at 95 %$"
    with pytest.raises(ValueError, match=text):
        check_alpha(alpha)


@pytest.mark.parametrize("alpha", [5e-324, 0.05, 0.5, math.nextafter(1.0, 0.0)])
def test_an_error_rate_is_handed_back(alpha):
    """Every number between the two is one, and comes back as a plain float."""
    assert check_alpha(alpha) == alpha
    assert type(check_alpha(np.float64(alpha))) is float


BOUNDS = {
    "share": Share(3, 0, 7),
    "no hit": Share(0, 0, 7),
    "all hits": Share(7, 0, 7),
    "median": Median.of(range(20)),
    "median of nothing": Median.of([]),
    "window": Window(3, 4, 7),
    "no window": Window(0, 7, 7),
    "mean": BatchMean.of([1.0, 2.0]),
}


@pytest.mark.parametrize("of", BOUNDS.values(), ids=BOUNDS)
@pytest.mark.parametrize("alpha", [0.0, 1.0, 5.0])
def test_every_bound_checks_its_alpha(of, alpha):
    """A wrong alpha is refused whatever the data, also where the bound would not depend on it."""
    for bound in (of.lower, of.upper):
        with pytest.raises(ValueError, match="wanted 0 < alpha < 1"):
            bound(alpha)
