"""A data set as bytes and back, so that a machine without its files can train on it.

The arrays as read, without pickle, in the format of safetensors; what is derived from them is derived again.
The exact integer tables of section 2 do not travel: nothing trains on them.
"""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from data.dataset import Dataset
from data.errors import DataCorruptError

__all__ = ["pack", "unpack"]

_ARRAYS = ("raw_train", "raw_y_train", "raw_test", "raw_y_test")
_WORDS = ("name", "task", "classes", "checksum", "source")


def pack(dataset: Dataset) -> bytes:
    """The set's bytes, the same for the same set."""
    from safetensors.numpy import save

    about = {word: getattr(dataset, word) for word in _WORDS}
    arrays = {name: np.ascontiguousarray(getattr(dataset, name)) for name in _ARRAYS}
    return save(arrays, metadata={"set": json.dumps(about, sort_keys=True)})


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
        return Dataset(**{word: about[word] for word in _WORDS}, **arrays)
    except (SafetensorError, LookupError, TypeError, ValueError) as error:
        raise DataCorruptError(
            f"got {len(content)} bytes that are no packed data set ({error}), wanted what `pack` wrote: "
            "remove the file, and it is written again"
        ) from error
