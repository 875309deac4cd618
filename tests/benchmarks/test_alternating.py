"""Two clocks over contenders that take turns."""

from __future__ import annotations

import threading

import pytest

from benchmarks.alternating import Seconds, alternate, medians, paired_ratio


def test_contenders_take_turns():
    """Each runs once, in order, and has its seconds by both clocks."""
    ran = []
    taken = alternate({name: lambda name=name: ran.append(name) for name in "abc"})
    assert ran == list(taken) == ["a", "b", "c"]
    assert all(seconds.wall > 0 and seconds.processor >= 0 for seconds in taken.values())


def test_the_processors_clock_counts_work_and_not_waiting():
    """A contender that waits takes wall time only."""
    gate = threading.Event()
    waiting = alternate({"waits": lambda: gate.wait(0.2)})["waits"]
    assert waiting.processor < waiting.wall


def test_ratios_are_taken_within_a_round():
    """A round in which all are slow changes no ratio; the clocks are kept apart."""
    rounds = [
        {"a": Seconds(2.0, 4.0), "b": Seconds(1.0, 1.0)},
        {"a": Seconds(20.0, 5.0), "b": Seconds(10.0, 1.0)},
        {"a": Seconds(6.0, 6.0), "b": Seconds(2.0, 1.0)},
    ]
    assert paired_ratio(rounds, "a", "b") == Seconds(2.0, 5.0)
    assert medians(rounds) == {"a": Seconds(6.0, 5.0), "b": Seconds(2.0, 1.0)}
    with pytest.raises(KeyError):
        paired_ratio(rounds, "c", "a")
