"""The bootstrap over models: exact cases, against slow loops, and where nothing can be known."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from claims import statistics as st

RNG = np.random.default_rng(21)
M = 12
GROUPS = np.repeat(["i=0", "i=1", "i=2", "i=3"], 3)
SAME = GROUPS[:, None] == GROUPS[None, :]
UNKNOWN = (-math.inf, math.inf)


def symmetric(*shape: int) -> np.ndarray:
    y = RNG.random(shape)
    return (y + y.swapaxes(-1, -2)) / 2


AGREEMENT = symmetric(13, M, M)


def pair_list(mask: np.ndarray) -> list[tuple[int, int]]:
    return [(i, j) for i in range(M) for j in range(i + 1, M) if mask[i, j]]


@pytest.mark.parametrize("pairs", ["all", "between"])
def test_estimate_is_the_mean_over_distinct_pairs(pairs):
    """The value is the plain mean of 66 or 54 pairs; the diagonal is never read."""
    y = AGREEMENT[0].copy()
    np.fill_diagonal(y, np.nan)
    chosen = [y[i, j] for i, j in pair_list(np.ones((M, M)) if pairs == "all" else ~SAME)]
    assert len(chosen) == {"all": 66, "between": 54}[pairs]
    result = st.bootstrap_pairs(y, alpha=0.05, groups=GROUPS, pairs=pairs)
    assert result.value == pytest.approx(np.mean(chosen))
    assert result.interval[0] < result.value < result.interval[1]
    assert [type(x) for x in (result.value, *result.interval)] == [float] * 3


@pytest.mark.parametrize(
    ("summary", "loop"),
    [
        (lambda c: c[:, -1] - c[:, 0], lambda c: c[-1] - c[0]),
        (lambda c: c[:, 1:].max(axis=1), lambda c: max(c[1:])),
        (st.kendall_trend, lambda c: stats.kendalltau(c, range(len(c))).statistic),
    ],
    ids=["change", "highest", "trend"],
)
def test_summaries_of_the_mean_curve(summary, loop):
    """A summary's estimate is that of the mean curve over pairs."""
    curve = [np.mean([y[i, j] for i, j in pair_list(~SAME)]) for y in AGREEMENT]
    result = st.bootstrap_pairs(AGREEMENT, summary, alpha=0.05, groups=GROUPS, pairs="between")
    assert result.value == pytest.approx(loop(curve))


def test_deleting_a_model_agrees_with_a_loop():
    """Between groups, the curve without model 0 is the mean of the pairs weighted by w_i w_j."""
    weights = np.ones((1, M))
    weights[0, :3] = 0.0, 1.5, 1.5
    mask = st.pair_mask(M, GROUPS, "between")
    loop = [
        np.average(
            [y[i, j] for i, j in pair_list(mask)],
            weights=[weights[0, i] * weights[0, j] for i, j in pair_list(mask)],
        )
        for y in AGREEMENT
    ]
    assert st.pair_mean_curve(AGREEMENT, weights, mask, GROUPS)[0] == pytest.approx(loop)


@pytest.mark.parametrize("pairs", ["all", "between"])
def test_additive_effects_give_the_known_interval(pairs):
    """y_ij = a_i + a_j in two groups: the spread is that of twice Welch's stratified mean, df and all."""
    a = np.random.default_rng(1).normal(size=M) * np.repeat([1.0, 3.0], 6)
    groups = np.repeat([0, 1], 6)
    y = a[:, None] + a[None, :]
    result = st.bootstrap_pairs(y, alpha=0.05, groups=groups, pairs=pairs, draws=20_000)
    reference = st.contrast_interval([a[:6], a[6:]], (1.0, 1.0), 0.05)
    assert result.value == pytest.approx(reference.value)
    width = reference.interval[1] - reference.interval[0]
    assert result.interval == pytest.approx(reference.interval, abs=0.01 * width)


def test_tau_between_two_pairwise_quantities():
    """The estimate is scipy's tau over the pairs, the interval lies in [-1, 1] around it."""
    x, y = AGREEMENT[0], AGREEMENT[0] + AGREEMENT[1]
    i, j = np.triu_indices(M, 1)
    value, (low, high) = st.bootstrap_pair_tau(x, y, alpha=0.05, groups=GROUPS)
    assert value == pytest.approx(stats.kendalltau(x[i, j], y[i, j]).statistic)
    assert -1.0 <= low < value < high <= 1.0


def test_result_depends_on_its_arguments_only():
    """The same seed gives the same interval, another a slightly different one."""
    one, two = (st.bootstrap_pairs(AGREEMENT[0], alpha=0.05, groups=GROUPS) for _ in range(2))
    other = st.bootstrap_pairs(AGREEMENT[0], alpha=0.05, groups=GROUPS, seed=1)
    assert one == two != other
    assert other.interval == pytest.approx(one.interval, rel=0.05)


