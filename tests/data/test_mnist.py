"""Where full MNIST is looked for, in which order, and what each failure says."""

import gzip
import os
import struct
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest

from data import fetch, mnist
from data.errors import DataCorruptError, DataFolderError, DataUnavailableError
from data.idx import IdxFile


def idx(array: np.ndarray) -> bytes:
    return bytes([0, 0, 8, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape) + array.tobytes()


PAYLOADS = {
    "train-images-idx3-ubyte": idx(np.arange(3 * 4, dtype=np.uint8).reshape(3, 2, 2)),
    "train-labels-idx1-ubyte": idx(np.array([1, 0, 9], dtype=np.uint8)),
    "t10k-images-idx3-ubyte": idx(np.full((1, 2, 2), 7, dtype=np.uint8)),
    "t10k-labels-idx1-ubyte": idx(np.array([5], dtype=np.uint8)),
}
SHAPES = ((3, 2, 2), (3,), (1, 2, 2), (1,))
FILES = tuple(
    IdxFile(stem, shape, sha256(content).hexdigest())
    for (stem, content), shape in zip(PAYLOADS.items(), SHAPES, strict=True)
)
"""Four small files in place of the real ones: three training images of 2 by 2 and one test image."""


@pytest.fixture
def own(tmp_path) -> Path:
    """A user's folder with all four files, gzipped."""
    folder = tmp_path / "own"
    write(folder / "mnist")
    return folder


@pytest.fixture
def cache(tmp_path, monkeypatch) -> Path:
    """An empty cache folder, and no network: every download fails."""
    folder = tmp_path / "cache"
    monkeypatch.setattr(fetch, "cache_folder", lambda: folder)

    def offline(url, target):
        raise ConnectionError("no network in this test")

    monkeypatch.setattr(fetch, "download", offline)
    return folder / "mnist"


def write(folder: Path, *, compress: bool = True) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for stem, content in PAYLOADS.items():
        path = folder / (f"{stem}.gz" if compress else stem)
        path.write_bytes(gzip.compress(content) if compress else content)


def load(folder: Path | str):
    return mnist.load_mnist({mnist.VARIABLE: str(folder)}, files=FILES)


def test_the_users_folder_comes_first(own, cache):
    """With all files in LANDSCAPE_DATA the cache is not even made."""
    data = load(own)
    assert data.raw_train.reshape(3, 4).tolist() == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9, 10, 11]]
    assert data.sample_shape == (1, 2, 2)
    assert data.exact_table.Y.argmax(1).tolist() == [1, 0, 9], "the training images alone"
    assert data.y_train.tolist() == [1, 0, 9]
    assert (data.n_test, data.d_x, data.d_y) == (1, 4, 10)
    assert "LANDSCAPE_DATA" in data.source
    assert not cache.exists()


def test_raw_idx_files_are_read(own, cache):
    """Files without .gz do as well, and the checksum is the same."""
    compressed = load(own).checksum
    for path in (own / "mnist").glob("*.gz"):
        path.unlink()
    write(own / "mnist", compress=False)
    assert load(own).checksum == compressed


def test_a_file_absent_from_the_users_folder_is_taken_from_the_cache(own, cache):
    """Absent is not corrupt: the next place is looked in."""
    (own / "mnist" / "t10k-labels-idx1-ubyte.gz").unlink()
    write(cache)
    data = load(own)
    assert data.y_test.tolist() == [5]
    assert "cache" in data.source
    assert "LANDSCAPE_DATA" in data.source


def test_what_is_nowhere_is_downloaded_and_kept(cache, monkeypatch):
    """Without variable and cache, the four files are downloaded once."""
    asked = []

    def download(url, target):
        asked.append(url)
        target.write_bytes(gzip.compress(PAYLOADS[url.rsplit("/", 1)[1].removesuffix(".gz")]))

    monkeypatch.setattr(fetch, "download", download)
    first = load("")
    assert asked == [f"{mnist.MIRRORS[0]}{stem}.gz" for stem in PAYLOADS]
    assert load("").checksum == first.checksum
    assert len(asked) == 4


def test_offline_and_absent(cache, own):
    """The error names the variable, the folders looked in and the embedded alternative."""
    with pytest.raises(DataUnavailableError) as caught:
        load("")
    text = str(caught.value)
    for part in ("LANDSCAPE_DATA (not set)", str(cache), "'mnist-5k'", "no network in this test"):
        assert part in text
    (own / "mnist" / "train-images-idx3-ubyte.gz").unlink()
    with pytest.raises(DataUnavailableError, match=r"looked for train-images") as caught:
        load(own)
    assert f"{own / 'mnist'} (from LANDSCAPE_DATA)" in str(caught.value)


def test_a_corrupt_file_of_the_users_is_an_error(own, cache):
    """It is neither passed over for the cache nor replaced."""
    write(cache)
    path = own / "mnist" / "train-labels-idx1-ubyte.gz"
    path.write_bytes(b"damaged")
    with pytest.raises(DataCorruptError, match=r"train-labels.*got a file starting with 6461, wanted gzip"):
        load(own)
    assert path.read_bytes() == b"damaged"


def test_a_corrupt_cached_file_without_network(cache):
    """Both facts are told: the cached file is bad and no mirror could be reached."""
    write(cache)
    (cache / "t10k-images-idx3-ubyte.gz").write_bytes(b"damaged")
    with pytest.raises(DataUnavailableError, match=r"cached file cannot be used either(.|\n)*wanted gzip"):
        load("")


