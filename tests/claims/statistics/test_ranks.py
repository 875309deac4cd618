"""Kendall's tau-b against scipy, and what counts as a tie."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from claims.statistics import kendall_tau

NAN = math.nan


@pytest.mark.parametrize("seed", range(10))
def test_agrees_with_scipy(seed):
    """With ties in both, in one, and in none."""
    rng = np.random.default_rng(seed)
    x, y = rng.integers(0, 4, 9), rng.integers(0, 4, 9) if seed % 2 else rng.random(9)
    assert kendall_tau(x, y) == pytest.approx(stats.kendalltau(x, y).statistic, nan_ok=True)
    assert type(kendall_tau(x, y)) is float


def test_by_hand():
    """Four values: five pairs in order and one in disorder make 4 / 6; order and reversal make 1 and -1."""
    assert kendall_tau([1, 2, 3, 4], [1, 2, 4, 3]) == pytest.approx(4 / 6)
    assert kendall_tau([1, 2, 3], [10, 20, 21]) == 1.0
    assert kendall_tau([1, 2, 3], [3, 2, -1]) == -1.0
    assert kendall_tau([1, 1, 2], [1, 2, 3]) == pytest.approx(2 / math.sqrt(2 * 3))
    assert kendall_tau([0.0, 1.0], [5, 6]) == 1.0


def test_rounding_makes_no_order():
    """Numbers closer than 1e-12 of the largest magnitude are tied, others are not."""
    assert kendall_tau([1.0, 1.0 + 9e-13, 2.0], [1, 2, 3]) == pytest.approx(2 / math.sqrt(6))
    assert kendall_tau([1e3, 1e3 + 2e-9, -2e3], [1, 2, 0]) == pytest.approx(2 / math.sqrt(6))
    assert kendall_tau([1.0, 1.0 + 3e-12, 2.0], [1, 2, 3]) == 1.0
    assert kendall_tau([-2.0, -2.0 + 3e-12, 0.0], [1, 2, 3]) == 1.0
    assert math.isnan(kendall_tau([5.0, 5.0 + 4e-12], [1, 2]))
    assert kendall_tau([1.0, 0.0, 1e-12], [3, 1, 2]) == pytest.approx(
        2 / math.sqrt(6)
    )  # exactly at the limit


@pytest.mark.parametrize(
    ("x", "y"),
    [
        ([1, 1, 1], [1, 2, 3]),
        ([1, 2, 3], [1, 1, 1]),
        ([1, NAN, 3], [1, 2, 3]),
        ([1, 2, 3], [1, 2, math.inf]),
        ([1, math.inf, math.inf], [1, 2, 3]),
        ([1], [1]),
        ([], []),
    ],
    ids=str,
)
def test_what_has_no_order_has_no_tau(x, y):
    """Constant, unknown or too short: NaN."""
    assert math.isnan(kendall_tau(x, y))


@pytest.mark.parametrize(("x", "y"), [([1, 2], [1, 2, 3]), ([[1, 2]], [[1, 2]])], ids=["lengths", "a matrix"])
def test_lengths_must_match(x, y):
    """Two lists of one length."""
    with pytest.raises(ValueError, match=r"got x and y of shapes .* and .*, wanted one length"):
        kendall_tau(x, y)


def test_tau_never_leaves_its_range():
    """Rounding does not push it past one: as many pairs as a long list has, all in order."""
    for n in range(2, 60):
        assert (
            abs(
                kendall_tau(
                    np.arange(n) // 3 if n > 3 else range(n), np.arange(n) // 3 if n > 3 else range(n)
                )
            )
            == 1.0
        )


@pytest.mark.parametrize("kind", [bool, np.uint8, np.int64, np.float32])
def test_numbers_of_any_kind_are_ranked(kind):
    """Differences of unsigned numbers do not wrap round, and booleans are numbers, on either side."""
    x, y = np.array([0, 1, 1, 0], dtype=kind), [1.0, 2.0, 3.0, 4.0]
    expected = stats.kendalltau([0, 1, 1, 0], y).statistic
    assert kendall_tau(x, y) == pytest.approx(expected)
    assert kendall_tau(y, x) == pytest.approx(expected)
