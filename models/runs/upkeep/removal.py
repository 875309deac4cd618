"""Checks all that lies in a store, and removes what no version here will read again."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

from filelock import FileLock, Timeout

from models.runs.checkpoints import read_checkpoint
from models.runs.content import VALUE_LIMIT, content_key
from models.runs.entry import read_run, read_timing
from models.runs.files import DamageError, checked, listed, read, writing
from models.runs.upkeep.inventory import Item, Kind, State, inventory

__all__ = ["prune", "verify"]

_NOT_IN_THE_KEY = ("key", "recorders", "bytes", "sha256")


def verify(items: Sequence[Item]) -> Iterator[tuple[Item, str]]:
    """Each item that can be checked, with what is wrong with it, or "".

    Of another version's files the form is unknown; what a process works on is about to change.
    """
    checks = {
        Kind.RUN: _check_run,
        Kind.CHECKPOINTS: _check_checkpoints,
        Kind.EVIDENCE: _check_value,
        Kind.DESIGN: _check_design,
    }
    for item in items:
        if item.kind in checks and item.state not in (State.OLD, State.BUSY, State.STALE):
            try:
                checks[item.kind](item.path)
            except DamageError as damage:
                yield item, str(damage)
            else:
                yield item, ""


def prune(root: Path) -> tuple[list[Item], list[Item]]:
    """Removes what is old or stale, each under its lock; what was removed, and what another process holds.

    Raises:
        StoreError: something cannot be removed.
    """
    removed, held = [], []
    for item in inventory(root):
        if not item.prunable:
            continue
        with writing(root):
            try:
                made = not item.lock.exists()
                with FileLock(item.lock, timeout=0):
                    if item.path.is_dir() and not item.path.is_symlink():
                        shutil.rmtree(item.path)
                    else:
                        item.path.unlink(missing_ok=True)
                    # Whoever has opened it in between trains beside another; the store bears that.
                    if made or not _needed(item):
                        item.lock.unlink(missing_ok=True)
                removed.append(item)
            except Timeout:
                held.append(item)
    return removed, held


def _needed(item: Item) -> bool:
    """Whether something else is left that the item's lock guards."""
    head = item.lock.name.removesuffix(".lock")
    beside = (path.name for path in item.lock.parent.iterdir() if path != item.lock)
    return any(name == head or name.startswith(f"{head}.") for name in beside)


def _check_run(folder: Path) -> None:
    about, _ = read_run(folder)
    read_timing(folder)
    identity = {name: value for name, value in about.items() if name not in _NOT_IN_THE_KEY}
    _check_name(folder.name, content_key("", identity))


def _check_checkpoints(folder: Path) -> None:
    for path in listed(folder):
        read_checkpoint(path, folder.name.removesuffix(".partial"))


def _check_value(path: Path) -> None:
    content = checked(read(path, VALUE_LIMIT), path.name)
    _check_name(path.stem, content_key("", content.get("identity", {})))


def _check_design(path: Path) -> None:
    if not checked(read(path), path.name).get("networks"):
        raise DamageError("names no design")


def _check_name(name: str, key: str) -> None:
    """Both end in the digest of the identity."""
    if name.rpartition("-")[2] != key.rpartition("-")[2]:
        raise DamageError("says that it depends on something else than its name is made of")
