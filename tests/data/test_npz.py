"""A user's own .npz file: what it may hold, and what each defect says."""

import io
import os
import struct
import zipfile
from pathlib import Path

import numpy as np
import pytest

from data import DataCorruptError, DataError, DataFolderError, npz
from data.npz import load_npz

DRAW = np.random.default_rng(0)
X = DRAW.integers(0, 256, (24, 3, 2), dtype=np.uint8)
LABELS = np.arange(24) % 3
GOOD = {"x_train": X[:18], "y_train": LABELS[:18], "x_test": X[18:], "y_test": LABELS[18:]}


def saved(tmp_path: Path, arrays: dict, name: str = "my.npz") -> Path:
    np.savez(tmp_path / name, **arrays)
    return tmp_path / name


def test_four_arrays_are_a_data_set(tmp_path):
    """Named after the file; samples of any shape, pixels in [0, 1], and other arrays are passed over."""
    data = load_npz(saved(tmp_path, {**GOOD, "names": np.array(["a", "b"])}))
    assert (data.name, data.task, data.d_y, data.sample_shape) == ("my", "classification", 3, (3, 2))
    assert data.x_train.tolist() == (X[:18].astype(np.float32) / np.float32(255)).tolist()
    assert data.y_test.tolist() == LABELS[18:].tolist()
    assert data.source == "my.npz, a file of the user"
    assert data.exact_table.X.shape == (24, 6)


def test_two_arrays_are_split_by_hash(tmp_path):
    """A fifth of every class, the same everywhere and for good."""
    labels = np.array([0] * 50 + [1] * 10 + [2] * 4)
    x = np.arange(64.0)[:, None]
    data = load_npz(saved(tmp_path, {"x": x, "y": labels}))
    assert np.bincount(data.y_test, minlength=3).tolist() == [10, 2, 0]
    assert np.bincount(data.y_train).tolist() == [40, 8, 4]
    assert sorted([*data.raw_train[:, 0], *data.raw_test[:, 0]]) == x[:, 0].tolist()
    assert sorted(data.raw_test[:, 0].tolist()) == [2, 4, 8, 11, 15, 16, 24, 28, 33, 42, 53, 57]


def test_real_targets_are_a_regression(tmp_path):
    """Of one or several outputs; inputs are standardised."""
    x, y = DRAW.normal(5, 3, (30, 4)), DRAW.normal(size=(30, 2))
    data = load_npz(saved(tmp_path, {"x": x, "y": y}))
    assert (data.task, data.d_y, data.n_train, data.n_test) == ("regression", 2, 24, 6)
    assert np.abs(data.x_train.mean(axis=0)).max() < 1e-6
    assert load_npz(saved(tmp_path, {"x": x, "y": y[:, 0]})).d_y == 1


@pytest.mark.parametrize("dtype", ["<u2", ">i4", "<f4", ">f8", "<f2", "<i8"])
def test_numbers_of_any_type_and_order_are_read(tmp_path, dtype):
    """Byte order, precision and memory layout change no value."""
    x = np.asfortranarray(X.reshape(24, 6).astype(dtype))
    data = load_npz(saved(tmp_path, {"x": x, "y": LABELS.astype(">i2")[:, None]}))
    plain = load_npz(saved(tmp_path, {"x": X.reshape(24, 6).astype(float), "y": LABELS}))
    assert data.training_digest == plain.training_digest
    assert data.x_train.dtype == np.float32


def test_the_checksum_is_of_the_arrays(tmp_path):
    """Compression changes nothing, a number does."""
    first = load_npz(saved(tmp_path, GOOD)).checksum
    np.savez_compressed(tmp_path / "my.npz", **GOOD)
    assert load_npz(tmp_path / "my.npz").checksum == first
    assert load_npz(saved(tmp_path, {**GOOD, "y_test": LABELS[17:23]})).checksum != first


def changed(**arrays) -> dict:
    return {**GOOD, **arrays}


