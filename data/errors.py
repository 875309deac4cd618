"""What can go wrong with data, one class for each cure."""

from __future__ import annotations

__all__ = ["DataCorruptError", "DataError", "DataFolderError", "DataUnavailableError"]


class DataError(Exception):
    """A data set could not be loaded; the message names the file, what was wanted and the cure."""


class DataUnavailableError(DataError):
    """The files are in none of the places looked in and could not be downloaded."""


class DataCorruptError(DataError):
    """A file is there but is not what it should be: truncated, not gzip, wrong magic, shape or checksum."""


class DataFolderError(DataError):
    """A folder or file is there but cannot be used: not a folder, missing, or no permission."""
