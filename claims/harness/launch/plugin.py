"""The pytest plugin of the harness: command line and workers. Every hook in a few lines.

It is loaded before all other plugins, since NumPy must find its number of threads. What collects, trains and
judges is loaded with the claims, by `claims/conftest.py`.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import pytest

from claims.harness.launch import command_line, distribution, live, workers
from claims.harness.launch.interrupt import end_early
from models.runs.progress import Reporter


def pytest_addoption(parser: pytest.Parser) -> None:
    """The options of the group "landscape-claims"; also the first hook to run, before NumPy is loaded."""
    workers.one_thread()
    command_line.add(parser, command_line.OPTIONS)


@pytest.hookimpl(wrapper=True)
def pytest_cmdline_main(config: pytest.Config) -> Generator[None, object, object]:
    """Choose how xdist distributes, before xdist reads it: a wrapper runs first whoever is loaded first."""
    distribution.choose_distribution(config)
    return (yield)


def pytest_configure(config: pytest.Config) -> None:
    """Refuse what cannot work before anything trains; workers trust the controller."""
    command_line.make_absolute(config.option, ("store", "data"), config.invocation_params.dir)
    if not config.pluginmanager.hasplugin("xdist"):
        config.addinivalue_line("markers", "xdist_group(name): tests that share an experiment.")
    if hasattr(config, "workerinput"):
        distribution.take_over(config, config.workerinput)
        workers.pin(config.workerinput)
    else:
        command_line.check(config.option)


@pytest.hookimpl(wrapper=True, trylast=True)
def pytest_collection_finish(session: pytest.Session) -> Generator[None, object, object]:
    """On a worker: list the tests with their groups."""
    with distribution.labelled(session):
        return (yield)


@pytest.hookimpl(optionalhook=True, tryfirst=True)
def pytest_xdist_auto_num_workers(config: pytest.Config) -> int | None:
    """The number for `-n auto`."""
    return workers.automatic(config)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tell a worker which GPUs there are, whether groups count, and where its progress goes."""
    distribution.announce(node.config, node.workerinput)
    workers.hand_out(node.config, node.workerinput)
    live.announce(node.config, node.workerinput)


@pytest.hookimpl(optionalhook=True)
def pytest_claims_progress(config: pytest.Config) -> Reporter:
    """Follow the claims' trainings in the live lines."""
    return live.reporter(config)


@pytest.hookimpl(optionalhook=True, tryfirst=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> object | None:
    """Groups without a trace in node ids."""
    if config.getvalue("dist") != "loadgroup":
        return None
    return distribution.scheduler(config, log)


@pytest.hookimpl(tryfirst=True)
def pytest_sessionstart(session: pytest.Session) -> None:
    """On the process that reports, before any worker starts: Ctrl-C, SIGTERM and SIGHUP end it at once."""
    if not hasattr(session.config, "workerinput"):
        end_early(session.config)
