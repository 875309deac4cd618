"""The pytest plugin: every hook in a few lines, the work in the modules it names."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from pathlib import Path
from typing import Any

import pytest

from claims.core.verdict import Verdict
from claims.harness.launch import command_line, live
from models.runs.progress import Progress
from reports import summary
from reports.collector import Collector, recorded, recording
from reports.earlier import BASELINE, Baseline
from reports.formats import STYLES
from reports.live import Course, compose, costs
from reports.session import OPTIONS, check, conclude, out, with_findings

COLLECTOR = pytest.StashKey[Collector]()
ENDED = pytest.StashKey[summary.Ended]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """The options of the group "landscape-claims"."""
    command_line.add(parser, OPTIONS)


def pytest_configure(config: pytest.Config) -> None:
    """Refuse what cannot work before anything trains; workers trust the controller."""
    option = config.option
    command_line.make_absolute(option, ("report_dir", "baseline"), config.invocation_params.dir)
    if not hasattr(config, "workerinput"):
        check(option)
        config.pluginmanager.register(config.stash.setdefault(COLLECTOR, Collector()))
    if option.baseline is not None:
        config.stash[BASELINE] = Baseline.read(Path(option.baseline))


@pytest.hookimpl(optionalhook=True)
def pytest_claims_verdict(item: pytest.Item, verdict: Verdict, provenance: dict[str, Any]) -> None:
    """Take a claim's verdict into the report."""
    item.user_properties.append(recording(verdict, provenance))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Turn the findings of --fail-on into failures."""
    return with_findings((yield), item.config)


@pytest.hookimpl(tryfirst=True)
def pytest_report_teststatus(report: Any) -> tuple[str, str, tuple[str, dict[str, bool]]] | None:
    """Each outcome's own letter, word and colour; the category stays "passed", so that the closing line still
    counts "N passed", which people and tools read."""
    if report.when != "call" or not report.passed or not (said := recorded(report)):
        return None
    style = STYLES[said[-1].verdict.outcome]
    return "passed", style.letter, (style.word, style.markup)


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Write the report, complete or not."""
    collector = session.config.stash.get(COLLECTOR, None)
    if collector and (ended := conclude(session, collector)):
        session.config.stash[ENDED] = ended


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Show the table."""
    if ended := config.stash.get(ENDED, None):
        summary.show(terminalreporter, ended)


@pytest.hookimpl(tryfirst=True)
def pytest_sessionstart(session: pytest.Session) -> None:
    """On the process that reports, before any worker starts: live lines."""
    config = session.config
    if hasattr(config, "workerinput"):
        return
    course = Course(costs(out(config), config.option.scale))
    config.pluginmanager.register(course)

    def lines(found: Sequence[Progress], now: float, columns: int, most: int) -> list[str]:
        bar = course.line(found, now, columns)
        return [*filter(None, [bar]), *compose(found, now, columns, most - bool(bar))]

    live.set_up(config, lines)
