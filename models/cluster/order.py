"""What a node is told: a task as plain JSON, with all that the node must have in common with the driver."""

from __future__ import annotations

from typing import Any

import msgspec

from models.backend import Backend
from models.cluster.errors import OtherVersionsError
from models.cluster.task import Task
from models.runs.key import code_identity

__all__ = ["Order", "Place", "order_of"]


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """One training for a node.

    Attributes:
        spec: of the experiment or the descent, as JSON.
        name: for people.
        store: a folder that the nodes share, or the address of an object store.
        backend: kind and name of the device that the driver judges by.
        code: digest of the code that trains, and the versions of the libraries whose arithmetic it uses.
        data: name and digest of the data set, which lies in the store.
        memory: bytes that it is expected to need.
        session: names the test run, for refreshes and progress.
        refresh: train again even what the store has.
        threads: most threads to use.
        checkpoint_seconds: least time between two checkpoints.
    """

    spec: dict[str, Any]
    name: str
    store: str
    backend: tuple[str, str]
    code: dict[str, Any]
    data: tuple[str, str]
    memory: int
    session: str
    refresh: bool = False
    threads: int = 1
    checkpoint_seconds: float

    def encoded(self) -> str:
        """As one line of JSON."""
        return msgspec.json.encode(self).decode()

    @classmethod
    def decoded(cls, text: str) -> Order:
        """The inverse.

        Raises:
            ValueError: it is the JSON of none.
        """
        try:
            return msgspec.json.decode(text, type=cls)
        except msgspec.MsgspecError as error:
            raise ValueError(f"got {text[:200]!r}, wanted the JSON of an order: {error}") from error

    def check(self, node: str, own: Backend, code: dict[str, Any]) -> None:
        """Holds a node to the driver's device, code and versions.

        Raises:
            OtherVersionsError: it differs; a run's bytes would.
        """
        if self.backend != (own.kind, own.device_name):
            raise OtherVersionsError(
                f"got the device {own.kind} {own.device_name} on the node {node}, wanted "
                f"{' '.join(self.backend)} as on the others: no verdict mixes devices; take nodes of one kind"
            )
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


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Where an order was carried out.

    Attributes:
        node: its host's name.
        key: the run's, in the store.
        trained: whether it was trained there rather than found.
    """

    node: str
    key: str
    trained: bool


def order_of(task: Task, *, memory: int, threads: int) -> Order:
    """The task for a node; its data set has to be in the store (`models.cluster.luggage`)."""
    spec, backend = task.spec, task.backend
    return Order(
        spec=spec.as_json(),
        name=spec.name,
        store=task.store.address,
        backend=(backend.kind, backend.device_name),
        code=code_identity(spec, backend.kind),
        data=(task.data.name, task.data.training_digest),
        memory=memory,
        session=task.store.session,
        refresh=task.store.refresh,
        threads=threads,
        checkpoint_seconds=task.store.checkpoint_seconds,
    )
