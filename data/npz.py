"""A user's own arrays: a .npz file as `numpy.savez` writes it, read without pickle and without trust.

Either x_train, y_train, x_test and y_test, or x and y, of which a fifth is then held out by hash. Whole
numbers are labels 0, 1, 2, ...; real targets make a regression. Samples have any shape: [m, columns], images
[m, channels, height, width], sequences. uint8 samples are brought to [0, 1], all others are standardised.
Other arrays in the file are passed over.
"""

from __future__ import annotations

import io
import math
import re
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import IO, NoReturn

import numpy as np
from numpy.lib import format as npy

from data.dataset import Array, Dataset, digest_of_arrays
from data.errors import DataCorruptError, DataFolderError
from data.files import RefusedFileError, read
from data.split import split_share

__all__ = ["LIMIT", "load_npz"]

LIMIT = 2**31
"""Bytes of the file, and of its arrays unpacked, together."""

PARTS = ("x_train", "y_train", "x_test", "y_test")
WHOLE = ("x", "y")
SHARE = 5
"""One sample in so many is held out for the test where the file has x and y."""

_GREATEST = 1e30
"""Larger numbers overflow float32 when they are squared or standardised."""

_LABEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,59}")
"""A stem that can stand in the names of tests, of folders and in a table."""


def load_npz(path: Path) -> Dataset:
    """The data set in the file `path`; its name is the file's stem.

    Raises:
        DataFolderError: not a regular file, or it cannot be read.
        DataCorruptError: whatever is wrong with what it holds; the message says what was got, what was
            wanted and the cure.
    """
    if not _LABEL.fullmatch(path.stem):
        raise DataCorruptError(
            f"{path}: got a file called {path.stem!r}, wanted 1 to 60 letters, digits, points, dashes and "
            "underscores: verdicts are named after it; rename the file"
        )
    arrays = _arrays(path)
    if WHOLE[0] in arrays:
        _require_samples(path, "", arrays["x"], arrays["y"])
        y = _targets(path, "y", arrays["y"])
        train, test = split_share(np.zeros(len(y)) if y.dtype.kind == "f" else y, SHARE)
        if not len(test):
            _refuse(
                path,
                f"{len(y)} samples in x and y, none of which can be held out",
                f"at least {SHARE} of a class",
                "add samples, or give x_train, y_train, x_test and y_test",
            )
        x_train, y_train, x_test, y_test = arrays["x"][train], y[train], arrays["x"][test], y[test]
    else:
        x_train, y_train, x_test, y_test = (arrays[name] for name in PARTS)
        _require_samples(path, "_train", x_train, y_train)
        _require_samples(path, "_test", x_test, y_test)
        if x_train.shape[1:] != x_test.shape[1:]:
            _refuse(
                path,
                f"samples of shape {x_train.shape[1:]} in x_train and {x_test.shape[1:]} in x_test",
                "one shape",
                "prepare both parts alike",
            )
        y_train, y_test = _targets(path, "y_train", y_train), _targets(path, "y_test", y_test)
        if y_train.dtype.kind != y_test.dtype.kind or y_train.shape[1:] != y_test.shape[1:]:
            _refuse(
                path,
                f"y_train of {_kind(y_train)} and y_test of {_kind(y_test)}",
                "the same of both",
                "prepare both parts alike",
            )
    x_train, x_test = _samples(path, "x_train", x_train), _samples(path, "x_test", x_test)
    if (x_train == x_train[0]).all():
        _refuse(path, "training samples that are all equal", "samples that vary", "look at how x was made")
    regression = y_train.dtype.kind == "f"
    found = Dataset(
        name=path.stem,
        task="regression" if regression else "classification",
        raw_train=x_train,
        raw_y_train=y_train,
        raw_test=x_test,
        raw_y_test=y_test,
        classes=0 if regression else _classes(path, y_train, y_test),
        checksum=digest_of_arrays(x_train=x_train, y_train=y_train, x_test=x_test, y_test=y_test),
        source=f"{path.name}, a file of the user",
    )
    _require_finite(path, found)
    return found


# -- reading the archive --------------------------------------------------------------


def _arrays(path: Path) -> Mapping[str, Array]:
    """The four or two arrays that are read; nothing is unpacked before its kind and size are known."""
    try:
        raw = read(path, LIMIT)
    except RefusedFileError as error:
        kind = DataCorruptError if error.too_large else DataFolderError
        raise kind(f"{error}: name a .npz file of that size, as numpy.savez writes it") from error
    except OSError as error:
        raise DataFolderError(
            f"{path}: got {error.strerror or error}, wanted a .npz file that can be read: correct the name "
            "or the permissions"
        ) from error
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            members = {entry.filename.removesuffix(".npy"): entry for entry in archive.infolist()}
            names = _wanted(path, members)
            total = 0
            for name in names:
                with archive.open(members[name]) as member:
                    total += _announced(path, name, member, members[name].file_size)
            if total > LIMIT:
                _refuse(path, f"{total:,} bytes of arrays", f"at most {LIMIT:,}", "keep fewer samples")
            found = {}
            for name in names:
                with archive.open(members[name]) as member:
                    found[name] = npy.read_array(member, allow_pickle=False)
            return found
    except DataCorruptError:
        raise
    except Exception as error:  # a damaged archive raises a dozen kinds, down to struct.error
        raise DataCorruptError(
            f"{path}: got {type(error).__name__} ({error}), wanted a .npz file as numpy.savez writes it: "
            "write it again"
        ) from error


