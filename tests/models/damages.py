"""What tests do to the files of a run store."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from counted_store import Counted

__all__ = ["flip", "stop", "swapped", "truncate"]


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
