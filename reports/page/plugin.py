"""Builds the page once the report's files are written, and keeps how the planted controls came out.

A control is a test that says so by a property, `("control", {"claim": "E1", "outcome": "refuted"})`: what it
plants, and the verdict that must come out. `tests/claims` has the marker that records it. How they came out
is written to controls.json in the folder above the reports.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

from models.checkout import checkout
from reports.files import write_whole
from reports.page import build
from reports.plugin import ENDED
from reports.records import Control, Controls
from reports.summary import Ended

__all__ = ["ControlsRecorder", "Page", "read_controls"]

NAME = "controls.json"
LIMIT = 2**24
"""Bytes of controls.json."""


@dataclass(frozen=True, slots=True)
class Page:
    """Where the page is, or why it is not."""

    path: Path | None = None
    problem: str = ""


PAGE = pytest.StashKey[Page]()


def pytest_configure(config: pytest.Config) -> None:
    """Listen to the planted controls, in the process that reports."""
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(ControlsRecorder(config.rootpath, _parent(config)))


@pytest.hookimpl(wrapper=True)
def pytest_sessionfinish(session: pytest.Session) -> Generator[None, object, object]:
    """After the other hooks, which write the report: the page adds to it and can take nothing away."""
    result = yield
    ended = session.config.stash.get(ENDED, None)
    if ended is not None and not ended.problem:
        session.config.stash[PAGE] = _page(ended, session.config)
    return result


@pytest.hookimpl(trylast=True)
def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """One line below the table."""
    page = config.stash.get(PAGE, Page())
    if page.problem:
        terminalreporter.write_line(page.problem, red=True)
    elif page.path and config.get_verbosity() > -2:
        terminalreporter.write_line(f"{page.path.name} beside them, for a browser")


def _parent(config: pytest.Config) -> Path:
    return Path(config.option.report_dir or config.rootpath / "reports" / "out")


def _page(ended: Ended, config: pytest.Config) -> Page:
    from models.runs.store import default_store

    store = config.option.store
    try:
        controls = read_controls(_parent(config) / NAME)
        return Page(build(ended.report, ended.folder, Path(store) if store else default_store(), controls))
    except Exception as error:  # whatever it is: the verdicts are written, and must be shown
        return Page(problem=f"the page could not be built: {type(error).__name__}: {error}")


def read_controls(path: Path) -> Controls | str:
    """What the file says; a missing one is no problem, another form is a sentence."""
    from data.files import read  # its room loads NumPy, which must not be before `one_thread`

    try:
        return msgspec.json.decode(read(path, LIMIT), type=Controls)
    except FileNotFoundError:
        return Controls()
    except (OSError, msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return f"unreadable in {path.name}"


@dataclass(eq=False)  # a plugin must be hashable
class ControlsRecorder:
    """A pytest plugin that listens to the controls' reports and writes them at the end.

    Args:
        root: of the checkout.
        folder: above the reports of the backends.
    """

    root: Path
    folder: Path
    passed: dict[tuple[str, str, str], bool] = field(default_factory=dict)
    """Node id, claim, planted outcome -> whether the test passed so far."""

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take in one phase of one test; a failure in any phase counts."""
        if report.skipped or not (report.when == "call" or report.failed):
            return
        for name, said in report.user_properties:
            if name == "control":
                control: Any = said
                key = report.nodeid, control["claim"], control["outcome"]
                self.passed[key] = self.passed.get(key, True) and report.passed

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self) -> None:
        """Write the file, unless no control ran; where it cannot be, the page says they were not run."""
        if not self.passed:
            return
        made = Controls(
            finished=datetime.now(UTC).isoformat(timespec="seconds"),
            **checkout(self.root),
            controls=tuple(
                Control(claim, outcome, test, passed)
                for (test, claim, outcome), passed in sorted(self.passed.items())
            ),
        )
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            write_whole(self.folder / NAME, msgspec.json.format(msgspec.json.encode(made)).decode() + "\n")
        except OSError:
            return
