"""One machine at a time: a lease in an object store, without conditional writes and without clocks in step.

Who wants one takes a number, as at a counter (Lamport's bakery): each writes only an object of its own, first
with number 0, which says that it is choosing, then with a number above all that it sees. Who has the lowest
number, by name where two are equal, holds the lease. A later one sees every number that was written before it
began to choose, so two never hold it at once while both live. An object holds its number and how often it was
written.

A thread rewrites the object from time to time. One that has not changed for long, by the clock of who waits,
belongs to a process that is dead, and is removed. Where that was wrong (a machine was suspended, the network
was gone) two train the same run, which costs time and nothing else: their bytes are the same.
"""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import socket
import threading
import time
from collections.abc import Iterator

from models.runs.files import StoreError
from models.runs.remote.objects import Objects

__all__ = ["PATIENCE", "Lease", "owner"]

PATIENCE = 90.0
"""Seconds without a sign of life after which a holder counts as dead."""

_BEATS = 6
"""Signs of life in that time."""

_FIRST_PAUSE, _LONGEST_PAUSE = 0.05, 3.0
"""Seconds between two looks of who waits, at first and in the end."""


def owner() -> str:
    """A name that no other process has, readable for people."""
    host = re.sub(r"[^A-Za-z0-9]+", "-", socket.gethostname())[:40]
    return f"{host}-{os.getpid()}-{secrets.token_hex(4)}"


def _number(content: bytes) -> int:
    """An object's number; what is none of ours counts as choosing, and is dead when it does not change."""
    head = content.split(b" ")[0]
    return int(head) if head.isdigit() and len(head) < 20 else 0


class Lease:
    """The right to make one entry.

    Args:
        objects: the object store.
        prefix: folder of this lease's objects, ending in a slash.
        patience: see `PATIENCE`; the same on all machines.
    """

    def __init__(self, objects: Objects, prefix: str, *, patience: float = PATIENCE) -> None:
        self._objects, self._prefix, self._patience = objects, prefix, patience
        self._owner = owner()
        self._number = self._beats = 0
        self._writing = threading.Lock()
        self._over = threading.Event()

    @contextlib.contextmanager
    def held(self) -> Iterator[bool]:
        """Holds the lease, waiting while another does; gives whether another one was in front.

        Raises:
            StoreError: the object store cannot be read or written while the lease is taken.
        """
        beating = threading.Thread(target=self._beat, name=f"lease {self._prefix}", daemon=True)
        self._write()
        beating.start()
        try:
            yield self._taken()
        finally:
            self._over.set()
            beating.join(2.0)  # on a network that answers no more, it ends when it is given up
            with contextlib.suppress(StoreError):  # it lapses when it no longer changes
                self._objects.delete(self._prefix + self._owner)

    def _taken(self) -> bool:
        self._number = 1 + max(map(_number, self._others().values()), default=0)
        self._write()
        seen: dict[str, tuple[bytes, float]] = {}
        waited, pause = False, _FIRST_PAUSE
        while ahead := self._ahead():
            waited = True
            now = time.monotonic()
            for name, content in ahead.items():
                if name not in seen or seen[name][0] != content:
                    seen[name] = content, now
                elif now - seen[name][1] > self._patience:
                    self._objects.delete(self._prefix + name)
            time.sleep(pause)
            pause = min(1.5 * pause, _LONGEST_PAUSE, self._patience / _BEATS)
        return waited

    def _ahead(self) -> dict[str, bytes]:
        """Objects of those whose turn comes before this one's, or may."""
        mine = (self._number, self._owner)
        others = self._others()
        return {name: of for name, of in others.items() if not _number(of) or (_number(of), name) < mine}

    def _others(self) -> dict[str, bytes]:
        found: dict[str, bytes] = {}
        for name in self._objects.names(self._prefix):
            short = name.removeprefix(self._prefix)
            if short != self._owner and (content := self._objects.get(name)) is not None:
                found[short] = content
        return found

    def _beat(self) -> None:
        while not self._over.wait(self._patience / _BEATS):
            with contextlib.suppress(StoreError):  # the training goes on; another may take over meanwhile
                self._write()

    def _write(self) -> None:
        with self._writing:  # one after the other, so that no older number lands last
            self._beats += 1
            self._objects.put(self._prefix + self._owner, f"{self._number} {self._beats}\n".encode())