def test_equal_pairs_give_the_point():
    """All pairs agree on 0.1 of the labels: no spread, exactly."""
    y = np.full((13, M, M), 0.1)
    for summary in (lambda c: c[:, 3], lambda c: c.max(axis=1)):
        assert st.bootstrap_pairs(y, summary, alpha=0.05, groups=GROUPS) == (0.1, (0.1, 0.1))
    assert st.bootstrap_pairs(y, lambda c: c[:, 5] - c[:, 2], alpha=0.05) == (0.0, (0.0, 0.0))


def test_flat_curve_has_no_trend():
    """Tau of a constant curve does not exist, and its interval is unknown, not [-1, 1]."""
    value, interval = st.bootstrap_pairs(np.ones((13, M, M)), st.kendall_trend, alpha=0.05, bounds=(-1, 1))
    assert math.isnan(value)
    assert interval == UNKNOWN


def test_interval_is_cut_at_the_bounds():
    """An agreement cannot pass 1."""
    y = 1.0 - 0.2 * (symmetric(M, M) < 0.1)
    value, (_, high) = st.bootstrap_pairs(y, alpha=0.001, groups=GROUPS, bounds=(0.0, 1.0))
    assert value < high == 1.0


def chosen(*pairs: tuple[int, int]) -> np.ndarray:
    only = np.zeros((M, M), dtype=bool)
    for i, j in pairs:
        only[i, j] = only[j, i] = True
    return only


def test_no_pair_left_is_unknown():
    """A choice without a pair has no mean."""
    value, interval = st.bootstrap_pairs(AGREEMENT[0], alpha=0.05, only=chosen())
    assert math.isnan(value)
    assert interval == UNKNOWN


@pytest.mark.parametrize(
    "only",
    [chosen((0, 5)), chosen((0, 5), (0, 7), (0, 9)), chosen((0, 5), (3, 8))],
    ids=["one pair", "all share a model", "two pairs"],
)
def test_too_few_pairs_are_unknown(only):
    """A mean that hangs on one or two models has an estimate and no interval."""
    value, interval = st.bootstrap_pairs(AGREEMENT[0], alpha=0.05, groups=GROUPS, only=only)
    assert value == pytest.approx(AGREEMENT[0][only].mean())
    assert interval == UNKNOWN


def test_one_model_a_group_is_unknown():
    """The paper's four models, one an i: pairs but no replicate, so no interval."""
    result = st.bootstrap_pairs(AGREEMENT[0][:4, :4], alpha=0.05, groups=[0, 1, 2, 3], pairs="between")
    assert result.interval == UNKNOWN


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_diverged_model_makes_its_epoch_unknown(bad):
    """A diverged model's pairs spoil their epoch, and no other."""
    y = AGREEMENT.copy()
    y[4, 2, :] = y[4, :, 2] = bad
    assert st.bootstrap_pairs(y, lambda c: c.max(axis=1), alpha=0.05).interval == UNKNOWN
    assert st.bootstrap_pairs(y, lambda c: c[:, 3], alpha=0.05).interval != UNKNOWN
    assert st.bootstrap_pair_tau(y[4], y[3], alpha=0.05).interval == UNKNOWN


def test_any_statistic_of_models():
    """bootstrap_models on a plain mean of one group is Student's interval, up to the draws' own noise."""
    a = np.random.default_rng(5).normal(size=M)
    result = st.bootstrap_models(lambda w: w @ a / w.sum(axis=1), M, alpha=0.05, draws=20_000)
    low, high = st.mean_interval(a, 0.05).interval
    assert result.interval == pytest.approx((low, high), abs=0.02 * (high - low))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: st.bootstrap_pairs(AGREEMENT[0][:3], alpha=0.05), r"wanted \[\.\.\., M, M\]"),
        (
            lambda: st.bootstrap_pairs(AGREEMENT[0], alpha=0.05, pairs="within"),
            "got pairs = 'within', wanted",
        ),
        (
            lambda: st.bootstrap_pairs(AGREEMENT[0], alpha=0.05, groups=[0, 1]),
            "got 2 group labels for 12 models",
        ),
        (
            lambda: st.pair_mask(M, only=np.triu(np.ones((M, M)), 1)),
            "wanted a symmetric one.*both directions",
        ),
        (lambda: st.bootstrap_pairs(AGREEMENT[0], alpha=0.05, draws=1), "got 1 draws, wanted at least 2"),
    ],
    ids=["shape", "pairs", "labels", "one direction", "draws"],
)
def test_errors_say_what_was_wanted(call, message):
    """A wrong argument is named with what was wanted."""
    with pytest.raises(ValueError, match=message):
        call()
