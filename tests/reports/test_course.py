"""How far the whole run is, and how long it still takes."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from models.runs.progress import Progress
from reports.live import Course, costs
from tests.reports.sample_reports import report, saved, verdict

COSTS = {f"E{i}": cost for i, cost in enumerate([40.0] * 5 + [10.0] * 20)}
TESTS = [f"test_x[{id}]" for id in COSTS]


def ran(course: Course, until: float, pace: float = 1.0, workers: int = 2) -> tuple[float, float]:
    """Runs the tests, each `pace` times its cost, until a share of the run; what was left, and said."""
    course.expect(TESTS)
    free, events = [0.0] * workers, []
    for test in TESTS:
        worker = free.index(min(free))
        events.append((free[worker], course.begin, test))
        free[worker] += pace * COSTS[test.partition("[")[2][:-1]]
        events.append((free[worker], course.end, test))
    end = max(free)
    for now, what, test in sorted(events, key=lambda event: event[0]):
        if now > until * end:
            break
        what(test, now)
    return end * (1 - until), course.left(until * end)


@pytest.mark.parametrize("pace", [1.0, 1.3, 0.8])
def test_the_time_left_is_right_within_a_third_after_a_tenth(pace: float) -> None:
    """On a machine that is faster or slower than the one whose costs are known."""
    left, said = ran(Course(COSTS), 0.1, pace)
    assert said == pytest.approx(left, rel=1 / 3)


@pytest.mark.parametrize("pace", [0.01, 0.2, 3.0])
def test_a_pace_of_its_own_is_learned(pace: float) -> None:
    """A store that is warm, or a far slower machine: right within a third by the middle of the run."""
    left, said = ran(Course(COSTS), 0.5, pace)
    assert said == pytest.approx(left, rel=1 / 3)


def test_one_test_that_takes_too_long_says_nothing_of_the_others() -> None:
    """It is running, so that something is left of it; the others keep their costs."""
    course = Course(COSTS)
    course.expect(TESTS)
    course.begin(TESTS[0], 0.0)
    course.end(TESTS[0], 400.0)
    course.begin(TESTS[1], 400.0)
    assert course.left(400.0) == pytest.approx(4 * 40 + 20 * 10)
    assert course.left(480.0) == pytest.approx(10 + 3 * 40 + 20 * 10)


def test_trainings_under_way_are_believed() -> None:
    """What a training says is left of it is left of the run at least."""
    course = Course({})
    course.expect(["a[x]", "b[y]"])
    course.begin("a[x]", 100.0)
    found = [Progress("x", 100.0, 1, 10, 0.5, 300.0), Progress("y", 100.0)]
    assert course.line(found, 110.0, 80) == "[>                       ] 0 of 2 tests, 4 min 51 s left"


def test_the_bar_fits_and_ends_full() -> None:
    """Nothing before the first test; cut where the terminal is narrow."""
    course = Course(COSTS)
    course.expect(TESTS)
    assert course.line([], 0.0, 80) == ""
    for i, test in enumerate(TESTS):
        course.begin(test, 10.0 * i)
        assert len(course.line([], 10.0 * i + 5, 40)) <= 39
        course.end(test, 10.0 * i + 10)
    assert course.line([], 250.0, 80) == f"[{'=' * 24}] 25 of 25 tests, 1 s left"


def test_earlier_runs_are_remembered(tmp_path: Path) -> None:
    """The longest that trained at this scale; without one, what another machine took."""
    known = costs(tmp_path, "quick")
    assert known["E10-mnist-1k-500-he"] > 10
    for name, trained, seconds in (("cpu", 3, 7.0), ("warm", 0, 900.0), ("short", 1, 0.5)):
        made = report(
            verdict(), trained=trained, durations={"total": seconds, "tests": {"t.py::t[E1-x]": seconds}}
        )
        saved(tmp_path / name, made)
    for name, text in (("bad", "{"), ("deep", "[" * 100_000)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "verdicts.json").write_text(text)
    (tmp_path / "waits").mkdir()
    os.mkfifo(tmp_path / "waits" / "verdicts.json")
    found = costs(tmp_path, "quick")
    assert found["E1-x"] == 7.0
    assert found["E10-mnist-1k-500-he"] == known["E10-mnist-1k-500-he"]
    assert "E1-x" not in costs(tmp_path, "standard")
