"""How many networks share a window, against every subset of them; and its bounds by order statistics."""

from __future__ import annotations

import math
from itertools import combinations

import numpy as np
import pytest
from scipy import stats

from claims.core.margins import ALPHA, NETWORKS, SHARE
from claims.statistics import Window
from tests.claims.statistics.both_ways import bounds_and_p_values_agree, plain

INF, NAN = math.inf, math.nan


def largest_subset(low: np.ndarray, high: np.ndarray, width: float, *, certain: bool) -> int:
    """The most networks that certainly lie, or may lie, in one window of that width, subset by subset."""
    for size in range(len(low), 0, -1):
        for chosen in combinations(range(len(low)), size):
            part = list(chosen)
            span = max(high[part]) - min(low[part]) if certain else max(low[part]) - min(high[part])
            if span <= width + 1e-12:
                return size
    return 0


@pytest.mark.parametrize("seed", range(40))
def test_counts_agree_with_every_subset(seed):
    """So many certainly share a window if their whole intervals fit; so many may if points of them do."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(1, 8))
    low = rng.integers(0, 8, n).astype(float)
    high = low + rng.integers(0, 3, n) * (seed % 2)
    unknown = rng.random(n) < (0.25 if seed % 3 == 0 else 0.0)
    low[unknown], high[unknown] = -INF, INF
    if seed % 4 == 0:  # only one of the two ends is known
        high[rng.random(n) < 0.3] = INF
    for width in (1.0, 2.0, 5.0):
        window = Window.of(low, high, width)
        assert window.inside == largest_subset(low, high, width, certain=True)
        assert window.possible == largest_subset(low, high, width, certain=False)
        assert window.n == n


def test_a_window_is_closed_and_its_ends_may_be_rounded():
    """0.1 and 0.1 + 0.01 share a window of 0.01, although their difference in floats exceeds it."""
    assert (0.1 + 0.01) - 0.1 > 0.01 or (0.3 + 0.01) - 0.3 > 0.01
    for x in (0.1, 0.3, 0.7):
        assert Window.of([x, x + 0.01], [x, x + 0.01], 0.01).inside == 2
        assert Window.of([x, x + 0.0100001], [x, x + 0.0100001], 0.01).inside == 1
        assert Window.of([x, x + 0.0100001], [x, x + 0.0100001], 0.01).possible == 1


def test_unknown_networks_may_be_anywhere():
    """NaN or (-inf, inf): in no window for certain, in every one perhaps."""
    window = Window.of([0.0, 0.0, 5.0, NAN, -INF], [0.0, 0.0, 5.0, 1.0, INF], 1.0)
    assert (window.inside, window.possible, window.n) == (2, 4, 5)
    window = Window.of([0.0, 0.0], [NAN, 0.0], 1.0)
    assert (window.inside, window.possible) == (1, 2)
    assert Window.of([NAN] * 3, [NAN] * 3, 1.0) == Window(0, 3, 3)
    assert Window.of([], [], 1.0) == Window(0, 0, 0)


@pytest.mark.parametrize("width", [0.0, -1.0, INF, NAN])
def test_a_width_is_positive_and_finite(width):
    """A margin of 0 would ask networks to be the same number."""
    with pytest.raises(
        ValueError, match=rf"got 1 lower and 1 upper ends and the width {width}, wanted one of"
    ):
        Window.of([0.0], [0.0], width)


def test_ends_must_match():
    """One of each a network."""
    with pytest.raises(ValueError, match=r"got 2 lower and 1 upper ends .* a network and a positive width"):
        Window.of([0.0, 1.0], [0.0], 1.0)


WINDOWS = [
    Window(inside, possible, n)
    for n in (1, 2, 5, 12)
    for inside in range(n + 1)
    for possible in range(inside, n + 1)
]


@pytest.mark.parametrize(
    "window", [*WINDOWS, Window(0, 0, 0), Window(32, 32, 32), Window(30, 31, 32)], ids=str
)
def test_bounds_and_p_values_agree(window):
    """A bound reaches an edge at alpha where the p-value is at most alpha, at 0, at 1 and outside too."""
    bounds_and_p_values_agree(window, (-0.1, 0.0, 1e-9, 0.15, 0.5, 0.85, 1 - 1e-9, 1.0, 1.1))
    assert plain(window)


@pytest.mark.parametrize("window", WINDOWS, ids=str)
def test_p_values_are_tails(window):
    """At most p: binomial, as the best window holds no more than the fullest. At least p: k of n values span
    a share of Beta(k - 1, n - k + 2), for each of the places where they may begin."""
    n, k = window.n, window.inside
    for p in (0.15, 0.5, 0.85):
        few = stats.binom.cdf(window.possible, n, p)
        assert window.at_most(p) == window.below(p) == pytest.approx(few)
        many = min(1.0, (n - k + 1) * stats.beta.cdf(p, k - 1, n - k + 2)) if k >= 2 else 1.0
        assert window.at_least(p) == window.beyond(p) == pytest.approx(many)


@pytest.mark.parametrize("n", [2, 5, 32])
def test_all_in_one_window_is_wilks(n):
    """With the range within the margin the p-value is n p^(n-1) - (n-1) p^n (Wilks 1941)."""
    for p in (0.5, 0.85, 0.9):
        assert Window(n, n, n).at_least(p) == pytest.approx(n * p ** (n - 1) - (n - 1) * p**n)


@pytest.mark.parametrize(("share", "needed"), [(0.75, 18), (0.8, 22), (0.85, 30), (0.9, 46)])
def test_how_many_within_the_margin_support_a_share(share, needed):
    """So many, all in one window, support the share at 95 %; one fewer does not."""
    assert Window(needed, needed, needed).at_least(share) <= ALPHA
    assert Window(needed - 1, needed - 1, needed - 1).at_least(share) > ALPHA


def test_edges_outside_the_unit_interval():
    """A share is at least 0 and at most 1 whatever the data, and at most 0 never for certain."""
    window = Window(2, 2, 3)
    assert [window.at_least(e) for e in (-0.1, 0.0, 1.0, 1.1)] == [0.0, 0.0, 1.0, 1.0]
    assert [window.beyond(e) for e in (-0.1, 0.0, 1.0, 1.1)] == [0.0, 0.0, 1.0, 1.0]
    assert [window.at_most(e) for e in (-0.1, 0.0, 1.0, 1.1)] == [1.0, 1.0, 0.0, 0.0]
    assert [window.below(e) for e in (-0.1, 0.0, 1.0, 1.1)] == [1.0, 1.0, 0.0, 0.0]
    alone, full = Window(1, 1, 3), Window(3, 3, 3)
    assert [alone.at_least(e) for e in (0.0, 0.1)] == [0.0, 1.0]
    assert [alone.beyond(e) for e in (-0.1, 0.0)] == [0.0, 1.0]
    assert [full.at_most(e) for e in (0.99, 1.0)] == [1.0, 0.0]
    assert [full.below(e) for e in (1.0, 1.1)] == [1.0, 0.0]
    assert (alone.lower(0.05), full.upper(0.05)) == (0.0, 1.0)


def test_the_estimate_is_what_is_certain():
    """Networks that may be in the window do not count; without networks there is no estimate."""
    assert Window(6, 9, 12).value == 0.5
    assert math.isnan(Window(0, 0, 0).value)


def uniform(rng: np.random.Generator, n: int, share: float) -> np.ndarray:
    """Every window of width 1 inside has this share."""
    return rng.random(n) / share


def one_point(rng: np.random.Generator, n: int, share: float) -> np.ndarray:
    return np.where(rng.random(n) < share, 0.0, 5.0 + 1e4 * rng.random(n))


def normal(rng: np.random.Generator, n: int, share: float) -> np.ndarray:
    return rng.normal(size=n) * 0.5 / stats.norm.ppf((1 + share) / 2)


@pytest.mark.parametrize("draw", [uniform, one_point, normal])
@pytest.mark.parametrize("share", [0.3, SHARE])
def test_either_bound_misses_with_at_most_alpha(draw, share):
    """Simulated at n = 32: neither bound passes the true share of the best window more often than alpha says,
    within four standard errors."""
    rng, misses, runs = np.random.default_rng(0), np.zeros(2), 1500
    for _ in range(runs):
        x = draw(rng, NETWORKS, share)
        window = Window.of(x, x, 1.0)
        misses += (window.lower(ALPHA) > share, window.upper(ALPHA) < share)
    assert (misses / runs <= ALPHA + 4 * math.sqrt(ALPHA * (1 - ALPHA) / runs)).all()
