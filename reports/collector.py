"""Gathers what the tests recorded and where it comes from, in the one process that reports.

A verdict crosses from the process that ran the test as JSON text in the test report's
`user_properties`. Text and nothing else, because xdist refuses NumPy scalars and
`--junitxml` writes `str(value)`: as text the XML holds valid JSON too.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic
from typing import Any

import msgspec
import pytest

from claims.catalogue import CATALOGUE
from claims.catalogue.experiments import PROTOCOLS, chosen_scale
from claims.core.design import FIXED, SEQUENTIAL, fixed
from claims.core.origin import Origin, merge
from claims.core.verdict import Verdict
from models.checkout import checkout, versions
from reports.records import Durations, Options, Provenance, Recorded, Row

__all__ = ["FINDING", "Collector", "describe", "is_finding", "paper_order", "recorded", "recording"]

_PROPERTY = "verdict"
FINDING = "finding"
"""The user property of a test that --fail-on failed: the test itself judged its claim."""


def recording(verdict: Verdict, provenance: Mapping[str, Any]) -> tuple[str, str]:
    """The user property of one recorded verdict.

    Raises:
        TypeError: naming the entry that is not plain JSON, or not one that `Origin` has.
    """
    try:
        origin = msgspec.convert(dict(provenance), Origin)
        return _PROPERTY, msgspec.json.encode(Recorded(verdict, origin)).decode()
    except (msgspec.ValidationError, TypeError) as error:
        raise TypeError(
            f"got a verdict or provenance that is not plain JSON of the declared kind ({error}), wanted the "
            f"fields of Origin ({', '.join(Origin.__struct_fields__)}): convert NumPy values with float(), "
            "int(), str() or .tolist() before recording them"
        ) from error


def recorded(report: Any) -> list[Recorded]:
    """What the test of this report recorded, in order."""
    properties = getattr(report, "user_properties", ())
    return [msgspec.json.decode(text, type=Recorded) for name, text in properties if name == _PROPERTY]


def is_finding(report: pytest.TestReport) -> bool:
    """Whether this failure is a finding turned into one by --fail-on."""
    return any(name == FINDING for name, _ in report.user_properties)


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(eq=False)  # a plugin must be hashable
class Collector:
    """A pytest plugin that listens to test reports and only remembers.

    A test that runs twice counts once, with what it said last.
    """

    found: dict[str, dict[tuple[str, str], Recorded]] = field(default_factory=dict)
    """Node id -> (claim, setting) -> what the test recorded."""
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
            said = {(one.verdict.claim, one.verdict.setting): one for one in recorded(report)}
            self.found[test] = self.found.get(test, {}) | said

    @property
    def seconds(self) -> float:
        """Wall time since the collector was made."""
        return monotonic() - self.clock

    def origins(self) -> list[Origin]:
        """Where each verdict came from."""
        return [one.origin for said in self.found.values() for one in said.values()]

    def rows(self) -> list[Row]:
        """The verdicts as the paper is ordered, each with its test's duration and the keys of its runs."""
        rows = [
            Row(
                **msgspec.structs.asdict(one.verdict),
                nodeid=test,
                duration=round(self.durations[test], 3),
                experiments=tuple(run.key for run in one.origin.experiments),
            )
            for test, said in self.found.items()
            for one in said.values()
        ]
        return sorted(rows, key=paper_order)


def paper_order(row: Row) -> tuple[Any, ...]:
    """Sort key: the catalogue's order, then data set, architecture, protocol; never the order of arrival."""
    known, protocol = list(CATALOGUE), row.protocol
    return (
        known.index(row.claim) if row.claim in known else len(known),
        row.claim,
        row.dataset,
        row.setting.removesuffix(f"-{protocol}") if protocol else row.setting,
        PROTOCOLS.index(protocol) if protocol in PROTOCOLS else len(PROTOCOLS),
        row.setting,
        row.nodeid,
    )


# -- where the report comes from ------------------------------------------------------

_PATHS = ("report_dir", "store", "baseline", "data")
"""Options that name files."""


def describe(config: pytest.Config, collector: Collector, interrupted: str | None) -> Provenance:
    """The report's provenance."""
    return Provenance(
        **checkout(config.rootpath),
        **merge(collector.origins()),
        versions=versions(),
        options=_options(config),
        durations=Durations(
            round(collector.seconds, 3),
            {test: round(seconds, 3) for test, seconds in sorted(collector.durations.items())},
        ),
        started=collector.started.isoformat(timespec="seconds"),
        finished=datetime.now(UTC).isoformat(timespec="seconds"),
        complete=interrupted is None,
        interrupted=interrupted,
        errors=tuple(sorted(collector.errors)),
        skipped=tuple(sorted(collector.skipped)),
    )


def _options(config: pytest.Config) -> Options:
    """The command line, with the design as the claims' fixtures choose it."""
    option = config.option
    found: dict[str, Any] = {name: getattr(option, name, None) for name in Options.__struct_fields__}
    found |= {name: _within(config.rootpath, found[name]) for name in _PATHS if found[name] is not None}
    chosen = SEQUENTIAL if option.looks else FIXED if option.networks is None else fixed(option.networks)
    found["design"] = chosen.as_json()
    found["scale_sizes"] = {
        name: dict(of) for name, of in chosen_scale(option.scale, option.data).sizes.items()
    }
    found["arguments"] = list(config.invocation_params.args)
    return msgspec.convert(found, Options)


def _within(root: Path, path: str) -> str:
    """As seen from the checkout where it lies inside: that is where commands are run, on any machine."""
    return Path(path).relative_to(root).as_posix() if Path(path).is_relative_to(root) else path
