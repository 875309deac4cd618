"""The driver of a cluster: which test comes next, what a later look submits, and what is refused."""

from __future__ import annotations

from concurrent.futures import Future
from dataclasses import replace

import pytest

from benchmarks.driver_simulation import Finished, Item
from claims.catalogue import claim
from claims.catalogue.declaration import Declaration
from claims.catalogue.experiments import BOSTON_50, LINEAR_500, SOFTMAX_500
from claims.harness.options import Options
from claims.harness.provenance import require_one_device
from claims.harness.trainings.cluster import Driver
from models.backend import Backend
from models.cluster.errors import ExecutorError
from models.runs.run import Run


class Held:
    """A cluster whose tasks the test ends by hand."""

    slots = 100

    def __init__(self) -> None:
        self.tasks: dict[str, tuple[object, Future[None]]] = {}

    def submit(self, task) -> Future[None]:
        handle: Future[None] = Future()
        self.tasks[task.store.key(task.spec, task.data, task.backend)] = (task, handle)
        return handle

    def shutdown(self) -> None:
        pass


def asking(training, **changes) -> Item:
    spec = Options().sizes.experiment(training, "he", networks=4)
    return Item(Declaration(claim("D1")), replace(spec, **changes) if changes else spec)


def spec_of(item):
    return item.callspec.params["specs"][0]


@pytest.fixture
def nodes():
    return Held()


@pytest.fixture
def trained():
    """Keys of the runs that the store has."""
    return set()


@pytest.fixture
def driver(tmp_path, nodes, trained):
    store = Finished(tmp_path, trained)
    store.has = trained.__contains__
    made = Driver(nodes, store, Backend("cpu", "none"))
    yield made
    made.close()


def ended(driver, nodes, trained, spec, error=None) -> None:
    """Lets the run's task end, and waits until the driver knows."""
    key = driver._key(spec)
    for _ in range(2000):
        if key in nodes.tasks:
            break
        driver.scheduler._changed.acquire()
        driver.scheduler._changed.wait(0.005)
        driver.scheduler._changed.release()
    trained.add(key)
    handle = nodes.tasks[key][1]
    handle.set_result(None) if error is None else handle.set_exception(error)
    try:
        driver.scheduler.wait(key)
    except type(error):
        pass


def test_tests_whose_runs_have_come_go_before_those_that_wait(driver, nodes, trained):
    """The one that pytest has named already keeps its place; so does every other test, once."""
    items = [asking(SOFTMAX_500), asking(LINEAR_500), asking(LINEAR_500), asking(BOSTON_50)]
    driver.gather(items, Options())
    first, second, third, last = items
    ended(driver, nodes, trained, spec_of(last))
    driver.choose_next(items, first)
    assert items == [first, second, last, third]
    ended(driver, nodes, trained, spec_of(third))
    for item in (second, last, third):
        driver.choose_next(items, item)
    assert items == [first, second, last, third]


def test_a_failed_run_is_no_reason_to_wait(driver, nodes, trained):
    """Its test comes as early as one whose run is there, and fails with its message."""
    items = [asking(SOFTMAX_500), asking(LINEAR_500), asking(LINEAR_500), asking(BOSTON_50)]
    driver.gather(items, Options())
    last = items[-1]
    ended(driver, nodes, trained, spec_of(last), ExecutorError("no such node"))
    driver.choose_next(items, items[0])
    assert items[2] is last
    with pytest.raises(ExecutorError, match="no such node"):
        driver.run(spec_of(last))


def test_a_later_look_is_submitted_when_it_comes(driver, nodes, trained):
    """The first look's networks were gathered; others are submitted by whoever asks, and waited for."""
    item = asking(BOSTON_50)
    driver.gather([item], Options())
    spec = spec_of(item)
    later = spec.of_networks(4, 8)
    trained_now = []
    nodes_submit = nodes.submit

    def submit(task):
        handle = nodes_submit(task)
        if task.spec == later:
            trained_now.append(task.spec)
            trained.add(driver._key(later))
            handle.set_result(None)
        return handle

    nodes.submit = submit
    assert driver.run(later).trained
    assert trained_now == [later]
    assert driver.run(later) is not None
    assert trained_now == [later]


def test_a_run_that_was_there_was_not_trained_now(driver, nodes, trained):
    """And nothing is submitted for it."""
    item = asking(BOSTON_50)
    trained.add(driver._key(spec_of(item)))
    driver.gather([item], Options())
    driver.run(spec_of(item))
    assert nodes.tasks == {}


def of_device(name: str, node: str = "") -> Run:
    about = {"backend": {"kind": "cuda", "device_name": name}}
    return Run(spec_of(asking(BOSTON_50)), {}, "key", provenance=about, node=node)


def test_runs_of_two_devices_are_refused():
    """By both names, and the nodes where they are known; runs of one, or of none, are not."""
    require_one_device([of_device("H200", "n1"), of_device("H200", "n2")])
    require_one_device([])
    with pytest.raises(ValueError, match=r"on cuda H200 of n1; .* on cuda H100 of n2\), wanted one device"):
        require_one_device([of_device("H200"), of_device("H200", "n1"), of_device("H100", "n2")])
