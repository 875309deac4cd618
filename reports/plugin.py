"""The pytest plugin: every hook in a few lines, the work in the modules it names."""

from __future__ import annotations

from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import pytest

from claims.core.verdict import Verdict
from reports import baseline, ending, options, outcomes, preflight, recording
from reports.collector import Collector
from reports.findings import FailOn
from reports.live import board, termination, watch
from reports.parallel import groups, workers

COLLECTOR = pytest.StashKey[Collector]()
ENDING = pytest.StashKey[ending.Ending]()
FAIL_ON = pytest.StashKey[FailOn]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """The options of the group "landscape-claims"; also the first hook to run, before numpy is loaded."""
    workers.one_thread()
    options.add_options(parser)


@pytest.hookimpl(wrapper=True)
def pytest_cmdline_main(config: pytest.Config) -> Generator[None, object, object]:
    """Choose how xdist distributes, before xdist reads it: a wrapper runs first whoever is loaded first."""
    groups.choose_distribution(config)
    return (yield)


def pytest_configure(config: pytest.Config) -> None:
    """Refuse what cannot work before anything trains; workers trust the controller."""
    preflight.make_absolute(config.option, config.invocation_params.dir)
    if not config.pluginmanager.hasplugin("xdist"):
        config.addinivalue_line("markers", "xdist_group(name): tests that share an experiment.")
    if hasattr(config, "workerinput"):
        groups.take_over(config, config.workerinput)
        workers.pin(config.workerinput)
    else:
        preflight.check(config.option)
        if config.option.baseline is not None:
            config.stash[baseline.EARLIER] = baseline.check(Path(config.option.baseline))
        config.pluginmanager.register(config.stash.setdefault(COLLECTOR, Collector()))
    config.stash[FAIL_ON] = FailOn.from_options(config.option)


@pytest.fixture
def record_verdict(request: pytest.FixtureRequest) -> Callable[..., None]:
    """`record_verdict(verdict, **provenance)` hands a verdict, and where it came from, to the report.

    Provenance is plain JSON. Known keys are data (name to checksum), seeds, device, backend,
    precision, experiments (run keys), trained (bool) and seconds; others are kept as given.
    """

    def record(verdict: Verdict, **provenance: Any) -> None:
        request.node.user_properties += recording.properties(verdict, request.node.nodeid, provenance)

    return record


@pytest.hookimpl(optionalhook=True)
def pytest_claims_verdict(item: pytest.Item, verdict: Verdict, provenance: dict[str, Any]) -> None:
    """Take a claim's verdict into the report."""
    item.user_properties += recording.properties(verdict, item.nodeid, provenance)


@pytest.hookimpl(optionalhook=True)
def pytest_claims_progress(config: pytest.Config) -> board.Teller:
    """Follow the claims' trainings in the live lines."""
    return watch.teller(config)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Turn the findings of --fail-on into failures."""
    return item.config.stash[FAIL_ON].apply((yield))


@pytest.hookimpl(tryfirst=True)
def pytest_report_teststatus(report: Any) -> tuple[str, str, tuple[str, dict[str, bool]]] | None:
    """Each outcome's own letter, word and colour."""
    return outcomes.status(report)


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Write the report, complete or not."""
    collector = session.config.stash.get(COLLECTOR, None)
    if collector and (concluded := ending.conclude(session, collector)):
        session.config.stash[ENDING] = concluded


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Show the table."""
    if concluded := config.stash.get(ENDING, None):
        ending.show(terminalreporter, concluded)


@pytest.hookimpl(wrapper=True, trylast=True)
def pytest_collection_finish(session: pytest.Session) -> Generator[None, object, object]:
    """On a worker: list the tests with their groups."""
    with groups.labelled(session):
        return (yield)


@pytest.hookimpl(optionalhook=True, tryfirst=True)
def pytest_xdist_auto_num_workers(config: pytest.Config) -> int | None:
    """The number for `-n auto`."""
    return workers.automatic(config)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tell a worker which GPUs there are, and whether groups count."""
    groups.announce(node.config, node.workerinput)
    workers.hand_out(node.config, node.workerinput)
    watch.announce(node.config, node.workerinput)


@pytest.hookimpl(optionalhook=True, tryfirst=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> object | None:
    """Groups without a trace in node ids."""
    if config.getvalue("dist") != "loadgroup":
        return None
    from reports.parallel.scheduler import GroupScheduling

    return GroupScheduling(config, log)


@pytest.hookimpl(tryfirst=True)
def pytest_sessionstart(session: pytest.Session) -> None:
    """On the process that reports, before any worker starts: live lines, and SIGTERM as Ctrl-C."""
    if not hasattr(session.config, "workerinput"):
        termination.as_interrupt(session.config)
        watch.set_up(session.config)


@pytest.fixture(scope="session")
def training_progress(pytestconfig: pytest.Config) -> board.Teller:
    """The run store's `progress`, for the live lines; its `wanted(spec)` goes around asking for a run."""
    return watch.teller(pytestconfig)
