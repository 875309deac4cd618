"""Files of the store: read with a guard, proved by digests, written whole or not at all."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import secrets
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import safetensors.numpy

from data import files
from models.parts.part import canonical

__all__ = [
    "JSON_LIMIT",
    "DamageError",
    "StoreError",
    "StoreWarning",
    "bears_digest",
    "checked",
    "digest_of",
    "encoded",
    "listed",
    "parsed",
    "passing",
    "read",
    "read_json",
    "set_aside",
    "tensors_of",
    "with_digest",
    "write",
    "write_whole",
    "writing",
]

JSON_LIMIT = 2**24
"""Bytes of the largest JSON file that is read; the store's own have some thousands."""


class DamageError(Exception):
    """Why a stored file cannot be used."""


class StoreError(OSError):
    """The store's folder cannot be used; the message names the cure."""


class StoreWarning(UserWarning):
    """Something in the store was not what this project wrote, or could not be written."""


# -- reading --------------------------------------------------------------------------


def read(path: Path, limit: int = JSON_LIMIT) -> bytes:
    """The regular file's bytes, at most `limit`.

    Raises:
        DamageError: it is missing, larger, no regular file, or may not be read.
    """
    try:
        return files.read(path, limit)
    except OSError as error:
        raise DamageError(f"lacks a readable {path.name} ({error.strerror})") from error


def listed(folder: Path) -> list[Path]:
    """What is in the folder, by name, without what desktops leave behind (.DS_Store and other dot files).

    Raises:
        DamageError: it cannot be listed.
    """
    try:
        found = sorted(folder.iterdir())
    except OSError as error:  # a refresh in another process has just replaced it
        raise DamageError(f"cannot be listed ({error.strerror})") from error
    return [path for path in found if not path.name.startswith(".")]


def read_json(path: Path) -> dict[str, Any]:
    """The object in a JSON file; DamageError where there is none."""
    return parsed(read(path), path.name)


def parsed(content: bytes, name: str) -> dict[str, Any]:
    """The object that the JSON holds; DamageError, with the file's name, where it holds none."""
    try:
        value = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise DamageError(f"{name} is not JSON ({error})") from error
    if not isinstance(value, dict):
        raise DamageError(f"{name} is not a JSON object")
    return value


def encoded(value: dict[str, Any]) -> bytes:
    """The object as canonical JSON."""
    return json.dumps(value, indent=1, sort_keys=True).encode()


def with_digest(value: dict[str, Any]) -> bytes:
    """The JSON of `value` with its own digest."""
    return encoded(value | {"digest": hashlib.sha256(encoded(value)).hexdigest()})


def checked(content: bytes, name: str) -> dict[str, Any]:
    """The object that `with_digest` wrote; DamageError where the digest is another."""
    value = parsed(content, name)
    value.pop("digest", None)
    if with_digest(value) != content:
        raise DamageError(f"{name} does not match its own digest")
    return value


def digest_of(value: Mapping[str, Any]) -> str:
    """The digest that a JSON object bears as its `digest`, whatever its blanks and the order of its keys: of
    all the rest of it as `models.parts.part.canonical` writes that."""
    rest = {name: of for name, of in value.items() if name != "digest"}
    return hashlib.sha256(canonical(rest).encode()).hexdigest()


def bears_digest(value: Mapping[str, Any]) -> bool:
    """Whether the object bears its digest; not if it bears none, as those that were written before had one.

    Raises:
        DamageError: it bears that of another.
    """
    if "digest" not in value:
        return False
    if value["digest"] != digest_of(value):
        raise DamageError("does not match its own digest: it was changed after it was written")
    return True


def tensors_of(content: bytes, wanted: Callable[[str], bool] | None = None) -> dict[str, np.ndarray]:
    """The arrays of a safetensors file by name, all or those wanted; DamageError where it is none."""
    try:
        return safetensors.numpy.load(content if wanted is None else _part(content, wanted))
    except Exception as error:  # the library's own exceptions share no documented base
        raise DamageError(f"is not a safetensors file ({error})") from error


def _part(content: bytes, wanted: Callable[[str], bool]) -> bytes:
    """The safetensors file with these arrays alone: loading takes two copies of all there is.

    A file is a length of eight bytes, a header in JSON with each array's place in what follows, and that.
    """
    start = 8 + int.from_bytes(content[:8], "little")
    if start > len(content):
        raise ValueError(f"got {len(content)} bytes, wanted a header that ends at {start}")
    header, kept, parts, end = json.loads(content[8:start]), {}, [], 0
    for name, about in header.items():
        if name != "__metadata__" and wanted(name):
            a, b = about["data_offsets"]
            if not 0 <= a <= b <= len(content) - start:
                raise ValueError(f"got {name} at {a} to {b}, wanted a place in {len(content) - start} bytes")
            parts.append(content[start + a : start + b])
            kept[name] = about | {"data_offsets": [end, end + b - a]}
            end += b - a
    head = json.dumps(kept).encode()
    head += b" " * (-len(head) % 8)
    return b"".join([len(head).to_bytes(8, "little"), head, *parts])


# -- writing --------------------------------------------------------------------------


def write(path: Path, content: bytes) -> None:
    """Writes a new file and waits until it is on the disk."""
    with open(path, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def write_whole(path: Path, content: bytes) -> None:
    """Writes beside the path and renames: readers see the old file or the new one; errors leave the old."""
    part = passing(path, "part")
    try:
        write(part, content)
        os.replace(part, path)
    except BaseException:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)
        raise
    _sync(path.parent)


def passing(path: Path, kind: str) -> Path:
    """A name beside the path that no other process takes: "<path>.<kind>-<process>-<random>"."""
    return path.with_name(f"{path.name}.{kind}-{os.getpid()}-{secrets.token_hex(3)}")


def _sync(folder: Path) -> None:
    """Waits until a rename is on the disk, where the system lets folders be opened."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


@contextlib.contextmanager
def writing(root: Path) -> Iterator[None]:
    """Turns what the system says into an error that names the store and the cure.

    Raises:
        StoreError: the disk is full, the folder is read-only, a name is too long, a file is in the way.
    """
    try:
        yield
    except StoreError:
        raise
    except OSError as error:
        where = f": {error.filename}" if error.filename else ""
        raise StoreError(
            f"the run store {root} cannot be written ({error.strerror or error}{where}): "
            "make room there, or give a folder with --store"
        ) from error


def set_aside(root: Path, path: Path, why: Exception | str, then: str, *, source: str = "") -> None:
    """Moves what is damaged or foreign into the store's folder set-aside/, and warns what happens `then`.

    Args:
        root: the store's folder.
        path: what is moved.
        why: what is wrong with it.
        then: what happens in place of it.
        source: where it was fetched from, if it was.

    Raises:
        StoreError: it cannot be moved.
    """
    attic = root / "set-aside"
    target = attic / f"{path.name}-{time.strftime('%Y%m%dT%H%M%S')}-{secrets.token_hex(3)}"
    with writing(root):
        attic.mkdir(exist_ok=True)
        try:
            os.replace(path, target)
        except PermissionError:
            os.chmod(path, 0o700)  # a folder that may not be written may not be moved either
            os.replace(path, target)
    shown = source or path
    warnings.warn(f"run store: {shown} {why}; set aside as {target} and {then}", StoreWarning, stacklevel=3)
