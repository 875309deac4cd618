"""`python -m benchmarks.driver_simulation --tasks 1000 10000 100000`: what a cluster's driver does itself.

The real driver and scheduler: tests are gathered, their trainings submitted as orders, waited for, and the
next test is chosen. Only the nodes are missing: a few threads end each task as soon as it was submitted, one
in a hundred is lost once, one in a thousand fails, and a run has no arrays. Each experiment has two tests,
one about its training and one about where its second leg ends, so that there are as many tests as tasks.

Each size has a process of its own, whose memory is counted from before there are any tests. With `--to` a
folder gets the figures, as driver.json and as a page, driver.md.
"""

from __future__ import annotations

import argparse
import json
import queue
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psutil
from tabulate import tabulate

from benchmarks.machine import describe
from claims.catalogue import claim
from claims.catalogue.declaration import Declaration
from claims.catalogue.experiments import LINEAR_500
from claims.harness.options import Options
from claims.harness.trainings.cluster import Driver, needs
from models.backend import Backend
from models.cluster.elsewhere import Orders
from models.cluster.errors import ExecutorError, LostError
from models.cluster.scheduler import Scheduler
from models.cluster.task import Task
from models.experiment import Experiment
from models.runs.cache import RunCache
from models.runs.run import Run
from models.runs.store import RunStore

__all__ = ["NAME", "Finished", "Item", "Nodes", "calls", "items_of", "main", "simulate"]

NETWORKS = 32
"""Of a task."""

LOST, FAILING = 100, 1000
"""One task in so many is lost once, one in so many fails."""

NAME = "driver"
"""Of the files of figures."""


