"""IDX files, the format of MNIST: a magic number, the sizes, then the bytes.

Every way in which a file can be wrong has its own message, found before the
checksum is compared, so that the cure is named rather than "checksum differs".
"""

from __future__ import annotations

import gzip
import math
import struct
import zlib
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import numpy as np

from data.dataset import Array
from data.errors import DataCorruptError, DataFolderError
from data.files import RefusedFileError, read, unzip

__all__ = ["IdxFile", "parse", "payload", "verify"]

UBYTE = 0x08
"""IDX type code of unsigned bytes; the magic number is 0x0000, the type, the number of dimensions."""


@dataclass(frozen=True, slots=True)
class IdxFile:
    """What an IDX file must be.

    Attributes:
        stem: file name without .gz.
        shape: of the array, uint8.
        sha256: hex digest of the decompressed payload (the gzip wrapper differs between mirrors).
    """

    stem: str
    shape: tuple[int, ...]
    sha256: str

    @property
    def header(self) -> int:
        """Bytes before the values: the magic number and the sizes."""
        return 4 + 4 * len(self.shape)

    @property
    def length(self) -> int:
        """Bytes of the decompressed payload."""
        return self.header + math.prod(self.shape)


_WRAPPER = 2**16
"""Bytes that a gzip file may be longer than its payload: its header with a name, and what deflate adds."""


def payload(path: Path, length: int) -> bytes:
    """The decompressed bytes of `path` (.gz or raw), of which `length` are wanted: one more shows a tail.

    Raises:
        DataFolderError: not a regular file, or it cannot be read.
        DataCorruptError: far longer than announced, truncated or damaged gzip, or not gzip at all.
    """
    try:
        raw = read(path, length + length // 1000 + _WRAPPER)
    except RefusedFileError as error:
        if error.too_large:
            raise DataCorruptError(f"{error}: this is another file; copy it again") from error
        raise DataFolderError(f"{error}: put the file in its place, or take it away") from error
    except OSError as error:
        raise DataFolderError(
            f"{path}: got {error.strerror or error}, wanted a file that can be read: check its permissions"
        ) from error
    if path.suffix != ".gz":
        return raw
    try:
        return unzip(raw, length)
    except EOFError as error:
        raise DataCorruptError(
            f"{path}: got a truncated gzip file of {len(raw)} bytes, wanted a whole one: copy it again"
        ) from error
    except gzip.BadGzipFile as error:
        # A wrong trailing checksum is also a BadGzipFile: tell it from a file that never was gzip.
        what = (
            "damaged gzip data"
            if raw[:2] == b"\x1f\x8b"
            else f"a file starting with {raw[:2].hex() or 'nothing'}"
        )
        raise DataCorruptError(
            f"{path}: got {what}, wanted gzip (1f8b): copy it again, or name it without .gz if it is raw IDX"
        ) from error
    except zlib.error as error:
        raise DataCorruptError(
            f"{path}: got damaged gzip data ({error}), wanted a whole gzip file: copy or download it again"
        ) from error


def parse(data: bytes, wanted: IdxFile, where: str) -> Array:
    """The array in an IDX payload, uint8, read-only, of the wanted shape.

    Raises:
        DataCorruptError: wrong magic number, wrong shape, or a length that its header does not announce.
    """
    ndim = len(wanted.shape)
    magic, expected = data[:4], bytes([0, 0, UBYTE, ndim])
    if magic != expected:
        raise DataCorruptError(
            f"{where}: got the magic number {magic.hex() or 'nothing'}, wanted {expected.hex()} "
            f"(unsigned bytes in {ndim} dimensions): this is not the file {wanted.stem}"
        )
    header = wanted.header
    if len(data) < header:
        raise DataCorruptError(
            f"{where}: got {len(data)} bytes, wanted at least {header}: the file is truncated, copy it again"
        )
    shape = struct.unpack(f">{ndim}I", data[4:header])
    if shape != wanted.shape:
        raise DataCorruptError(
            f"{where}: got the shape {shape}, wanted {wanted.shape}: this is not {wanted.stem} of MNIST"
        )
    size = math.prod(shape)
    if len(data) != wanted.length:
        # Of a longer payload no more than one byte too many is ever unpacked.
        got = str(len(data) - header) if len(data) < wanted.length else f"more than {size}"
        raise DataCorruptError(
            f"{where}: got {got} bytes of values, wanted the {size} of shape {shape}: "
            "the file is truncated or has a tail; copy it again"
        )
    return np.frombuffer(data, dtype=np.uint8, offset=header).reshape(shape)


def verify(path: Path, wanted: IdxFile) -> Array:
    """Read, parse and check the SHA-256 of the payload; the array of `wanted.shape`.

    Raises:
        DataFolderError: not a regular file, or it cannot be read.
        DataCorruptError: whatever else is wrong with it.
    """
    data = payload(path, wanted.length)
    array = parse(data, wanted, str(path))
    got = sha256(data).hexdigest()
    if got != wanted.sha256:
        raise DataCorruptError(
            f"{path}: got the payload SHA-256 {got}, wanted {wanted.sha256}: "
            "the bytes were changed; copy or download it again"
        )
    return array
