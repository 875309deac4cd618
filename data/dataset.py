"""One frozen type for every data set.

Arrays are read-only. What is stored is the raw reading (uint8 pixels, the decimal table), because the rank
claims are exact statements about it; what a network trains on (pixels in [0, 1], standardised columns) is
derived from it.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from typing import Any, Literal, TypeAlias

import numpy as np
import numpy.typing as npt

__all__ = ["Array", "Dataset", "ExactTable", "Task", "digest_of_arrays", "frozen"]

Array: TypeAlias = npt.NDArray[Any]
Task = Literal["classification", "regression"]


def frozen(array: Array) -> Array:
    """The same numbers, contiguous and read-only."""
    array = np.ascontiguousarray(array)
    array.flags.writeable = False
    return array


def digest_of_arrays(**arrays: Array) -> str:
    """SHA-256 (hex) over names, dtypes, shapes and little-endian bytes of the arrays, in their order."""
    digest = sha256()
    for name, array in arrays.items():
        dtype = array.dtype.newbyteorder("<")
        digest.update(f"{name} {dtype.str} {array.shape}\n".encode())
        digest.update(np.ascontiguousarray(array, dtype=dtype).data)
    return digest.hexdigest()


@dataclass(frozen=True, eq=False)
class ExactTable:
    """The integer matrices that the exact claims are about, samples in rows.

    Attributes:
        X: [m, d_x] integers; column j as printed in the data is X[:, j] / scale[j].
        Y: [m, d_y] integers, one-hot labels or scaled targets.
        scale: [d_x] float64, what made the columns integers; None where they were.
        columns: [d_x] names of the columns of X; empty where they have none.
    """

    X: Array
    Y: Array
    scale: Array | None = None
    columns: tuple[str, ...] = ()

    @classmethod
    def of_labels(cls, X: Array, labels: Array, classes: int) -> ExactTable:
        """Integer samples [m, ...] read as rows, and labels [m] as one-hot rows."""
        return cls(frozen(X.reshape(len(X), -1)), frozen(np.eye(classes, dtype=np.int64)[labels]))

    @cached_property
    def digest(self) -> str:
        """SHA-256 (hex) of the matrices: on what a proof about them depends."""
        scale = {} if self.scale is None else {"scale": self.scale}
        return digest_of_arrays(X=self.X, Y=self.Y, **scale)


# eq=False: two sets are compared by identity (or by digest), so a Dataset can be a cache key.
@dataclass(frozen=True, eq=False, repr=False)
class Dataset:
    """A data set split into training and test part.

    Attributes:
        name: as given to `load`.
        task: "classification" or "regression".
        raw_train: [m, *sample_shape] as read: uint8 pixels 0..255, or other numbers. Tables are [m, columns],
            images [m, channels, height, width], sequences [m, length, features].
        raw_y_train: [m] integer labels 0..classes - 1, or [m] or [m, outputs] real targets.
        raw_test, raw_y_test: the same for the test part.
        classes: number of labels, 0 for regression.
        checksum: SHA-256 (hex) of the bytes read and of the split.
        source: where the bytes came from.
        exact: makes the integer matrices of the exact claims; by default all samples of a classification in
            integers, training part first.
    """

    name: str
    task: Task
    raw_train: Array
    raw_y_train: Array
    raw_test: Array
    raw_y_test: Array
    classes: int
    checksum: str
    source: str
    exact: Callable[[], ExactTable] | None = None

    def __post_init__(self) -> None:
        shape, outputs = self.raw_train.shape[1:], self.raw_y_train.shape[1:]
        labelled = self.task == "classification"
        wanted = (
            f"wanted [m, {', '.join(map(str, shape)) or 'columns'}] and "
            f"{'[m]' if labelled else '[m] or [m, outputs]'}: one sample and one target each"
        )
        for x, y in ((self.raw_train, self.raw_y_train), (self.raw_test, self.raw_y_test)):
            fits = x.ndim > 1 and x.shape[1:] == shape and y.shape == (len(x), *outputs)
            if not fits or len(outputs) > (0 if labelled else 1):
                raise ValueError(f"got {self.name} arrays of shapes {x.shape} and {y.shape}, {wanted}")
            if labelled and not np.issubdtype(y.dtype, np.integer):
                raise ValueError(f"got {self.name} with {y.dtype} labels, wanted whole numbers from 0 on")
        for field in ("raw_train", "raw_y_train", "raw_test", "raw_y_test"):
            object.__setattr__(self, field, frozen(getattr(self, field)))

    def __repr__(self) -> str:
        return (
            f"Dataset({self.name!r}, {self.task}, train {[self.n_train, *self.sample_shape]}, "
            f"test {[self.n_test, *self.sample_shape]}, d_y = {self.d_y}, sha256 {self.checksum[:12]})"
        )

    # -- sizes ------------------------------------------------------------------------

    @property
    def n_train(self) -> int:
        """Samples in the training part."""
        return len(self.raw_train)

    @property
    def n_test(self) -> int:
        """Samples in the test part."""
        return len(self.raw_test)

    @property
    def sample_shape(self) -> tuple[int, ...]:
        """Shape of one sample, which a network asks for: (13,), (1, 28, 28)."""
        return self.raw_train.shape[1:]

    @property
    def d_x(self) -> int:
        """Numbers in a sample: the input dimension of a network that reads samples flat."""
        return math.prod(self.sample_shape)

    @property
    def d_y(self) -> int:
        """Output dimension: the classes, or the targets of a regression."""
        return self.classes or math.prod(self.raw_y_train.shape[1:])

    # -- what a network trains on -----------------------------------------------------

    @property
    def standardised(self) -> bool:
        """Whether inputs are standardised; uint8 pixels are brought to [0, 1] instead."""
        return self.raw_train.dtype != np.uint8

    @cached_property
    def x_train(self) -> Array:
        """[n_train, *sample_shape] float32: pixels in [0, 1], else standardised on the training part."""
        return self._scaled(self.raw_train)

    @cached_property
    def x_test(self) -> Array:
        """[n_test, *sample_shape] float32, scaled as `x_train`, by the training part's statistics."""
        return self._scaled(self.raw_test)

    @property
    def rows_train(self) -> Array:
        """[n_train, d_x] float32: `x_train` for a reader of flat samples."""
        return self.x_train.reshape(self.n_train, -1)

    @property
    def rows_test(self) -> Array:
        """[n_test, d_x] float32: `x_test` for a reader of flat samples."""
        return self.x_test.reshape(self.n_test, -1)

    @cached_property
    def y_train(self) -> Array:
        """[n_train] labels (uint8 as read, else int64), or [n_train, d_y] float32 targets, standardised."""
        return self._target(self.raw_y_train)

    @cached_property
    def y_test(self) -> Array:
        """[n_test] labels, or [n_test, d_y] float32 targets, scaled as `y_train`."""
        return self._target(self.raw_y_test)

    @cached_property
    def targets_train(self) -> Array:
        """[n_train, d_y] float32: what the squared loss compares with (one-hot labels, or `y_train`)."""
        return self.targets(self.y_train)

    @cached_property
    def targets_test(self) -> Array:
        """[n_test, d_y] float32, as `targets_train`."""
        return self.targets(self.y_test)

    def targets(self, y: Array) -> Array:
        """Targets [m, d_y] float32 for labels [m] (one-hot) or regression values [m, d_y] (unchanged)."""
        if self.task == "regression":
            return frozen(np.asarray(y, dtype=np.float32).reshape(-1, self.d_y))
        return frozen(np.eye(self.classes, dtype=np.float32)[y])

    @cached_property
    def training_digest(self) -> str:
        """SHA-256 (hex) of the arrays as they are handed to training, and of the task: a run's identity.

        Unlike `checksum` it follows every change of the code that scales, splits or encodes.
        """
        arrays = digest_of_arrays(
            x_train=self.x_train,
            x_test=self.x_test,
            targets_train=self.targets_train,
            targets_test=self.targets_test,
            y_train=self.y_train,
            y_test=self.y_test,
        )
        return sha256(f"{self.task} {arrays}".encode()).hexdigest()

    # -- what the exact claims are about ----------------------------------------------

    @cached_property
    def exact_table(self) -> ExactTable:
        """The integer matrices that the exact claims are about.

        Raises:
            TypeError: the data are no integers, and nothing says how to make them such.
        """
        if self.exact is not None:
            return self.exact()
        if self.task == "regression" or not np.issubdtype(self.raw_train.dtype, np.integer):
            raise TypeError(
                f"got {self.name}, a {self.task} with {self.raw_train.dtype} values, wanted integers with "
                "labels: declare its exact table, as data/boston.py does"
            )
        X = np.concatenate([self.raw_train, self.raw_test])
        return ExactTable.of_labels(X, np.concatenate([self.raw_y_train, self.raw_y_test]), self.classes)

    def _scaled(self, raw: Array) -> Array:
        if not self.standardised:
            return frozen(raw.astype(np.float32) / np.float32(255))
        mean, deviation = self._statistics
        rows = (raw.reshape(len(raw), -1) - mean) / deviation
        return frozen(rows.astype(np.float32).reshape(raw.shape))

    @cached_property
    def _statistics(self) -> tuple[Array, Array]:
        return mean_and_deviation(self.raw_train.reshape(self.n_train, -1))

    def _target(self, raw: Array) -> Array:
        if self.task == "classification":
            return raw if raw.dtype == np.uint8 else frozen(raw.astype(np.int64))
        mean, deviation = mean_and_deviation(self.raw_y_train.reshape(self.n_train, -1))
        return frozen(((raw.reshape(len(raw), -1) - mean) / deviation).astype(np.float32))


def mean_and_deviation(table: Array) -> tuple[Array, Array]:
    """Column means and population standard deviations [d] of a table [m, d]; a constant column gets 1.

    `math.fsum` rounds once, so the result does not depend on numpy's order of summation.
    """
    m = len(table)
    mean = np.array([math.fsum(column.tolist()) / m for column in table.T])
    squares = ((column - centre) ** 2 for column, centre in zip(table.T, mean, strict=True))
    deviation = np.array([math.sqrt(math.fsum(column.tolist()) / m) for column in squares])
    # Looked at itself, because the mean of equal numbers may be rounded to another one.
    constant = np.array([bool((column == column[0]).all()) for column in table.T])
    return mean, np.where(constant, 1.0, deviation)
