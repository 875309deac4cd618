"""Builds the page once the report's files are written, and keeps the controls' outcome."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path

import pytest

from reports.ending import Ending
from reports.page.planted import Planted
from reports.plugin import ENDING

__all__ = ["Page"]


@dataclass(frozen=True, slots=True)
class Page:
    """Where the page is, or why it is not."""

    path: Path | None = None
    problem: str = ""


PAGE = pytest.StashKey[Page]()


def pytest_configure(config: pytest.Config) -> None:
    """Listen to the planted controls, in the process that reports."""
    if not hasattr(config, "workerinput"):
        folder = Path(config.option.report_dir or config.rootpath / "reports" / "out")
        config.pluginmanager.register(Planted(config.rootpath, folder))


@pytest.hookimpl(wrapper=True)
def pytest_sessionfinish(session: pytest.Session) -> Generator[None, object, object]:
    """After the other hooks, which write the report: the page adds to it and can take nothing away."""
    result = yield
    ending = session.config.stash.get(ENDING, None)
    if ending is not None and not ending.problem:
        session.config.stash[PAGE] = _page(ending, session.config.option.store)
    return result


@pytest.hookimpl(trylast=True)
def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """One line below the table."""
    page = config.stash.get(PAGE, Page())
    if page.problem:
        terminalreporter.write_line(page.problem, red=True)
    elif page.path and config.get_verbosity() > -2:
        terminalreporter.write_line(f"{page.path.name} beside them, for a browser")


def _page(ending: Ending, store: str | None) -> Page:
    from models.runs.store import default_store
    from reports.page.build import build

    try:
        return Page(build(ending.report, ending.folder, Path(store) if store else default_store()))
    except Exception as error:  # whatever it is: the verdicts are written, and must be shown
        return Page(problem=f"the page could not be built: {type(error).__name__}: {error}")
