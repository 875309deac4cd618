"""What `--store` names: a folder, or an object store by its URL. Read without any library."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple
from urllib.parse import SplitResult, unquote, urlsplit

__all__ = ["LIMIT", "SCHEMES", "Place", "is_url", "local_path", "split"]

LIMIT = 20 * 10**9
"""Bytes of runs that the folder in front of an object store holds unless told otherwise."""

SCHEMES = {
    "s3": "Amazon S3, and what speaks its protocol",
    "gs": "Google Cloud Storage",
    "az": "Azure Blob Storage",
    "file": "a folder, as an object store",
    "memory": "the process's own memory, for tests",
}
"""What the scheme of a URL stands for."""

_WANTED = "s3://bucket/prefix, gs://bucket/prefix, az://container/prefix or file:///folder"


class Place(NamedTuple):
    """A store as the command line names it.

    Attributes:
        where: a folder or a URL; None is the user's cache folder.
        limit: with a URL, bytes that runs in the folder in front of it may take.
    """

    where: Path | str | None
    limit: int = LIMIT


def is_url(where: str) -> bool:
    """Whether this names an object store; anything else names a folder."""
    return re.match(r"[A-Za-z][A-Za-z0-9+.-]*://", where) is not None


def split(url: str) -> SplitResult:
    """The URL in its parts.

    Raises:
        ValueError: it names no object store that can be opened; what was got, what was wanted, the cure.
    """
    try:
        parts = urlsplit(url)
    except ValueError as error:  # s3://[
        raise ValueError(f"got the store {url!r} ({error}), wanted {_WANTED}") from error
    if "@" in parts.netloc:  # not shown: it may hold a password
        raise ValueError(
            f"got a store's URL {parts.scheme}://...@... with a name or password in it, wanted {_WANTED}: "
            "it would stand in reports, so give credentials in the environment, such as AWS_ACCESS_KEY_ID"
        )
    problem = _problem(url, parts)
    if problem:
        raise ValueError(f"got the store {url!r}, {problem}; wanted {_WANTED}, or a folder")
    return parts


def local_path(parts: SplitResult) -> str:
    """The folder of a file:// URL."""
    return unquote(parts.path)


def _problem(url: str, parts: SplitResult) -> str:
    if not url.isprintable() or not url.isascii() or " " in url:
        return "which holds characters that no URL has"
    if parts.scheme not in SCHEMES:
        return f"whose kind {parts.scheme}:// is unknown"
    if parts.query or parts.fragment:
        return "which goes on after its path"
    if parts.scheme == "file":
        return "which names no folder from the root" if parts.netloc or len(parts.path) < 2 else ""
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", parts.netloc):
        return "which names no bucket"
    if {".", ".."} & set(parts.path.split("/")) or "//" in parts.path:
        return "whose path is not plain"
    return ""
