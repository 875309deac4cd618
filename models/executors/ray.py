"""Trains as tasks of a Ray cluster: `--executor ray --executor-option address=HOST:PORT`.

The code of this checkout travels as the runtime environment of the job, an order and its answer are JSON
text, data and runs go through the store. Ray places the tasks by the CPUs, memory and share of a GPU that
they want, and retries none: `models.cluster.scheduler` does, from the last checkpoint.
"""

from __future__ import annotations

import threading
import time
from concurrent.futures import InvalidStateError
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import msgspec

from models.cluster.elsewhere import Handle, Orders, whole
from models.cluster.errors import (
    ClusterGoneError,
    ExecutorError,
    LateError,
    OtherVersionsError,
    TooLargeError,
    named,
)
from models.cluster.memory import human, share
from models.cluster.order import Order, Place, TrainingOrder
from models.cluster.ray import remote
from models.cluster.ray.connection import Connection, reached
from models.cluster.ray.meaning import meaning

if TYPE_CHECKING:
    from models.backend import Backend
    from models.cluster.task import Computation, Task

__all__ = ["Executor"]

_ASKED = 0.2
"""Seconds after which a new task is looked at with the others."""

_BEAT = 1.0
_MISSED = 3
"""Seconds between two looks at the head of the cluster, and how many of them without an answer end all."""

_ALONE = 30.0
"""Seconds without a node that could train, after which nothing is waited for."""

_LEFT = 5.0
"""Seconds in which a look at the cluster ends that is under way when all is over."""

_ANSWER = 180.0
"""Seconds in which a node says what device it has: it may have to import its libraries over the network."""

_GLANCE = 0.001
"""Share of a GPU to ask a node about it: Ray hides GPUs from tasks without any."""