def test_a_variable_that_names_a_file(tmp_path, cache):
    """LANDSCAPE_DATA is the folder, not a file in it."""
    (tmp_path / "file").write_text("x")
    with pytest.raises(
        DataFolderError, match=r"LANDSCAPE_DATA=.*where .*file is no folder, wanted the folder that has mnist"
    ):
        load(tmp_path / "file")


def test_a_variable_that_names_nothing(tmp_path, cache):
    """A mistyped folder is an error, not a silent download."""
    with pytest.raises(DataFolderError, match=r"LANDSCAPE_DATA=.*which does not exist.*correct or unset it"):
        load(tmp_path / "nowhere")


def test_a_variable_that_names_nobody(cache):
    """A home of a user that does not exist is no traceback."""
    with pytest.raises(
        DataFolderError, match=r"LANDSCAPE_DATA=~no-such-user/x, which names a user that does not exist"
    ):
        load("~no-such-user/x")


def test_a_file_where_the_folder_should_be(tmp_path, downloads):
    """`mnist` itself must be a folder: a file or a link to nothing there is not passed over."""
    (tmp_path / "mnist").write_text("x")
    with pytest.raises(DataFolderError, match=r"where .*mnist is no folder"):
        load(tmp_path)
    (tmp_path / "mnist").unlink()
    (tmp_path / "mnist").symlink_to("nowhere")
    with pytest.raises(DataFolderError, match=r"where .*mnist is no folder"):
        load(tmp_path)
    assert downloads == []


@pytest.fixture
def downloads(cache, monkeypatch) -> list[str]:
    """The URLs that were asked for."""
    asked: list[str] = []

    def offline(url, target):
        asked.append(url)
        raise ConnectionError("no network in this test")

    monkeypatch.setattr(fetch, "download", offline)
    return asked


HOSTILE = {
    "directory": (os.mkdir, "got a directory, wanted a regular file: put the file in its place"),
    "fifo": (os.mkfifo, "got a fifo, wanted a regular file"),
    "device": (lambda path: os.symlink("/dev/zero", path), "got a character device, wanted a regular file"),
    "dangling": (lambda path: os.symlink("nowhere", path), "got a link that leads nowhere, wanted a reg"),
}


@pytest.mark.parametrize("suffix", [".gz", ""])
@pytest.mark.parametrize(("make", "message"), HOSTILE.values(), ids=HOSTILE)
def test_what_is_no_file_is_an_error_at_once(own, downloads, make, message, suffix):
    """In the user's folder: neither waited for nor passed over, and no download begins."""
    path = own / "mnist" / f"t10k-images-idx3-ubyte{suffix}"
    (own / "mnist" / "t10k-images-idx3-ubyte.gz").unlink()
    make(path)
    with pytest.raises(DataFolderError, match=message):
        load(own)
    assert downloads == []


@pytest.mark.parametrize(("make", "message"), HOSTILE.values(), ids=HOSTILE)
def test_what_is_no_file_in_the_cache_is_an_error_at_once(cache, downloads, make, message):
    """The cache heals damaged files; what was put in a file's place by hand it leaves alone."""
    write(cache)
    path = cache / "t10k-images-idx3-ubyte.gz"
    path.unlink()
    make(path)
    with pytest.raises(DataFolderError, match=message):
        load("")
    assert downloads == []
    assert os.path.lexists(path)


@pytest.mark.parametrize("size", [2**32, 2**40])
def test_a_sparse_file_is_an_error_at_once(own, downloads, size):
    """A file of gigabytes of nothing is not read."""
    with open(own / "mnist" / "t10k-images-idx3-ubyte.gz", "wb") as file:
        file.truncate(size)
    with pytest.raises(DataCorruptError, match=rf"got {size:,} bytes, wanted at most .*copy it again"):
        load(own)
    assert downloads == []


def test_a_gzip_bomb_is_an_error_at_once(own, downloads):
    """What unpacks to far more than the images is not unpacked further than that."""
    path = own / "mnist" / "t10k-images-idx3-ubyte.gz"
    path.write_bytes(gzip.compress(PAYLOADS["t10k-images-idx3-ubyte"] + bytes(10**7)))
    with pytest.raises(DataCorruptError, match="got more than 4 bytes of values, wanted the 4"):
        load(own)
    assert downloads == []


def test_a_folder_without_permission(own, cache, monkeypatch):
    """A folder that cannot be listed is named. Root may read all, so the refusal is simulated."""

    def denied(path):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(os, "listdir", denied)
    with pytest.raises(
        DataFolderError, match=r"cannot be read \(Permission denied\).*change its permissions"
    ):
        load(own)


@pytest.mark.skipif(
    not os.environ.get("LANDSCAPE_DATA"), reason="LANDSCAPE_DATA is not set: no full MNIST here"
)
def test_the_real_files():
    """The real 60,000 and 10,000 images, by their published digests; 717 pixels are ever inked."""
    from data import load as load_by_name

    data = load_by_name("mnist")
    assert (data.n_train, data.n_test, data.d_x) == (60_000, 10_000, 784)
    assert int((data.raw_train.max(axis=0) > 0).sum()) == 717
    assert np.bincount(data.y_train).tolist() == [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
