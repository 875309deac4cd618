"""Which entries of the folder the object store has, and when each was last read: an empty file for each.

No mark says that an entry may still have to be put, so that nothing is lost with the process that made it.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from models.runs.files import listed

__all__ = ["Marks"]

_FOLDER = ".remote"
"""In the store's folder; hidden, since it is none of the entries."""

_VALUES = ("designs", "evidence", "figures")


class Marks:
    """The marks of one folder.

    Args:
        root: the store's folder.
    """

    def __init__(self, root: Path) -> None:
        self.root, self.folder = root, root / _FOLDER

    @property
    def lock(self) -> Path:
        """Held by the process that puts what others could not."""
        self.folder.mkdir(parents=True, exist_ok=True)
        return self.folder / "late.lock"

    def set(self, name: str) -> None:
        """Remembers that the object store has the entry, and that it is in use."""
        path = self._path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()

    def used(self, name: str) -> bool:
        """Remembers that the entry is in use; whether the object store has it."""
        try:
            os.utime(self._path(name))
        except FileNotFoundError:
            return False
        except OSError:  # a folder that may only be read is not kept small either
            return True
        return True

    def clear(self, name: str) -> None:
        """Forgets the entry."""
        with contextlib.suppress(OSError):
            self._path(name).unlink()

    def last(self, name: str) -> float | None:
        """When the entry was last read, seconds since the Unix epoch; None where the object store may not
        have it."""
        try:
            return self._path(name).stat().st_mtime
        except OSError:
            return None

    def runs(self) -> Iterator[Path]:
        """The folders of finished runs."""
        for path in listed(self.root) if self.root.is_dir() else ():
            if (path / "run.json").is_file() and ".new-" not in path.name and ".old-" not in path.name:
                yield path

    def missing(self) -> Iterator[str]:
        """Names of the entries that the object store may not have."""
        for path in self.runs():
            if self.last(path.name) is None:
                yield path.name
        for folder in _VALUES:
            for path in sorted((self.root / folder).glob("*.json")):
                if self.last(name := f"{folder}/{path.name}") is None:
                    yield name

    def _path(self, name: str) -> Path:
        return self.folder / "put" / name
