"""A small task whose data set no other machine has, as a driver hands it over."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from data import add_set
from models.cluster import luggage
from models.cluster.order import TrainingOrder, training_order
from models.cluster.task import Task
from models.runs.store import RunStore
from tests.models.runs import store_process
from tests.models.runs.counted_store import CPU, DATA


@pytest.fixture(autouse=True)
def known(monkeypatch: pytest.MonkeyPatch) -> None:
    """The small set is known by its name, for the test."""
    monkeypatch.setattr("data.registry._added", {})
    add_set(DATA)


@pytest.fixture
def task(tmp_path: Path) -> Callable[..., Task]:
    """A training into a store below the test's folder; keywords change its spec."""

    def made(store: RunStore | None = None, descent: bool = False, **changes: object) -> Task:
        spec = store_process.experiment(**changes)
        if descent:
            spec = replace(store_process.descent(spec), steps=2)
        return Task(spec, store or RunStore(tmp_path / "store", session="this run"), DATA, CPU)

    return made


@pytest.fixture
def order(task: Callable[..., Task]) -> Callable[..., TrainingOrder]:
    """The order of such a task, with its data sent."""

    def made(memory: int = 1, **options: object) -> TrainingOrder:
        of = task(**options)
        luggage.send(of.store, of.data)
        return training_order(of, memory=memory, threads=1)

    return made
