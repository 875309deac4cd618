"""What lies in a store's folder: what it is, how large and how old, and whether this version reads it."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from models.runs.checkpoints import identity_of
from models.runs.code import code_digest
from models.runs.content import VALUE_LIMIT
from models.runs.files import DamageError, checked, listed, read, read_json
from models.runs.key import FORMAT, code_identity
from models.second_leg.descent import spec_of

__all__ = ["Item", "Kind", "State", "free", "inventory"]

_RUN = re.compile(r".+-[0-9a-f]{20}")
_PASSING = re.compile(r"(?P<of>.+)\.(?P<what>part|new|old)(-[^.]*)?")
_MOMENT = 600
"""Seconds after which nobody is still writing a small file."""


_AGED = 30 * 86400
"""Seconds after which what is made again in no time counts as old: figures, data sets packed for nodes."""

_SESSION = 86400
"""Seconds after which what the nodes of a test run have said of their progress is left over."""


class Kind(StrEnum):
    """What an item is."""

    RUN = "run"
    CHECKPOINTS = "checkpoints"
    EVIDENCE = "evidence"
    DESIGN = "design"
    FIGURE = "figure"
    DATA_SET = "data set"
    PROGRESS = "progress"
    LEFTOVER = "leftover"
    SET_ASIDE = "set aside"
    FOREIGN = "foreign"


class State(StrEnum):
    """What may be done with an item."""

    CURRENT = "current"
    """This version reads it."""
    OLD = "old"
    """Of another version of this project or of a library: nothing reads it here."""
    BUSY = "in progress"
    """A process works on it."""
    STALE = "stale"
    """Left by a process that was killed."""
    DAMAGED = "damaged"
    """It does not say what it is; it is set aside when it is asked for."""
    KEPT = "kept"
    """Never pruned: what was judged by which design, what was set aside, what is not ours."""


@dataclass(frozen=True, slots=True)
class Item:
    """One thing in the store.

    Attributes:
        path: a file or folder.
        kind, state: what it is.
        size: bytes of all files in it.
        modified: when it was last changed, seconds since the Unix epoch.
        lock: held by whoever works on it.
    """

    path: Path
    kind: Kind
    state: State
    size: int
    modified: float
    lock: Path

    @property
    def prunable(self) -> bool:
        """Whether nothing is lost without it."""
        return self.state in (State.OLD, State.STALE)


def inventory(root: Path) -> list[Item]:
    """All that lies in the store, runs first; nothing is written, and no lock file made.

    Raises:
        DamageError: the folder cannot be listed.
    """
    found = [*_in_root(root), *_values(root / "evidence"), *_designs(root / "designs")]
    found += _made_again(root / "figures", ".json", Kind.FIGURE)
    found += _made_again(root / "data", ".safetensors", Kind.DATA_SET)
    found += _sessions(root / "progress")
    order = list(Kind)
    return sorted(found, key=lambda item: (order.index(item.kind), item.path.name))


def free(lock: Path) -> bool:
    """Whether nobody holds this lock. Where that cannot be found out, somebody may."""
    if not lock.exists():
        return True
    try:
        with FileLock(lock, timeout=0):
            return True
    except (Timeout, OSError):
        return False


def _in_root(root: Path) -> Iterator[Item]:
    for path in listed(root):
        lock = path.with_name(f"{_owner(path.name)}.lock")
        if path.name in ("evidence", "designs", "figures", "data", "progress") and path.is_dir():
            continue
        if path.name == "set-aside":
            yield _item(path, Kind.SET_ASIDE, State.KEPT, lock)
        elif path.suffix == ".lock" and path.is_file():
            if not os.path.lexists(path.with_suffix("")) and not path.with_suffix(".partial").exists():
                yield _item(path, Kind.LEFTOVER, State.STALE if free(path) else State.BUSY, path)
        elif path.suffix == ".partial" and path.is_dir():
            yield _item(path, Kind.CHECKPOINTS, _of_checkpoints(path) if free(lock) else State.BUSY, lock)
        elif (passing := _PASSING.fullmatch(path.name)) and _RUN.fullmatch(passing["of"]):
            # A run that gave way to one that never came is put back when it is asked for.
            needed = passing["what"] == "old" and not os.path.lexists(path.with_name(passing["of"]))
            state = State.KEPT if needed else State.STALE
            yield _item(path, Kind.LEFTOVER, state if free(lock) else State.BUSY, lock)
        elif _RUN.fullmatch(path.name) and path.is_dir():
            yield _item(path, Kind.RUN, _of_run(path), lock)
        else:
            yield _item(path, Kind.FOREIGN, State.KEPT, lock)


def _values(folder: Path) -> Iterator[Item]:
    for path in listed(folder) if folder.is_dir() else ():
        lock = path.with_name(f"{_owner(path.name).removesuffix('.json')}.lock")
        if path.suffix == ".json":
            yield _item(path, Kind.EVIDENCE, _of_value(path), lock)
        elif path.suffix == ".lock" and path.is_file():
            if not os.path.lexists(path.with_suffix(".json")):
                yield _item(path, Kind.LEFTOVER, State.STALE if free(path) else State.BUSY, path)
        elif _PASSING.fullmatch(path.name) and path.is_file():
            yield _item(path, Kind.LEFTOVER, State.STALE if free(lock) else State.BUSY, lock)
        else:
            yield _item(path, Kind.FOREIGN, State.KEPT, lock)


def _designs(folder: Path) -> Iterator[Item]:
    for path in listed(folder) if folder.is_dir() else ():
        lock = path.with_name(f"{_owner(path.name)}.lock")
        if _PASSING.fullmatch(path.name):  # designs are written without a lock, in no time
            young = time.time() - path.lstat().st_mtime < _MOMENT
            yield _item(path, Kind.LEFTOVER, State.BUSY if young else State.STALE, lock)
        else:
            yield _item(path, Kind.DESIGN, State.KEPT, lock)


def _made_again(folder: Path, suffix: str, kind: Kind) -> Iterator[Item]:
    """What is made again in no time: figures of reports, data sets packed for a cluster's nodes; with its
    locks, and what a process that was killed left of one."""
    for path in listed(folder) if folder.is_dir() else ():
        age = time.time() - path.lstat().st_mtime
        lock = path.with_name(f"{_owner(path.name).removesuffix(suffix)}.lock")
        if path.suffix == suffix:
            yield _item(path, kind, State.OLD if age > _AGED else State.CURRENT, lock)
        elif path.suffix == ".lock" and os.path.lexists(path.with_suffix(suffix)):
            continue
        elif path.suffix == ".lock" or _PASSING.fullmatch(path.name):
            yield _item(path, Kind.LEFTOVER, State.STALE if age > _MOMENT else State.BUSY, lock)
        else:
            yield _item(path, Kind.FOREIGN, State.KEPT, lock)


def _sessions(folder: Path) -> Iterator[Item]:
    """What nodes say of their progress, a folder a test run (`models.cluster.progress`)."""
    for path in listed(folder) if folder.is_dir() else ():
        item = _item(path, Kind.PROGRESS, State.BUSY, path.with_suffix(".lock"))
        yield replace(item, state=State.STALE) if time.time() - item.modified > _SESSION else item


def _owner(name: str) -> str:
    """The entry to which a file beside it belongs."""
    passing = _PASSING.fullmatch(name)
    name = passing["of"] if passing else name
    return name.removesuffix(".lock").removesuffix(".partial")


def _item(path: Path, kind: Kind, state: State, lock: Path) -> Item:
    own = path.lstat()
    inside = [file.lstat() for file in path.rglob("*")] if path.is_dir() and not path.is_symlink() else []
    # Blocks, not lengths: a sparse file is as small as it is on the disk.
    size = sum(one.st_blocks * 512 if hasattr(one, "st_blocks") else one.st_size for one in [own, *inside])
    return Item(path, kind, state, size, max(one.st_mtime for one in [own, *inside]), lock)


# -- versions -------------------------------------------------------------------------


def _of_run(folder: Path) -> State:
    try:
        return State.CURRENT if _is_current(read_json(folder / "run.json")) else State.OLD
    except DamageError:
        return State.DAMAGED


def _of_checkpoints(folder: Path) -> State:
    """Checkpoints of this version are gone on from; those of another never are, nor are damaged ones."""
    try:
        if any(_is_current(identity_of(path)) for path in listed(folder)):
            return State.CURRENT
    except DamageError:
        return State.STALE
    return State.STALE


def _of_value(path: Path) -> State:
    try:
        identity = checked(read(path, VALUE_LIMIT), path.name).get("identity")
    except DamageError:
        return State.DAMAGED
    identity = identity if isinstance(identity, dict) else {}
    try:
        current = code_digest(tuple(identity["modules"])) == identity["code"]
        return State.CURRENT if current and _same_versions(identity["versions"]) else State.OLD
    except (LookupError, TypeError, ValueError, AttributeError):
        return State.OLD  # of a version that said other things, or of modules that are no more


def _same_versions(versions: Mapping[str, str]) -> bool:
    """Whether libraries have these versions; what is no library, such as the machine, is not compared."""
    for library, wanted in versions.items():
        try:
            if version(library) != wanted:
                return False
        except PackageNotFoundError:
            continue
    return True


def _is_current(about: Mapping[str, Any]) -> bool:
    """Whether a run with this identity would be asked for by this version, given its data."""
    if about.get("format") != FORMAT:
        return False
    try:
        wanted = code_identity(spec_of(about["spec"]), about["backend"]["kind"])
    except (LookupError, TypeError, ValueError, AttributeError):
        return False
    return all(about.get(name) == value for name, value in wanted.items())