def _wanted(path: Path, members: Mapping[str, object]) -> tuple[str, ...]:
    for names in (PARTS, WHOLE):
        if all(name in members for name in names):
            return names
    held = ", ".join(sorted(members)) or "none"
    _refuse(
        path,
        f"the arrays {held[:200]}",
        "x_train, y_train, x_test, y_test, or x and y",
        "numpy.savez(path, x_train=..., y_train=..., x_test=..., y_test=...)",
    )


def _announced(path: Path, name: str, member: IO[bytes], size: int) -> int:
    """Bytes of an array by its header, which has to agree with the archive's, so that neither can lie."""
    version = npy.read_magic(member)
    if version not in ((1, 0), (2, 0)):
        _refuse(path, f"{name} in version {version} of the format", "1.0 or 2.0", "write plain numbers")
    header = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
    shape, _, dtype = header(member)
    if dtype.kind not in "iuf" or dtype.itemsize > 8:
        what = "objects" if dtype.hasobject else str(dtype)
        cure = "save numbers: x.astype(numpy.float32), or labels as y.astype(numpy.int64)"
        _refuse(path, f"{name} of {what}", "whole or real numbers of at most 64 bits", cure)
    length = math.prod(shape) * dtype.itemsize
    if member.tell() + length != size:
        _refuse(
            path,
            f"{name} of {size - member.tell():,} bytes",
            f"the {length:,} of its shape {shape}",
            "write the file again",
        )
    return length


# -- judging the arrays ---------------------------------------------------------------


def _require_samples(path: Path, part: str, x: Array, y: Array) -> None:
    if x.ndim < 2:
        cure = "one feature is x[:, None]"
        _refuse(path, f"x{part} of shape {x.shape}", "[m, columns] or [m, ...]", cure)
    if not x.size:
        _refuse(
            path, f"x{part} of shape {x.shape}", "at least one sample, of at least one number", "add data"
        )
    if y.ndim not in (1, 2) or len(y) != len(x) or not y.size:
        cure = "give one target a sample, in the same order"
        _refuse(path, f"y{part} of shape {y.shape} for {len(x)} samples", "[m] or [m, outputs]", cure)


def _samples(path: Path, name: str, x: Array) -> Array:
    if x.dtype == np.uint8:
        return x
    _require_numbers(path, name, x)
    return x.astype(x.dtype.newbyteorder("="))


def _targets(path: Path, name: str, y: Array) -> Array:
    """Labels [m] int64, or targets [m, outputs] float64."""
    if y.dtype.kind == "f":
        _require_numbers(path, name, y)
        return y.astype(np.float64).reshape(len(y), -1)
    if y.ndim == 2 and y.shape[1] > 1:
        cure = (
            f"one-hot rows become labels by {name}.argmax(axis=1); targets of a regression are real numbers"
        )
        _refuse(path, f"whole numbers {name} of shape {y.shape}", "labels [m] or [m, 1]", cure)
    y = y.reshape(-1)
    low, high = int(y.min()), int(y.max())
    if low < 0 or high >= len(y) + _MOST_LABELS:
        cure = "number the classes from 0 on, or save the targets of a regression as real numbers"
        _refuse(path, f"labels from {low} to {high} in {name}", "classes 0, 1, 2, ...", cure)
    return y.astype(np.int64)


_MOST_LABELS = 100_000
"""Labels far beyond the samples are no classes; one-hot rows of them would fill the memory."""


def _classes(path: Path, train: Array, test: Array) -> int:
    there = np.unique(train)
    missing = np.setdiff1d(np.arange(int(there[-1]) + 1), there)
    if len(missing):
        cure = "number the classes from 0 on without a gap: numpy.unique(y, return_inverse=True)"
        _refuse(path, f"no training sample of class {missing[0]}", f"some of each of 0 to {there[-1]}", cure)
    if len(there) < 2:
        _refuse(path, "one class only", "at least two", "add samples of another class")
    if int(test.max()) > there[-1]:
        cure = "give training samples of it, or take it out of the test part"
        _refuse(path, f"class {test.max()} in the test part only", f"classes 0 to {there[-1]}", cure)
    return len(there)


def _require_numbers(path: Path, name: str, array: Array) -> None:
    if array.dtype.kind != "f":
        return
    bad = ~(np.abs(array) <= min(_GREATEST, float(np.finfo(array.dtype).max)))
    if bad.any():
        first = np.unravel_index(int(bad.argmax()), array.shape)
        place = ", ".join(map(str, first))
        cure = f"take out or fill such samples: numpy.isfinite({name})"
        _refuse(path, f"{array[first]} at {name}[{place}]", f"numbers up to {_GREATEST:g}", cure)


def _require_finite(path: Path, data: Dataset) -> None:
    """What is left to go wrong: a test number so far from the training part that float32 does not hold it."""
    with np.errstate(over="ignore"):
        arrays = {"x_train": data.x_train, "x_test": data.x_test, "y_train": data.targets_train}
        arrays["y_test"] = data.targets_test
    for name, array in arrays.items():
        if not np.isfinite(array).all():
            cure = "look at the units of both parts"
            _refuse(path, f"numbers in {name} too far from the training part", "one scale for both", cure)
    if data.task == "regression" and not data.y_train.any(axis=0).all():
        _refuse(path, "a target that never varies", "targets to learn", "take out the constant ones")


def _kind(y: Array) -> str:
    return "labels" if y.dtype.kind == "i" else f"{y.shape[1]} real targets"


def _refuse(path: Path, got: str, wanted: str, cure: str) -> NoReturn:
    raise DataCorruptError(f"{path}: got {got}, wanted {wanted}: {cure}")
