"""Builds the page once the report's files are written, and keeps how the planted controls came out.

A control is a test that says so by a property, `("control", {"claim": "E1", "outcome": "refuted"})`: what it
plants, and the verdict that must come out. `tests/claims` has the marker that records it. How they came out
is written to controls.json in the folder above the reports.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, field, replace
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
from reports.session import out

__all__ = ["ControlsRecorder", "read_controls"]

NAME = "controls.json"
LIMIT = 2**24
"""Bytes of controls.json."""


def pytest_configure(config: pytest.Config) -> None:
    """Listen to the planted controls, in the process that reports."""
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(ControlsRecorder(config.rootpath, out(config)))


@pytest.hookimpl(wrapper=True)
def pytest_sessionfinish(session: pytest.Session) -> Generator[None, object, object]:
    """After the other hooks, which write the report: the page adds to it and can take nothing away."""
    result = yield
    config = session.config
    ended = config.stash.get(ENDED, None)
    if ended is not None and not ended.problem:
        from models.runs.store import default_store

        try:
            store = Path(config.option.store) if config.option.store else default_store()
            page = build(ended.report, ended.folder, store, read_controls(out(config) / NAME))
            config.stash[ENDED] = replace(ended, page=page)
        except Exception as error:  # whatever it is: the verdicts are written, and must be shown
            problem = f"the page could not be built: {type(error).__name__}: {error}"
            config.stash[ENDED] = replace(ended, page_problem=problem)
    return result


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
