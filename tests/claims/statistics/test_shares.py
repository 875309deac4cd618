"""Shares of a population against the binomial distribution of scipy, by enumeration of every count."""

from __future__ import annotations

import math
from itertools import product

import numpy as np
import pytest
from scipy import stats

from claims.core.margins import ALPHA, LOOK_WEIGHTS, LOOKS, MODEL_SHARE, NETWORKS, PAIR_SHARE, SHARE
from claims.statistics import Share
from tests.claims.statistics.both_ways import bounds_and_p_values_agree, plain

COUNTS = [(h, u, n) for n in (1, 2, 5, 12) for h in range(n + 1) for u in range(n + 1 - h)]
EDGES = (0.0, 1e-9, 0.15, 0.5, 0.7, 0.85, 1.0)


@pytest.mark.parametrize(("hits", "unresolved", "n"), COUNTS)
def test_p_values_are_binomial_tails(hits, unresolved, n):
    """At least p: the chance of as many hits or more; at most p: of as few, the unresolved ones counted."""
    share = Share(hits, unresolved, n)
    for p in (1e-9, 0.15, 0.5, 0.85, 1 - 1e-9):
        many, few = stats.binom.sf(hits - 1, n, p), stats.binom.cdf(hits + unresolved, n, p)
        assert share.at_least(p) == share.beyond(p) == pytest.approx(many, rel=1e-9)
        assert share.at_most(p) == share.below(p) == pytest.approx(few, rel=1e-9)


@pytest.mark.parametrize(("hits", "unresolved", "n"), COUNTS)
def test_bounds_are_scipys_exact_ones(hits, unresolved, n):
    """One-sided Clopper-Pearson; each end counts the unresolved ones against itself."""
    for alpha in (0.005, 0.05, 0.3):
        low = stats.binomtest(hits, n, alternative="greater").proportion_ci(1 - alpha, "exact").low
        high = (
            stats.binomtest(hits + unresolved, n, alternative="less").proportion_ci(1 - alpha, "exact").high
        )
        assert Share(hits, unresolved, n).lower(alpha) == pytest.approx(low)
        assert Share(hits, unresolved, n).upper(alpha) == pytest.approx(high)


@pytest.mark.parametrize(("hits", "unresolved", "n"), [*COUNTS, (0, 0, 0), (31, 1, 32), (480, 0, 480)])
def test_bounds_and_p_values_agree(hits, unresolved, n):
    """A bound reaches an edge at alpha where the p-value is at most alpha, at 0, at 1 and outside too."""
    bounds_and_p_values_agree(Share(hits, unresolved, n), (-0.1, *EDGES, 1.1))
    assert plain(Share(hits, unresolved, n))


@pytest.mark.parametrize(
    ("name", "edge", "some", "all_hit", "none_hit"),
    [
        # "some" of 3 hits; with 3 of 3 and with 0 of 3 the bound on that side is 1 or 0 exactly.
        ("at_least", 0.0, 0.0, 0.0, 0.0),
        ("beyond", 0.0, 0.0, 0.0, 1.0),
        ("at_least", 1.0, 1.0, 1.0, 1.0),
        ("beyond", 1.0, 1.0, 1.0, 1.0),
        ("at_most", 0.0, 1.0, 1.0, 1.0),
        ("below", 0.0, 1.0, 1.0, 1.0),
        ("at_most", 1.0, 0.0, 0.0, 0.0),
        ("below", 1.0, 0.0, 1.0, 0.0),
        ("at_least", 1.5, 1.0, 1.0, 1.0),
        ("beyond", -0.5, 0.0, 0.0, 0.0),
        ("at_most", -0.5, 1.0, 1.0, 1.0),
        ("below", 1.5, 0.0, 0.0, 0.0),
    ],
)
def test_open_and_closed_edges_differ_at_the_ends(name, edge, some, all_hit, none_hit):
    """A share is at least 0 and at most 1 whatever the data; it is beyond 0 only after a hit."""
    expected = (some, all_hit, none_hit)
    found = [getattr(Share(hits, 0, 3), name)(edge) for hits in (2, 3, 0)]
    assert found == list(expected)


