"""A node's side: carries out an order, with the run in the store as the result."""

from __future__ import annotations

import platform
import sys
from pathlib import Path
from typing import Any

import msgspec

from models.cluster.errors import TooLargeError
from models.cluster.memory import free, human
from models.cluster.order import Order, Place

__all__ = ["PROGRESS", "carry_out", "main"]

PROGRESS = "progress"
"""Where in the store nodes say how far they are, a folder a test run."""


def carry_out(text: str) -> str:
    """Trains what an order says, unless the store has it; where, as the JSON of a `Place`.

    Raises:
        OtherVersionsError: this node is not like the driver.
        TooLargeError: the experiment does not fit in here.
        Exception: what the training raises.
    """
    from models.backend import resolve_backend
    from models.cluster import luggage
    from models.cluster.progress import reporter
    from models.cluster.task import Task
    from models.runs.key import code_identity
    from models.runs.remote.opened import open_store
    from models.second_leg.descent import spec_of

    order, node = Order.decoded(text), platform.node()
    spec = spec_of(order.spec)
    backend = resolve_backend(order.backend[0])
    order.check(node, backend, code_identity(spec, backend.kind))
    if backend.kind == "cpu" and order.memory > (left := free()):
        raise TooLargeError(_too_large(order, node, f"{human(left)} are free"))
    store = open_store(order.store, session=order.session, refresh=order.refresh, threads=order.threads)
    dataset = luggage.arrived(store, *order.data)
    store.progress = reporter(store, order.session, store.key(spec, dataset, backend))
    try:
        run = Task(spec, store, dataset, backend)()
    except (MemoryError, RuntimeError) as error:
        if isinstance(error, MemoryError) or _says_memory(error):
            raise TooLargeError(_too_large(order, node, str(error).splitlines()[0])) from error
        raise
    return msgspec.json.encode(Place(node=node, key=run.key, trained=run.trained)).decode()


def _too_large(order: Order, node: str, why: str) -> str:
    return (
        f"got no memory for {order.name} on the node {node} ({why}), wanted some {human(order.memory)}: "
        "choose larger nodes, or fewer --networks"
    )


def _says_memory(error: RuntimeError) -> bool:
    """Whether torch ran out of memory: it says so by a class of its own on CUDA, and by words on the CPU."""
    words = ("out of memory", "can't allocate memory", "not enough memory")
    return any(word in str(error) for word in words)


def main(arguments: list[str]) -> int:
    """`python -m models.cluster.node order.json result.json`, for a scheduler that starts commands; with
    `--device auto` in place of the order, which device the node has."""
    *asked, last = arguments
    result = Path(last)
    found: dict[str, Any]
    try:
        if asked[0] == "--device":
            from models.backend import resolve_backend

            own = resolve_backend(asked[1])
            found = {"place": (own.kind, own.device_name)}
        else:
            found = {"place": msgspec.json.decode(carry_out(Path(asked[0]).read_text()))}
    except Exception as error:
        found = {"error": type(error).__name__, "message": str(error)}
    part = result.with_suffix(".part")
    part.write_bytes(msgspec.json.encode(found))
    part.replace(result)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
