"""What travels to the nodes beside the order: the data set, by digest, through the run store.

    data/<digest>.safetensors    see `data.packed`

It is written once, whoever writes it, and checked by its digest on arrival.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from data import DataCorruptError, Dataset, add_set
from data.files import RefusedFileError
from data.files import read as read_file
from data.packed import pack, packed_digest, unpack
from models.runs.files import StoreError, write_whole, writing

if TYPE_CHECKING:
    from models.runs.store import RunStore

__all__ = ["LIMIT", "arrived", "send"]

LIMIT = 2**33
"""Bytes of the largest packed data set that is read."""


def _name(digest: str) -> str:
    return f"data/{digest}.safetensors"


def send(store: RunStore, dataset: Dataset) -> None:
    """Puts the set where the nodes find it, unless it is there.

    Raises:
        StoreError: the store cannot be written.
    """
    name = _name(packed_digest(dataset))
    path = store.root / name
    if not path.exists():
        with writing(store.root):
            path.parent.mkdir(parents=True, exist_ok=True)
            write_whole(path, pack(dataset))
    if store.remote is not None and name not in store.remote.names("data/"):
        store.remote.write(name, path.read_bytes())


def arrived(store: RunStore, name: str, digest: str) -> Dataset:
    """The set, known to this process by its name from then on.

    Raises:
        StoreError: it is not in the store.
        DataCorruptError: what is there is another one, or damaged.
    """
    content = _content(store, _name(digest))
    dataset = unpack(content)
    if (dataset.name, found := packed_digest(dataset)) != (name, digest):
        raise DataCorruptError(
            f"got the data set {dataset.name} of digest {found[:12]}, wanted {name} of "
            f"{digest[:12]}: remove {_name(digest)} from the store, or bring the node's code up to date"
        )
    add_set(dataset)
    return dataset


def _content(store: RunStore, name: str) -> bytes:
    path: Path = store.root / name
    try:
        return read_file(path, LIMIT)
    except FileNotFoundError:
        content = store.remote.read(name) if store.remote is not None else None
    except RefusedFileError as error:
        raise StoreError(f"got {error}, wanted a packed data set: remove it") from error
    if content is None:
        raise StoreError(
            f"got no {name} in the store {store.address} on this node, wanted the driver's: name a folder "
            "that the nodes share, or an object store, with --store"
        )
    with writing(store.root):
        os.makedirs(path.parent, exist_ok=True)
        write_whole(path, content)
    return content
