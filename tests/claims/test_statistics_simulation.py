"""Error rates by seeded simulation: intervals cover as stated, equivalence is declared falsely at most alpha.

Every check allows four standard errors of its own binomial count. Where a rate
is exact in theory it is held from both sides, so that an interval that is
needlessly wide fails as well.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest

from claims import statistics as st

ALPHA = 0.05
SD = {"equal": (1.0, 1.0, 1.0, 1.0), "unequal": (2.0, 3.0, 4.0, 5.0)}
"""Spreads of the four models i; "unequal" as in the paper's sigma_i = i + 2."""


def rate(event: Callable[[np.random.Generator], bool], repetitions: int, seed: int = 5) -> float:
    """The share of repetitions in which the event happens."""
    rng = np.random.default_rng(seed)
    return sum(bool(event(rng)) for _ in range(repetitions)) / repetitions


def slack(probability: float, repetitions: int) -> float:
    return 4.0 * math.sqrt(probability * (1.0 - probability) / repetitions)


def inside(truth: float, interval: tuple[float, float]) -> bool:
    return interval[0] <= truth <= interval[1]


def assert_covers(event, repetitions, *, exact=False, nominal=1.0 - ALPHA, excess=1.0):
    """At least nominal within four standard errors; no more than nominal either (exact), or than `excess`."""
    covered, allowed = rate(event, repetitions), slack(nominal, repetitions)
    print(f"covered {covered:.4f} of nominal {nominal} in {repetitions}")
    assert covered >= nominal - allowed
    assert covered <= (nominal + allowed if exact else excess)


def groups_of_three(rng: np.random.Generator, sd, means=(0.0, 0.0, 0.0, 0.0)) -> np.ndarray:
    return rng.normal(size=(4, 3)) * np.array(sd)[:, None] + np.array(means)[:, None]


@pytest.mark.parametrize("n", [3, 12])
def test_mean_interval(n):
    """Student's interval covers the mean of n normal models at exactly its rate."""
    assert_covers(
        lambda rng: inside(1.0, st.mean_interval(rng.normal(1.0, 2.0, n), ALPHA)[1]), 6000, exact=True
    )


def test_mean_interval_one_sided():
    """Each one-sided end misses at exactly alpha."""
    assert_covers(lambda rng: st.mean_interval(rng.normal(size=4), ALPHA, 1)[1][0] <= 0.0, 6000, exact=True)


def test_paired_change():
    """A paired change covers at its rate although the units differ much more than they change."""

    def event(rng):
        unit = rng.normal(0.0, 50.0, 5)
        return inside(0.3, st.paired_change(unit, unit + rng.normal(0.3, 1.0, 5), ALPHA)[1])

    assert_covers(event, 5000, exact=True)


@pytest.mark.parametrize(("n", "m", "sd"), [(12, 12, 1.0), (12, 5, 10.0), (6, 12, 0.1)])
def test_welch(n, m, sd):
    """Welch's interval covers with equal and with very unequal variances and sizes."""
    assert_covers(
        lambda rng: inside(0.0, st.welch_interval(rng.normal(size=n), rng.normal(0.0, sd, m), ALPHA)[1]),
        5000,
        exact=True,
    )


@pytest.mark.parametrize("sd", SD.values(), ids=SD)
def test_contrast(sd):
    """The contrast {0, 1} against {2, 3} covers at three models a group, and is not needlessly wide."""
    assert_covers(
        lambda rng: inside(
            0.0, st.contrast_interval(groups_of_three(rng, sd), (0.5, 0.5, -0.5, -0.5), ALPHA)[1]
        ),
        4000,
        excess=0.98,
    )


@pytest.mark.parametrize("sd", SD.values(), ids=SD)
def test_gaps_hold_at_once(sd):
    """All six intervals hold together with 1 - alpha; without Bonferroni they would in about 0.85."""
    assert_covers(
        lambda rng: all(
            inside(0.0, gap.interval) for gap in st.simultaneous_gaps(groups_of_three(rng, sd), ALPHA)
        ),
        2500,
    )


@pytest.mark.parametrize("means", [(0, 0, 0, 0), (0, 0, 0, 3), (0, 2, 4, 9)], ids=str)
def test_largest_gap(means):
    """The largest gap lies in its interval with 1 - alpha, whether groups agree or not."""
    truth = max(means) - min(means)
    assert_covers(
        lambda rng: inside(truth, st.largest_gap(groups_of_three(rng, SD["equal"], means), ALPHA).interval),
        2000,
    )


def test_tost_at_the_edge():
    """At a true difference of exactly the margin, equivalence is declared in alpha of the runs."""
    assert_covers(
        lambda rng: st.tost(rng.normal(size=12), rng.normal(1.5, 1.0, 12), 1.5, ALPHA).equivalent,
        6000,
        nominal=ALPHA,
        exact=True,
    )


def test_tost_finds_equivalence():
    """With equal means and a margin of three standard deviations, equivalence is nearly always found."""
    assert (
        rate(lambda rng: st.tost(rng.normal(size=12), rng.normal(size=12), 3.0, ALPHA).equivalent, 500) > 0.99
    )


@pytest.mark.parametrize("means", [(0.0, 0.0, 0.0, 1.0), (0.0, 1.0, 0.0, 1.0)], ids=["one off", "two off"])
def test_largest_gap_at_the_edge(means):
    """With the largest true gap at the margin, "equal" and "not the same" are each declared at most alpha."""
    repetitions = 2500

    def interval(rng):
        return st.largest_gap(groups_of_three(rng, (0.1, 0.2, 0.1, 0.1), means), ALPHA).interval

    limit = ALPHA + slack(ALPHA, repetitions)
    assert rate(lambda rng: interval(rng)[1] < 1.0, repetitions) <= limit
    assert rate(lambda rng: interval(rng)[0] > 1.0, repetitions) <= limit


