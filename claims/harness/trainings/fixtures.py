"""Fixtures that train: each experiment once, here or by whoever shares the store."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from claims.core.claim import Claim, Leg
from claims.core.design import Design, Look
from claims.harness.collection import Specs
from claims.harness.hooks import Progress, Silence
from claims.harness.options import Options
from claims.harness.trainings.cluster import driver_of
from claims.harness.trainings.legs import planned
from claims.harness.trainings.stores import opened
from models.experiment import Experiment
from models.second_leg.descent import Descent

if TYPE_CHECKING:
    from claims.catalogue.computed import Computed, Found

__all__ = [
    "backend",
    "compute",
    "design",
    "evidence_cache",
    "grown",
    "ledger",
    "plain_store_errors",
    "progress",
    "specs",
    "store",
    "train",
]

_NO_FLOAT64 = "no second leg on mps, which has no float64: --backend cpu"


@pytest.fixture(scope="session")
def backend(pytestconfig: pytest.Config) -> Any:
    """The device chosen by `--backend`, which must know the `--precision`."""
    from models.backend import check_precision, resolve_backend  # torch is needed from here on

    options = Options.of(pytestconfig)
    if (driver := driver_of(pytestconfig)) is not None:
        return driver.backend
    worker = int(getattr(pytestconfig, "workerinput", {}).get("workerid", "gw0").removeprefix("gw"))
    chosen = resolve_backend(options.backend, worker)
    check_precision(chosen.kind, options.precision)
    return chosen


@pytest.fixture(scope="session")
def progress(pytestconfig: pytest.Config) -> Progress:
    """Receives the progress of trainings."""
    return pytestconfig.hook.pytest_claims_progress(config=pytestconfig) or Silence()


@pytest.fixture(scope="session")
def store(pytestconfig: pytest.Config, progress: Progress) -> Any:
    """The run store chosen by `--store`; every worker of a test run shares it."""
    driver = driver_of(pytestconfig)
    with plain_store_errors():
        return opened(pytestconfig, progress) if driver is None else driver.store


@pytest.fixture(scope="session")
def evidence_cache(store: Any, pytestconfig: pytest.Config) -> Any:
    """Evidence that takes long to compute, from the run store or computed and kept there."""
    from claims.evidence.cache import EvidenceCache

    return EvidenceCache(store.root, refresh=Options.of(pytestconfig).refresh, remote=store.remote)


@pytest.fixture(scope="session")
def compute(evidence_cache: Any, pytestconfig: pytest.Config) -> Callable[[Computed], Found]:
    """What a test's evidence comes to, where it describes that: made here, or by the cluster."""
    driver = driver_of(pytestconfig)

    def found(asked: Computed) -> Found:
        return asked.found(evidence_cache) if driver is None else driver.computed(asked, evidence_cache)

    return found


@pytest.fixture
def specs(request: pytest.FixtureRequest, declared: Any) -> Specs:
    """The experiments this test is parametrised by."""
    chosen: Specs = request.param
    return chosen


@pytest.fixture(scope="session")
def train(
    store: Any, backend: Any, progress: Progress, pytestconfig: pytest.Config
) -> Callable[[Experiment | Descent], Any]:
    """The run of an experiment or a descent, made or read from the store; the last few stay at hand for the
    next test."""
    from data import load
    from models.cluster.task import Task
    from models.executors.executor import executor
    from models.runs.cache import RunCache

    driver = driver_of(pytestconfig)
    chosen = executor(Options.of(pytestconfig).executor) if driver is None else None

    def fetch(spec: Experiment | Descent) -> Any:
        with progress.wanted(spec):
            if driver is not None:
                return driver.run(spec)
            assert chosen is not None
            return chosen.submit(Task(spec, store, load(spec.data), backend)).result()

    return RunCache(fetch)


@pytest.fixture(scope="session")
def ledger(store: Any) -> Any:
    """Which design each experiment was judged by."""
    from claims.core.ledger import Ledger

    return Ledger(store.root, store.remote)


@pytest.fixture(scope="session")
def design(pytestconfig: pytest.Config) -> Design:
    """How many networks, and when they are looked at."""
    return Options.of(pytestconfig).design


@pytest.fixture
def grown(
    train: Callable[[Experiment | Descent], Any],
    claim: Claim,
    design: Design,
    backend: Any,
    pytestconfig: pytest.Config,
) -> Callable[[Experiment, Look], Any]:
    """An experiment's run at a look: each look trains only the networks that are new. A claim about the end
    has the second leg too, where the scale has one."""
    from models.runs.run import from_initial, join, two_legs

    scale = Options.of(pytestconfig).sizes

    def joined(spec: Experiment | Descent, look: Look) -> Any:
        ends = design.networks[: look.number]
        return join(
            [
                train(spec.of_networks(start, end - start))
                for start, end in zip((0, *ends), ends, strict=False)
            ]
        )

    def at(spec: Experiment, look: Look) -> Any:
        plan = planned(spec, claim.leg, scale)
        if plan.first is None:
            assert plan.second is not None
            return from_initial(joined(plan.second, look))
        first = joined(plan.first, look)
        if backend.kind == "mps":
            return replace(first, open_because=_NO_FLOAT64)
        if claim.leg is not Leg.END:
            return first
        if plan.second is None:
            return replace(first, open_because=scale.without_descent(spec))
        return two_legs(first, joined(plan.second, look))

    return at


@contextmanager
def plain_store_errors() -> Iterator[None]:
    """Where something has to be trained and the store cannot be written, its message fails the test."""
    try:
        yield
    except OSError as error:
        from models.runs.files import StoreError

        if not isinstance(error, StoreError):
            raise
        raise pytest.fail.Exception(str(error), pytrace=False) from None
