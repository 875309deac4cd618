"""Keeps the folder in front of an object store small: runs that were read longest ago give way."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from filelock import FileLock, Timeout

from models.runs import files
from models.runs.files import StoreError
from models.runs.remote.marks import Marks
from models.runs.remote.objects import Objects

__all__ = ["Limit"]

_LOOKS = 50
"""Parts of the limit after which the folder is looked through: its growth is shared by all processes."""

_LEFT = 0.9
"""Part of the limit that is left when runs give way, so that they do not with each new one."""


class Limit:
    """Holds the runs of a folder to a number of bytes. A run that the object store does not have, or that a
    process works on, stays.

    Args:
        objects: the object store.
        root: the folder.
        marks: what is known to be in the object store.
        most: bytes.
    """

    def __init__(self, objects: Objects, root: Path, marks: Marks, most: int) -> None:
        self._objects, self._root, self._marks, self._most = objects, root, marks, most
        self._grown = most  # looked through with the first run that comes

    def grew(self, size: int) -> None:
        """Called after a run of so many bytes has come, under its lock."""
        self._grown += size
        if self._grown * _LOOKS >= self._most:
            self._grown = 0
            self._trim()

    def _trim(self) -> None:
        sizes = {path: _bytes(path) for path in self._marks.runs()}
        total = sum(sizes.values())
        if total <= self._most:
            return
        by_use = sorted((last, path) for path in sizes if (last := self._marks.last(path.name)) is not None)
        for _, path in by_use:
            try:
                total -= sizes[path] if self._dropped(path) else 0
            except (OSError, StoreError):
                return  # another time, when the object store can be asked
            if total <= _LEFT * self._most:
                return

    def _dropped(self, path: Path) -> bool:
        """Takes the run away, unless someone works on it or the object store has lost it."""
        try:
            with FileLock(path.with_name(f"{path.name}.lock"), timeout=0):
                if f"{path.name}/run.json" not in self._objects.names(f"{path.name}/"):
                    self._marks.clear(path.name)
                    return False
                gone = files.passing(path, "new")  # a reader finds all of it, or nothing
                os.replace(path, gone)
                shutil.rmtree(gone, ignore_errors=True)
                self._marks.clear(path.name)
                return True
        except Timeout:
            return False


def _bytes(folder: Path) -> int:
    try:
        return sum(entry.stat().st_size for entry in os.scandir(folder))
    except OSError:  # gone meanwhile
        return 0
