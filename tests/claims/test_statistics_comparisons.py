"""Comparisons of groups against scipy and cases worked by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from claims import statistics as st

RNG = np.random.default_rng(20)
A, B, C = RNG.normal(0.0, 1.0, 5), RNG.normal(0.4, 3.0, 4), RNG.normal(-1.0, 0.2, 6)
INF, NAN = math.inf, math.nan
UNKNOWN = (-INF, INF)


class TestWelch:
    def test_agrees_with_scipy(self):
        """The interval is scipy's for unequal variances."""
        reference = stats.ttest_ind(A, B, equal_var=False).confidence_interval(0.95)
        value, interval = st.welch_interval(A, B, 0.05)
        assert value == pytest.approx(A.mean() - B.mean())
        assert interval == pytest.approx((reference.low, reference.high))

    def test_contrast_agrees_with_the_formula(self):
        """A contrast of three means has Satterthwaite's degrees of freedom, computed here by hand."""
        c, groups = np.array([1.0, -0.5, -0.5]), [A, B, C]
        v = np.array([k**2 * g.var(ddof=1) / len(g) for k, g in zip(c, groups, strict=True)])
        df = v.sum() ** 2 / sum(x**2 / (len(g) - 1) for x, g in zip(v, groups, strict=True))
        centre = sum(k * g.mean() for k, g in zip(c, groups, strict=True))
        reference = stats.t.interval(0.95, df, centre, math.sqrt(v.sum()))
        assert st.contrast_interval(groups, c, 0.05).interval == pytest.approx(reference)

    def test_scale_does_not_matter(self):
        """Losses of 1e-150 or 1e150 give the same interval, scaled: no square under- or overflows."""
        reference = np.array(st.welch_interval(A, B, 0.05).interval)
        for scale in (1e-150, 1e150):
            assert np.array(st.welch_interval(A * scale, B * scale, 0.05).interval) / scale == pytest.approx(
                reference
            )

    def test_no_spread_collapses_to_the_difference(self):
        """Two groups without spread give the difference itself."""
        assert st.welch_interval([2.0, 2.0], [0.5, 0.5, 0.5], 0.05) == (1.5, (1.5, 1.5))

    def test_spread_in_one_group_leaves_its_degrees_of_freedom(self):
        """Against a group without spread it is the other group's own t-interval."""
        expected = np.array(st.mean_interval(A, 0.05).interval) - 2.0
        assert st.welch_interval(A, [2.0, 2.0], 0.05).interval == pytest.approx(tuple(expected))

    @pytest.mark.parametrize("bad", [[], [1.0], [1.0, NAN], [INF, 1.0, 2.0]], ids=str)
    def test_unknown_group_leaves_the_difference_unknown(self, bad):
        """One model or a diverged one makes the difference unknown."""
        assert st.welch_interval(A, bad, 0.05).interval == UNKNOWN
        assert st.contrast_interval([A, bad, B], (1, 0, -1), 0.05).interval != UNKNOWN

    def test_coefficients_must_match(self):
        """A coefficient too few is an error that says how to leave a group out."""
        with pytest.raises(ValueError, match=r"got 2 coefficients for 3 groups.*use 0"):
            st.contrast_interval([A, B, C], (1, -1), 0.05)


class TestEquivalence:
    @pytest.mark.parametrize("margin", [0.5, 2.0, 8.0])
    def test_agrees_with_shifted_scipy_tests(self, margin):
        """p is the larger of scipy's two one-sided Welch tests on shifted data."""
        above = stats.ttest_ind(A + margin, B, equal_var=False, alternative="greater").pvalue
        below = stats.ttest_ind(A - margin, B, equal_var=False, alternative="less").pvalue
        result = st.tost(A, B, margin, 0.05)
        assert result.p_value == pytest.approx(max(above, below))
        assert result.equivalent == (max(above, below) <= 0.05)

    def test_decision_matches_the_interval(self):
        """Equivalent exactly when the interval at 1 - 2 alpha lies inside the margin."""
        reach = max(abs(end) for end in st.welch_interval(A, B, 0.10).interval)
        inside, outside = st.tost(A, B, reach * 1.0001, 0.05), st.tost(A, B, reach * 0.9999, 0.05)
        assert inside.interval == st.welch_interval(A, B, 0.10).interval
        assert inside.equivalent
        assert not outside.equivalent

    def test_nothing_known_is_not_equivalent(self):
        """A diverged or single model gives p = 1."""
        assert st.tost(A, [1.0], 5.0, 0.05).p_value == 1.0
        assert not st.tost(A, [1.0, NAN], 5.0, 0.05).equivalent

    def test_no_spread_decides_by_the_difference(self):
        """Without spread the difference itself is compared with the margin."""
        assert st.tost([1.0, 1.0], [1.5, 1.5], 0.6, 0.05).equivalent
        assert not st.tost([1.0, 1.0], [1.5, 1.5], 0.4, 0.05).equivalent

    def test_margin_must_be_positive(self):
        """A margin of zero cannot be shown."""
        with pytest.raises(ValueError, match="got the margin 0, wanted a positive number"):
            st.tost(A, B, 0, 0.05)


