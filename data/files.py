"""The one guarded read: a regular file of a bounded size, or an error at once.

A name in a folder may be a fifo that never answers, a device that never ends, a directory, a link to
nothing, a sparse file of terabytes, or a small gzip file that unpacks to gigabytes. Nothing is read before
the kind and the size are known, and never more than the caller announced.
"""

from __future__ import annotations

import gzip
import io
import os
import stat
from pathlib import Path

__all__ = ["RefusedFileError", "read", "unzip"]

_KINDS = (
    (stat.S_ISDIR, "a directory"),
    (stat.S_ISFIFO, "a fifo"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a character device"),
    (stat.S_ISBLK, "a block device"),
)

_PIECE = 2**20


class RefusedFileError(OSError):
    """What lies at a path is not to be read; `strerror` says what was got and what was wanted.

    Attributes:
        too_large: it is a regular file, but longer than the caller allows.
    """

    def __init__(self, path: Path, message: str, *, too_large: bool = False) -> None:
        super().__init__(message)
        self.strerror, self.filename, self.too_large = message, str(path), too_large

    def __str__(self) -> str:
        return f"{self.filename}: {self.strerror}"


def read(path: Path, limit: int) -> bytes:
    """All bytes of the regular file at `path`, at most `limit` of them; a link is followed.

    Raises:
        RefusedFileError: not a regular file, a link that leads nowhere, or more than `limit` bytes.
        OSError: it does not exist or may not be read.
    """
    if os.path.lexists(path) and not os.path.exists(path):
        raise RefusedFileError(path, "got a link that leads nowhere, wanted a regular file")
    # Looked at before it is opened, because opening some devices acts on them; and opened without waiting,
    # because a fifo may have taken the file's place in between.
    _require_regular(path, os.stat(path), limit)
    handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    with open(handle, "rb") as file:
        status = os.fstat(handle)
        _require_regular(path, status, limit)
        whole = file.read(status.st_size + 1)
        if len(whole) <= status.st_size:
            return whole  # without a copy, for large files
        # It grows meanwhile. In pieces, so that memory is taken for what is there, not for what is allowed.
        content = bytearray(whole)
        while piece := file.read(min(_PIECE, limit + 1 - len(content))):
            content += piece
    if len(content) > limit:
        raise _too_large(path, f"more than {limit:,}", limit)
    return bytes(content)


def unzip(raw: bytes, limit: int) -> bytes:
    """The gzip file `raw` unpacked: all of it, or its first `limit` + 1 bytes where it is longer.

    Raises:
        EOFError, gzip.BadGzipFile, zlib.error: truncated, not gzip, damaged.
    """
    with gzip.GzipFile(fileobj=io.BytesIO(raw)) as file:
        return file.read(limit + 1)


def _require_regular(path: Path, status: os.stat_result, limit: int) -> None:
    if not stat.S_ISREG(status.st_mode):
        kind = next((name for test, name in _KINDS if test(status.st_mode)), "something else")
        raise RefusedFileError(path, f"got {kind}, wanted a regular file")
    if status.st_size > limit:
        raise _too_large(path, f"{status.st_size:,}", limit)


def _too_large(path: Path, size: str, limit: int) -> RefusedFileError:
    return RefusedFileError(path, f"got {size} bytes, wanted at most {limit:,}", too_large=True)
