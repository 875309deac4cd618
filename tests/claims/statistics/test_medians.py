"""Medians from order statistics, against binomial sums written out and against every way to sample."""

from __future__ import annotations

import math
from itertools import product
from math import comb

import numpy as np
import pytest

from claims.core.margins import ALPHA, LOOK_WEIGHTS
from claims.statistics import Median
from tests.claims.statistics.both_ways import ALPHAS, bounds_and_p_values_agree, plain

INF, NAN = math.inf, math.nan


def tail(n: int, count: int) -> float:
    """P(Bin(n, 1/2) <= count), in whole numbers."""
    return sum(comb(n, k) for k in range(count + 1)) / 2**n


@pytest.mark.parametrize("n", [1, 2, 4, 5, 8, 12, 31, 32, 96])
def test_bounds_are_order_statistics(n):
    """The lower bound is the k-th smallest, the upper the k-th largest, with P(Bin(n, 1/2) < k) <= alpha."""
    x = np.random.default_rng(n).permutation(n) + 1.0  # the k-th smallest is k
    for alpha in ALPHAS:
        k = max((k for k in range(1, n + 1) if tail(n, k - 1) <= alpha), default=0)
        assert Median.of(x).lower(alpha) == (k if k else -INF)
        assert Median.of(x).upper(alpha) == (n + 1 - k if k else INF)


def test_textbook_values():
    """Of 12 sorted values the third and the tenth bound the median at 95 % one-sided, of 5 the ends; 4 are
    too few (Conover, Practical Nonparametric Statistics, section 3.2)."""
    assert (Median.of(range(1, 13)).lower(0.05), Median.of(range(1, 13)).upper(0.05)) == (3.0, 10.0)
    assert (Median.of(range(1, 6)).lower(0.05), Median.of(range(1, 6)).upper(0.05)) == (1.0, 5.0)
    assert (Median.of(range(1, 5)).lower(0.05), Median.of(range(1, 5)).upper(0.05)) == (-INF, INF)


def test_an_alpha_at_the_step_belongs_to_it():
    """At alpha = P(Bin(5, 1/2) <= 0) exactly the smallest value is a bound, just below it is none."""
    five = Median.of(range(5))
    assert five.lower(1 / 32) == 0.0
    assert five.lower(math.nextafter(1 / 32, 0)) == -INF
    assert (Median.of([3.0]).lower(0.5), Median.of([3.0]).upper(0.5)) == (3.0, 3.0)


@pytest.mark.parametrize("n", [5, 12, 32])
def test_p_values_count_who_stands_on_which_side(n):
    """Closed edges count a value at the edge for the statement, open ones against it."""
    x = np.arange(n, dtype=float)
    for j in range(n):
        median = Median.of(x)
        assert median.at_least(j) == pytest.approx(tail(n, j), rel=1e-12)  # j values are below j
        assert median.beyond(j) == pytest.approx(tail(n, j + 1), rel=1e-12)
        assert median.at_most(j) == pytest.approx(tail(n, n - 1 - j), rel=1e-12)
        assert median.below(j) == pytest.approx(tail(n, n - j), rel=1e-12)


def test_p_values_far_from_the_data():
    """With every value on the one side the p-value is 2^-n; on the other, 1."""
    median = Median.of([1.0] * 10)
    assert median.at_least(0) == median.beyond(0) == median.at_most(2) == median.below(2) == 2**-10
    assert median.at_least(2) == median.beyond(2) == median.at_most(0) == median.below(0) == 1.0
    assert median.at_least(1) == median.at_most(1) == 2**-10
    assert median.beyond(1) == median.below(1) == 1.0


