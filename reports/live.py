"""The live lines: one bar for the whole run with the time that is left, and how far each training is.

What a test costs is known from an earlier run at this scale, or from one on another machine (`costs.json`,
seconds with an empty store). How fast this run is beside that, its own finished tests say.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

import msgspec
import pytest

from claims.harness.launch.distribution import split
from models.runs.progress import Progress
from reports.earlier import LIMIT, NAME
from reports.formats import duration, number
from reports.layout import Cells, clip_middle, first_that_fits, padded
from reports.records import Report

__all__ = ["Course", "compose", "costs"]

# -- the whole run -------------------------------------------------------------------

_PRIOR = 80.0
"""Seconds of cost for which the known costs are believed to be right, before this run's own count."""

_BAR = 24


def costs(out: Path, scale: str) -> dict[str, float]:
    """Seconds by what stands in a test's brackets: of the longest earlier run at this scale, if any.

    What is no report, whatever lies there, is passed over.
    """
    from data.files import read  # its room loads NumPy

    text = Path(__file__).with_name("costs.json").read_bytes()
    known = msgspec.json.decode(text, type=dict[str, dict[str, float]])
    found: list[dict[str, float]] = []
    for path in out.glob(f"*/{NAME}"):
        with suppress(OSError, msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
            about = msgspec.json.decode(read(path, LIMIT), type=Report).provenance
            if about.trained and about.options.scale == scale:
                found.append({_id(test): seconds for test, seconds in about.durations.tests.items()})
    return known.get(scale, known["quick"]) | max(found, key=lambda each: sum(each.values()), default={})


def _id(test: str) -> str:
    return test.partition("[")[2].removesuffix("]") or test


@dataclass(eq=False)  # a plugin must be hashable
class Course:
    """A pytest plugin on the process that reports: which tests there are, run, and have ended.

    Attributes:
        costs: seconds by a test's id, as known before.
        clock: seconds since the Unix epoch.
    """

    costs: Mapping[str, float]
    clock: Callable[[], float] = time.time
    waiting: dict[str, float] = field(default_factory=dict)
    """Tests that have not begun, with their costs."""
    running: dict[str, float] = field(default_factory=dict)
    """Since when."""
    total: int = 0
    workers: int = 1
    started: float | None = None
    paces: list[tuple[float, float]] = field(default_factory=lambda: [(1.0, _PRIOR)])
    """Of each test that has ended: how many times its cost it took, and the cost."""

    def expect(self, tests: Iterable[str]) -> None:
        """These are the tests of the run."""
        usual = median(self.costs.values()) if self.costs else 1.0  # of a claim of one's own
        self.waiting = {test: self.costs.get(_id(test), usual) for test in tests}
        self.total = len(self.waiting)

    def begin(self, test: str, now: float) -> None:
        """A test begins."""
        self.started = now if self.started is None else self.started
        self.running[test] = now
        self.workers = max(self.workers, len(self.running))

    def end(self, test: str, now: float) -> None:
        """A test has ended."""
        since, cost = self.running.pop(test, now), self.waiting.pop(test, 0.0)
        if cost > 0:
            self.paces.append(((now - since) / cost, cost))

    def pace(self) -> float:
        """How many times its cost a test takes here: the median, each test with the weight of its cost, since
        one that took far longer than it should says nothing of the others."""
        half, seen = sum(cost for _, cost in self.paces) / 2, 0.0
        for pace, cost in sorted(self.paces):
            seen += cost
            if seen >= half:
                return pace
        return 1.0

    def left(self, now: float, trainings: Sequence[float] = ()) -> float:
        """Seconds to the end of the run: what is left of all tests, over the workers, or of the longest.

        Args:
            now: seconds since the Unix epoch.
            trainings: what those that are under way say is left of each.
        """
        pace = self.pace()
        # A running test that took longer than expected is as far as nobody knows: an eighth is left.
        rests = [
            max(pace * self.waiting.get(test, 0.0) - (now - since), (now - since) / 8)
            for test, since in self.running.items()
        ]
        ahead = sum(cost for test, cost in self.waiting.items() if test not in self.running)
        under_way = max(sum(rests), sum(trainings))
        return max([(under_way + pace * ahead) / self.workers, *rests, *trainings])

    def line(self, found: Sequence[Progress], now: float, columns: int) -> str:
        """`[=====>      ] 31 of 240 tests, 4 min 20 s left`; "" before the first test."""
        if self.started is None:
            return ""
        trainings = [max(0.0, of.left - (now - of.written)) for of in found if of.left is not None]
        left, done = self.left(now, trainings), self.total - len(self.waiting)
        share = (now - self.started) / max(now - self.started + left, 1e-9)
        bar = ("=" * int(share * _BAR) + ">").ljust(_BAR + 1)[:_BAR]
        text = f"[{bar}] {done} of {self.total} tests, {duration(max(1, math.ceil(left)))} left"
        return text[: max(0, columns - 1)]

    # -- hooks ------------------------------------------------------------------------

    @pytest.hookimpl(trylast=True)
    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Without workers."""
        if session.items:
            self.expect([item.nodeid for item in session.items])

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, ids: Sequence[str]) -> None:
        """With workers, each of which lists all tests with their groups."""
        if not self.total:
            self.expect([split(label)[0] for label in ids])

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        """On whichever worker."""
        self.begin(nodeid, self.clock())

    def pytest_runtest_logfinish(self, nodeid: str) -> None:
        """Torn down."""
        self.end(nodeid, self.clock())


# -- each training -------------------------------------------------------------------

WAIT_SHOWN_AFTER = 1.0
"""Seconds before a wait is worth a line: a run from the store takes less."""

_NAME_LEAST = 16
_WAITS = ("starting, or trained elsewhere", "another worker trains it")


def compose(found: Sequence[Progress], now: float, columns: int, most: int) -> list[str]:
    """One line an experiment, at most `most` of them, each shorter than `columns`.

    Where the terminal is narrow, names are shortened in the middle; then the loss
    goes, then the time left, and last the line is cut.
    """
    trained = {progress.name for progress in found if progress.epoch is not None}
    shown = [p for p in found if p.epoch is not None or now - p.written >= WAIT_SHOWN_AFTER]
    more = len(shown) - max(0, most - 1) if len(shown) > most else 0
    shown = shown[: len(shown) - more]
    longest = max((len(progress.name) for progress in shown), default=0)

    def laid_out(kept: str) -> tuple[list[str], int]:
        cells = [{name: _cells(progress, now)[name] for name in kept.split()} for progress in shown]
        rows = ["  ".join(row.values()).rstrip() for row in padded(cells, right=("epoch",))]
        return rows, columns - 3 - max(map(len, rows), default=0)

    rows, room = first_that_fits(
        ("epoch loss left", "epoch left", "epoch"),
        laid_out,
        lambda found: found[1] >= min(longest, _NAME_LEAST),
    )
    keep = min(longest, max(room, _NAME_LEAST))
    lines = [
        f"{clip_middle(of.name, keep, keep // 3):<{keep}}  "
        f"{_WAITS[of.name in trained] if of.epoch is None else row}".rstrip()
        for of, row in zip(shown, rows, strict=True)
    ]
    lines += [f"and {more} more in training"] if more and most > 0 else []
    return [line[: max(0, columns - 1)] for line in lines]


def _cells(progress: Progress, now: float) -> Cells:
    """Epoch, loss and time left; empty while there is none."""
    if progress.epoch is None:
        return {"epoch": "", "loss": "", "left": ""}
    epoch = f"epoch {progress.epoch} of {progress.epochs}"
    loss = "" if progress.loss is None else f"L/L0 {number(progress.loss, 2)}"
    left = ""
    if progress.left is not None:
        ahead = math.ceil(progress.left - max(0.0, now - progress.written))
        left = f"{duration(max(1, ahead))} left"
    return {"epoch": epoch, "loss": loss, "left": left}