NAN = np.where(np.arange(36).reshape(18, 2) == 7, np.nan, 1.0 * np.arange(36).reshape(18, 2))
DEFECTS = {
    "none": ({}, "got the arrays none, wanted x_train, y_train, x_test, y_test, or x and y: numpy.savez"),
    "missing": (
        {name: GOOD[name] for name in ("x_train", "y_train", "x_test")},
        r"got the arrays x_test, x_train, y_train, wanted x_train, y_train, x_test, y_test, or x and y",
    ),
    "objects": (
        changed(x_train=np.array([[1], [2]], dtype=object)),
        r"got x_train of objects, wanted whole or real numbers of at most 64 bits: .*astype\(numpy.float32\)",
    ),
    "text": (changed(y_train=np.array(["cat"] * 18)), "got y_train of <U3, wanted whole or real numbers"),
    "complex": (changed(x_train=X[:18] * 1j), "got x_train of complex128, wanted whole or real numbers"),
    "booleans": (changed(x_train=X[:18] > 9), "got x_train of bool, wanted whole or real numbers"),
    "dates": (changed(x_test=X[18:].astype("M8[s]")), "got x_test of datetime64"),
    "records": (
        changed(x_train=np.zeros((18, 2), dtype=[("a", float)])),
        r"got x_train of \[\('a', '<f8'\)\], wanted whole or real numbers",
    ),
    "one-dimension": (
        changed(x_train=np.arange(18)),
        r"got x_train of shape \(18,\), wanted \[m, columns\] or \[m, ...\]: one feature is x\[:, None\]",
    ),
    "scalar": (changed(x_train=np.array(3)), r"got x_train of shape \(\), wanted \[m, columns\]"),
    "empty": (
        changed(x_train=X[:0], y_train=LABELS[:0]),
        r"got x_train of shape \(0, 3, 2\), wanted at least one sample",
    ),
    "no-numbers": (
        changed(x_test=X[18:, :, :0]),
        r"got x_test of shape \(6, 3, 0\), wanted at least one sam",
    ),
    "counts": (
        changed(y_train=LABELS),
        r"got y_train of shape \(24,\) for 18 samples, wanted \[m\] or \[m, outputs\]: give one target",
    ),
    "no-target": (changed(y_test=np.zeros((6, 0))), r"got y_test of shape \(6, 0\) for 6 samples"),
    "shapes": (
        changed(x_test=X[18:, :2]),
        r"got samples of shape \(3, 2\) in x_train and \(2, 2\) in x_test, wanted one shape",
    ),
    "one-hot": (
        changed(y_train=np.eye(3, dtype=int)[LABELS[:18]]),
        r"got whole numbers y_train of shape \(18, 3\), wanted labels .*y_train.argmax\(axis=1\)",
    ),
    "negative": (
        changed(y_train=LABELS[:18] - 1),
        "got labels from -1 to 1 in y_train, wanted classes 0, 1, 2, ...: number the classes from 0 on",
    ),
    "large": (changed(y_test=LABELS[18:] + 2**62), "got labels from 4611.* in y_test, wanted classes 0, 1"),
    "unsigned": (
        changed(y_test=LABELS[18:].astype(np.uint64) + np.uint64(2**63 + 5)),
        "got labels from 9223372036854775813 to",
    ),
    "gap": (
        changed(y_train=LABELS[:18] * 2, y_test=LABELS[18:] * 2),
        r"got no training sample of class 1, wanted some of each of 0 to 4: .*numpy.unique\(y, return",
    ),
    "from-one": (changed(y_train=LABELS[:18] + 1), "got no training sample of class 0, wanted some of each"),
    "one-class": (
        changed(y_train=LABELS[:18] * 0, y_test=LABELS[18:] * 0),
        "got one class only, wanted at l",
    ),
    "test-only": (
        changed(y_test=LABELS[18:] + 1),
        "got class 3 in the test part only, wanted classes 0 to 2",
    ),
    "mixed": (changed(y_test=LABELS[18:] * 1.0), "got y_train of labels and y_test of 1 real targets"),
    "outputs": (
        changed(y_train=np.ones((18, 2)), y_test=np.ones((6, 3))),
        "got y_train of 2 real targets and y_test of 3 real targets, wanted the same of both",
    ),
    "nan": (
        changed(x_train=NAN, x_test=NAN[:6]),
        r"got nan at x_train\[3, 1\], wanted numbers up to 1e\+30: .*numpy.isfinite\(x_train\)",
    ),
    "infinite": (
        changed(x_train=X[:18] / 1.0, x_test=X[18:] / 0.5 + np.inf),
        r"got inf at x_test\[0, 0, 0\], wanted numbers up to",
    ),
    "huge": (changed(y_train=np.full(18, -1e200), y_test=np.ones(6)), r"got -1e\+200 at y_train\[0\]"),
    "equal": (
        changed(x_train=X[:1].repeat(18, 0)),
        "got training samples that are all equal, wanted samples",
    ),
    "constant": (
        changed(y_train=np.full(18, 0.1), y_test=np.ones(6)),
        "got a target that never varies, wanted targets to learn",
    ),
    "far": (
        changed(x_train=1e-25 * X[:18], x_test=1e20 * X[18:]),
        "got numbers in x_test too far from the training part, wanted one scale for both",
    ),
    "few": ({"x": X[:4], "y": np.array([0, 1, 0, 1])}, "got 4 samples in x and y, none of which can be held"),
}


@pytest.mark.parametrize(("arrays", "message"), DEFECTS.values(), ids=DEFECTS)
def test_a_defect_says_what_is_wrong_and_the_cure(tmp_path, arrays, message):
    """Each is told apart and names the file."""
    path = saved(tmp_path, arrays)
    with pytest.raises(DataCorruptError, match=message) as caught:
        load_npz(path)
    assert str(caught.value).startswith(f"{path}: got ")


