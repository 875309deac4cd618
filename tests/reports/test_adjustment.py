"""Benjamini and Hochberg's adjustment, and the error rates of both adjustments for directional decisions."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from scipy import special, stats

from claims.core.adjustment import benjamini_hochberg, holm

ALPHA = 0.05
REPETITIONS = 1500


def test_the_textbook_example() -> None:
    """The fifteen p-values of Benjamini and Hochberg 1995, table 1: at 0.05 four stand, and Holm's three."""
    p = [0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262]
    p += [0.5719, 0.6528, 0.7590, 1.0]
    found = benjamini_hochberg(p)
    assert sum(value <= ALPHA for value in found) == 4
    assert sum(value <= ALPHA for value in holm(p)) == 3
    assert found[3] == pytest.approx(15 * 0.0095 / 4)
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])


def test_it_agrees_with_scipy() -> None:
    """In any order, with ties, against scipy's own Benjamini-Hochberg, and Holm's by its definition."""
    rng = np.random.default_rng(0)
    for size in (1, 2, 7, 100):
        p = np.round(rng.random(size) ** 3, 3)
        assert benjamini_hochberg(p.tolist()) == pytest.approx(stats.false_discovery_control(p))
        order = np.argsort(p)
        steps = np.maximum.accumulate(np.minimum(1, p[order] * np.arange(size, 0, -1)))
        assert np.array(holm(p.tolist()))[order] == pytest.approx(steps)


def test_a_later_row_lifts_an_earlier_one() -> None:
    """0.04 alone of two does not stand, beside 0.05 both do: the procedure steps up, Holm's does not."""
    assert min(benjamini_hochberg([0.04, 0.9])) > ALPHA
    assert max(benjamini_hochberg([0.04, 0.05])) <= ALPHA
    assert min(holm([0.04, 0.05])) > ALPHA


def test_no_rows_have_no_values() -> None:
    """An empty report."""
    assert benjamini_hochberg([]) == holm([]) == []


@pytest.mark.parametrize("adjusted", [benjamini_hochberg, holm])
@pytest.mark.parametrize("value", [1.5, -0.1, math.nan])
def test_what_is_no_p_value_is_refused(adjusted: Callable[..., object], value: float) -> None:
    """A statistic beyond 1 is not a p-value, and NaN is none."""
    with pytest.raises(
        ValueError, match=rf"got the p-value {value}, wanted one in \[0, 1\]: give probabilities"
    ):
        adjusted([0.1, value])


@pytest.mark.parametrize("correlation", [0.0, 0.5], ids=["independent", "correlated"])
@pytest.mark.parametrize("far", [0, 30, 90], ids="{} far".format)
def test_wrong_directions_stay_below_alpha(far: int, correlation: float) -> None:
    """A hundred rows, at the edge of their region or four standard errors from it: Benjamini and Hochberg's
    expected share of wrong directions and Holm's probability of any are at most alpha, within four standard
    errors of the simulation."""
    rng = np.random.default_rng(far)
    truth = np.where(np.arange(100) < far, 4.0 * (-1.0) ** np.arange(100), 0.0)
    share, any_wrong = 0.0, 0.0
    for _ in range(REPETITIONS):
        noise = math.sqrt(1 - correlation) * rng.standard_normal(100) + math.sqrt(correlation) * rng.normal()
        z = truth + noise
        p = special.ndtr(-np.abs(z))  # the smaller of two one-sided ones
        # At the edge itself the claim holds, so that only the other direction is wrong.
        wrong = np.where(truth < 0, z > 0, z < 0)
        bh = np.array(benjamini_hochberg(p.tolist())) <= ALPHA
        share += (bh & wrong).sum() / max(1, bh.sum())
        any_wrong += ((np.array(holm(p.tolist())) <= ALPHA) & wrong).any()
    slack = 4.0 * math.sqrt(ALPHA * (1 - ALPHA) / REPETITIONS)
    assert share / REPETITIONS <= ALPHA + slack
    assert any_wrong / REPETITIONS <= ALPHA + slack
    if not far and not correlation:  # half of what is decided at the edge is wrong, which is where alpha goes
        assert share / REPETITIONS >= ALPHA - slack
