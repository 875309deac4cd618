"""A node's side: carries out an order, with what it makes in the store as the result."""

from __future__ import annotations

import importlib
import platform
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from models.cluster.errors import TooLargeError
from models.cluster.memory import free, human
from models.cluster.order import ComputingOrder, Order, Place, TrainingOrder, decoded

if TYPE_CHECKING:
    from data import Dataset
    from models.runs.store import RunStore

__all__ = ["carried_out", "carry_out", "device", "main"]


def carry_out(text: str) -> str:
    """Does what an order says, unless the store has it; where, as the JSON of a `Place`.

    Raises:
        OtherVersionsError: this node is not like the driver.
        TooLargeError: it does not fit in here.
        Exception: what the training or the computation raises.
    """
    order, node = decoded(text), platform.node()
    try:
        place = _trained(order, node) if isinstance(order, TrainingOrder) else _computed(order, node)
    except (MemoryError, RuntimeError) as error:
        if isinstance(error, MemoryError) or _says_memory(error):
            raise TooLargeError(_too_large(order, node, (str(error).splitlines() or [""])[0])) from error
        raise
    return msgspec.json.encode(place).decode()


def _trained(order: TrainingOrder, node: str) -> Place:
    from models.backend import resolve_backend
    from models.cluster.progress import reporter
    from models.cluster.task import Task
    from models.runs.key import code_identity
    from models.second_leg.descent import spec_of

    spec = spec_of(order.spec)
    backend = resolve_backend(order.backend[0])
    order.check_device(node, backend)
    order.check_code(node, code_identity(spec, backend.kind))
    if backend.kind == "cpu":
        _require_memory(order, node)
    store, (dataset,) = _reached(order, checkpoint_seconds=order.checkpoint_seconds)
    store.progress = reporter(store, order.session, store.key(spec, dataset, backend))
    run = Task(spec, store, dataset, backend)()
    return Place(node=node, key=run.key, trained=run.trained)


def _computed(order: ComputingOrder, node: str) -> Place:
    from models.runs.code import code_and_versions

    order.check_code(node, code_and_versions(order.modules, order.code["versions"]))
    _require_memory(order, node)
    store, _ = _reached(order)
    module, name = order.function
    getattr(importlib.import_module(module), name)(store, order.arguments)
    return Place(node=node, key=order.name, trained=True)


def _reached(order: Order, **options: Any) -> tuple[RunStore, list[Dataset]]:
    """The store, and the order's data sets out of it."""
    from models.cluster import luggage
    from models.runs.remote.opened import open_store

    store = open_store(
        order.store, session=order.session, refresh=order.refresh, threads=order.threads, **options
    )
    return store, [luggage.arrived(store, *each) for each in order.data]


def _require_memory(order: Order, node: str) -> None:
    if order.memory > (left := free()):
        raise TooLargeError(_too_large(order, node, f"{human(left)} are free"))


def _too_large(order: Order, node: str, why: str) -> str:
    return (
        f"got no memory for {order.name} on the node {node} ({why}), wanted some {human(order.memory)}: "
        f"choose larger nodes{', or fewer --networks' if isinstance(order, TrainingOrder) else ''}"
    )


def _says_memory(error: RuntimeError) -> bool:
    """Whether torch ran out of memory: it says so by a class of its own on CUDA, and by words on the CPU."""
    words = ("out of memory", "can't allocate memory", "not enough memory")
    return any(word in str(error) for word in words)


def carried_out(text: str) -> str:
    """`carry_out` for who reads text and no exceptions: JSON with "place", or with "error" and "message"."""
    return _told(lambda: {"place": msgspec.json.decode(carry_out(text))})


def device(kind: str) -> str:
    """JSON with "place", this node's device of a kind and its name, and "card", bytes of its own memory or 0;
    or with "error" and "message"."""
    return _told(lambda: _device(kind))


def _device(kind: str) -> dict[str, Any]:
    from models.backend import resolve_backend

    own, card = resolve_backend(kind), 0
    if own.kind == "cuda":
        import torch

        card = torch.cuda.get_device_properties(torch.cuda.current_device()).total_memory
    return {"place": (own.kind, own.device_name), "card": card}


def _told(make: Callable[[], dict[str, Any]]) -> str:
    try:
        found = make()
    except Exception as error:
        found = {"error": type(error).__name__, "message": str(error)}
    return msgspec.json.encode(found).decode()


def main(arguments: list[str]) -> int:
    """`python -m models.cluster.node order.json result.json`, for a scheduler that starts commands; with
    `--device auto` in place of the order, which device the node has."""
    *asked, last = arguments
    if asked[0] == "--device":
        found = device(asked[1])
    else:
        found = _told(lambda: {"place": msgspec.json.decode(carry_out(Path(asked[0]).read_text()))})
    result = Path(last)
    part = result.with_suffix(".part")
    part.write_text(found)
    part.replace(result)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