@pytest.mark.parametrize("stem", ["my set", "-o", "a[1]", "ü", "a" * 61, ".hidden", "a\x1b[31m"])
def test_a_name_that_cannot_stand_in_a_verdict_is_refused(tmp_path, stem):
    """Verdicts, folders and tests are named after the file."""
    with pytest.raises(DataCorruptError, match="verdicts are named after it; rename the file"):
        load_npz(saved(tmp_path, GOOD, f"{stem}.npz"))


NO_FILES = {
    "directory": (os.mkdir, "got a directory, wanted a regular file: name a .npz file"),
    "fifo": (os.mkfifo, "got a fifo, wanted a regular file"),
    "device": (lambda path: os.symlink("/dev/zero", path), "got a character device, wanted a regular file"),
    "dangling": (lambda path: os.symlink("nowhere", path), "got a link that leads nowhere, wanted a regular"),
    "absent": (lambda path: None, "got No such file or directory, wanted a .npz file that can be read"),
}


@pytest.mark.parametrize(("make", "message"), NO_FILES.values(), ids=NO_FILES)
def test_what_is_no_file_is_refused_at_once(tmp_path, make, message):
    """Nothing is waited for."""
    make(tmp_path / "my.npz")
    with pytest.raises(DataFolderError, match=message):
        load_npz(tmp_path / "my.npz")


def test_a_sparse_file_is_refused_unread(tmp_path):
    """Four gigabytes of nothing."""
    with open(tmp_path / "my.npz", "wb") as file:
        file.truncate(2**32)
    with pytest.raises(DataCorruptError, match="got 4,294,967,296 bytes, wanted at most 2,147,483,648"):
        load_npz(tmp_path / "my.npz")


def archive(tmp_path: Path, **members: bytes) -> Path:
    with zipfile.ZipFile(tmp_path / "my.npz", "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in members.items():
            file.writestr(f"{name}.npy", content)
    return tmp_path / "my.npz"


def encoded(array: np.ndarray) -> bytes:
    stream = io.BytesIO()
    np.lib.format.write_array(stream, array, allow_pickle=True)
    return stream.getvalue()


def test_a_bomb_is_not_unpacked(tmp_path, monkeypatch):
    """The sizes are added up before anything is read, and neither header may announce what is not there."""
    monkeypatch.setattr(npz, "LIMIT", 10**6)
    zeros = np.zeros((10**6, 1), dtype=np.uint8)
    path = archive(tmp_path, x=encoded(zeros), y=encoded(np.zeros(10**6, dtype=np.uint8)))
    assert path.stat().st_size < 10**5
    with pytest.raises(
        DataCorruptError, match="got 2,000,000 bytes of arrays, wanted at most 1,000,000: keep"
    ):
        load_npz(path)
    lie = encoded(np.zeros((4, 1))).replace(b"(4, 1), }" + b" " * 8, b"(400000000, 1), }")
    assert b"(400000000, 1)" in lie
    with pytest.raises(DataCorruptError, match="got x of 32 bytes, wanted the 3,200,000,000 of its shape"):
        load_npz(archive(tmp_path, x=lie, y=encoded(LABELS[:4])))


def test_no_pickle_is_opened(tmp_path):
    """An object array in the file runs nothing, whether it is one that is read or not."""

    class Trap:
        def __reduce__(self):
            return (os.mkdir, (str(tmp_path / "sprung"),))

    trap = encoded(np.array([Trap()], dtype=object))
    arrays = {name: encoded(array) for name, array in GOOD.items()}
    assert load_npz(archive(tmp_path, **arrays, trap=trap)).d_y == 3
    with pytest.raises(DataCorruptError, match="got y_train of objects"):
        load_npz(archive(tmp_path, **{**arrays, "y_train": trap}))
    assert not (tmp_path / "sprung").exists()


@pytest.mark.parametrize(
    "content",
    [b"", b"PK", b"<html>", b"\x93NUMPY", bytes(1000), struct.pack("<I", 0x04034B50) + bytes(60)],
    ids=["empty", "short", "html", "npy", "zeros", "header"],
)
def test_what_is_no_archive_is_refused(tmp_path, content):
    """Whatever it is instead."""
    (tmp_path / "my.npz").write_bytes(content)
    with pytest.raises(
        DataCorruptError, match=r"wanted a .npz file as numpy.savez writes it: write it again"
    ):
        load_npz(tmp_path / "my.npz")


def test_a_damaged_archive_is_an_error_or_unchanged(tmp_path):
    """Hundreds of flipped bits and cuts: a clear error, or the same numbers where padding was hit."""
    path = saved(tmp_path, GOOD)
    whole, digest = path.read_bytes(), load_npz(path).training_digest
    draw, refused = np.random.default_rng(1), 0
    for _ in range(400):
        content = bytearray(whole)
        content[draw.integers(len(whole))] ^= 1 << int(draw.integers(8))
        path.write_bytes(content[: draw.integers(len(whole))] if draw.random() < 0.2 else content)
        try:
            found = load_npz(path)
        except DataError:
            refused += 1
            continue
        assert found.training_digest == digest
    assert refused > 200
