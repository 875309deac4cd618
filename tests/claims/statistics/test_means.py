"""The mean of Monte-Carlo batches against scipy's t distribution."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from claims.core.margins import ALPHA
from claims.statistics import BatchMean
from tests.claims.statistics.both_ways import bounds_and_p_values_agree, plain

X = np.random.default_rng(20).normal(0.3, 2.0, 7)


def test_agrees_with_scipy():
    """The two ends are those of scipy's t-interval at twice the alpha."""
    mean = BatchMean.of(X)
    assert (mean.value, mean.error, mean.n) == pytest.approx((X.mean(), stats.sem(X), 7))
    for alpha in (0.005, 0.05, 0.2):
        expected = stats.t.interval(1 - 2 * alpha, 6, X.mean(), stats.sem(X))
        assert (mean.lower(alpha), mean.upper(alpha)) == pytest.approx(expected)


def test_textbook_value():
    """1..5: 3 -+ 2.132 sqrt(2.5 / 5), with t at 95 % one-sided from the printed table."""
    mean = BatchMean.of(iter([1, 2, 3, 4, 5]))
    assert (mean.lower(0.05), mean.upper(0.05)) == pytest.approx((1.4925, 4.5075), abs=1e-3)


def test_p_values_are_scipys():
    """The one-sided p-values are those of scipy's one-sample t-test; open and closed edges are the same."""
    mean = BatchMean.of(X)
    for edge in (-1.0, 0.0, 0.3, 2.0):
        above = stats.ttest_1samp(X, edge, alternative="greater").pvalue
        assert mean.at_least(edge) == mean.beyond(edge) == pytest.approx(above)
        assert mean.at_most(edge) == mean.below(edge) == pytest.approx(1 - above)


@pytest.mark.parametrize("values", [X, X[:2], X * 1e9, [1.0], [2.0, 2.0, 2.0]], ids=len)
def test_bounds_and_p_values_agree(values):
    """A bound reaches an edge at alpha where the p-value is at most alpha."""
    mean = BatchMean.of(values)
    bounds_and_p_values_agree(mean, [*X, mean.value - 1, mean.value + 1, 0.0])
    assert plain(mean)


UNKNOWN = {
    "none": ([], math.nan),
    "one": ([1.5], 1.5),
    "no spread": ([0.1, 0.1, 0.1], 0.1),
    "nan": ([1.0, math.nan, 2.0], math.nan),
    "infinite": ([1.0, math.inf], math.inf),
}


@pytest.mark.parametrize(("values", "value"), UNKNOWN.values(), ids=UNKNOWN)
def test_what_has_no_spread_has_no_bounds(values, value):
    """One batch, equal batches and overflown ones give (-inf, inf) and p = 1, never a narrow answer."""
    mean = BatchMean.of(values)
    assert mean.value == pytest.approx(value, nan_ok=True)
    assert math.isnan(mean.error)
    assert (mean.lower(0.05), mean.upper(0.05)) == (-math.inf, math.inf)
    assert mean.at_least(-9) == mean.at_most(9) == mean.beyond(-9) == mean.below(9) == 1.0
    assert mean.n == len(values)


def test_two_batches_have_bounds():
    """Two are enough, with one degree of freedom."""
    assert BatchMean.of([0.0, 2.0]).upper(0.05) == pytest.approx(1 + 6.3138, abs=1e-4)


def test_covers_for_normal_batches():
    """Simulated: each end misses the mean of normal batches in alpha of all runs, within four errors."""
    rng, runs = np.random.default_rng(1), 2000
    found = [BatchMean.of(rng.normal(size=10)) for _ in range(runs)]
    slack = 4 * math.sqrt(ALPHA * (1 - ALPHA) / runs)
    assert np.mean([mean.lower(ALPHA) > 0 for mean in found]) == pytest.approx(ALPHA, abs=slack)
    assert np.mean([mean.upper(ALPHA) < 0 for mean in found]) == pytest.approx(ALPHA, abs=slack)


def test_single_precision_is_averaged_in_double():
    """Batches in float32 lose nothing more than they had lost already."""
    values = np.float32([1e8, 1.0, -1e8, 0.5])
    assert BatchMean.of(values) == BatchMean.of(values.astype(float).tolist())
    assert BatchMean.of(values).value == 0.375
