"""What tests do to the files of a run store, and what they see there."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from models.runs.code import code_digest
from models.runs.content import ValueStore
from models.runs.upkeep.inventory import Kind, State, inventory
from tests.models.runs.counted_store import Counted

__all__ = ["evidence", "flip", "states", "stop", "swapped", "truncate"]


def flip(path: Path, place: float = 0.5) -> None:
    content = bytearray(path.read_bytes())
    content[int(place * (len(content) - 1))] ^= 1
    path.write_bytes(content)


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-20])


def swapped(path: Path, make: Callable[[Path], None]) -> None:
    """Something else under the same name."""
    path.unlink()
    make(path)


def stop(runs: Counted, **changes: Any) -> None:
    class Stop(Exception):  # noqa: N818 - no error, a signal to this function
        pass

    def progress(spec, epoch, trainer):
        if epoch == 3:
            raise Stop

    working, runs.progress = runs.progress, progress
    with contextlib.suppress(Stop):
        runs.run(**changes)
    runs.progress = working


def states(root: Path) -> dict[str, tuple[Kind, State]]:
    """Kind and state by name."""
    return {item.path.name: (item.kind, item.state) for item in inventory(root)}


def evidence(
    root: Path, *, modules: tuple[str, ...] = ("models.parts.seeds",), code: str | None = None
) -> Path:
    """A value as the evidence cache keeps it."""
    identity = {"modules": list(modules), "code": code or code_digest(modules), "versions": {"machine": "x"}}
    before = set((root / "evidence").glob("*.json"))
    ValueStore(root, "evidence").value("T2 boston", identity, lambda: 1)
    (path,) = set((root / "evidence").glob("*.json")) - before
    return path