def test_without_units_all_is_possible():
    """No units leave [0, 1] and no estimate."""
    assert math.isnan(Share(0, 0, 0).value)
    assert (Share(0, 0, 0).lower(0.05), Share(0, 0, 0).upper(0.05)) == (0.0, 1.0)


def test_the_estimate_counts_what_happened():
    """Unresolved units are no hits."""
    assert Share(8, 3, 12).value == 8 / 12


@pytest.mark.parametrize("counts", [(13, 0, 12), (10, 3, 12), (-1, 0, 12), (0, -1, 12), (1, 0, 0)])
def test_counts_must_fit(counts):
    """More units than there are, or fewer than none, is an error."""
    text = "got {} hits and {} unresolved of {}, wanted counts that fit: a unit is a hit".format(*counts)
    with pytest.raises(ValueError, match=text):
        Share(*counts)


@pytest.mark.parametrize("counts", [(12, 0, 12), (0, 12, 12), (6, 6, 12), (0, 0, 0)])
def test_counts_may_be_all_of_one_kind(counts):
    """All hits, all unresolved, and none at all are data."""
    assert Share(*counts).n == counts[2]


@pytest.mark.parametrize("n", [3, 12, 32])
def test_covers_for_every_share(n):
    """By enumeration, each bound misses with at most alpha whatever the share, and nearly so for some."""
    shares = [Share(k, 0, n) for k in range(n + 1)]
    low, high = (
        np.array([bound(s) for s in shares]) for bound in (lambda s: s.lower(ALPHA), lambda s: s.upper(ALPHA))
    )
    p = np.linspace(0.001, 0.999, 997)[:, None]
    mass = stats.binom.pmf(np.arange(n + 1), n, p)
    for misses in ((low > p) * mass, (high < p) * mass):
        assert 0.8 * ALPHA < misses.sum(1).max() <= ALPHA


def counts_of_strata(n: int, shares: tuple[float, ...]) -> np.ndarray:
    """Probability of every number of hits [n + 1], n / 4 units from each of four populations."""
    mass = np.ones(1)
    for share in shares:
        mass = np.convolve(mass, stats.binom.pmf(np.arange(n // 4 + 1), n // 4, share))
    return mass


UNEQUAL = [
    offsets
    for offsets in product((-1.0, -0.5, 0.0, 0.5, 1.0), repeat=4)
    if sum(offsets) == 0 and any(offsets)
]


@pytest.mark.parametrize("n", sorted({8, *LOOKS, NETWORKS}))
@pytest.mark.parametrize("edge", [1 - SHARE, MODEL_SHARE, PAIR_SHARE, SHARE])
def test_four_populations_of_unequal_shares_err_no_more_often(n, edge):
    """Where the four models' shares differ and their mean stands at the edge, either decision is wrong with
    at most alpha: the binomial, in which all have one share, spreads most (Hoeffding 1956)."""
    found = [Share(k, 0, n) for k in range(n + 1)]
    many = np.array([share.at_least(edge) for share in found])
    few = np.array([share.at_most(edge) for share in found])
    room = min(edge, 1 - edge)
    for offsets in UNEQUAL:
        mass = counts_of_strata(n, tuple(edge + room * offset for offset in offsets))
        assert mass @ np.arange(n + 1) == pytest.approx(n * edge)
        for alpha in (ALPHA, *(ALPHA * weight for weight in LOOK_WEIGHTS)):
            assert mass[many <= alpha].sum() <= alpha
            assert mass[few <= alpha].sum() <= alpha


@pytest.mark.parametrize(("share", "needed"), [(0.75, 11), (0.8, 14), (0.85, 19), (0.9, 29)])
def test_how_many_of_as_many_support_a_share(share, needed):
    """So many hits without a miss support the share at 95 %, and one fewer does not: log 0.05 / log share."""
    assert (
        Share(needed, 0, needed).at_least(share) <= ALPHA < Share(needed - 1, 0, needed - 1).at_least(share)
    )
