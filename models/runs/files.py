"""Files of the run store as bytes that prove themselves: JSON with digests, tensors, durable writes."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import safetensors.numpy

__all__ = [
    "DamageError",
    "checked",
    "checkpoint_digest",
    "encoded",
    "listed",
    "parsed",
    "read",
    "tensors_of",
    "with_digest",
    "write",
]


class DamageError(Exception):
    """Why a stored file cannot be used."""


def encoded(value: dict[str, Any]) -> bytes:
    return json.dumps(value, indent=1, sort_keys=True).encode()


def with_digest(value: dict[str, Any]) -> bytes:
    """The JSON of `value` with its own digest."""
    return encoded(value | {"digest": hashlib.sha256(encoded(value)).hexdigest()})


def checked(content: bytes, name: str) -> dict[str, Any]:
    value = parsed(content, name)
    value.pop("digest", None)
    if with_digest(value) != content:
        raise DamageError(f"{name} does not match its own digest")
    return value


def checkpoint_digest(key: str, content: bytes) -> str:
    # With the key in it, a checkpoint of another run does not pass for one of this.
    return hashlib.sha256(key.encode() + b"\0" + content).hexdigest()[:16]


def write(path: Path, content: bytes) -> None:
    with open(path, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise DamageError(f"lacks a readable {path.name} ({error.strerror})") from error


def listed(folder: Path) -> list[Path]:
    try:
        return list(folder.iterdir())
    except OSError as error:  # a refresh in another process has just replaced it
        raise DamageError(f"cannot be listed ({error.strerror})") from error


def parsed(content: bytes, name: str) -> dict[str, Any]:
    try:
        value = json.loads(content)
    except ValueError as error:
        raise DamageError(f"{name} is not JSON ({error})") from error
    if not isinstance(value, dict):
        raise DamageError(f"{name} is not a JSON object")
    return value


def tensors_of(content: bytes) -> dict[str, np.ndarray]:
    try:
        return safetensors.numpy.load(content)
    except Exception as error:  # the library's own exceptions share no documented base
        raise DamageError(f"is not a safetensors file ({error})") from error
