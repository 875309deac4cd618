"""How far the nodes are: small files in the store, or objects, that the driver reads while it waits."""

from __future__ import annotations

import os
import platform
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from models.runs import progress
from models.runs.progress import Progress, Reporter

if TYPE_CHECKING:
    from models.experiment import Experiment
    from models.runs.store import RunStore
    from models.second_leg.descent import Descent

__all__ = ["EVERY", "clear", "read", "reporter"]

EVERY = 2.0
"""Least seconds between two words of a node: they cross a network."""


def _folder(session: str) -> str:
    return f"progress/{session}"


def reporter(store: RunStore, session: str, key: str) -> Callable[[Experiment | Descent, int, Any], None]:
    """What a node's store calls while it trains the run of this key. Nothing that goes wrong with it stops a
    training."""
    node = platform.node()
    if store.remote is not None:
        remote, name = store.remote, f"{_folder(session)}/{key}.progress"
        return Reporter(None, key, put=lambda content: remote.write(name, content), every=EVERY, node=node)
    folder = store.root / _folder(session)
    with suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
    return Reporter(folder, key, every=EVERY, node=node)


def read(store: RunStore, session: str) -> list[Progress]:
    """What the nodes say now."""
    if store.remote is None:
        return progress.read(store.root / _folder(session))
    found = []
    with suppress(OSError):
        for name in store.remote.names(f"{_folder(session)}/"):
            if (content := store.remote.read(name)) and (one := progress.decoded(content)):
                found.append(one)
    return found


def clear(store: RunStore, session: str) -> None:
    """Takes away what a run's nodes have said."""
    with suppress(OSError):
        if store.remote is not None:
            for name in store.remote.names(f"{_folder(session)}/"):
                store.remote.remove(name)
        folder: Path = store.root / _folder(session)
        for path in folder.glob("*"):
            path.unlink()
        os.rmdir(folder)
