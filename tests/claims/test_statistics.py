"""Means, proportions and ranks against scipy, textbook values and exact enumeration."""

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


def plain(result: object) -> bool:
    """Whether a result holds plain Python numbers only, all the way down."""
    if isinstance(result, tuple):
        return all(plain(part) for part in result)
    if hasattr(result, "__slots__"):
        return all(plain(getattr(result, name)) for name in result.__slots__)
    return type(result) in (float, int, bool, str)


@pytest.mark.parametrize(
    "result",
    [
        st.mean_interval(A, 0.05),
        st.paired_change(A, A * 2, 0.05),
        st.clopper_pearson(np.int64(3), 7, 0.05),
        st.proportion_bounds(3, 1, 7, 0.05),
        st.contrast_interval([A, B, C], np.array([1.0, -0.5, -0.5]), 0.05),
        st.tost(A, B, 1.0, 0.05),
        st.simultaneous_gaps([A, B, C], 0.05),
        st.largest_gap([A, B, C], 0.05),
        st.log_ratio_interval([20, INF], [2, 3], 60, 0.05),
        st.holm(np.array([0.01, 0.2]), 0.05),
        st.kendall_tau(A, A**2),
    ],
    ids=lambda r: type(r).__name__,
)
def test_results_are_plain_python(result):
    """No numpy scalar leaves: one in a test report crashes a run with workers."""
    assert plain(result)


class TestMean:
    def test_agrees_with_scipy(self):
        """The interval is scipy's Student t-interval."""
        value, interval = st.mean_interval(A, 0.05)
        assert value == pytest.approx(A.mean())
        assert interval == pytest.approx(stats.t.interval(0.95, 4, A.mean(), stats.sem(A)))

    def test_textbook_value(self):
        """1..5: 3 +- 2.776 * sqrt(2.5 / 5), with t from the printed table."""
        assert st.mean_interval([1, 2, 3, 4, 5], 0.05).interval == pytest.approx((1.037, 4.963), abs=1e-3)

    def test_each_one_sided_end_spends_the_whole_alpha(self):
        """One-sided ends are those of the two-sided interval at twice the alpha."""
        assert st.mean_interval(A, 0.05, sides=1)[1] == pytest.approx(st.mean_interval(A, 0.10)[1])

    @pytest.mark.parametrize("values", [[], [1.0], [1.0, NAN, 2.0], [1.0, INF, 2.0]], ids=str)
    def test_too_few_or_diverged_models_leave_the_mean_unknown(self, values):
        """One model or a diverged one gives (-inf, inf), never an exception and never a narrower answer."""
        assert st.mean_interval(values, 0.05).interval == UNKNOWN

    def test_equal_values_give_the_point_exactly(self):
        """Three times 0.1 has no rounding spread."""
        assert st.mean_interval([0.1, 0.1, 0.1], 0.05) == (0.1, (0.1, 0.1))

    def test_overflow_is_unknown(self):
        """Losses near the largest float have no variance in floats: unknown, without a warning."""
        assert st.mean_interval([1e300, -1e300, 3e307], 0.05).interval == UNKNOWN

    def test_paired_change_agrees_with_scipy(self):
        """A paired change is scipy's interval of the paired t-test, after less before."""
        after = A + np.random.default_rng(1).normal(0.5, 0.1, 5)
        reference = stats.ttest_rel(after, A).confidence_interval(0.95)
        assert st.paired_change(A, after, 0.05).interval == pytest.approx((reference.low, reference.high))

    def test_paired_change_wants_the_same_units(self):
        """Dropping a diverged model on one side is an error that says what to do."""
        with pytest.raises(ValueError, match=r"got 5 units before and 4 after.*diverged models in as NaN"):
            st.paired_change(A, B, 0.05)

    @pytest.mark.parametrize("alpha", [0.0, 1.0, 5.0, NAN])
    def test_alpha_must_be_an_error_rate(self, alpha):
        """An alpha of 5 instead of 0.05 is caught."""
        with pytest.raises(ValueError, match=r"wanted 0 < alpha < 1: 0.05 means"):
            st.mean_interval(A, alpha)

    def test_sides_are_one_or_two(self):
        """Another number of sides is an error."""
        with pytest.raises(ValueError, match="got sides = 3, wanted 1 or 2"):
            st.mean_interval(A, 0.05, sides=3)

    def test_a_matrix_is_refused(self):
        """Epochs or samples of one model are not further models."""
        with pytest.raises(ValueError, match=r"shape \(2, 5\), wanted one number a model"):
            st.mean_interval(np.stack([A, A]), 0.05)


