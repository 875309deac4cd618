"""Values by content: each is made once, under the digest of all it depends on, whoever asks.

What is there is read without a lock and without writing, so that a warm store may be read-only. What is not
there is made under a lock that the system frees when its holder dies. Evidence and figures are such values;
runs, folders of several files, are kept by `models.runs.store` in the same way.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

from filelock import FileLock

from models.runs.files import DamageError, checked, read, set_aside, with_digest, write_whole, writing

__all__ = ["VALUE_LIMIT", "ValueStore", "content_key", "locked", "once"]

T = TypeVar("T")

_HEAD = 100
"""Letters of a name's readable part; file systems allow some 250 in all."""

VALUE_LIMIT = 2**28
"""Bytes of the largest value that is read: figures with many points have megabytes."""


def content_key(name: str, identity: Mapping[str, Any]) -> str:
    """A name in the store: a readable head and the digest of all that the content depends on."""
    head = re.sub(r"[^A-Za-z0-9.]+", "-", name)[:_HEAD].strip(".-")
    canonical = json.dumps(identity, sort_keys=True).encode()
    return f"{head}-{hashlib.sha256(canonical).hexdigest()[:20]}"


@contextlib.contextmanager
def locked(root: Path, lock: Path) -> Iterator[None]:
    """Holds a lock; where another process holds it, waits.

    Raises:
        StoreError: the lock cannot be made or taken.
    """
    with writing(root):
        lock.parent.mkdir(parents=True, exist_ok=True)
        # Opened once here, because FileLock waits for ever where a file cannot be made for want of a folder.
        os.close(os.open(lock, os.O_RDWR | os.O_CREAT, 0o644))
        held = FileLock(lock)
        held.acquire()
    try:
        yield
    finally:
        held.release()


def once(root: Path, lock: Path, find: Callable[[bool], T | None], make: Callable[[], T]) -> T:
    """What `find` finds; where it finds nothing, not under the lock either, what `make` makes.

    Args:
        root: the store's folder.
        lock: the entry's lock.
        find: called with False before the lock is taken, when the entry may be half replaced, then with True.
        make: makes and writes the entry; called under the lock.
    """
    try:
        found = find(False)
    except DamageError:
        found = None  # judged again under the lock, when no one can be replacing it
    if found is not None:
        return found
    with locked(root, lock):
        found = find(True)
        return make() if found is None else found


class ValueStore:
    """Plain JSON values in a folder of the store, a file each, bound to its own digest.

    Args:
        root: the store's folder.
        folder: the name of the folder in it.
        refresh: make again even what is there.
    """

    def __init__(self, root: Path, folder: str, *, refresh: bool = False) -> None:
        self.root, self.folder, self.refresh = Path(root), Path(root) / folder, refresh

    def find(self, name: str, identity: Mapping[str, Any]) -> Any | None:
        """The value if it is there and sound, else None: for a caller who makes many at once."""
        identity, path = self._place(name, identity)
        try:
            return None if self.refresh or not os.path.lexists(path) else _read(path, identity)[0]
        except DamageError:
            return None

    def _place(self, name: str, identity: Mapping[str, Any]) -> tuple[Mapping[str, Any], Path]:
        """The identity as plain JSON with the name in it, and the file of such a value."""
        plain = json.loads(json.dumps({"name": name, **identity}))
        return plain, self.folder / f"{content_key(name, plain)}.json"

    def value(self, name: str, identity: Mapping[str, Any], make: Callable[[], Any]) -> Any:
        """The value from the store, or made here, or made elsewhere while this call waits.

        Numbers that are not finite are kept as they are. One that is damaged is set aside and made again.

        Args:
            name: readable head of the file's name.
            identity: all that the value depends on, as plain JSON.
            make: makes it.

        Raises:
            StoreError: it had to be made, and the store cannot be written.
        """
        identity, path = self._place(name, identity)

        def find(alone: bool) -> tuple[Any] | None:
            if self.refresh or not os.path.lexists(path):
                return None
            try:
                return _read(path, identity)
            except DamageError as damage:
                if not alone:
                    raise
                set_aside(self.root, path, damage, "computed again")
                return None

        def made() -> tuple[Any]:
            value = make()
            with writing(self.root):
                write_whole(path, with_digest({"identity": identity, "value": value}))
            # Read back, so that a first and a second invocation hand on the same value.
            return _read(path, identity)

        return once(self.root, path.with_suffix(".lock"), find, made)[0]


def _read(path: Path, identity: Mapping[str, Any]) -> tuple[Any]:
    """The value, in a tuple because it may be None."""
    content = checked(read(path, VALUE_LIMIT), path.name)
    if content.get("identity") != identity:
        raise DamageError("holds the result of something else")
    if "value" not in content:
        raise DamageError("holds no value")
    return (content["value"],)
