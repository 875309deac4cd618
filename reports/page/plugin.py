"""Builds the page once the report's files are written, and has the outcomes of planted controls kept."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import replace

import pytest

from claims.harness.launch import controls
from models.runs.remote.place import Place
from reports.page import build
from reports.plugin import ENDED
from reports.session import out


def pytest_configure(config: pytest.Config) -> None:
    """Listen to the planted controls, in the process that reports."""
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(controls.ControlsRecorder(config.rootpath, out(config)))


@pytest.hookimpl(wrapper=True)
def pytest_sessionfinish(session: pytest.Session) -> Generator[None, object, object]:
    """After the other hooks, which write the report: the page adds to it and can take nothing away. A run
    without its page fails all the same."""
    result = yield
    config = session.config
    ended = config.stash.get(ENDED, None)
    if ended is not None and not ended.problem:
        try:
            store = Place(config.option.store, config.option.store_cache)
            page = build(
                ended.report, ended.folder, store, controls.read_controls(out(config) / controls.NAME)
            )
            config.stash[ENDED] = replace(ended, page=page)
        except Exception as error:  # whatever it is: the verdicts are written, and must be shown
            problem = f"the page could not be built: {type(error).__name__}: {error}"
            config.stash[ENDED] = replace(ended, page_problem=problem)
            session.exitstatus = max(session.exitstatus, pytest.ExitCode.TESTS_FAILED)
    return result
