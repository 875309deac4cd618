"""`python -m reports store list|verify|prune`: what lies in the run store, and room again."""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from pathlib import Path

from tabulate import tabulate

from models.runs.files import DamageError, StoreError
from models.runs.remote.opened import local_folder
from models.runs.remote.place import is_url
from models.runs.store import default_store
from models.runs.upkeep.inventory import Item, Kind, State, inventory
from models.runs.upkeep.removal import prune, verify

__all__ = ["add_arguments", "run"]

DAMAGED = 1
"""Exit status where something does not match its digest."""

_SUMMED = (Kind.EVIDENCE, Kind.DESIGN, Kind.FIGURE, Kind.LEFTOVER)
"""Kinds with many small files, of which a line each would hide the runs."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What to do, and where."""
    parser.add_argument("action", choices=("list", "verify", "prune"), help="what to do")
    parser.add_argument("--store", help="the store's folder (default: the one in the user's cache folder)")
    parser.add_argument("--dry-run", action="store_true", help="with prune: only say what would be removed")


def run(arguments: argparse.Namespace) -> int:
    """Does it; 1 where `verify` found damage."""
    if arguments.store is not None and is_url(arguments.store):
        raise StoreError(
            f"got --store {arguments.store}, wanted a folder, such as the one in front of this URL, "
            f"{local_folder(arguments.store)}: what lies in the object store itself, its own tools remove"
        )
    root = default_store() if arguments.store is None else Path(arguments.store)
    if arguments.dry_run and arguments.action != "prune":
        raise StoreError(f"got --dry-run with {arguments.action}, wanted it with prune")
    try:
        if not root.is_dir():
            raise StoreError("wanted a folder that is there: see --store")
        if arguments.action == "list":
            return _list(inventory(root))
        if arguments.action == "verify":
            return _verify(inventory(root))
        return _prune(root, dry=arguments.dry_run)
    except (DamageError, OSError) as error:
        raise StoreError(f"got the store {root}, {error}") from error


def _list(items: Sequence[Item]) -> int:
    _print(items)
    return 0


def _verify(items: Sequence[Item]) -> int:
    found = list(verify(items))
    bad = [(item, problem) for item, problem in found if problem]
    for item, problem in bad:
        print(f"{item.kind} {_shown(item.path.name)} {_shown(problem)}")
    unread = len(items) - len(found)
    print(f"{len(found) - len(bad)} sound, {len(bad)} damaged; {unread} not checked: old, in use or not ours")
    return DAMAGED if bad else 0


def _prune(root: Path, *, dry: bool) -> int:
    if dry:
        wanted = [item for item in inventory(root) if item.prunable]
        _print(wanted)
        print(f"nothing was removed; without --dry-run {_size(wanted)} are freed")
        return 0
    removed, held = prune(root)
    _print(removed)
    print(f"{_size(removed)} freed" + (f"; {len(held)} left, in use by another process" if held else ""))
    return 0


def _print(items: Sequence[Item]) -> None:
    """A line for each run, one for all small files of a kind and state, and the sums."""
    now = time.time()
    rows: list[tuple[str, ...]] = []
    sums: dict[tuple[Kind, State], list[Item]] = {}
    for item in items:
        if item.kind in _SUMMED:
            sums.setdefault((item.kind, item.state), []).append(item)
        else:
            rows.append((item.kind, item.state, _size([item]), _age(now, [item]), _shown(item.path.name)))
    for (kind, state), group in sums.items():
        rows.append((kind, state, _size(group), _age(now, group), f"{len(group)} files"))
    if rows:
        print(tabulate(rows, headers=("kind", "version", "size", "age", "name"), disable_numparse=True))
    prunable = [item for item in items if item.prunable]
    print(f"{_size(items)} in all, {_size(prunable)} of them old or stale")


def _size(items: Sequence[Item]) -> str:
    return f"{sum(item.size for item in items) / 1e6:.1f} MB"


def _age(now: float, items: Sequence[Item]) -> str:
    """Of the youngest."""
    hours = max(0.0, now - max(item.modified for item in items)) / 3600
    return f"{hours:.0f} h" if hours < 48 else f"{hours / 24:.0f} d"


def _shown(text: str) -> str:
    """Without what a terminal would act on, or what is no text."""
    return "".join(letter if letter.isprintable() else "?" for letter in text)
