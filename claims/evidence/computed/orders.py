"""Evidence made by nodes: what it takes as JSON, and a node's side of it.

Values go into the run store's evidence folder, where the process that judges finds them.
"""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from types import FunctionType
from typing import TYPE_CHECKING, Any

from claims.catalogue import CATALOGUE
from claims.catalogue.computed import Computed
from claims.evidence.cache import LIBRARIES, EvidenceCache
from claims.evidence.sources import source
from data import Dataset
from models.cluster.task import Computation

if TYPE_CHECKING:
    from models.runs.store import RunStore

__all__ = ["as_json", "carry_out", "computation", "of_json"]

_RATE = 6e8
"""Samples times squared inputs that the slowest exact claims, T2 and T3 on the digits, take in a second."""

_LEAST = 2.0
"""Seconds of the smallest."""

_BASE = 600 * 2**20
_COPIES = 6
"""Bytes of a process with its libraries, and copies of a table of integers while its moments are formed."""


def computation(name: str, some: Sequence[Computed], store: RunStore, limit: float | None) -> Computation:
    """What an executor takes, of evidence that one process makes.

    Args:
        name: for people.
        some: what is made, one after another.
        store: where its values are kept.
        limit: seconds after which it counts as hung, None for one by size.

    Raises:
        ValueError: a node could not make it: a claim that is not the catalogue's, a function or an argument
            that JSON does not hold, code that is not this project's.
    """
    sets = {one.data: source(one.data) for one in some}
    sizes = [sets[one.data].exact_table.X.shape for one in some]
    return Computation(
        name=name,
        function=carry_out,
        arguments=[as_json(one) for one in some],
        modules=tuple(sorted({name for one in some for name in _modules(one)})),
        libraries=LIBRARIES,
        store=store,
        data=tuple(of for of in sets.values() if isinstance(of, Dataset)),
        memory=_BASE + max(_COPIES * 8 * (m * d_x + d_x**2) for m, d_x in sizes),
        seconds=sum(_LEAST + m * d_x**2 / _RATE for m, d_x in sizes),
        limit=limit,
    )


def carry_out(store: RunStore, some: Sequence[dict[str, Any]]) -> None:
    """Makes all of it, unless the store has it.

    Raises:
        Exception: what the first one raises that fails; the others are made all the same.
    """
    cache, first = EvidenceCache(store.root, refresh=store.refresh, remote=store.remote), None
    for one in some:
        try:
            of_json(one).found(cache)
        except Exception as error:
            first = first or error
    if first is not None:
        raise first


def as_json(of: Computed) -> dict[str, Any]:
    """What `of_json` makes the same of, on another machine with this code.

    Raises:
        ValueError: as `computation`.
    """
    if CATALOGUE.get(of.claim.id) != of.claim:
        raise ValueError(f"got the claim {of.claim.id}, wanted one of the catalogue: nodes know no others")
    return {
        "make": _plain(of.make),
        "claim": of.claim.id,
        "setting": of.setting,
        "data": of.data,
        "arguments": {name: _plain(value) for name, value in of.arguments.items()},
    }


def of_json(content: dict[str, Any]) -> Computed:
    """The inverse.

    Raises:
        ImportError, AttributeError, KeyError: this code has not what it names.
    """
    return Computed(
        _restored(content["make"]),
        CATALOGUE[content["claim"]],
        content["setting"],
        content["data"],
        {name: _restored(value) for name, value in content["arguments"].items()},
    )


def _modules(of: Computed) -> set[str]:
    functions = [each for each in (of.make, *of.arguments.values()) if isinstance(each, FunctionType)]
    return {each.__module__ for each in functions}


def _plain(value: Any) -> Any:
    if isinstance(value, FunctionType):
        if "<" in value.__qualname__:
            raise ValueError(
                f"got the function {value.__qualname__}, wanted one at the top of a module: nodes find it by "
                "its name"
            )
        return {"function": [value.__module__, value.__qualname__]}
    if value is None or isinstance(value, str | int | float):
        return value
    raise ValueError(f"got {value!r}, wanted text, a number or a function: nodes get JSON")


def _restored(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    module, name = value["function"]
    return getattr(importlib.import_module(module), name)
