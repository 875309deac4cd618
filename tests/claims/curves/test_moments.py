"""Moments of runs side by side: epochs, then steps, a shorter run as it ended."""

from __future__ import annotations

import numpy as np

from claims.curves.moments import Moments
from tests.claims.planted import descended, planted, plateau


def test_a_shorter_run_stays_as_it_ended() -> None:
    """One of four epochs and a descent, beside one of two epochs and none."""
    long = descended(planted(plateau(np.full(4, 0.4), epochs=4)), np.full(4, 0.1))
    short = planted(plateau(np.full(4, 0.2), epochs=2))
    moments = Moments.of([long, short])
    assert (moments.epochs, moments.steps.tolist()) == (4, [1, 2, 3, 4])
    assert np.allclose(moments.loss(short)[:, 0], [1, 0.2, *[0.2] * 7])
    assert np.allclose(moments.loss(long)[4:, 0], [0.4, *[0.1] * 4])


def test_a_long_descent_is_looked_at_in_few_places() -> None:
    """An even choice, the last step in it."""
    run = descended(planted(plateau(np.full(4, 0.4))), np.full(4, 0.1))
    assert run.second is not None
    rows = run.second.arrays["train_loss"]
    run.second.arrays["train_loss"] = np.concatenate([rows, np.repeat(rows[-1:], 500, axis=0)])
    steps = Moments.of([run]).steps
    assert len(steps) <= 48
    assert (steps[0], steps[-1]) == (1, 504)
    assert np.diff(steps).min() > 0
