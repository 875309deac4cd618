"""IDX files: every way of being wrong has its own message."""

import gzip
import struct
import tracemalloc
from hashlib import sha256

import numpy as np
import pytest

from data import idx
from data.errors import DataCorruptError, DataFolderError
from data.idx import IdxFile, parse, payload, verify

ARRAY = np.arange(24, dtype=np.uint8).reshape(2, 3, 4)
GOOD = bytes([0, 0, 8, 3]) + struct.pack(">3I", 2, 3, 4) + ARRAY.tobytes()
WANTED = IdxFile("toy-images", (2, 3, 4), sha256(GOOD).hexdigest())


@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_a_good_file_is_read(tmp_path, suffix):
    """Raw and gzipped files give the same array."""
    path = tmp_path / f"toy{suffix}"
    path.write_bytes(gzip.compress(GOOD) if suffix else GOOD)
    assert np.array_equal(verify(path, WANTED), ARRAY)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        pytest.param(gzip.compress(GOOD)[:-12], "got a truncated gzip file of .* bytes", id="truncated"),
        pytest.param(b"", "got the magic number nothing, wanted 00000803", id="empty"),
        pytest.param(b"<html>404</html>", "got a file starting with 3c68, wanted gzip", id="not-gzip"),
        pytest.param(
            gzip.compress(GOOD)[:-8] + b"\0" * 8, "got damaged gzip data, wanted gzip", id="gzip-checksum"
        ),
        pytest.param(
            gzip.compress(GOOD)[:10] + b"\xff" * 30, r"got damaged gzip data \(.*\), wanted", id="damaged"
        ),
        pytest.param(
            gzip.compress(b"\0\0\x08\x01" + GOOD[4:]),
            "got the magic number 00000801, wanted 00000803 .*not the file toy-images",
            id="magic",
        ),
        pytest.param(
            gzip.compress(GOOD[:9]), "got 9 bytes, wanted at least 16: the file is trunc", id="header"
        ),
        pytest.param(
            gzip.compress(GOOD[:4] + struct.pack(">3I", 3, 2, 4) + GOOD[16:]),
            r"got the shape \(3, 2, 4\), wanted \(2, 3, 4\)",
            id="shape",
        ),
        pytest.param(
            gzip.compress(GOOD[:-1]),
            r"got 23 bytes of values, wanted the 24 of shape \(2, 3, 4\)",
            id="length",
        ),
        pytest.param(
            gzip.compress(GOOD + b"!"), "got more than 24 bytes of values, wanted the 24", id="tail"
        ),
        pytest.param(
            gzip.compress(GOOD[:-1] + b"!"),
            f"got the payload SHA-256 .*, wanted {WANTED.sha256}",
            id="checksum",
        ),
    ],
)
def test_a_bad_file_says_what_is_wrong(tmp_path, content, message):
    """Each defect is told apart, names the file and is a DataCorruptError."""
    path = tmp_path / "toy.gz"
    path.write_bytes(content)
    with pytest.raises(DataCorruptError, match=message) as caught:
        verify(path, WANTED)
    assert str(path) in str(caught.value)


def test_a_file_without_permission(tmp_path, monkeypatch):
    """A file that cannot be read is not called corrupt."""

    def denied(path, limit):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(idx, "read", denied)
    with pytest.raises(DataFolderError, match="got Permission denied, wanted a file that can be read"):
        payload(tmp_path / "toy.gz", WANTED.length)


def test_the_array_is_read_only():
    """Nobody can change the bytes after they were verified."""
    with pytest.raises(ValueError, match="read-only"):
        parse(GOOD, WANTED, "toy")[0] = 1


def test_a_gzip_bomb_is_not_unpacked(tmp_path):
    """Of what unpacks to 10 MB one byte too many is read; and a file far too long is not opened."""
    path = tmp_path / "toy.gz"
    path.write_bytes(gzip.compress(GOOD + bytes(10**7)))
    tracemalloc.start()
    with pytest.raises(DataCorruptError, match="got more than 24 bytes of values"):
        verify(path, WANTED)
    assert tracemalloc.get_traced_memory()[1] < 10**6
    tracemalloc.stop()
    with open(path, "wb") as file:
        file.truncate(2**32)
    with pytest.raises(
        DataCorruptError, match=r"toy.gz: got 4,294,967,296 bytes, wanted at most .*copy it again"
    ):
        verify(path, WANTED)
