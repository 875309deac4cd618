"""`mnist`: all 60,000 + 10,000 images, from a folder, the cache or a download.

Looked for in this order: `$LANDSCAPE_DATA/mnist/` (as .gz or raw IDX), the user's
cache, two public mirrors. The files in LANDSCAPE_DATA are the user's: a bad one is
an error and is never passed over or replaced, and so is what is no file at all (a
folder, a fifo, a link to nothing). A bad one in the cache is replaced by a
verified download.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path

from data import fetch
from data.dataset import Array, Dataset, ExactTable
from data.entry import Entry
from data.errors import DataFolderError, DataUnavailableError
from data.idx import IdxFile, verify

__all__ = ["FILES", "MIRRORS", "SETS", "VARIABLE", "load_mnist"]

VARIABLE = "LANDSCAPE_DATA"
"""Environment variable: the folder that has `mnist/`."""

MIRRORS = (
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
)

CLASSES = 10

FILES = (
    IdxFile(
        "train-images-idx3-ubyte",
        (60_000, 28, 28),
        "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    ),
    IdxFile(
        "train-labels-idx1-ubyte",
        (60_000,),
        "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    ),
    IdxFile(
        "t10k-images-idx3-ubyte",
        (10_000, 28, 28),
        "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    ),
    IdxFile(
        "t10k-labels-idx1-ubyte",
        (10_000,),
        "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
    ),
)
"""The original files of MNIST; the digests are of the decompressed payloads."""


def load_mnist(
    environment: Mapping[str, str] | None = None, *, files: tuple[IdxFile, ...] = FILES
) -> Dataset:
    """The 60,000 training and 10,000 test images.

    Args:
        environment: read instead of `os.environ` (for tests).
        files: training images, training labels, test images, test labels.

    Raises:
        DataFolderError: LANDSCAPE_DATA is not a folder that can be read, or the cache cannot be written.
        DataCorruptError: a file in LANDSCAPE_DATA, or every download, is not what it should be.
        DataUnavailableError: the files are nowhere and no mirror could be reached.
    """
    folder = _own_folder(os.environ if environment is None else environment)
    found = [_find(file, folder) for file in files]
    (x_train, y_train, x_test, y_test), places = zip(*found, strict=True)
    return Dataset(
        name="mnist",
        task="classification",
        raw_train=x_train[:, None],
        raw_y_train=y_train,
        raw_test=x_test[:, None],
        raw_y_test=y_test,
        classes=CLASSES,
        # Each payload's digest has just been verified, so hashing the digests covers the bytes.
        checksum=sha256("".join(file.sha256 for file in files).encode()).hexdigest(),
        source=", ".join(dict.fromkeys(places)),
        # The training images alone, as in the paper.
        exact=lambda: ExactTable.of_labels(x_train, y_train, CLASSES),
    )


SETS = (
    Entry(
        name="mnist",
        load=load_mnist,
        task="classification",
        train=60_000,
        test=10_000,
        sample_shape=(1, 28, 28),
        outputs=CLASSES,
        large=True,
        exact=True,
        dependent_columns=True,
    ),
)


def _own_folder(environment: Mapping[str, str]) -> Path | None:
    """The folder `mnist` in LANDSCAPE_DATA, or None where the variable is unset or empty."""
    value = environment.get(VARIABLE, "")
    if not value:
        return None
    try:
        root = Path(value).expanduser()
    except RuntimeError as error:  # "~nobody/data"
        raise DataFolderError(
            f"got {VARIABLE}={value}, which names a user that does not exist, wanted a folder that has "
            "mnist/: correct or unset it"
        ) from error
    if not os.path.lexists(root):
        raise DataFolderError(
            f"got {VARIABLE}={value}, which does not exist, wanted a folder that has mnist/: "
            "correct or unset it"
        )
    folder = root / "mnist"
    for level in (root, folder):
        if not os.path.lexists(level):
            continue
        if not os.path.isdir(level):
            raise DataFolderError(
                f"got {VARIABLE}={value}, where {level} is no folder, wanted the folder that has mnist/: "
                "name the folder or unset it"
            )
        try:
            os.listdir(level)
            os.stat(level / ".")  # needs the permission to enter, listing does not
        except OSError as error:
            raise DataFolderError(
                f"got {VARIABLE}={value}, where {level} cannot be read ({error.strerror}), "
                "wanted a folder that can: change its permissions or unset the variable"
            ) from error
    return folder


def _find(file: IdxFile, own: Path | None) -> tuple[Array, str]:
    """The array and where it came from."""
    if own is not None:
        for path in (own / f"{file.stem}.gz", own / file.stem):
            if os.path.lexists(path):
                return verify(path, file), f"{VARIABLE} ({path.parent})"
    cache = fetch.cache_folder() / "mnist"
    try:
        array = fetch.fetch(f"{file.stem}.gz", MIRRORS, cache, lambda path: verify(path, file))
    except DataUnavailableError as error:
        looked = f"{own} (from {VARIABLE})" if own is not None else f"{VARIABLE} (not set)"
        raise DataUnavailableError(
            f"MNIST is not at hand: looked for {file.stem} in {looked} and in the cache {cache}, "
            f"and could not download it. Set {VARIABLE} to a folder with mnist/{file.stem}.gz, or use the "
            f"embedded data set 'mnist-5k', which needs no file.\n{error}"
        ) from error
    return array, f"cache ({cache})"
