"""Gathers what the tests recorded, in the one process that reports, with and without xdist."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import zip_longest
from time import monotonic
from typing import Any

import pytest

from claims.catalogue import CATALOGUE
from reports.findings import is_finding
from reports.options import PROTOCOLS
from reports.recording import experiments_of, recorded_provenance, recorded_verdicts

__all__ = ["Collector", "paper_order"]


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(eq=False)  # a plugin must be hashable
class Collector:
    """A pytest plugin that listens to test reports and only remembers.

    A test that runs twice counts once, with what it said last.
    """

    verdicts: dict[tuple[str, str, str], dict[str, Any]] = field(default_factory=dict)
    """(node id, claim, setting) -> the recorded verdict."""
    provenance: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    """Node id -> what the test said about where its verdicts came from."""
    durations: dict[str, float] = field(default_factory=dict)
    """Node id -> seconds, set-up included, since that is where training happens."""
    errors: set[str] = field(default_factory=set)
    skipped: set[str] = field(default_factory=set)
    finished: set[str] = field(default_factory=set)
    started: datetime = field(default_factory=_now)
    clock: float = field(default_factory=monotonic)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take in one phase of one test."""
        test = report.nodeid
        self.durations[test] = self.durations.get(test, 0.0) + report.duration
        if report.when in ("teardown", "???"):  # xdist reports a crashed worker's test as "???"
            self.finished.add(test)
        if report.skipped:
            self.skipped.add(test)
        elif report.failed and not is_finding(report):
            self.errors.add(test)
        elif report.when == "call":
            self.errors.discard(test)
            self._keep(report)

    def _keep(self, report: pytest.TestReport) -> None:
        about = recorded_provenance(report)
        for verdict, origin in zip_longest(recorded_verdicts(report), about, fillvalue={}):
            experiments = {"experiments": [run["key"] for run in experiments_of(origin)]}
            self.verdicts[report.nodeid, verdict["claim"], verdict["setting"]] = verdict | experiments
        self.provenance[report.nodeid] = about

    @property
    def seconds(self) -> float:
        """Wall time since the collector was made."""
        return monotonic() - self.clock

    def ordered(self) -> list[dict[str, Any]]:
        """The verdicts as the paper is ordered, each with its test's duration and the keys of its runs."""
        found = [v | {"duration": round(self.durations[v["nodeid"]], 3)} for v in self.verdicts.values()]
        return sorted(found, key=paper_order)


def paper_order(verdict: dict[str, Any]) -> tuple[Any, ...]:
    """Sort key: the catalogue's order, then data set, architecture, protocol; never the order of arrival."""
    known, protocol = list(CATALOGUE), verdict["protocol"]
    return (
        known.index(verdict["claim"]) if verdict["claim"] in known else len(known),
        verdict["claim"],
        verdict["dataset"],
        verdict["setting"].removesuffix(f"-{protocol}") if protocol else verdict["setting"],
        PROTOCOLS.index(protocol) if protocol in PROTOCOLS else len(PROTOCOLS),
        verdict["setting"],
        verdict["nodeid"],
    )
