"""Which pairs of groups differ by more than a margin: against scipy, by hand, and by simulation."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from scipy import stats

from claims import statistics as st

INF, NAN = math.inf, math.nan
RNG = np.random.default_rng(4)
GROUPS = [RNG.normal(mean, sd, 5) for mean, sd in ((0.0, 1.0), (0.4, 2.0), (6.0, 1.0), (9.0, 0.5))]


def scipy_p(a, b, margin: float) -> float:
    """Both tails of scipy's Welch test at the margin's edge on the side of the observed difference."""
    a, b = (a, b) if np.mean(a) >= np.mean(b) else (b, a)
    shifted = np.asarray(a) - margin
    above = stats.ttest_ind(shifted, b, equal_var=False, alternative="greater").pvalue
    below = stats.ttest_ind(np.asarray(a) + margin, b, equal_var=False, alternative="less").pvalue
    # Far on the other side: P(T <= -(d + margin) / se) is the lower tail at d + margin, mirrored.
    mirrored = min(below, 1.0 - below)
    return above + mirrored


@pytest.mark.parametrize("alpha", [0.001, 0.01, 0.05, 0.3])
@pytest.mark.parametrize("margin", [0.0, 0.5, 2.0, 5.0, 20.0])
def test_agrees_with_holm_over_scipys_tests(margin, alpha):
    """The pairs named are those that Holm rejects among scipy's one-sided Welch p-values."""
    pairs = list(itertools.combinations(range(4), 2))
    p = [scipy_p(GROUPS[i], GROUPS[j], margin) for i, j in pairs]
    expected = tuple(pair for pair, yes in zip(pairs, st.holm(p, alpha).rejected, strict=True) if yes)
    assert st.pairs_beyond(GROUPS, margin, alpha) == expected


@pytest.mark.parametrize("alpha", [0.01, 0.05, 0.5])
def test_without_a_margin_it_is_welchs_test(alpha):
    """At margin 0 two groups differ exactly when scipy's two-sided Welch test says so."""
    for a, b in itertools.combinations(GROUPS, 2):
        expected = stats.ttest_ind(a, b, equal_var=False).pvalue <= alpha
        assert bool(st.pairs_beyond([a, b], 0.0, alpha)) == expected


def test_pairs_carry_their_labels():
    """A mapping's labels name the pairs, in its order."""
    groups = {"a": [0.0, 0.1], "b": [0.05, 0.1], "c": [9.0, 9.1]}
    assert st.pairs_beyond(groups, 1.0, 0.05) == (("a", "c"), ("b", "c"))


@pytest.mark.parametrize(
    ("groups", "margin", "count"),
    [
        ([[1.0, 1.0], [2.0, 2.0]], 0.5, 1),
        ([[1.0, 1.0], [2.0, 2.0]], 1.0, 0),
        ([[1.0, 1.0], [1.0, 1.0]], 0.0, 0),
        ([[1.0], [900.0]], 0.5, 0),
        ([[1.0, NAN], [900.0, 900.1]], 0.5, 0),
        ([[1.0, INF], [900.0, 900.1], [0.0, 0.1]], 0.5, 1),
        ([[], [1.0, 1.1]], 0.5, 0),
    ],
)
def test_what_cannot_be_tested_is_not_named(groups, margin, count):
    """Exact differences decide themselves; a single, missing or diverged model names no pair."""
    assert len(st.pairs_beyond(groups, margin, 0.05)) == count


def test_an_untested_pair_counts_towards_the_correction():
    """A diverged group does not make the others' tests easier."""
    a, b = [0.0, 0.1, 0.2], [0.5, 0.6, 0.7]
    p = scipy_p(a, b, 0.1)
    assert len(st.pairs_beyond([a, b], 0.1, 1.5 * p)) == 1
    assert len(st.pairs_beyond([a, b, [NAN, 0.0]], 0.1, 1.5 * p)) == 0


@pytest.mark.parametrize("margin", [-0.1, INF, NAN])
def test_margin_is_not_negative(margin):
    """A margin below zero is an error."""
    with pytest.raises(ValueError, match="got the margin"):
        st.pairs_beyond(GROUPS, margin, 0.05)


def test_one_group_has_no_pairs():
    """One group is an error: a difference lies between groups."""
    with pytest.raises(ValueError, match="got 1 group, wanted at least two"):
        st.pairs_beyond([[1.0, 2.0]], 0.1, 0.05)


REPETITIONS = 3000


@pytest.mark.parametrize(
    ("means", "margin"),
    [((0.0, 0.0, 0.0, 0.0), 0.0), ((0.0, 0.0, 1.0, 1.0), 1.0), ((0.0, 1.0, 8.0, 9.0), 1.0)],
    ids=["all equal", "at the margin", "some beyond"],
)
def test_familywise_error(means, margin):
    """A pair within the margin is named in at most alpha of all draws, at its edge too; 3 models a group."""
    rng = np.random.default_rng(11)
    within = {(i, j) for i, j in itertools.combinations(range(4), 2) if abs(means[i] - means[j]) <= margin}
    draws = (
        rng.normal(size=(REPETITIONS, 4, 3)) * np.array([1.0, 0.5, 1.0, 2.0])[:, None]
        + np.array(means)[:, None]
    )
    wrong = sum(bool(within & set(st.pairs_beyond(draw, margin, 0.05))) for draw in draws)
    allowed = 4 * math.sqrt(0.05 * 0.95 / REPETITIONS)
    print(f"named wrongly in {wrong / REPETITIONS:.4f}")
    assert wrong / REPETITIONS <= 0.05 + allowed


def test_two_groups_at_the_edge_are_named_at_alpha():
    """Two groups exactly the margin apart are named in about alpha: the test is no more careful than that."""
    rng = np.random.default_rng(12)
    draws = rng.normal(size=(REPETITIONS, 2, 6)) + np.array([[0.0], [5.0]])
    rate = sum(bool(st.pairs_beyond(draw, 5.0, 0.05)) for draw in draws) / REPETITIONS
    assert rate == pytest.approx(0.05, abs=4 * math.sqrt(0.05 * 0.95 / REPETITIONS))


def test_pairs_far_apart_are_found():
    """Groups ten spreads apart are all named."""
    rng = np.random.default_rng(13)
    groups = rng.normal(size=(4, 6)) + 10 * np.arange(4)[:, None]
    assert len(st.pairs_beyond(groups, 1.0, 0.05)) == 6
