"""Gathers what the tests recorded and where it comes from, in the one process that reports.

A verdict crosses from the process that ran the test as JSON text in the test report's
`user_properties`. Text and nothing else, because xdist refuses NumPy scalars and
`--junitxml` writes `str(value)`: as text the XML holds valid JSON too.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from time import monotonic
from typing import Any

import msgspec
import pytest

from claims.catalogue.order import paper_order
from claims.catalogue.scales import chosen_scale
from claims.core.design import FIXED, SEQUENTIAL, fixed
from claims.core.origin import Origin, merge
from claims.core.verdict import Verdict
from claims.harness.launch import slices
from models.checkout import checkout, versions
from reports.records import Durations, Options, Provenance, Recorded, Row

__all__ = ["FINDING", "Collector", "describe", "recorded", "recording"]

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
    started: datetime = field(default_factory=partial(datetime.now, UTC))
    clock: float = field(default_factory=monotonic)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take in one phase of one test."""
        test = report.nodeid
        self.durations[test] = self.durations.get(test, 0.0) + report.duration
        if report.when in ("teardown", "???"):  # xdist reports a crashed worker's test as "???"
            self.finished.add(test)
        if report.skipped:
            self.skipped.add(test)
        elif report.failed and not any(name == FINDING for name, _ in report.user_properties):
            self.errors.add(test)
        elif report.when == "call":
            self.errors.discard(test)
            said = {(one.verdict.claim, one.verdict.setting): one for one in recorded(report)}
            self.found[test] = self.found.get(test, {}) | said

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
        return sorted(rows, key=lambda row: (paper_order(row), row.nodeid))


# -- where the report comes from ------------------------------------------------------


def describe(config: pytest.Config, collector: Collector, interrupted: str | None) -> Provenance:
    """The report's provenance."""
    selection = slices.described(config)
    return Provenance(
        **checkout(config.rootpath),
        **merge([one.origin for said in collector.found.values() for one in said.values()]),
        versions=versions(),
        options=_options(config),
        durations=Durations(
            round(monotonic() - collector.clock, 3),
            {test: round(seconds, 3) for test, seconds in sorted(collector.durations.items())},
        ),
        started=collector.started.isoformat(timespec="seconds"),
        finished=datetime.now(UTC).isoformat(timespec="seconds"),
        complete=interrupted is None and not selection,
        interrupted=interrupted,
        selection=selection,
        errors=tuple(sorted(collector.errors)),
        skipped=tuple(sorted(collector.skipped)),
    )


def _options(config: pytest.Config) -> Options:
    """The command line, with the design as the claims' fixtures choose it."""
    option = config.option
    found: dict[str, Any] = {name: getattr(option, name, None) for name in Options.__struct_fields__}
    paths = [name for name in ("report_dir", "store", "baseline", "data") if found[name] is not None]
    found |= {name: _within(config.rootpath, found[name]) for name in paths}
    chosen = SEQUENTIAL if option.looks else FIXED if option.networks is None else fixed(option.networks)
    found["design"] = chosen.as_json()
    sizes = chosen_scale(option.scale, option.data).sizes
    found["scale_sizes"] = {name: dict(of) for name, of in sizes.items()}
    found["arguments"] = list(config.invocation_params.args)
    return msgspec.convert(found, Options)


def _within(root: Path, path: str) -> str:
    """As seen from the checkout where it lies inside: that is where commands are run, on any machine."""
    return Path(path).relative_to(root).as_posix() if Path(path).is_relative_to(root) else path
