"""The guarded read: what is no regular file of the announced size is refused at once."""

import gzip
import os
import socket
import zlib

import pytest

from data.files import RefusedFileError, read, unzip


def test_a_regular_file_is_read_whole(tmp_path):
    """Up to the limit, itself included, and through a link."""
    (tmp_path / "file").write_bytes(b"12345")
    (tmp_path / "link").symlink_to("file")
    assert read(tmp_path / "file", 5) == read(tmp_path / "link", 5) == b"12345"
    (tmp_path / "empty").touch()
    assert read(tmp_path / "empty", 0) == b""


def test_a_longer_file_is_refused(tmp_path):
    """One byte more than the limit is too many, and the message gives both numbers."""
    (tmp_path / "file").write_bytes(b"123456")
    with pytest.raises(RefusedFileError, match=r"file: got 6 bytes, wanted at most 5$") as caught:
        read(tmp_path / "file", 5)
    assert caught.value.too_large


def test_a_sparse_file_is_refused_unread(tmp_path):
    """A terabyte of nothing takes no memory and no time."""
    with open(tmp_path / "file", "wb") as file:
        file.truncate(2**40)
    with pytest.raises(RefusedFileError, match="got 1,099,511,627,776 bytes, wanted at most 1,000"):
        read(tmp_path / "file", 1000)


def test_a_file_that_grows_while_it_is_read_is_refused(tmp_path, monkeypatch):
    """The size is a promise that the read itself checks: some file systems report 0 for what has content."""
    path = tmp_path / "file"
    path.write_bytes(b"123456")
    empty = tmp_path / "empty"
    empty.touch()
    status = os.stat(empty)
    monkeypatch.setattr("data.files.os.stat", lambda path: status)
    monkeypatch.setattr("data.files.os.fstat", lambda handle: status)
    with pytest.raises(RefusedFileError, match="got more than 5 bytes, wanted at most 5"):
        read(path, 5)


@pytest.mark.parametrize(
    ("make", "kind"),
    [
        pytest.param(os.mkdir, "a directory", id="directory"),
        pytest.param(os.mkfifo, "a fifo", id="fifo"),
        pytest.param(lambda path: os.symlink("/dev/zero", path), "a character device", id="device"),
        pytest.param(lambda path: os.symlink("nowhere", path), "a link that leads nowhere", id="dangling"),
        pytest.param(lambda path: os.symlink(path.name, path), "a link that leads nowhere", id="itself"),
    ],
)
def test_what_is_no_file_is_refused(tmp_path, make, kind):
    """Without waiting for a writer and without reading."""
    make(tmp_path / "it")
    with pytest.raises(RefusedFileError, match=f"it: got {kind}, wanted a regular file") as caught:
        read(tmp_path / "it", 1000)
    assert not caught.value.too_large


def test_a_socket_is_refused(tmp_path, monkeypatch):
    """The address of a socket is short, so it is bound from its folder."""
    monkeypatch.chdir(tmp_path)
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind("it")
        with pytest.raises(RefusedFileError, match="got a socket, wanted a regular file"):
            read(tmp_path / "it", 1000)


def test_a_fifo_that_takes_the_files_place_is_refused(tmp_path, monkeypatch):
    """Between the look and the open; the open does not wait for a writer."""
    path, regular = tmp_path / "it", tmp_path / "regular"
    os.mkfifo(path)
    regular.touch()
    status = os.stat(regular)
    monkeypatch.setattr("data.files.os.stat", lambda path: status)
    with pytest.raises(RefusedFileError, match="got a fifo, wanted a regular file"):
        read(path, 1000)


def test_what_is_absent_is_an_ordinary_error(tmp_path):
    """Absent is not refused: the caller may look elsewhere."""
    with pytest.raises(FileNotFoundError):
        read(tmp_path / "it", 1000)


def test_a_gzip_file_is_unpacked_to_one_byte_beyond_the_limit():
    """A bomb of 100 MB takes no more memory than what was announced."""
    bomb = gzip.compress(bytes(10**8))
    assert unzip(bomb, 1000) == bytes(1001)
    assert unzip(gzip.compress(b"12345"), 5) == b"12345"


def test_the_checksum_behind_the_last_byte_is_still_read():
    """A file of exactly the announced size is checked to its end."""
    packed = gzip.compress(b"12345")
    with pytest.raises(gzip.BadGzipFile):
        unzip(packed[:-8] + bytes(8), 5)
    with pytest.raises(EOFError):
        unzip(packed[:-1], 5)
    with pytest.raises(zlib.error):
        unzip(packed[:10] + b"\xff" * 30, 5)
