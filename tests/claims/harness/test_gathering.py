"""What the driver of a cluster gathers before the first test."""

from __future__ import annotations

from concurrent.futures import Future
from types import SimpleNamespace

import pytest

from benchmarks.driver_simulation import Finished, Item
from claims.catalogue import claim
from claims.catalogue.computed import Computed
from claims.catalogue.declaration import Declaration
from claims.catalogue.experiments import BOSTON_50, LINEAR_500, SOFTMAX_500
from claims.evidence.cache import EvidenceCache
from claims.evidence.computed.linear import proved
from claims.evidence.linear import hypotheses
from claims.harness.collection import computed_of
from claims.harness.options import Options
from claims.harness.trainings.cluster import Driver
from models.backend import Backend
from models.cluster.task import Computation
from models.runs.store import RunStore


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


HOW = {"preparation": "raw", "evidence": hypotheses.gram_rank_evidence, "instead": ""}


def computing(setting: str, group: str, **changes) -> Computes:
    """A test of H2 on Boston, in an xdist group."""

    def computes(claim, setting):
        return Computed(proved, claim, setting, "boston", HOW | changes)

    return Computes(Declaration(claim("H2"), computes=computes), f"H2-{setting}", group)


class Computes(Item):
    """What the driver asks of a test that computes."""

    def __init__(self, declaration, id, group) -> None:
        super().__init__(declaration)
        self.callspec.id = id
        self._marks = {"claim": self._mark, "xdist_group": SimpleNamespace(args=(group,))}

    def get_closest_marker(self, name):
        return self._marks.get(name)


class Computer:
    """A cluster that computes at once, in this process, and trains nothing."""

    slots = 4

    def __init__(self) -> None:
        self.submitted: list[str] = []

    def submit(self, task) -> Future[None]:
        self.submitted.append(task.name)
        handle: Future[None] = Future()
        if isinstance(task, Computation):
            try:
                handle.set_result(task())
            except ValueError as error:
                handle.set_exception(error)
        return handle

    def shutdown(self) -> None:
        pass


@pytest.fixture
def computer(tmp_path):
    """A driver of such a cluster, and the cluster; keywords are the store's."""
    drivers = []

    def start(**options):
        nodes = Computer()
        drivers.append(Driver(nodes, RunStore(tmp_path, **options), Backend("cpu", "none")))
        return drivers[-1], nodes

    yield start
    for driver in drivers:
        driver.close()


def found_by(driver, item, tmp_path):
    return driver.computed(computed_of(item), EvidenceCache(tmp_path / "own"))


def test_one_task_computes_for_the_tests_of_a_group(computer, tmp_path):
    """Nothing is computed by the process that judges, nor submitted when it is there."""
    items = [computing("a", "one"), computing("b", "one"), computing("c", "two")]
    driver, nodes = computer()
    driver.gather(items, Options())
    assert [found_by(driver, item, tmp_path).evidence.proved for item in items] == [True] * 3
    assert sorted(nodes.submitted) == ["H2 a, H2 b", "H2 c"]
    assert not (tmp_path / "own").exists()
    again, nodes = computer()
    again.gather(items, Options())
    assert found_by(again, items[0], tmp_path).evidence.proved
    assert nodes.submitted == []


def test_a_refresh_computes_again(computer, tmp_path):
    """And the answer is the new one's."""
    items = [computing("a", "one")]
    driver, _ = computer()
    driver.gather(items, Options())
    found_by(driver, items[0], tmp_path)
    (file,) = tmp_path.glob("evidence/H2-a*.json")
    before = file.stat().st_ino
    driver, nodes = computer(refresh=True)
    driver.gather(items, Options())
    found_by(driver, items[0], tmp_path)
    assert nodes.submitted == ["H2 a"]
    assert file.stat().st_ino != before


def test_what_no_node_could_make_is_made_here(computer, tmp_path):
    """A claim's own function at hand only."""
    item = computing("a", "one", evidence=lambda of: hypotheses.gram_rank_evidence(of))
    driver, nodes = computer()
    driver.gather([item], Options())
    assert nodes.submitted == []
    with pytest.raises(ValueError, match=r"got the function .*lambda"):
        found_by(driver, item, tmp_path)  # which the cache refuses, wherever it is made


def test_one_that_fails_fails_its_own_test(computer, tmp_path):
    """Others of its task have their evidence."""
    items = [computing("a", "one", preparation="stirred"), computing("b", "one")]
    driver, _ = computer()
    driver.gather(items, Options())
    assert found_by(driver, items[1], tmp_path).evidence.proved
    with pytest.raises(ValueError, match="got the preparation 'stirred'"):
        found_by(driver, items[0], tmp_path)


def test_what_is_computed_comes_before_what_is_trained(made):
    """Its tests too: they wait for seconds, and trainings for minutes."""
    driver, _, _ = made
    items = [asking("D1", SOFTMAX_500), computing("a", "one"), asking("D1", BOSTON_50)]
    wanted = [items[1], items[0], items[2]]
    driver._computing._executor = Computer()
    driver.gather(items, Options())
    assert items == wanted


def _boston(driver):
    from data import load

    return load("boston"), driver.backend
