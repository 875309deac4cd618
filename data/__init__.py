"""Data: real sets by name, with checksums and sources. numpy only; imports no other room."""

from data.datasets import NAMES, Dataset, Task, load
from data.errors import DataCorruptError, DataError, DataFolderError, DataUnavailableError

__all__ = [  # noqa: RUF022 - grouped by subject
    # sets
    "NAMES",
    "Dataset",
    "Task",
    "load",
    # errors
    "DataCorruptError",
    "DataError",
    "DataFolderError",
    "DataUnavailableError",
]
