"""How right the live bar's time left is: a run replayed from its record, with the costs of another.

    python -m benchmarks.time_left reports/out/cpu/verdicts.json

A report says what each test took, not when it began: the tests are handed to the workers in the order of
collection, groups together, as `claims.harness.launch.distribution` does. Printed are the times left that the
bar would have shown at every tenth of the run, beside what was left.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from reports.live import Course, costs

__all__ = ["main", "replayed"]

ROOT = Path(__file__).resolve().parents[1]


def replayed(groups: list[list[str]], took: dict[str, float], workers: int) -> list[tuple[float, str, str]]:
    """(time, "begin" or "end", test): each worker takes the next group once it has none."""
    free, left, events = dict.fromkeys(range(workers), 0.0), iter(groups), []
    for group in left:
        worker = min(free, key=free.__getitem__)
        for test in group:
            events.append((free[worker], "begin", test))
            free[worker] += took[test]
            events.append((free[worker], "end", test))
    return sorted(events, key=lambda event: event[0])


def shown(events: list[tuple[float, str, str]], known: dict[str, float]) -> Iterator[tuple[float, float]]:
    """(what was left, what the bar says) at every tenth."""
    course, end, tenths = Course(known), events[-1][0], [i / 10 for i in range(1, 10)]
    course.expect(dict.fromkeys(test for *_, test in events))
    for now, what, test in events:
        while tenths and tenths[0] * end <= now:
            at = tenths.pop(0) * end
            yield end - at, course.left(at)
        (course.begin if what == "begin" else course.end)(test, now)


def main(arguments: list[str]) -> int:
    """0 where the time left is right within a third from the first tenth on, else 1."""
    report = json.loads(Path(arguments[0]).read_text())["provenance"]
    took = report["durations"]["tests"]
    command = [sys.executable, "-m", "pytest", "claims", "--collect-only", "-q", "-p", "no:cacheprovider"]
    listed = subprocess.run(
        [*command, "-p", "benchmarks.time_left_groups"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    order = [line.split("\t")[1:] for line in listed.splitlines() if line.startswith("GROUP\t")]
    groups: dict[str, list[str]] = {}
    for test, group in order:
        if test in took:
            groups.setdefault(group or test, []).append(test)
    events = replayed(list(groups.values()), took, int(report["options"]["numprocesses"] or 1))
    found = list(shown(events, costs(Path("/nonexistent"), report["options"]["scale"])))
    for i, (left, said) in enumerate(found, start=1):
        print(f"after {i * 10:2} %: {said:6.0f} s shown, {left:6.0f} s left, {said / left - 1:+.0%}")
    return int(abs(found[0][1] / found[0][0] - 1) > 1 / 3)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
