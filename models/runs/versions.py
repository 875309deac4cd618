"""Versions of installed libraries, each looked up once a process."""

from __future__ import annotations

from functools import cache
from importlib import metadata

__all__ = ["version"]


@cache
def version(library: str) -> str:
    """Of a library, as it is named in the package index.

    importlib parses all that a library says of itself, its README included, to find it: about a millisecond,
    and the key of a run or of evidence asks for two to four. No library changes under a process that has
    imported it.

    Raises:
        importlib.metadata.PackageNotFoundError: it is not installed.
    """
    return metadata.version(library)
