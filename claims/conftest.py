"""Loads what collects, orders, trains and judges claims: `claims.harness`, a file each.

A test names its claim and what it trains by `@claim(...)`; it is then collected once for each alternative
and protocol, and `judge_runs` trains as many networks as the design asks for. Tests that share an experiment
share an xdist group, so one worker trains it and the others find it in the run store.
"""

from __future__ import annotations

from collections.abc import Generator
from functools import partial
from typing import Any

import pytest

from claims.harness import hooks
from claims.harness.collection import MARKERS, generate
from claims.harness.judging import (
    case,
    claim,
    declared,
    demand_verdict,
    judge,
    judge_computed,
    judge_runs,
    setting,
)
from claims.harness.launch import slices
from claims.harness.options import Options
from claims.harness.ordering import priority
from claims.harness.selection import chosen
from claims.harness.trainings.cluster import driver_of, plain_cluster_errors, release
from claims.harness.trainings.fixtures import (
    backend,
    compute,
    design,
    evidence_cache,
    grown,
    ledger,
    plain_store_errors,
    progress,
    specs,
    store,
    train,
)

__all__ = [  # the fixtures
    "backend",
    "case",
    "claim",
    "compute",
    "declared",
    "design",
    "evidence_cache",
    "grown",
    "judge",
    "judge_computed",
    "judge_runs",
    "ledger",
    "progress",
    "setting",
    "specs",
    "store",
    "train",
]

REFUSED = "claims_refused"
"""Where a worker puts what is wrong with the command line, for the process that started it."""


def pytest_addhooks(pluginmanager: pytest.PytestPluginManager) -> None:
    """Verdicts and progress, for who listens."""
    pluginmanager.add_hookspecs(hooks)


def pytest_configure(config: pytest.Config) -> None:
    """The markers of claims; and what was asked for can be done."""
    for line in MARKERS:
        config.addinivalue_line("markers", line)
    Options.of(config).check()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """One test for each alternative and protocol."""
    generate(metafunc)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collection_modifyitems(
    config: pytest.Config, items: list[pytest.Item]
) -> Generator[None, object, object]:
    """The chosen tests, the longest first."""
    others_asked = False
    try:
        with chosen(config, items):
            sizes = Options.of(config).sizes
            items.sort(key=partial(priority, scale=sizes))  # stable: tests of one experiment keep their order
            others_asked = True
            return (yield)
    except pytest.UsageError as refused:
        if not hasattr(config, "workeroutput"):
            raise
        config.workeroutput[REFUSED] = str(refused)
        items.clear()
        return None if others_asked else (yield)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """What a worker refused is an error of the command line, as without workers."""
    slices.take(node.config, node)
    if refused := getattr(node, "workeroutput", {}).get(REFUSED):
        raise pytest.UsageError(refused)


@pytest.hookimpl(trylast=True)
def pytest_collection_finish(session: pytest.Session) -> None:
    """With a cluster: all trainings that the chosen tests ask for are submitted before the first test."""
    if session.items and not session.config.option.collectonly and (driver := driver_of(session.config)):
        driver.gather(session.items, Options.of(session.config))


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> None:
    """With a cluster: a test whose runs are there comes before one that would wait."""
    if driver := driver_of(item.config):
        driver.choose_next(item.session.items, item)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """With a cluster: what still trains for nobody is cancelled."""
    release(session.config)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    """A claim's test that reached no verdict has failed; what a store or a cluster cannot do needs no
    traceback."""
    with plain_store_errors(), plain_cluster_errors(item):
        result = yield
    demand_verdict(item)
    return result