def test_log_ratio_without_censoring():
    """With all times seen, the interval covers the ratio of geometric means at its rate."""

    def event(rng):
        slow, fast = np.exp(rng.normal(3.0, 0.5, 12)), np.exp(rng.normal(1.0, 0.2, 6))
        return inside(math.exp(2.0), st.log_ratio_interval(slow, fast, 1e9, ALPHA).interval)

    assert_covers(event, 4000, exact=True)


@pytest.mark.parametrize(
    ("slow_at", "fast_at"), [(3.0, 1.0), (4.0, 1.0), (2.0, 3.0)], ids=["few", "most", "fast"]
)
def test_log_ratio_with_censoring(slow_at, fast_at):
    """Cutting the run at 30 epochs never makes the interval miss more often."""

    def event(rng):
        slow, fast = np.exp(rng.normal(slow_at, 0.5, 12)), np.exp(rng.normal(fast_at, 0.5, 12))
        slow, fast = (np.where(t > 30.0, np.inf, t) for t in (slow, fast))
        return inside(math.exp(slow_at - fast_at), st.log_ratio_interval(slow, fast, 30.0, ALPHA).interval)

    assert_covers(event, 2500)


def test_holm_familywise():
    """With all of five hypotheses true, any rejection happens in alpha of the runs."""
    assert_covers(
        lambda rng: any(st.holm(rng.random(5), ALPHA).rejected),
        4000,
        nominal=1 - (1 - ALPHA / 5) ** 5,
        exact=True,
    )


M = 12
GROUPS = np.repeat(range(4), 3)
SAME = GROUPS[:, None] == GROUPS[None, :]
OFF_DIAGONAL = ~np.eye(M, dtype=bool)


def pair_noise(rng: np.random.Generator, sd: float) -> np.ndarray:
    e = np.triu(rng.normal(0.0, sd, (M, M)), 1)
    return e + e.T


@pytest.mark.parametrize("pairs", ["between", "all"])
@pytest.mark.parametrize("sd", SD.values(), ids=SD)
@pytest.mark.parametrize("alike", [0.0, 3.0], ids=["groups alike", "agree inside groups"])
def test_pair_mean(pairs, sd, alike):
    """y_ij = a_i + a_j + e_ij, four groups of three: the mean over pairs is covered, not by sheer width."""
    truth = alike * float(SAME[OFF_DIAGONAL].mean()) if pairs == "all" else 0.0

    def event(rng):
        a = rng.normal(size=M) * np.array(sd)[GROUPS]
        y = a[:, None] + a[None, :] + pair_noise(rng, 0.3) + alike * SAME
        return inside(
            truth, st.bootstrap_pairs(y, alpha=ALPHA, groups=GROUPS, pairs=pairs, draws=300).interval
        )

    assert_covers(event, 700, excess=0.99)


def test_pair_mean_without_groups():
    """Twelve models of one kind: the mean over all pairs is covered."""

    def event(rng):
        a = rng.normal(size=M)
        y = a[:, None] + a[None, :] + pair_noise(rng, 0.3)
        return inside(0.0, st.bootstrap_pairs(y, alpha=ALPHA, draws=300).interval)

    assert_covers(event, 800, excess=0.99)


def test_pair_mean_of_chosen_pairs():
    """The mean over the pairs whose losses are close is covered although the choice is itself random."""

    def event(rng):
        a, loss = rng.normal(size=(2, M))
        y = a[:, None] + a[None, :] + pair_noise(rng, 0.3)
        close = np.abs(np.subtract.outer(loss, loss)) < 0.5
        return inside(0.0, st.bootstrap_pairs(y, alpha=ALPHA, groups=GROUPS, only=close, draws=300).interval)

    assert_covers(event, 700)


@pytest.mark.parametrize(
    ("summary", "truth"),
    [(lambda c: c[:, -1] - c[:, 0], 2.0), (lambda c: c.max(axis=1), 2.0), (st.kendall_trend, 1.0)],
    ids=["change", "highest", "trend"],
)
def test_summaries_of_a_rising_curve(summary, truth):
    """Change, largest value and trend of a mean curve that rises from 0 to 2 are covered."""
    rise = np.linspace(0.0, 2.0, 13)

    def event(rng):
        a = rng.normal(0.0, 0.2, (13, M)) + rng.normal(0.0, 0.4, M)
        y = rise[:, None, None] + a[:, :, None] + a[:, None, :]
        return inside(truth, st.bootstrap_pairs(y, summary, alpha=ALPHA, groups=GROUPS, draws=300).interval)

    assert_covers(event, 500)


def test_pair_tau():
    """Tau between two pairwise quantities: 0.61 on average over such models, and covered."""

    def quantities(rng):
        a, b = rng.normal(size=(2, M))
        x = a[:, None] + a[None, :] + 2.0 * (GROUPS[:, None] + GROUPS[None, :]) + pair_noise(rng, 0.1)
        return x, x + 1.5 * (b[:, None] + b[None, :]) + pair_noise(rng, 1.5)

    i, j = np.triu_indices(M, 1)
    rng = np.random.default_rng(9)
    truth = np.mean([st.kendall_tau(*(q[i, j] for q in quantities(rng))) for _ in range(600)])

    def event(rng):
        x, y = quantities(rng)
        return inside(truth, st.bootstrap_pair_tau(x, y, alpha=ALPHA, groups=GROUPS, draws=200).interval)

    assert_covers(event, 400)