class Nodes:
    """A cluster that takes no time: its threads end every task at once, well or not.

    Args:
        slots: tasks that may be submitted at a time.
        threads: that end them.
    """

    def __init__(self, slots: int = 64, threads: int = 2) -> None:
        self.slots, self.submitted, self.trained = slots, 0, set[str]()
        self._orders, self._lost = Orders(threads=2), set[int]()
        self._queue: queue.SimpleQueue[tuple[int, str, Future[None]] | None] = queue.SimpleQueue()
        self._threads = [threading.Thread(target=self._work, daemon=True) for _ in range(threads)]
        for thread in self._threads:
            thread.start()

    def backend(self, kind: str) -> Backend:
        """That of every node."""
        return Backend("cpu", "cpu of no node")

    def submit(self, task: Task) -> Future[None]:
        """Writes its order, as for a real node."""
        self._orders.of(task).encoded()
        self.submitted += 1
        handle: Future[None] = Future()
        key = task.store.key(task.spec, task.data, task.backend)
        self._queue.put((task.spec.numbers[0] // NETWORKS, key, handle))
        return handle

    def shutdown(self) -> None:
        """Its threads end."""
        for _ in self._threads:
            self._queue.put(None)
        for thread in self._threads:
            thread.join()

    def _work(self) -> None:
        while (taken := self._queue.get()) is not None:
            number, key, handle = taken
            handle.set_running_or_notify_cancel()
            if number % LOST == 7 and key not in self._lost:
                self._lost.add(key)
                handle.set_exception(LostError("the node is gone"))
            elif number % FAILING == 11:
                handle.set_exception(ValueError("the loss is not finite"))
            else:
                self.trained.add(key)
                handle.set_result(None)


class Finished(RunStore):
    """A run store in which the nodes leave nothing but a run's name.

    Args:
        root: its folder.
        trained: keys of the runs that are there.
    """

    def __init__(self, root: Path, trained: set[str]) -> None:
        super().__init__(root, session="simulated")
        self._trained = trained

    def _read(self, spec: Any, key: str, *_: Any) -> Run | None:
        return Run(spec, {}, key) if key in self._trained else None


class Item:
    """What the driver asks of a collected test.

    Args:
        declaration: of a claim.
        specs: what it trains.
    """

    def __init__(self, declaration: Declaration, *specs: Experiment) -> None:
        self._mark = SimpleNamespace(args=(declaration,))
        self.callspec = SimpleNamespace(params={"specs": specs})

    def get_closest_marker(self, _: str) -> Any:
        """The only one it has."""
        return self._mark


def items_of(tasks: int, options: Options) -> list[Any]:
    """Tests that ask for so many trainings: an experiment has two legs, and two tests."""
    declared = [Declaration(claim(id)) for id in ("D1", "E1")]  # of the training; of where it ends
    found = []
    for number in range(tasks // 2):
        spec = options.sizes.experiment(LINEAR_500, "he", first=NETWORKS * number, networks=NETWORKS)
        found += [Item(one, spec) for one in declared]
    return found


def simulate(tasks: int, folder: Path, clock: Callable[[], float] = time.monotonic) -> dict[str, float]:
    """One test run of so many trainings: seconds by part and of the processor, how many tests failed, and
    the bytes by which the process has grown when the last test has ended, when all is kept.

    Args:
        tasks: trainings, an even number.
        folder: for the store.
        clock: the scheduler's.
    """
    before = psutil.Process().memory_info().rss
    options, nodes = Options(), Nodes()
    driver = Driver(nodes, Finished(folder, nodes.trained), nodes.backend("auto"))
    driver.scheduler = Scheduler(nodes.slots, clock)
    items = items_of(tasks, options)
    began, worked = time.perf_counter(), time.process_time()
    driver.gather(items, options)
    gathered = time.perf_counter()
    train, failed = RunCache(driver.run), 0
    for item in items:
        driver.choose_next(items, item)
        try:
            for spec in needs(item, options):
                train(spec)
        except (ExecutorError, ValueError):
            failed += 1
    ended, worked = time.perf_counter(), time.process_time() - worked
    held = psutil.Process().memory_info().rss
    driver.close()
    return {
        "tasks": tasks,
        "gather": gathered - began,
        "tests": ended - gathered,
        "worked": worked,
        "submitted": nodes.submitted,
        "failed": failed,
        "held": held - before,
    }


def calls(work: Callable[[], object]) -> int:
    """How many functions of this project's the work calls, in all of its threads."""
    root, count = str(Path(__file__).parents[1]), 0

    def seen(frame: Any, event: str, _: object) -> None:
        nonlocal count
        count += event == "call" and frame.f_code.co_filename.startswith(root)

    threading.setprofile(seen)
    sys.setprofile(seen)
    try:
        work()
    finally:
        sys.setprofile(None)
        threading.setprofile(None)  # type: ignore[arg-type]
    return count


def _one(tasks: int) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as folder:
        simulate(10, Path(folder) / "first")  # what is loaded once is no cost of a task
        return simulate(tasks, Path(folder) / "store")


_COLUMNS = ("tasks", "submitted", "tests failed", "gathering, s", "tests, s", "processor, s", "ms a task")


def _page(rows: list[dict[str, float]]) -> str:
    about = describe()
    shown = [
        [
            *(f"{row[name]:,}" for name in ("tasks", "submitted", "failed")),
            *(f"{row[name]:.2f}" for name in ("gather", "tests", "worked")),
            f"{1e3 * row['worked'] / row['tasks']:.3f}",
            f"{row['held'] / 2**20:.0f}",
            f"{row['held'] / row['tasks']:,.0f}",
        ]
        for row in rows
    ]
    table = tabulate(shown, [*_COLUMNS, "MiB", "bytes a task"], tablefmt="pipe", disable_numparse=True)
    return (
        "# The driver, simulated\n\n"
        f"`python -m benchmarks.driver_simulation` on {about['cpu']}, {about['cores']} cores, Python "
        f"{about['python']}.\nWhat is simulated: benchmarks/README.md. `processor` is the time of all "
        "threads, the nodes' two among them, and `ms a\ntask` is of it: other processes that want the cores "
        "do not lengthen it.\n\n"
        f"{table}\n"
    )


def main(arguments: list[str]) -> None:
    """Each size in a process of its own."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.driver_simulation", description=__doc__)
    parser.add_argument("--tasks", type=int, nargs="+", default=[1_000, 10_000, 100_000])
    parser.add_argument("--to", type=Path, help="folder of the figures")
    parser.add_argument("--one", type=int, help=argparse.SUPPRESS)
    given = parser.parse_args(arguments)
    if given.one is not None:
        print(json.dumps(_one(given.one)))
        return
    rows = []
    for tasks in given.tasks:
        command = [sys.executable, "-m", "benchmarks.driver_simulation", "--one", str(tasks)]
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
        rows.append(json.loads(done.stdout.splitlines()[-1]))
    page = _page(rows)
    print(page)
    if given.to is not None:
        (given.to / f"{NAME}.md").write_text(page)
        (given.to / f"{NAME}.json").write_text(json.dumps(rows, indent=1) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
