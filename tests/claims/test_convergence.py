"""Whether a curve has settled, and when it reached a level, on curves written by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from claims.convergence import epochs_to_reach, settled

INF, NAN = math.inf, math.nan


def column(*values: float) -> np.ndarray:
    return np.array(values, dtype=float)[:, None]


SETTLED = {
    "flat": (column(*[1.0] * 9), 0.1, True),
    "still falling": (column(*np.linspace(1, 0, 9)), 0.1, False),
    "exactly the tolerance": (column(1, 1, 1, 1, 1, 1, 0.5, 0.25, 0.0), 0.5, True),
    "moved before the last quarter": (column(9, 8, 7, 6, 5, 0.1, 0.0, 0.0, 0.0), 0.05, True),
    "moved at its start": (column(9, 8, 7, 6, 5, 5, 0.1, 0.0, 0.0), 0.05, False),
    "went and came back": (column(0, 0, 0, 0, 0, 0, 0, 5, 0), 0.1, False),
    "one epoch, flat": (column(0.5, 0.5), 0.1, True),
    "one epoch, moved": (column(1.0, 0.5), 0.1, False),
    "two epochs looks back on both": (column(1.0, 0.5, 0.5), 0.1, False),
    "no epoch": (column(1.0), 0.1, True),
    "nan at the end": (column(1, 1, 1, 1, NAN), 0.1, False),
    "nan in the last quarter": (column(1, 1, 1, 1, 1, 1, NAN, 1, 1), 0.1, False),
    "nan long before": (column(NAN, 1, 1, 1, 1, 1, 1, 1, 1), 0.1, True),
    "infinite": (column(*[INF] * 9), 0.1, False),
    "huge": (column(*[1e308, -1e308] * 4), 0.1, False),
    "zero": (column(*[0.0] * 9), 0.1, True),
}


@pytest.mark.parametrize(("curve", "tolerance", "expected"), SETTLED.values(), ids=SETTLED)
@pytest.mark.filterwarnings("ignore:overflow")
def test_settled(curve, tolerance, expected):
    """A curve has settled when its last quarter stays within the tolerance of its end, and is finite."""
    assert settled(curve, tolerance).tolist() == [expected]


@pytest.mark.parametrize(
    ("end", "step", "expected"),
    [(0.06, 0.004, True), (0.06, 0.006, False), (0.04, 0.006, False), (0.5, 0.02, True), (0.05, 1e-9, False)],
)
def test_near_the_edge_a_curve_may_move_less(end, step, expected):
    """Within reach of the edge of a claim at 0.05, half the distance to it is the most a curve may move."""
    assert settled(column(1, end + step, end, end), 0.025, edge=0.05).tolist() == [expected]


def test_models_are_judged_one_by_one():
    """One moving model says nothing about the others."""
    curve = np.ones((9, 3))
    curve[-2, 1] = 2.0
    assert settled(curve, 0.1).tolist() == [True, False, True]


REACHED = {
    "at epoch 0": (column(0.4, 0.3), 0.01),
    "exactly at epoch 0": (column(0.5, 0.3), 0.01),
    "in the middle of an epoch, geometrically": (column(1.0, 0.25), 0.5),
    "at an epoch": (column(1.0, 0.5, 0.1), 1.0),
    "in the third epoch": (column(4.0, 2.0, 1.0, 0.25), 2.5),
    "never": (column(1.0, 0.9, 0.8), INF),
    "first time counts": (column(1.0, 0.25, 1.0, 0.25), 0.5),
    "within the first minibatch": (column(0.5 + 1e-12, 1e-9), 0.01),
    "to zero": (column(1.0, 0.0), 0.01),
    "from infinity": (column(INF, 0.25), 1.0),
    "from nan": (column(1.0, NAN, 0.25), 2.0),
    "nan is not below": (column(1.0, NAN, NAN), INF),
    "from the largest float": (column(1e308, 1e-308), 308.3 / 616),
    "single row": (column(1.0), INF),
}


@pytest.mark.parametrize(("curve", "expected"), REACHED.values(), ids=REACHED)
def test_epochs_to_half(curve, expected):
    """Between epochs the curve is exponential; a crossing within the first minibatch takes one (0.01)."""
    (time,) = epochs_to_reach(curve, 0.5, 0.01)
    assert time == pytest.approx(expected, rel=2e-3)
    assert time > 0


def test_the_interpolation_is_that_of_an_exponential():
    """exp(-t / 7) reaches any level at 7 log(1 / level), between the epochs as well as on them."""
    curve = np.exp(-np.arange(30) / 7)[:, None]
    for level in (0.9, 0.5, 0.1, math.exp(-2)):
        assert epochs_to_reach(curve, level, 0.01)[0] == pytest.approx(7 * math.log(1 / level))


def test_a_time_never_passes_the_epoch_it_was_seen_at():
    """Rounding does not push a crossing beyond the epoch whose loss is below: the limit of the run holds."""
    rng = np.random.default_rng(0)
    for _ in range(500):
        level = rng.uniform(0.1, 1)
        before, after = np.nextafter(level, 2), level
        assert 0 < epochs_to_reach(column(before, after), level, 1e-3)[0] <= 1


@pytest.mark.parametrize(("level", "floor"), [(0.0, 0.1), (-1.0, 0.1), (0.5, 0.0), (NAN, 0.1)])
def test_level_and_floor_are_positive(level, floor):
    """A level of zero is an error: no exponential gets there."""
    with pytest.raises(ValueError, match="wanted both positive"):
        epochs_to_reach(column(1.0, 0.5), level, floor)
