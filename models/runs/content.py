"""Values by content: each is made once, under the digest of all it depends on, whoever asks.

What is there is read without a lock and without writing, so that a warm store may be read-only. What is not
there is made under a lock that the system frees when its holder dies. Evidence and figures are such values;
runs, folders of several files, are kept by `models.runs.store` in the same way.

Behind the folder there may be an object store that several machines share (`Remote`). What is not in the
folder is then looked for there, and what is made is handed there.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Protocol, TypeVar

from filelock import FileLock

from models.runs.files import (
    DamageError,
    StoreError,
    checked,
    read,
    set_aside,
    with_digest,
    write_whole,
    writing,
)

__all__ = ["VALUE_LIMIT", "Entry", "Remote", "States", "ValueStore", "content_key", "locked", "once"]

T = TypeVar("T")

_HEAD = 100
"""Letters of a name's readable part; file systems allow some 250 in all."""

VALUE_LIMIT = 2**28
"""Bytes of the largest value that is read: figures with many points have megabytes."""


class Entry(Protocol):
    """One entry in an object store behind the folder."""

    def used(self) -> None:
        """Called before the entry is read from the folder: it is kept there longer than what nobody reads."""

    def there(self) -> bool:
        """Whether the object store may have what `fetch` would bring."""

    def fetch(self) -> bool:
        """Brings it into the folder, where the object store has another one than the folder; whether it had.
        One that is damaged is reported and set aside.

        Raises:
            StoreError: the object store cannot be read, or the folder not written.
        """

    def alone(self) -> AbstractContextManager[bool]:
        """While the entry is made, no other machine makes it; gives whether another one was in front.

        Raises:
            StoreError: the object store cannot be read or written.
        """

    def put(self) -> bool:
        """Hands what is in the folder to the object store; False where it warned, and will later."""


class States(Protocol):
    """Checkpoints of one run in an object store behind the folder. Nothing here stops a training."""

    def fetch(self, folder: Path) -> None:
        """Brings the newest checkpoint into the run's folder of checkpoints, if it is newer than those."""

    def put(self, name: str, content: bytes) -> None:
        """Hands on a checkpoint, in place of older ones, while the training goes on."""

    def clear(self) -> None:
        """Removes all of them."""


class Remote(Protocol):
    """An object store behind the store's folder: `models.runs.remote`.

    Every method raises a `StoreError` where it cannot be reached or refuses.
    """

    @property
    def address(self) -> str:
        """Its URL."""

    def read(self, name: str) -> bytes | None:
        """A plain object's bytes, of what is no run and no value; None where there is none."""

    def write(self, name: str, content: bytes) -> None:
        """Puts a plain object, in place of one that is there."""

    def names(self, prefix: str) -> list[str]:
        """Names of the objects in this folder; `prefix` ends in a slash."""

    def remove(self, name: str) -> None:
        """Removes a plain object, if there is one."""

    def run(self, key: str, session: str | None = None) -> Entry:
        """A run; with a session, only one that was trained in it is fetched."""

    def value(self, path: Path) -> Entry:
        """A value, by its file in the folder."""

    def states(self, key: str) -> States:
        """The checkpoints of a run."""


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


def once(
    root: Path,
    lock: Path,
    find: Callable[[bool], T | None],
    make: Callable[[], T],
    entry: Entry | None = None,
) -> T:
    """What `find` finds; where it finds nothing, not under the lock either, what `make` makes.

    Args:
        root: the store's folder.
        lock: the entry's lock.
        find: called with False before the lock is taken, when the entry may be half replaced, then with True.
        make: makes the entry, writes it, and puts it into the object store if there is one; called under the
            lock.
        entry: the same in the object store behind the folder, if there is one.
    """
    if entry is not None:
        entry.used()
    try:
        found = find(False)
    except DamageError:
        found = None  # judged again under the lock, when no one can be replacing it
    if found is not None:
        return found
    with locked(root, lock):
        found = find(True)
        if found is not None:
            return found
        return make() if entry is None else _shared(entry, find, make)


def _shared(entry: Entry, find: Callable[[bool], T | None], make: Callable[[], T]) -> T:
    """The entry from the object store, or made here for it; called under the folder's lock."""
    fetched = entry.fetch()
    if fetched and (found := find(True)) is not None:
        return found
    with entry.alone() as waited:
        # What was there and of no use is there still, unless someone else has had the lease since.
        if (waited or not fetched) and entry.fetch() and (found := find(True)) is not None:
            return found
        return make()


class ValueStore:
    """Plain JSON values in a folder of the store, a file each, bound to its own digest.

    Args:
        root: the store's folder.
        folder: the name of the folder in it.
        refresh: make again even what is there.
        remote: the object store behind the root, if there is one.
    """

    def __init__(
        self, root: Path, folder: str, *, refresh: bool = False, remote: Remote | None = None
    ) -> None:
        self.root, self.folder, self.refresh = Path(root), Path(root) / folder, refresh
        self.remote = remote

    def find(self, name: str, identity: Mapping[str, Any]) -> Any | None:
        """The value if it is there and sound, else None: for a caller who makes many at once."""
        identity, path = self._place(name, identity)
        if self.refresh:
            return None
        try:
            if self.remote is not None and not os.path.lexists(path):
                self.remote.value(path).fetch()
            return _read(path, identity)[0] if os.path.lexists(path) else None
        except (DamageError, StoreError):
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
            StoreError: it had to be made, and the store cannot be written or reached.
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

        entry = None if self.remote is None else self.remote.value(path)

        def made() -> tuple[Any]:
            value = make()
            with writing(self.root):
                write_whole(path, with_digest({"identity": identity, "value": value}))
            if entry is not None:
                entry.put()
            # Read back, so that a first and a second invocation hand on the same value.
            return _read(path, identity)

        return once(self.root, path.with_suffix(".lock"), find, made, entry)[0]


def _read(path: Path, identity: Mapping[str, Any]) -> tuple[Any]:
    """The value, in a tuple because it may be None."""
    content = checked(read(path, VALUE_LIMIT), path.name)
    if content.get("identity") != identity:
        raise DamageError("holds the result of something else")
    if "value" not in content:
        raise DamageError("holds no value")
    return (content["value"],)
