"""What a node is told: a task as plain JSON, with all that the node must have in common with the driver."""

from __future__ import annotations

from typing import Any, TypeAlias

import msgspec

from data.packed import packed_digest
from models.backend import Backend
from models.cluster.errors import OtherVersionsError
from models.cluster.task import Computation, Task
from models.runs.code import code_and_versions
from models.runs.key import code_identity

__all__ = [
    "ComputingOrder",
    "Order",
    "Place",
    "TrainingOrder",
    "computing_order",
    "decoded",
    "training_order",
]


class _Order(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind"):
    """One task for a node.

    Attributes:
        name: for people.
        store: a folder that the nodes share, or the address of an object store.
        code: digest of the code that it takes, and the versions of the libraries whose arithmetic it takes.
        data: names and digests of its data sets, which lie in the store.
        memory: bytes that it is expected to need.
        session: names the test run, for refreshes and progress.
        refresh: make again even what the store has.
        threads: most threads to use.
    """

    name: str
    store: str
    code: dict[str, Any]
    data: tuple[tuple[str, str], ...]
    memory: int
    session: str
    refresh: bool = False
    threads: int = 1

    def encoded(self) -> str:
        """As one line of JSON."""
        return msgspec.json.encode(self).decode()

    def check_code(self, node: str, code: dict[str, Any]) -> None:
        """Holds a node to the driver's code and versions.

        Raises:
            OtherVersionsError: it differs; what it makes would.
        """
        if self.code == code:
            return
        theirs, wanted = code["versions"], self.code["versions"]
        differ = [
            f"{library} {theirs.get(library)} in place of {version}"
            for library, version in wanted.items()
            if theirs.get(library) != version
        ]
        raise OtherVersionsError(
            f"got {', '.join(differ or ['other code of this project'])} on the node {node}, wanted what the "
            "driver has: its runs would be others; install the driver's versions there"
        )


class TrainingOrder(_Order, frozen=True, kw_only=True, tag="training"):
    """One training.

    Attributes:
        spec: of the experiment or the descent, as JSON.
        backend: kind and name of the device that the driver judges by.
        checkpoint_seconds: least time between two checkpoints.
    """

    spec: dict[str, Any]
    backend: tuple[str, str]
    checkpoint_seconds: float

    @property
    def device(self) -> str:
        """The kind that it wants."""
        return self.backend[0]

    def check_device(self, node: str, own: Backend) -> None:
        """Holds a node to the driver's device.

        Raises:
            OtherVersionsError: it is another.
        """
        if self.backend != (own.kind, own.device_name):
            raise OtherVersionsError(
                f"got the device {own.kind} {own.device_name} on the node {node}, wanted "
                f"{' '.join(self.backend)} as on the others: no verdict mixes devices; take nodes of one kind"
            )


class ComputingOrder(_Order, frozen=True, kw_only=True, tag="computing"):
    """One computation.

    Attributes:
        function: module and name of what is called with the store and the arguments.
        arguments: plain JSON.
        modules: whose code it takes.
    """

    function: tuple[str, str]
    arguments: Any
    modules: tuple[str, ...]

    @property
    def device(self) -> str:
        """The kind that it wants: exact arithmetic knows only one."""
        return "cpu"


Order: TypeAlias = TrainingOrder | ComputingOrder


def decoded(text: str) -> Order:
    """The order that was `encoded`.

    Raises:
        ValueError: it is the JSON of none.
    """
    try:
        return msgspec.json.decode(text, type=Order)
    except msgspec.MsgspecError as error:
        raise ValueError(f"got {text[:200]!r}, wanted the JSON of an order: {error}") from error


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Where an order was carried out.

    Attributes:
        node: its host's name.
        key: the run's, in the store; of a computation its name.
        trained: whether it was trained there rather than found; of a computation True.
    """

    node: str
    key: str
    trained: bool


def training_order(task: Task, *, memory: int, threads: int) -> TrainingOrder:
    """The task for a node; its data set has to be in the store (`models.cluster.luggage`)."""
    spec, backend = task.spec, task.backend
    return TrainingOrder(
        spec=spec.as_json(),
        name=spec.name,
        store=task.store.address,
        backend=(backend.kind, backend.device_name),
        code=code_identity(spec, backend.kind),
        data=((task.data.name, packed_digest(task.data)),),
        memory=memory,
        session=task.store.session,
        refresh=task.store.refresh,
        threads=threads,
        checkpoint_seconds=task.store.checkpoint_seconds,
    )


def computing_order(task: Computation, *, threads: int) -> ComputingOrder:
    """The computation for a node; its data sets have to be in the store."""
    function = task.function
    return ComputingOrder(
        function=(function.__module__, function.__qualname__),
        arguments=task.arguments,
        modules=task.modules,
        name=task.name,
        store=task.store.address,
        code=code_and_versions(task.modules, task.libraries),
        data=tuple((of.name, packed_digest(of)) for of in task.data),
        memory=task.memory,
        session=task.store.session,
        refresh=task.store.refresh,
        threads=threads,
    )
