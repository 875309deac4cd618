"""What the driver of a cluster gathers before the first test."""

from __future__ import annotations

from concurrent.futures import Future

import pytest

from benchmarks.driver_simulation import Finished, Item
from claims.catalogue import claim
from claims.catalogue.declaration import Declaration
from claims.catalogue.experiments import BOSTON_50, LINEAR_500, SOFTMAX_500
from claims.harness.options import Options
from claims.harness.trainings.cluster import Driver
from models.backend import Backend


class OnePlace:
    """A cluster that takes one task at a time and ends it at once."""

    slots = 1

    def __init__(self, trained: set[str]) -> None:
        self.submitted: list[str] = []
        self.trained = trained

    def submit(self, task) -> Future[None]:
        self.submitted.append(task.spec.name)
        self.trained.add(task.store.key(task.spec, task.data, task.backend))
        handle: Future[None] = Future()
        handle.set_result(None)
        return handle

    def shutdown(self) -> None:
        pass


def asking(id, training) -> Item:
    spec = Options().sizes.experiment(training, "he", networks=4)
    return Item(Declaration(claim(id)), spec)


@pytest.fixture
def made(tmp_path):
    """A driver, its cluster, and the keys of runs that are there."""
    trained: set[str] = set()
    nodes = OnePlace(trained)
    driver = Driver(nodes, Finished(tmp_path, trained), Backend("cpu", "none"))
    yield driver, nodes, trained
    driver.close()


def test_the_longest_chain_is_submitted_first_wherever_its_test_stands(made):
    """All trainings are known before the first is submitted."""
    driver, nodes, _ = made
    items = [asking("D1", BOSTON_50), asking("D1", SOFTMAX_500), asking("E1", LINEAR_500)]
    driver.gather(items, Options())
    for item in items:
        driver.run(item.callspec.params["specs"][0])
    assert [name.split("-he ")[0] for name in nodes.submitted if "levenberg" not in name] == [
        "mnist-1k-500",
        "mnist-1k-500",
        "boston-50",
    ]
    assert "linear mse" in nodes.submitted[0]


def test_the_store_is_asked_once_a_run_and_what_it_has_is_not_submitted(made, monkeypatch):
    """However many tests ask for it; their tests come first."""
    driver, nodes, _ = made
    there = driver.store.key(asking("D1", BOSTON_50).callspec.params["specs"][0], *_boston(driver))
    asked: list[str] = []
    monkeypatch.setattr(driver.store, "has", lambda key: asked.append(key) or key == there)
    items = [asking("D1", SOFTMAX_500), *(asking("D1", BOSTON_50) for _ in range(3))]
    wanted = [*items[1:], items[0]]
    driver.gather(items, Options())
    assert items == wanted
    assert len(asked) == len(set(asked)) == 2
    driver.run(items[-1].callspec.params["specs"][0])
    assert [name.split(" ")[0] for name in nodes.submitted] == ["mnist-1k-500-he"]


def _boston(driver):
    from data import load

    return load("boston"), driver.backend
