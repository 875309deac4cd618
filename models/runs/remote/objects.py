"""What the run store asks of an object store: bytes by name, and no more."""

from __future__ import annotations

from typing import Protocol

__all__ = ["Objects"]


class Objects(Protocol):
    """Bytes by name. A name is a path of plain segments with slashes between them.

    What was put is seen by every later `get` and `names` of any machine, whole or not at all; S3, GCS and
    Azure promise that. Nothing is asked about two writers of one name but that one of them wins.

    Every method raises a `StoreError` where the object store cannot be reached or refuses.

    Attributes:
        url: shown to people.
    """

    url: str

    def get(self, name: str) -> bytes | None:
        """The object's bytes; None where there is none."""

    def put(self, name: str, content: bytes) -> None:
        """Writes the object, in place of one that is there."""

    def names(self, prefix: str) -> list[str]:
        """Names of all objects in this folder, in order; `prefix` ends in a slash, or is empty."""

    def delete(self, name: str) -> None:
        """Removes the object, if there is one."""
