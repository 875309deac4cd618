"""Data: sets by name, with checksums and sources. No torch; imports no other room."""

from data.datasets import NAMES, Dataset, Task, load
from data.errors import DataCorruptError, DataError, DataFolderError, DataUnavailableError
from data.synthetic import SYNTHETIC, Planted, load_synthetic

__all__ = [  # noqa: RUF022 - grouped by subject
    # sets
    "NAMES",
    "Dataset",
    "Task",
    "load",
    # planted sets, for exact checks
    "SYNTHETIC",
    "Planted",
    "load_synthetic",
    # errors
    "DataCorruptError",
    "DataError",
    "DataFolderError",
    "DataUnavailableError",
]
