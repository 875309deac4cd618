"""Ray clusters of this machine's processes, and trainings that are long enough to be disturbed."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import Any

import psutil

from models.cluster.elsewhere import limit_of
from models.cluster.scheduler import Scheduler, Work
from models.cluster.task import Task
from models.runs.store import RunStore
from tests.helpers.specs import mlp

__all__ = ["LONG", "SHORT", "Nodes", "await_", "task", "wait", "workers_of"]

SHORT = {"data": "boston", "widths": (4,), "networks": 4, "epochs": 3, "batch": 32}
LONG = {"data": "mnist-5k", "widths": (8,), "networks": 4, "epochs": 50, "batch": 64}


def task(store: RunStore, backend: Any, usual: dict[str, Any], **changes: Any) -> Task:
    """A training on the CPU."""
    from data import load

    spec = mlp(**(usual | changes))
    return Task(spec, store, load(spec.data), backend)


def wait(executor: Any, *tasks: Task, limit: float | None = None) -> list[BaseException | None]:
    """Has the tasks done as a test run has; how each ended."""
    scheduler = Scheduler(executor.slots)
    try:
        works = [
            Work(str(i), of.spec.name, lambda of=of: executor.submit(of), limit=limit or limit_of(of))
            for i, of in enumerate(tasks)
        ]
        scheduler.add(works)
        ended = []
        for work in works:
            try:
                scheduler.wait(work.key)
                ended.append(None)
            except Exception as error:
                ended.append(error)
        return ended
    finally:
        scheduler.close()


def await_(happens: Callable[[], Any], seconds: float = 90.0) -> Any:
    """What it gives as soon as that is true."""
    end = time.monotonic() + seconds
    while not (found := happens()):
        assert time.monotonic() < end, f"did not happen within {seconds:.0f} s: {happens}"
        time.sleep(0.05)
    return found


class Nodes:
    """A head and nodes, with notice of a death within seconds.

    Args:
        cpus: of the head.
        nodes: of one CPU each.
    """

    def __init__(self, cpus: int = 0, nodes: int = 0) -> None:
        os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
        from ray.cluster_utils import Cluster

        notice = {
            "health_check_initial_delay_ms": 0,
            "health_check_period_ms": 500,
            "health_check_timeout_ms": 2000,
            "health_check_failure_threshold": 4,
        }
        given = {"num_cpus": cpus, "include_dashboard": False, "_system_config": notice}
        self.cluster = _patiently(lambda: Cluster(initialize_head=True, head_node_args=given | _SMALL))
        self.address: str = self.cluster.address
        self.nodes = [self.add() for _ in range(nodes)]

    def add(self) -> Any:
        return _patiently(lambda: self.cluster.add_node(num_cpus=1, **_SMALL))

    def kill(self, node: Any) -> None:
        """The node's processes end with SIGKILL."""
        self.cluster.remove_node(node, allow_graceful=False)

    def kill_head(self) -> None:
        self.kill(self.cluster.head_node)

    def close(self) -> None:
        self.cluster.shutdown()


def _patiently(start: Callable[[], Any], tries: int = 3) -> Any:
    """Ray gives a node 30 s to start, which a busy machine may exceed."""
    for left in reversed(range(tries)):
        try:
            return start()
        except Exception:
            if not left:
                raise
    return None


_SMALL = {"object_store_memory": 80 * 2**20}


def workers_of(node: Any) -> list[psutil.Process]:
    """The processes that train an order on a node."""
    raylet = psutil.Process(node.all_processes["raylet"][0].process.pid)
    found = []
    for process in raylet.children(recursive=True):
        try:
            if process.cmdline() and "carry_out" in process.cmdline()[0]:
                found.append(process)
        except psutil.NoSuchProcess:
            continue
    return found
