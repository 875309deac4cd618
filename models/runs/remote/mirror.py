"""An object store behind a run store's folder: what lies in which object, and when it is brought or put.

    <key>/<sha256>.safetensors    the tensors, named by their own digest
    <key>/timing.json             as in the folder
    <key>/run.json                as in the folder; put last: the run is there, and these are its tensors
    <key>.partial/<checkpoint>    of a run in progress
    <name>.lease/<owner>          who makes the entry now
    evidence/, designs/, figures/ as in the folder

Every write may be repeated, and two machines may both write: what run.json names is there when it appears,
whoever wrote it. What comes from the object store is checked as what lies in the folder is, before it appears
there.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import time
import warnings
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path

from filelock import FileLock, Timeout

from models.runs import files
from models.runs.content import VALUE_LIMIT
from models.runs.entry import read_run, read_timing
from models.runs.files import DamageError, StoreError, StoreWarning
from models.runs.remote.lease import PATIENCE, Lease
from models.runs.remote.limit import Limit
from models.runs.remote.marks import Marks
from models.runs.remote.objects import Objects
from models.runs.remote.place import LIMIT
from models.runs.remote.states import UploadedStates

__all__ = ["Mirror"]

_UNLEASED = "figures"
"""Values that are computed in no time, so that a lease would cost more than a second computation."""

_REST = 4
"""Times as long as a failed write took until what waits is tried again."""


class Mirror:
    """The object store behind one folder; see `models.runs.content.Remote`.

    Args:
        objects: the object store.
        root: the folder, of which this object store is the only one.
        limit: bytes that runs in the folder may take; those read longest ago give way.
        patience: seconds after which another machine that says nothing counts as dead.
    """

    def __init__(
        self, objects: Objects, root: Path, *, limit: int = LIMIT, patience: float = PATIENCE
    ) -> None:
        self.objects, self.root, self.patience = objects, Path(root), patience
        self.marks = Marks(self.root)
        self.limit = Limit(objects, self.root, self.marks, limit)
        self._rest = 0.0

    @property
    def address(self) -> str:
        """Its URL."""
        return self.objects.url

    def read(self, name: str) -> bytes | None:
        """A plain object's bytes; None where there is none."""
        return self.objects.get(name)

    def write(self, name: str, content: bytes) -> None:
        """Puts a plain object, in place of one that is there."""
        self.objects.put(name, content)

    def names(self, prefix: str) -> list[str]:
        """Names of the objects in this folder; `prefix` ends in a slash."""
        return self.objects.names(prefix)

    def remove(self, name: str) -> None:
        """Removes a plain object, if there is one."""
        self.objects.delete(name)

    def run(self, key: str, session: str | None = None) -> RunEntry:
        """A run; with a session, only one that was trained in it is fetched."""
        return RunEntry(self, key, session)

    def value(self, path: Path) -> ValueEntry:
        """A value, by its file in the folder."""
        return ValueEntry(self, path.relative_to(self.root).as_posix())

    def states(self, key: str) -> UploadedStates:
        """The checkpoints of a run."""
        return UploadedStates(self.objects, f"{key}.partial/")

    def put_late(self) -> None:
        """Hands on what an earlier call could not; one process of the machine at a time."""
        if time.monotonic() < self._rest:
            return
        with files.writing(self.root), contextlib.suppress(Timeout), FileLock(self.marks.lock, timeout=0):
            for name in self.marks.missing():
                entry = self.value(self.root / name) if name.endswith(".json") else self.run(name)
                if not entry.put():
                    return

    def failed(self, name: str, error: StoreError, seconds: float) -> None:
        """Says that something stays in the folder for now."""
        self._rest = time.monotonic() + _REST * seconds
        warnings.warn(
            f"run store: {name} is kept in {self.root} only ({error}); the next call that reaches "
            f"{self.objects.url} puts it there",
            StoreWarning,
            stacklevel=4,
        )


class _Entry:
    """What runs and values have in common; see `models.runs.content.Entry`."""

    def __init__(self, mirror: Mirror, name: str) -> None:
        self.mirror, self.name = mirror, name
        self.objects, self.root, self.path = mirror.objects, mirror.root, mirror.root / name

    def used(self) -> None:
        """Called before the entry is read from the folder."""
        if not self.mirror.marks.used(self.name) and os.path.lexists(self.path):
            self.mirror.put_late()

    @contextlib.contextmanager
    def alone(self) -> Iterator[bool]:
        """While the entry is made, no other machine makes it; gives whether another one was in front."""
        with self._lease() as waited:
            self.mirror.marks.clear(self.name)  # what is made now was not put
            yield waited

    def put(self) -> bool:
        """Hands what is in the folder to the object store; whether it did, or there was nothing sound."""
        started = time.monotonic()
        try:
            size = self._put()
        except DamageError:
            return True  # set aside when it is asked for; what the object store has may be better
        except StoreError as error:
            self.mirror.failed(self.name, error, time.monotonic() - started)
            return False
        self._known(size)
        return True

    def _lease(self) -> AbstractContextManager[bool]:
        name = self.name.removesuffix(".json")
        return Lease(self.objects, f"{name}.lease/", patience=self.mirror.patience).held()

    def _put(self) -> int:
        """Puts it; its bytes."""
        raise NotImplementedError

    def _known(self, size: int) -> None:
        """Remembers that the object store has what the folder has."""
        with files.writing(self.root):
            self.mirror.marks.set(self.name)