class TestProportion:
    @pytest.mark.parametrize(("k", "n"), [(0, 12), (1, 12), (7, 12), (12, 12)])
    def test_agrees_with_scipy(self, k, n):
        """The interval is scipy's exact binomial interval."""
        reference = stats.binomtest(k, n).proportion_ci(0.95, method="exact")
        assert st.clopper_pearson(k, n, 0.05).interval == pytest.approx((reference.low, reference.high))

    @pytest.mark.parametrize(("side", "end"), [("greater", 0), ("less", 1)])
    def test_one_sided_ends_agree_with_scipy(self, side, end):
        """Each end at sides=1 is scipy's one-sided exact bound."""
        reference = stats.binomtest(9, 12, alternative=side).proportion_ci(0.95, method="exact")
        assert st.clopper_pearson(9, 12, 0.05, sides=1).interval[end] == pytest.approx(reference[end])

    @pytest.mark.parametrize("sides", [1, 2])
    def test_covers_for_every_proportion(self, sides):
        """By exact enumeration over k, each miss has at most its share of alpha, whatever the proportion."""
        n, alpha = 12, 0.05
        ends = np.array([st.clopper_pearson(k, n, alpha, sides).interval for k in range(n + 1)])
        p = np.linspace(0.001, 0.999, 997)[:, None]
        mass = stats.binom.pmf(np.arange(n + 1), n, p)
        assert ((p < ends[:, 0]) * mass).sum(axis=1).max() <= alpha / sides
        assert ((p > ends[:, 1]) * mass).sum(axis=1).max() <= alpha / sides
        assert ((p < ends[:, 0]) * mass).sum(axis=1).max() > 0.8 * alpha / sides

    def test_unresolved_models_count_against_each_end(self):
        """The lower end takes undecided models as misses, the upper end as hits."""
        value, interval = st.proportion_bounds(8, 3, 12, 0.05)
        assert value == 8 / 12
        assert interval == (st.clopper_pearson(8, 12, 0.05)[1][0], st.clopper_pearson(11, 12, 0.05)[1][1])

    def test_without_trials_all_is_possible(self):
        """No models leave [0, 1]."""
        value, interval = st.clopper_pearson(0, 0, 0.05)
        assert math.isnan(value)
        assert interval == (0.0, 1.0)

    def test_counts_must_fit(self):
        """More hits than models is an error."""
        with pytest.raises(ValueError, match="got 13 successes of 12"):
            st.clopper_pearson(13, 12, 0.05)
        with pytest.raises(ValueError, match="got 10 hits and 3 unresolved of 12"):
            st.proportion_bounds(10, 3, 12, 0.05)

    def test_split_alpha(self):
        """Bonferroni divides; no parts is an error."""
        assert st.split_alpha(0.05, 4) == 0.0125
        with pytest.raises(ValueError, match="got 0 parts, wanted at least 1"):
            st.split_alpha(0.05, 0)


class TestRanks:
    def test_holm_textbook_example(self):
        """0.01, 0.04, 0.03, 0.005 adjust to 0.03, 0.06, 0.06, 0.02: two of four are rejected at 0.05."""
        result = st.holm([0.01, 0.04, 0.03, 0.005], 0.05)
        assert result.adjusted == pytest.approx((0.03, 0.06, 0.06, 0.02))
        assert result.rejected == (True, False, False, True)

    def test_holm_counts_a_test_that_could_not_be_made(self):
        """NaN is 1 and still counts towards the family."""
        assert st.holm([0.02, NAN], 0.05).adjusted == pytest.approx((0.04, 1.0))
        assert st.holm([], 0.05).rejected == ()

    def test_holm_refuses_statistics(self):
        """A value beyond 1 is not a p-value."""
        with pytest.raises(ValueError, match="wanted each in \\[0, 1\\]: give probabilities"):
            st.holm([2.3, 0.1], 0.05)

    @pytest.mark.parametrize("levels", [3, 8, 1000], ids="levels{}".format)
    def test_kendall_agrees_with_scipy(self, levels):
        """Tau-b is scipy's, with many ties, few and none."""
        x, y = np.random.default_rng(2).integers(0, levels, (2, 40))
        assert st.kendall_tau(x, y) == pytest.approx(stats.kendalltau(x, y).statistic)

    def test_weights_repeat_observations(self):
        """Whole weights are copies of observations: tau is scipy's of the repeated data."""
        x, y = np.random.default_rng(3).integers(0, 6, (2, 15))
        w = np.random.default_rng(4).integers(0, 4, 15)
        assert st.kendall_tau(x, y, w) == pytest.approx(
            stats.kendalltau(np.repeat(x, w), np.repeat(y, w)).statistic
        )

    def test_trend_is_tau_with_time(self):
        """Each curve's trend is scipy's tau with 0, 1, 2, ..., ties included."""
        curves = np.round(np.random.default_rng(5).normal(size=(5, 13)), 1)
        reference = [stats.kendalltau(curve, np.arange(13)).statistic for curve in curves]
        assert st.kendall_trend(curves) == pytest.approx(reference)

    @pytest.mark.parametrize("x", [[1, 1, 1], [1, NAN, 2], [1]], ids=str)
    def test_tau_of_a_constant_does_not_exist(self, x):
        """A constant, a diverged value or a single point has no tau."""
        assert math.isnan(st.kendall_tau(x, list(range(len(x)))))
        assert math.isnan(st.kendall_trend([x])[0])

    def test_rounding_is_no_trend(self):
        """Means that differ by their rounding only are tied."""
        flat = 0.1 + np.arange(8) * 1e-17 + np.array([0, 1, 0, 1, 1, 0, 1, 1]) * 1.4e-17
        assert math.isnan(st.kendall_trend([flat])[0])
        assert math.isnan(st.kendall_tau(flat, range(8)))

    def test_lengths_must_match(self):
        """Different lengths are an error."""
        with pytest.raises(ValueError, match="wanted one length"):
            st.kendall_tau([1, 2, 3], [1, 2])
