"""A data set as bytes and back, so that a machine without its files can train on it.

The arrays as read, without pickle, in the format of safetensors; what is derived from them is derived again.
The integer matrices of the exact claims travel where a set has its own.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from hashlib import sha256
from typing import Any

import numpy as np

from data.dataset import Dataset, ExactTable
from data.errors import DataCorruptError

__all__ = ["pack", "packed_digest", "unpack"]

_ARRAYS = ("raw_train", "raw_y_train", "raw_test", "raw_y_test")
_WORDS = ("name", "task", "classes", "checksum", "source")


def packed_digest(dataset: Dataset) -> str:
    """Hex: on what all depends that is made of the set, trained or exact."""
    if dataset.exact is None:
        return dataset.training_digest
    return sha256(f"{dataset.training_digest} {dataset.exact_table.digest}".encode()).hexdigest()


def pack(dataset: Dataset) -> bytes:
    """The set's bytes, the same for the same set."""
    from safetensors.numpy import save

    about = {word: getattr(dataset, word) for word in _WORDS}
    arrays = {name: np.ascontiguousarray(getattr(dataset, name)) for name in _ARRAYS}
    if dataset.exact is not None:
        table = dataset.exact_table
        about["columns"] = list(table.columns)
        arrays |= {name: np.ascontiguousarray(array) for name, array in _exact(table).items()}
    return save(arrays, metadata={"set": json.dumps(about, sort_keys=True)})


def _exact(table: ExactTable) -> dict[str, Any]:
    scale = {} if table.scale is None else {"exact_scale": table.scale}
    return {"exact_X": table.X, "exact_Y": table.Y, **scale}


def unpack(content: bytes) -> Dataset:
    """The set that `pack` made bytes of.

    Raises:
        DataCorruptError: the bytes are of none.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load

    try:
        size = int.from_bytes(content[:8], "little")
        about: dict[str, Any] = json.loads(json.loads(content[8 : 8 + size])["__metadata__"]["set"])
        arrays: dict[str, Any] = load(content)
        exact = {name: arrays.pop(name) for name in list(arrays) if name.startswith("exact_")}
        return Dataset(
            **{word: about[word] for word in _WORDS},
            **arrays,
            exact=_table_of(exact, about["columns"]) if exact else None,
        )
    except (SafetensorError, LookupError, TypeError, ValueError) as error:
        raise DataCorruptError(
            f"got {len(content)} bytes that are no packed data set ({error}), wanted what `pack` wrote: "
            "remove the file, and it is written again"
        ) from error


def _table_of(arrays: dict[str, Any], columns: list[str]) -> Callable[[], ExactTable]:
    table = ExactTable(arrays["exact_X"], arrays["exact_Y"], arrays.get("exact_scale"), tuple(columns))
    return lambda: table