class RunEntry(_Entry):
    """A run: three files in a folder of its own."""

    def __init__(self, mirror: Mirror, key: str, session: str | None) -> None:
        super().__init__(mirror, key)
        self.session = session

    def there(self) -> bool:
        """Whether the object store has the run."""
        return self.objects.get(f"{self.name}/run.json") is not None

    def fetch(self) -> bool:
        """Brings the run into the folder; see `models.runs.content.Entry`."""
        about = self.objects.get(f"{self.name}/run.json")
        if about is None:
            return False
        timing = self.objects.get(f"{self.name}/timing.json")
        found = {"run.json": about, "timing.json": timing}
        if self._same(found) or not self._wanted(timing):
            return False
        found["run.safetensors"] = self._tensors_of(about)
        if found["run.safetensors"] is None and self.objects.get(f"{self.name}/run.json") != about:
            return self.fetch()  # another run has just taken the place of this one
        with files.writing(self.root):
            self.root.mkdir(parents=True, exist_ok=True)
            outer = files.passing(self.path, "new")
            fresh = outer / self.name
            fresh.mkdir(parents=True)
        try:
            self._bring(fresh, found)
        finally:
            shutil.rmtree(outer, ignore_errors=True)
        return True

    def _same(self, small: dict[str, bytes | None]) -> bool:
        """Whether the folder has the run with these files."""
        try:
            return all(files.read(self.path / name) == content for name, content in small.items())
        except DamageError:
            return False

    def _wanted(self, timing: bytes | None) -> bool:
        """Whether the run was trained in the session that is asked for, if one is."""
        if self.session is None:
            return True
        with contextlib.suppress(DamageError):
            return files.checked(timing or b"", "timing.json").get("session") == self.session
        return False

    def _tensors_of(self, about: bytes) -> bytes | None:
        """The tensors that this run.json names; None where it names none, or they are not there."""
        try:
            return self.objects.get(f"{self.name}/{_tensors(files.parsed(about, 'run.json'))}")
        except DamageError:
            return None

    def _bring(self, fresh: Path, found: dict[str, bytes | None]) -> None:
        """Writes these files, checks them, and renames them to their place, or sets them aside."""
        with files.writing(self.root):
            for name, content in found.items():
                if content is not None:
                    files.write(fresh / name, content)
        try:
            read_run(fresh)
            read_timing(fresh)
        except DamageError as damage:
            source = f"{self.objects.url}/{self.name}"
            files.set_aside(self.root, fresh, damage, "trained again", source=source)
            return
        with files.writing(self.root):
            old = files.passing(self.path, "old")
            if os.path.lexists(self.path):
                os.replace(self.path, old)
            os.replace(fresh, self.path)
            shutil.rmtree(old, ignore_errors=True)
        self._known(_size(self.path))

    def _put(self) -> int:
        about, tensors = read_run(self.path)
        read_timing(self.path)
        timing, vouching = files.read(self.path / "timing.json"), files.read(self.path / "run.json")
        own = _tensors(about)
        self.objects.put(f"{self.name}/{own}", tensors)
        self.objects.put(f"{self.name}/timing.json", timing)
        self.objects.put(f"{self.name}/run.json", vouching)
        for name in self.objects.names(f"{self.name}/"):  # of a run that this one takes the place of
            if name.endswith(".safetensors") and name != f"{self.name}/{own}":
                self.objects.delete(name)
        return _size(self.path)

    def _known(self, size: int) -> None:
        super()._known(size)
        self.mirror.limit.grew(size)


class ValueEntry(_Entry):
    """A value or a design: one file, bound to its own digest."""

    def there(self) -> bool:
        """Whether the object store has the value."""
        return self.objects.get(self.name) is not None

    def fetch(self) -> bool:
        """Brings the file into the folder; see `models.runs.content.Entry`."""
        content = self.objects.get(self.name)
        if content is None or self._same(content):
            return False
        with files.writing(self.root):
            self.path.parent.mkdir(parents=True, exist_ok=True)
            try:
                files.checked(content, self.path.name)
            except DamageError as damage:
                part = files.passing(self.path, "part")
                files.write(part, content)
                source = f"{self.objects.url}/{self.name}"
                files.set_aside(self.root, part, damage, "made again", source=source)
                return True
            files.write_whole(self.path, content)
        self._known(len(content))
        return True

    def _same(self, content: bytes) -> bool:
        try:
            return files.read(self.path, VALUE_LIMIT) == content
        except DamageError:
            return False

    def _lease(self) -> AbstractContextManager[bool]:
        return contextlib.nullcontext(False) if self.name.startswith(f"{_UNLEASED}/") else super()._lease()

    def _put(self) -> int:
        content = files.read(self.path, VALUE_LIMIT)
        files.checked(content, self.path.name)
        self.objects.put(self.name, content)
        return len(content)


def _tensors(about: dict[str, object]) -> str:
    """Name of the tensors' object; DamageError where run.json does not say which they are."""
    digest = about.get("sha256")
    if not isinstance(digest, str) or len(digest) != hashlib.sha256().digest_size * 2:
        raise DamageError("run.json does not say which tensors are its own")
    return f"{digest}.safetensors"


def _size(folder: Path) -> int:
    return sum(path.lstat().st_size for path in folder.iterdir())