class TestGaps:
    GROUPS = {"i=0": A, "i=1": B, "i=2": C}  # noqa: RUF012 (read only)

    def test_all_pairs_at_bonferroni_level(self):
        """Each pair's interval is Welch's at alpha / 3, and carries its labels."""
        gaps = st.simultaneous_gaps(self.GROUPS, 0.05)
        assert [gap.pair for gap in gaps] == [("i=0", "i=1"), ("i=0", "i=2"), ("i=1", "i=2")]
        reference = stats.ttest_ind(B, C, equal_var=False).confidence_interval(1 - 0.05 / 3)
        assert gaps[2].interval == pytest.approx((reference.low, reference.high))

    def test_largest_gap_folds_at_zero(self):
        """By hand: gaps of 1, 3 and 2 without spread have the largest in [3, 3], between the outer two."""
        groups = [[1.0, 1.0], [2.0, 2.0], [4.0, 4.0]]
        assert st.largest_gap(groups, 0.05) == (3.0, (3.0, 3.0), (0, 2))

    def test_largest_gap_is_bounded_by_the_pairs(self):
        """The ends are the largest folded ends of the simultaneous intervals."""
        gaps = st.simultaneous_gaps(self.GROUPS, 0.05)
        value, (low, high), pair = st.largest_gap(self.GROUPS, 0.05)
        assert value == max(abs(gap.value) for gap in gaps)
        assert abs(dict(zip([g.pair for g in gaps], [g.value for g in gaps], strict=True))[pair]) == value
        assert high == max(max(abs(end) for end in gap.interval) for gap in gaps)
        assert low == max(0.0 if lo <= 0 <= hi else min(abs(lo), abs(hi)) for _, (lo, hi), _ in gaps)

    def test_diverged_group_opens_the_upper_end_only(self):
        """With one group unknown, the gap of the others still bounds the largest from below."""
        value, interval, pair = st.largest_gap([[1.0, 1.0], [3.0, 3.0], [NAN, 1.0]], 0.05)
        assert math.isnan(value)
        assert interval == (2.0, INF)
        assert 2 in pair

    def test_one_replicate_is_unknown(self):
        """The paper's own design, one model an i, has no interval at all."""
        assert st.largest_gap([[1.0], [1.0], [1.0], [1.0]], 0.05).interval == (0.0, INF)

    @pytest.mark.parametrize("groups", [{}, [A]], ids=["none", "one"])
    def test_two_groups_at_least(self, groups):
        """A gap needs two groups."""
        with pytest.raises(ValueError, match="wanted at least two"):
            st.simultaneous_gaps(groups, 0.05)


class TestLogRatio:
    def test_without_censoring_it_is_welch_on_logs(self):
        """The interval is the exponential of scipy's on the logarithms."""
        slow, fast = [20, 31, 26, 40], [3, 5, 4]
        reference = stats.ttest_ind(np.log(slow), np.log(fast), equal_var=False).confidence_interval(0.95)
        result = st.log_ratio_interval(slow, fast, 60, 0.05)
        assert result.interval == pytest.approx((math.exp(reference.low), math.exp(reference.high)))
        assert result.value == pytest.approx(stats.gmean(slow) / stats.gmean(fast))
        assert not result.censored

    def test_censored_slow_opens_the_upper_end(self):
        """A slow model that never arrived bounds the ratio from below, as if it had arrived at the limit."""
        result = st.log_ratio_interval([20, 30, INF], [3, 5, 4], 60, 0.05)
        assert result.interval == (st.log_ratio_interval([20, 30, 60], [3, 5, 4], 60, 0.05).interval[0], INF)
        assert (result.censored_slow, result.censored_fast, result.censored) == (1, 0, True)

    def test_censored_fast_opens_the_lower_end(self):
        """A fast model that never arrived bounds the ratio from above only."""
        result = st.log_ratio_interval([20, 30, 40], [3, NAN, 4], 60, 0.05)
        assert result.interval == (0.0, st.log_ratio_interval([20, 30, 40], [3, 60, 4], 60, 0.05).interval[1])
        assert result.censored_fast == 1

    def test_all_censored_says_nothing(self):
        """When no model arrives, any ratio is possible."""
        assert st.log_ratio_interval([INF, INF], [INF, NAN], 60, 0.05).interval == (0.0, INF)

    def test_all_slow_censored_still_bounds_below(self):
        """Not one softmax model arrives in 60 epochs, the others take about 4: at least ten times slower."""
        low, high = st.log_ratio_interval([INF] * 12, [3, 5, 4, 4, 3, 5], 60, 0.05).interval
        assert 10 < low < 15
        assert high == INF

    def test_single_model_is_unknown(self):
        """One model in a group leaves (0, inf)."""
        assert st.log_ratio_interval([20], [3, 4], 60, 0.05).interval == (0.0, INF)

    @pytest.mark.parametrize("times", [[0, 3], [61, 3], [-1, 3]], ids=str)
    def test_times_lie_within_the_run(self, times):
        """A time of zero or past the last epoch is an error."""
        with pytest.raises(ValueError, match="wanted 0 < time <= limit: count epochs from 1"):
            st.log_ratio_interval(times, [3, 4], 60, 0.05)
