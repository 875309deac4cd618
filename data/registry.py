"""Data sets by name. A file in this folder adds one by declaring it, and nothing else has to change:

    SETS = (Entry(name="boston", load=load_boston, task="regression", ...),)

Files are found by importing every module of the folder once. Reading the declarations without importing would
spare a set's imports, but a declaration could then be a literal only; so a data file keeps what is heavy
inside its loader, and a test holds it to that. A user's own arrays need no file here: any name that ends in
.npz is read by `data.npz`, and `add` makes it known by its stem.
"""

from __future__ import annotations

import os
import pkgutil
from collections.abc import Mapping
from functools import cache
from importlib import import_module
from pathlib import Path
from types import MappingProxyType

from data.dataset import Dataset
from data.entry import Entry
from data.errors import DataError
from data.npz import load_npz

__all__ = ["add", "add_set", "entries", "entry", "load", "names"]

_SUFFIX = ".npz"


@cache
def entries() -> Mapping[str, Entry]:
    """What the files of this folder declare, by name, in the order of the files.

    Raises:
        DataError: a file cannot be imported, declares something else, or a name that is taken.
    """
    found: dict[str, Entry] = {}
    for module in pkgutil.iter_modules([str(Path(__file__).parent)]):
        where = f"data/{module.name}.py"
        try:
            declared = getattr(import_module(f"{__package__}.{module.name}"), "SETS", ())
        except Exception as error:  # whatever a file may raise, the user is told which file
            raise DataError(
                f"{where}: got {type(error).__name__} ({error}), wanted a module that can be imported: "
                "mend it or take it out of the folder"
            ) from error
        for each in declared:
            if not isinstance(each, Entry):
                raise DataError(f"{where}: got {each!r} in SETS, wanted entries: SETS = (Entry(name=...),)")
            if each.name in found or not each.name or each.name.endswith(_SUFFIX):
                raise DataError(
                    f"{where}: got the name {each.name!r}, wanted one that is not taken "
                    f"({', '.join(found)}) and does not end in {_SUFFIX}"
                )
            found[each.name] = each
    return MappingProxyType(found)


def names() -> tuple[str, ...]:
    """The names that `load` takes, besides those of .npz files."""
    return tuple(entries())


def add(name: str) -> str:
    """The name by which this process then knows a set: its own, or the stem of a .npz file.

    What trains names its data in a word, which becomes part of the names of verdicts and of stored runs; a
    path would tie them to a folder. A later file with the same stem takes the place of an earlier one.

    Raises:
        ValueError, DataError: as `load`.
    """
    if not name.endswith(_SUFFIX):
        return entry(name).name
    found = Entry.of(load(name))
    _added[found.name] = found
    return found.name


def add_set(dataset: Dataset) -> str:
    """The name by which this process then knows a set that is in memory already, in place of any other so
    called."""
    _added[dataset.name] = Entry.of(dataset)
    return dataset.name


_added: dict[str, Entry] = {}


def entry(name: str) -> Entry:
    """What is declared of the set with this name; a .npz file is read for it.

    Raises:
        ValueError, DataError: as `load`.
    """
    if name.endswith(_SUFFIX):
        return Entry.of(load(name))
    if name in _added:
        return _added[name]
    if name not in entries():
        raise ValueError(
            f"got the data set {name!r}, wanted one of {', '.join(entries())}, "
            f"or a file whose name ends in {_SUFFIX}"
        )
    return entries()[name]


def load(name: str) -> Dataset:
    """The data set with this name, or of this .npz file; loaded once a process.

    Raises:
        ValueError: unknown name.
        DataError: the files are absent, corrupt or unreadable (see data/errors.py).
    """
    if name.endswith(_SUFFIX):
        return _of_file(os.path.abspath(name))
    return _added[name].load() if name in _added else _declared(name)


@cache
def _declared(name: str) -> Dataset:
    return entry(name).require(entry(name).load())


@cache
def _of_file(name: str) -> Dataset:
    found = load_npz(Path(name))
    if found.name in entries():
        raise DataError(
            f"{name}: got a file called like the data set {found.name!r}, wanted another name: its verdicts "
            "could not be told from those on that set; rename the file"
        )
    return found
