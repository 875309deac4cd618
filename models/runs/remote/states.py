"""Checkpoints in an object store: put by a thread while the training goes on, the newest only."""

from __future__ import annotations

import contextlib
import threading
import time
import warnings
from pathlib import Path

from models.runs import files
from models.runs.checkpoints import is_checkpoint
from models.runs.files import StoreError, StoreWarning
from models.runs.remote.objects import Objects

__all__ = ["UploadedStates"]

_REST = 4
"""Times as long as a put took until the next begins: a slow network is not filled with checkpoints."""


class UploadedStates:
    """Checkpoints of one run; see `models.runs.content.States`. Names sort by epoch.

    Args:
        objects: the object store.
        prefix: their folder, ending in a slash.
    """

    def __init__(self, objects: Objects, prefix: str) -> None:
        self._objects, self._prefix = objects, prefix
        self._thread: threading.Thread | None = None
        self._next = 0.0
        self._error: StoreError | None = None
        self._warned = False

    def fetch(self, folder: Path) -> None:
        """Brings the newest checkpoint into the folder, if it is newer than those there."""
        try:
            found = (name.removeprefix(self._prefix) for name in self._objects.names(self._prefix))
            names = [name for name in found if is_checkpoint(name)]
            here = sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []
            if not names or (here and here[-1] >= names[-1]):
                return
            content = self._objects.get(self._prefix + names[-1])
        except StoreError as error:
            self._say(error, "none can be looked for")
            return
        if content is not None:
            with files.writing(folder.parent):
                folder.mkdir(parents=True, exist_ok=True)
                files.write_whole(folder / names[-1], content)

    def put(self, name: str, content: bytes) -> None:
        """Hands on a checkpoint; left out while an earlier one is on its way."""
        if self._error is not None:
            self._say(self._error, "none can be put")
        if time.monotonic() < self._next or (self._thread is not None and self._thread.is_alive()):
            return
        self._thread = threading.Thread(target=self._put, args=(name, content), daemon=True)
        self._thread.start()

    def clear(self) -> None:
        """Removes all of them."""
        if self._thread is not None:
            self._thread.join()
        with contextlib.suppress(StoreError):  # left there they are of no harm: a finished run needs none
            for name in self._objects.names(self._prefix):
                self._objects.delete(name)

    def _put(self, name: str, content: bytes) -> None:
        started = time.monotonic()
        try:
            self._objects.put(self._prefix + name, content)
            for other in self._objects.names(self._prefix):
                if other != self._prefix + name:
                    self._objects.delete(other)
            self._error = None
        except StoreError as error:
            self._error = error
        self._next = time.monotonic() + _REST * (time.monotonic() - started)

    def _say(self, error: StoreError, what: str) -> None:
        if not self._warned:
            warnings.warn(
                f"run store: of the checkpoints in {self._objects.url}/{self._prefix} {what} ({error}); "
                "the training goes on",
                StoreWarning,
                stacklevel=3,
            )
        self._warned = True