@pytest.mark.parametrize("seed", range(20))
def test_bounds_and_p_values_agree(seed):
    """For data with ties, intervals and unknown units; also at alphas where the bound steps, exactly."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(0, 34))
    low = np.round(rng.normal(size=n), 1)
    high = low + np.round(rng.exponential(size=n), 1) * (rng.random(n) < 0.5)
    high[rng.random(n) < 0.1] = INF
    low[rng.random(n) < 0.1] = NAN
    median = Median.of(low, high)
    steps = [a for k in range(n) if 0 < (a := Median.of(range(n)).at_least(k)) < 0.5]
    edges = [*low[np.isfinite(low)], *high[np.isfinite(high)], -9.0, 9.0, 0.05]
    bounds_and_p_values_agree(median, edges, [*ALPHAS, *steps], slack=0)
    assert plain(median)


@pytest.mark.parametrize("n", [5, 8, 12])
@pytest.mark.parametrize("values", [(0, 1), (0, 0, 1, 2), (1, 2, 3, 4)], ids=str)
def test_bounds_hold_for_every_sample_of_a_discrete_population(n, values):
    """Over all samples from a population of few values, ties and all, each bound misses at most alpha."""
    middle = sorted(values)[(len(values) - 1) // 2]
    upper_middle = sorted(values)[len(values) // 2]
    for alpha in (0.005, ALPHA, 0.2):
        too_high = too_low = total = 0
        for counts, ways in multisets(n, len(values)):
            sample = np.repeat(sorted(values), counts)
            median = Median.of(sample)
            total += ways
            too_high += ways * (median.lower(alpha) > upper_middle)
            too_low += ways * (median.upper(alpha) < middle)
        assert total == len(values) ** n
        assert max(too_high, too_low) / total <= alpha


def multisets(n: int, kinds: int):
    """Every way to draw n units of so many kinds, and in how many orders it comes."""
    for counts in product(range(n + 1), repeat=kinds):
        if sum(counts) == n:
            yield counts, math.factorial(n) // math.prod(map(math.factorial, counts))


@pytest.mark.parametrize("n", [8, 12, 24, 32, 96])
def test_four_populations_around_one_median_err_no_more_often(n):
    """Where P(X below the common median) differs between the models and its mean is 1/2, no bound misses more
    often than where it is 1/2 for all."""
    from scipy import stats

    counts = np.arange(n // 4 + 1)
    below = [Median.of(np.r_[np.zeros(k), np.ones(n - k)]).at_least(1) for k in range(n + 1)]
    for shares in ((0.1, 0.9, 0.5, 0.5), (0.0, 1.0, 0.3, 0.7), (0.4, 0.4, 0.6, 0.6), (0.2, 0.6, 0.6, 0.6)):
        mass = np.ones(1)
        for share in shares:
            mass = np.convolve(mass, stats.binom.pmf(counts, n // 4, share))
        for alpha in (ALPHA, *(ALPHA * weight for weight in LOOK_WEIGHTS)):
            assert mass[np.array(below) <= alpha].sum() <= alpha


def test_intervals_enter_by_their_worse_end():
    """Times between two records: the lower bound sorts the lower ends, the upper bound the upper ones."""
    median = Median.of([1, 5, 3, 2, 4], [9, 6, 7, 10, 8])
    assert median.lows.tolist() == [1, 2, 3, 4, 5]
    assert median.highs.tolist() == [6, 7, 8, 9, 10]
    assert (median.lower(0.05), median.upper(0.05)) == (1.0, 10.0)
    assert median.at_least(1) == median.at_most(10) == 1 / 32
    assert median.at_least(5) == tail(5, 4)
    assert median.at_most(6) == tail(5, 4)
    assert median.n == 5


@pytest.mark.parametrize("ends", [([NAN], None), ([0.0], [NAN]), ([NAN], [1.0])], ids=str)
def test_nan_says_nothing(ends):
    """A unit of which an end is NaN may be anywhere."""
    median = Median.of(*ends)
    assert (median.lows.tolist(), median.highs.tolist()) == ([-INF], [INF])


MIDDLE = {
    "odd": ([3, 1, 2], None, 2.0),
    "even": ([4, 1, 2, 3], None, 2.5),
    "middles of intervals": ([0, 2, 4], [1, 4, 8], 3.0),
    "the finite end of an open one": ([1, 5, -INF], [INF, 5, 7], 5.0),
    "an open end above": ([9, 1, 2], [INF, 1, 2], 2.0),
    "an open end below": ([-INF, 1, 2], [0, 1, 2], 1.0),
    "unknown units are left out": ([1, 2, 3, NAN], None, 2.0),
    "unknown units, even": ([1, 2, 3, 4, NAN], None, 2.5),
    "two of five unknown": ([1, 2, 3, NAN, NAN], None, 2.0),
    "half unknown": ([1, 2, NAN, NAN], None, NAN),
    "mostly unknown": ([1, NAN, NAN], None, NAN),
    "all unknown": ([NAN], None, NAN),
    "no units": ([], None, NAN),
    "infinite": ([INF, INF, INF], None, NAN),
    "infinite below": ([-INF, -INF, 1], [-INF, -INF, 1], NAN),
}


@pytest.mark.parametrize(("lows", "highs", "expected"), MIDDLE.values(), ids=MIDDLE)
def test_the_estimate_is_the_middle_of_what_is_known(lows, highs, expected):
    """The sample's median by the middle of each interval; NaN where half or more are unknown."""
    assert Median.of(lows, highs).value == pytest.approx(expected, nan_ok=True)


def test_without_units_the_bounds_are_open():
    """No units: nothing is known, and no p-value falls below 1."""
    none = Median.of([])
    assert (none.n, none.lower(0.05), none.upper(0.05)) == (0, -INF, INF)
    assert none.at_least(0) == none.at_most(0) == 1.0


def test_ends_must_match():
    """As many lower ends as upper ones, one number a unit, and in order."""
    with pytest.raises(ValueError, match=r"got ends of shapes \(2,\) and \(1,\), wanted one of each a unit"):
        Median.of([1, 2], [3])
    with pytest.raises(ValueError, match=r"got ends of shapes \(1, 2\)"):
        Median.of([[1.0, 2.0]])
    with pytest.raises(ValueError, match="got a lower end above its upper end, wanted low <= high for every"):
        Median.of([1, 2], [3, 1])
    assert Median.of([1, 2], [1, 2]).n == 2


def test_an_iterator_is_read_once():
    """Values may come from a generator."""
    assert Median.of(x for x in (1, 2, 3)).value == 2.0
