"""Objects in a bucket, through obstore: S3, Google Cloud Storage, Azure, a folder, the process's memory.

Credentials, region and endpoint come from the environment as obstore defines them: AWS_ACCESS_KEY_ID,
AWS_SECRET_ACCESS_KEY, AWS_REGION, AWS_ENDPOINT_URL, AWS_ALLOW_HTTP=true, GOOGLE_SERVICE_ACCOUNT,
AZURE_STORAGE_ACCOUNT_NAME and others.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from datetime import timedelta
from functools import cache
from typing import Any

from models.runs.files import StoreError
from models.runs.remote.place import local_path, split

__all__ = ["Bucket"]

_RETRIES = 4
"""Tries after the first: a refused connection is said after some two seconds."""

_RETRYING = timedelta(seconds=30)
"""After this long no other try begins."""

_PART = 2**24
"""Bytes of one request of a large object: each has to end within the client's time limit of 30 seconds."""


class Bucket:
    """The objects under a URL; see `models.runs.remote.objects.Objects`.

    Args:
        url: `s3://bucket/prefix`, `gs://...`, `az://...`, `file:///folder`, or for tests `memory://name`,
            which is the same store for all who name it in this process.

    Raises:
        StoreError: the URL names none, obstore is not installed, or refuses what the environment says.
    """

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")
        try:
            import obstore
        except ImportError as error:
            raise StoreError(
                f"got the store {url}, but obstore, which reads object stores, is not installed: "
                "pip install -e '.[objects]', or name a folder"
            ) from error
        self._obstore = obstore
        with self._plain("opened"):
            self._store = _opened(url)

    def get(self, name: str) -> bytes | None:
        """The object's bytes; None where there is none."""
        with self._plain("read"):
            try:
                found = self._obstore.get(self._store, name)
            except FileNotFoundError:
                return None
            size = found.meta["size"]
            if size <= _PART:
                return bytes(found.bytes())
            starts = range(0, size, _PART)
            ends = [min(start + _PART, size) for start in starts]
            return b"".join(self._obstore.get_ranges(self._store, name, starts=starts, ends=ends))

    def put(self, name: str, content: bytes) -> None:
        """Writes the object, whole or not at all."""
        with self._plain("written"):
            self._obstore.put(self._store, name, content)

    def names(self, prefix: str) -> list[str]:
        """Names of all objects in this folder, in order."""
        with self._plain("listed"):
            found = self._obstore.list(self._store, prefix or None)
            return sorted(entry["path"] for part in found for entry in part)

    def delete(self, name: str) -> None:
        """Removes the object, if there is one."""
        with self._plain("written"), contextlib.suppress(FileNotFoundError):
            self._obstore.delete(self._store, name)

    def check(self) -> None:
        """One look, so that what cannot work is said before anything trains.

        Raises:
            StoreError: there is no such bucket, it cannot be reached, or it refuses.
        """
        with self._plain("listed"):
            next(iter(self._obstore.list(self._store, chunk_size=1)), None)

    @contextlib.contextmanager
    def _plain(self, what: str) -> Iterator[None]:
        """Turns the library's errors, pages of debugging output, into a line with the cure."""
        try:
            yield
        except (self._obstore.exceptions.BaseError, OSError, ValueError) as error:
            if isinstance(error, StoreError):
                raise
            said = str(error).split("\n")[0].partition(": <?xml")[0].strip()
            raise StoreError(f"the run store {self.url} cannot be {what}: {_reason(error, said)}") from None


def _reason(error: Exception, said: str) -> str:
    """What the matter is and the cure. The library tells most kinds apart in its text only."""
    text = str(error)
    kind = type(error).__name__
    if "NoSuchBucket" in text or "404 Not Found" in said:
        return f"there is no such bucket ({said}); make it, or name another with --store"
    if kind in ("PermissionDeniedError", "UnauthenticatedError") or "403 " in said or "401 " in said:
        return (
            f"access is refused ({said}); give credentials that may read, write and list it in the "
            "environment, such as AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_REGION"
        )
    if "builder error" in said:
        return f"no connection can be made ({said}); a plain http:// endpoint needs AWS_ALLOW_HTTP=true"
    if "error sending request" in said or "timed out" in text:
        return f"it cannot be reached ({said}); look at the network and at AWS_ENDPOINT_URL"
    return f"{said}; look at the URL and at the environment's credentials and endpoint"


def _opened(url: str) -> Any:
    from obstore.store import LocalStore, from_url

    try:
        parts = split(url)
    except ValueError as error:
        raise StoreError(str(error)) from None
    if parts.scheme == "memory":
        return _memory(url)
    if parts.scheme == "file":
        return LocalStore(local_path(parts), mkdir=True)
    # No client options here: given any, obstore leaves out those of the environment.
    return from_url(url, retry_config={"max_retries": _RETRIES, "retry_timeout": _RETRYING})


@cache
def _memory(url: str) -> Any:
    from obstore.store import MemoryStore

    return MemoryStore()
