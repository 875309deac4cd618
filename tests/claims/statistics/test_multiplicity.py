"""Benjamini and Hochberg's adjustment, and the error rates of both adjustments for directional decisions."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import special, stats

from claims import statistics as st

ALPHA = 0.05
REPETITIONS = 1500


def test_the_textbook_example():
    """The fifteen p-values of Benjamini and Hochberg 1995, table 1: four are rejected at 0.05, not five."""
    p = [0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262]
    p += [0.5719, 0.6528, 0.7590, 1.0]
    found = st.benjamini_hochberg(p, 0.05)
    assert sum(found.rejected) == 4
    assert sum(st.holm(p, 0.05).rejected) == 3
    assert found.adjusted[3] == pytest.approx(15 * 0.0095 / 4)


def test_it_agrees_with_scipy():
    """In any order, with ties, against scipy's own implementation."""
    rng = np.random.default_rng(0)
    for size in (1, 2, 7, 100):
        p = np.round(rng.random(size) ** 3, 3)
        assert st.benjamini_hochberg(p, 0.05).adjusted == pytest.approx(stats.false_discovery_control(p))


def test_a_later_row_lifts_an_earlier_one():
    """0.04 alone of two does not stand, beside 0.05 both do: the procedure steps up, Holm's does not."""
    assert st.benjamini_hochberg([0.04, 0.9], ALPHA).rejected == (False, False)
    assert st.benjamini_hochberg([0.04, 0.05], ALPHA).rejected == (True, True)
    assert st.holm([0.04, 0.05], ALPHA).rejected == (False, False)


def test_a_test_that_could_not_be_made_counts():
    """NaN is 1 and still counts towards the family; no rows, no decisions."""
    assert st.benjamini_hochberg([0.02, math.nan], ALPHA).adjusted == pytest.approx((0.04, 1.0))
    assert st.benjamini_hochberg([], ALPHA).rejected == ()


def test_what_is_no_p_value_is_refused():
    """A statistic beyond 1 is not a p-value."""
    with pytest.raises(ValueError, match=r"wanted each in \[0, 1\]: give probabilities"):
        st.benjamini_hochberg([0.1, 1.5], ALPHA)


@pytest.mark.parametrize("correlation", [0.0, 0.5], ids=["independent", "correlated"])
@pytest.mark.parametrize("far", [0, 30, 90], ids="{} far".format)
def test_wrong_directions_stay_below_alpha(far: int, correlation: float):
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
        bh = np.array(st.benjamini_hochberg(p, ALPHA).rejected)
        share += (bh & wrong).sum() / max(1, bh.sum())
        any_wrong += (np.array(st.holm(p, ALPHA).rejected) & wrong).any()
    slack = 4.0 * math.sqrt(ALPHA * (1 - ALPHA) / REPETITIONS)
    assert share / REPETITIONS <= ALPHA + slack
    assert any_wrong / REPETITIONS <= ALPHA + slack
    if not far and not correlation:  # half of what is decided at the edge is wrong, which is where alpha goes
        assert share / REPETITIONS >= ALPHA - slack


# -- both procedures by their definition ------------------------------------------------


@pytest.mark.parametrize("seed", range(8))
def test_holm_is_its_definition(seed):
    """Adjusted p_(k) is the largest of min(1, (m - j + 1) p_(j)) up to k, in the order of the input."""
    rng = np.random.default_rng(seed)
    p = np.round(rng.random(9) ** 3, 2)  # with ties
    rank = sorted(range(9), key=lambda i: p[i])
    expected = {i: max(min(1.0, (9 - j) * p[rank[j]]) for j in range(k + 1)) for k, i in enumerate(rank)}
    found = st.holm(p.tolist(), 0.1)
    assert found.adjusted == pytest.approx(tuple(expected[i] for i in range(9)))
    assert found.rejected == tuple(value <= 0.1 for value in found.adjusted)
    assert all(type(value) is float for value in found.adjusted)
    assert all(type(value) is bool for value in found.rejected)


def test_holm_counts_what_could_not_be_tested():
    """NaN is 1 and counts towards the family; no rows, no decisions; equality with alpha rejects."""
    assert st.holm([0.02, math.nan], ALPHA).adjusted == pytest.approx((0.04, 1.0))
    assert st.holm([], ALPHA).adjusted == ()
    assert st.holm([0.05], ALPHA).rejected == st.benjamini_hochberg([0.05], ALPHA).rejected == (True,)
    assert st.holm([0.0, 1.0], ALPHA).adjusted == (0.0, 1.0)


@pytest.mark.parametrize("p", [-0.1, 1.5])
@pytest.mark.parametrize("procedure", [st.holm, st.benjamini_hochberg])
def test_no_procedure_takes_what_is_no_p_value(procedure, p):
    """Below 0 and beyond 1."""
    text = rf"^got p-values \[0\.1, {p}\], wanted each in \[0, 1\]: give probabilities, not statistics$"
    with pytest.raises(ValueError, match=text):
        procedure([0.1, p], ALPHA)
