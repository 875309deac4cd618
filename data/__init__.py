"""Data: sets by name, with checksums and sources. No torch; imports no other room."""

from data.dataset import Dataset, ExactTable, Task
from data.entry import Entry
from data.errors import DataCorruptError, DataError, DataFolderError, DataUnavailableError
from data.registry import add, add_set, entries, entry, load, names
from data.synthetic import SYNTHETIC, Planted, load_synthetic

__all__ = [  # noqa: RUF022 - grouped by subject
    # sets
    "Dataset",
    "ExactTable",
    "Task",
    "load",
    # what is declared of them
    "Entry",
    "add",
    "add_set",
    "entries",
    "entry",
    "names",
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