class Executor:
    """Tasks of Ray.

    Args:
        address: of the cluster's head, "HOST:PORT"; "auto" for the cluster that this machine is a node of,
            "local" for one that is started here and ends with the tests.
        cpus: of a task, and threads.

    Attributes:
        places: where orders were carried out, in the order in which they ended.

    Raises:
        ValueError: an option that is none.
        ExecutorError: Ray is not installed, there is no such cluster, or it has no node for a task.
    """

    def __init__(self, address: str = "auto", cpus: str = "1") -> None:
        self.cpus = whole("cpus", cpus)
        self._orders = Orders(self.cpus)
        self._connection = Connection(address)
        self._ray = self._connection.ray
        self._carry_out = self._ray.remote(num_returns="streaming", max_retries=0)(remote.carry_out)
        self._card = 0
        self.places: list[Place] = []
        self._open: dict[Any, tuple[Handle, Order]] = {}
        self._node: dict[Any, str] = {}
        self._lock, self._closed = threading.Lock(), threading.Event()
        self._gone: ClusterGoneError | None = None
        try:
            nodes = self._nodes()
            self._slots, self._largest = self._count_slots(nodes), _memory(nodes)
        except BaseException:
            self._connection.close()
            raise
        looks = (self._hear, self._watch)
        self._threads = [
            threading.Thread(target=look, name=f"ray {look.__name__}", daemon=True) for look in looks
        ]
        for thread in self._threads:
            thread.start()

    @property
    def slots(self) -> int:
        """Tasks that the nodes have CPUs for: of a node that joins, within seconds."""
        return self._slots

    def backend(self, kind: str) -> Backend:
        """What the nodes have; all are asked. Of "auto" it is CUDA where any node has it.

        Raises:
            OtherVersionsError: their devices differ.
            LateError: a node does not answer.
            ExecutorError: none has a device of this kind.
        """
        from models.backend import Backend

        answers = self._devices(kind)
        kinds = {answer["place"][0] for answer in answers.values()}
        best = next(of for of in ("cuda", "mps", "cpu") if of in kinds)
        found = {node: answer for node, answer in answers.items() if answer["place"][0] == best}
        devices = {answer["place"][1] for answer in found.values()}
        if len(devices) > 1:
            each = "; ".join(f"{node}: {answer['place'][1]}" for node, answer in sorted(found.items()))
            raise OtherVersionsError(
                f"got different devices ({each}), wanted one: their runs would differ; leave nodes out of "
                "the cluster, or name a device that all have with --backend"
            )
        self._card = min(answer["card"] for answer in found.values())
        return Backend(best, devices.pop())

    def submit(self, task: Task | Computation) -> Handle:
        """A task that carries out the order."""
        if self._gone is not None:
            raise self._gone
        return self._sent(self._orders.of(task))

    def _sent(self, order: Order) -> Handle:
        asked = self._wanted(order)
        results = self._carry_out.options(**asked).remote(order.encoded())
        handle = Handle(lambda: self._ray.cancel(results, force=True))
        with self._lock:
            self._open[results] = (handle, order)
        return handle

    def shutdown(self) -> None:
        """Cancels the tasks and leaves the cluster."""
        self._closed.set()
        for thread in self._threads:
            thread.join(_LEFT)
        if self._gone is None:
            for handle, _ in self._open.values():
                handle.cancel()
        self._connection.close()

    # -- resources ------------------------------------------------------------------------

    def _nodes(self) -> list[dict[str, Any]]:
        """Nodes that a task can run on."""
        return [
            node
            for node in self._ray.nodes()
            if node["Alive"] and node["Resources"].get("CPU", 0) >= self.cpus
        ]

    def _count_slots(self, nodes: list[dict[str, Any]]) -> int:
        slots = sum(int(node["Resources"]["CPU"]) // self.cpus for node in nodes)
        if not slots:
            raise ClusterGoneError(
                f"got a Ray cluster at {self._connection.head} without a node of {self.cpus} CPUs, wanted "
                "one: add a node, or choose fewer with --executor-option cpus=1"
            )
        return slots

    def _wanted(self, order: Order) -> dict[str, Any]:
        """What Ray is to reserve for an order; what no node has would wait for ever."""
        if order.memory > self._largest:
            raise _too_large(order, "of memory on the largest node", self._largest)
        asked: dict[str, Any] = {"num_cpus": self.cpus, "memory": order.memory}
        if isinstance(order, TrainingOrder) and order.device == "cuda":
            asked["num_gpus"] = share(order.memory, self._card)
            if not asked["num_gpus"]:
                raise _too_large(order, f"on the card {order.backend[1]}", self._card)
        return asked

    def _devices(self, kind: str) -> dict[str, Any]:
        """What each node that has such a device says, by the node's name."""
        from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

        asked = {}
        for node in self._nodes():
            gpu = _GLANCE if kind != "cpu" and node["Resources"].get("GPU") else 0
            function = self._ray.remote(remote.device).options(
                num_cpus=0,
                num_gpus=gpu,
                max_retries=1,
                scheduling_strategy=NodeAffinitySchedulingStrategy(node["NodeID"], soft=False),
            )
            name = f"{node['NodeManagerHostname']} ({node['NodeID'][:6]})"
            asked[function.remote(kind)] = name
        ready, late = self._ray.wait(list(asked), num_returns=len(asked), timeout=_ANSWER)
        if late:
            raise LateError(
                f"got no answer within {_ANSWER:.0f} s from {', '.join(sorted(asked[of] for of in late))}, "
                "wanted each node's device: see `ray status`, or leave them out of the cluster"
            )
        answers: dict[str, Any] = {}
        for one in ready:
            try:
                answers[asked[one]] = msgspec.json.decode(self._ray.get(one))
            except self._ray.exceptions.RayError as error:
                raise ExecutorError(f"got no device of the node {asked[one]}: {error}") from error
        having = {node: answer for node, answer in answers.items() if "place" in answer}
        if not having:
            name, answer = next(iter(answers.items()))
            raise ExecutorError(f"the node {name}: {answer['message']}")
        return having

    # -- what comes back ------------------------------------------------------------------

    def _hear(self) -> None:
        """Takes what tasks say as it comes."""
        seen = time.monotonic()
        while not self._closed.is_set():
            with self._lock:
                waiting = list(self._open)
            if not waiting:
                self._closed.wait(_ASKED)
                continue
            with suppress(Exception):  # of Ray's, when the cluster is going down: the watch says so
                for results in self._ray.wait(waiting, num_returns=1, timeout=_ASKED)[0]:
                    self._take(results)
                if time.monotonic() - seen > _ALONE / 3:
                    seen = self._look_for_nodes(seen)

    def _take(self, results: Any) -> None:
        handle, order = self._open[results]
        node = self._node.get(results, "")
        try:
            said = msgspec.json.decode(self._ray.get(next(results)))
        except Exception as error:
            return self._end(results, meaning(error, order, node))
        if "began" in said:
            self._node[results] = said["began"]
            handle.set_running_or_notify_cancel()
        elif "error" in said:
            self._end(results, named(said["error"], said["message"]))
        else:
            self.places.append(msgspec.convert(said["place"], Place))
            self._end(results, None)

    def _end(self, results: Any, error: ExecutorError | Exception | None) -> None:
        with self._lock:
            found = self._open.pop(results, None)
            self._node.pop(results, None)
        with suppress(InvalidStateError):  # cancelled, or ended by the watch
            if found is not None and error is not None:
                found[0].set_exception(error)
            elif found is not None:
                found[0].set_result(None)

    # -- the cluster itself ---------------------------------------------------------------

    def _watch(self) -> None:
        """Ends all when the head is gone: Ray says nothing for a minute, and then ends this process."""
        missed = 0
        while not self._closed.wait(_BEAT) and self._gone is None:
            missed = 0 if reached(self._connection.head) else missed + 1
            if missed == _MISSED:
                self._end_all(f"the head of the Ray cluster at {self._connection.head} is gone")

    def _look_for_nodes(self, seen: float) -> float:
        """When there was last a node that could train."""
        now = time.monotonic()
        nodes = self._nodes()
        if not nodes:
            if now - seen > _ALONE:
                self._end_all(
                    f"no node of {self.cpus} CPUs is left in the Ray cluster at {self._connection.head}"
                )
            return seen
        self._slots, self._largest = self._count_slots(nodes), _memory(nodes)
        return now

    def _end_all(self, what: str) -> None:
        self._gone = ClusterGoneError(
            f"{what}: what is finished is kept in the store; call again with a cluster that runs, and the "
            "rest is trained"
        )
        with self._lock:
            waiting = list(self._open)
        for results in waiting:
            self._end(results, self._gone)


def _memory(nodes: list[dict[str, Any]]) -> int:
    return max(int(node["Resources"].get("memory", 0)) for node in nodes)


def _too_large(order: Order, where: str, there: int) -> TooLargeError:
    return TooLargeError(
        f"got {human(there)} {where}, wanted some {human(order.memory)} for {order.name}: choose larger "
        f"nodes{', or fewer --networks' if isinstance(order, TrainingOrder) else ''}"
    )
