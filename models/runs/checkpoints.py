"""Checkpoints of one run in progress: a folder of files, each named by its epoch, its size and its digest."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import safetensors.numpy

from models.runs.content import States
from models.runs.files import (
    DamageError,
    StoreWarning,
    listed,
    parsed,
    read,
    set_aside,
    tensors_of,
    write_whole,
)
from models.runs.training import Checkpoint

__all__ = ["Checkpoints", "checkpoint_name", "is_checkpoint"]

_NAME = re.compile(r"epoch-\d{6,}-(?P<size>\d+)-(?P<digest>[0-9a-f]{16})\.safetensors")
_AGAIN = "trained again"


class Checkpoints:
    """Of the run `key` in the store `root`, under the run's lock.

    Args:
        root: the store's folder.
        key: the run's name.
        identity: what the run depends on; each checkpoint holds it, so that its file alone identifies it.
        states: the same in the object store behind the root, if there is one.
    """

    def __init__(
        self, root: Path, key: str, identity: Mapping[str, Any], states: States | None = None
    ) -> None:
        self.root, self.key, self.identity, self.states = root, key, identity, states
        self.folder = root / f"{key}.partial"
        self._paths: dict[Checkpoint, Path] = {}
        self._warned = False

    def sound(self) -> Iterator[Checkpoint]:
        """Checkpoints that are whole and of this run, the newest first; any others are set aside."""
        if self.folder.is_symlink() or (self.folder.exists() and not self.folder.is_dir()):
            set_aside(self.root, self.folder, "is not a folder", _AGAIN)
        if self.states is not None:
            self.states.fetch(self.folder)
        if not self.folder.is_dir():
            return
        found = []
        for path in listed(self.folder):
            if _NAME.fullmatch(path.name):
                found.append(path)
            elif _NAME.match(path.name) and ".part-" in path.name and path.is_file():
                path.unlink()  # its writer was killed
            else:
                set_aside(self.root, path, "is foreign to a run in progress", _AGAIN)
        for path in reversed(found):  # epochs are padded with zeros, so that the newest is last by name
            try:
                checkpoint = read_checkpoint(path, self.key)
            except DamageError as damage:
                set_aside(self.root, path, damage, _AGAIN)
                continue
            self._paths[checkpoint] = path
            yield checkpoint

    def reject(self, checkpoint: Checkpoint, why: Exception) -> None:
        """Sets aside a checkpoint that was whole and did not fit."""
        set_aside(self.root, self._paths[checkpoint], why, _AGAIN)

    def save(self, checkpoint: Checkpoint) -> None:
        """Writes a checkpoint and removes the older ones. Where it cannot, it warns: training goes on."""
        try:
            self._save(checkpoint)
        except OSError as error:
            if not self._warned:
                warnings.warn(
                    f"run store: no checkpoint of {self.key} could be written ({error.strerror or error}); "
                    "the training goes on, and starts over if it is stopped",
                    StoreWarning,
                    stacklevel=2,
                )
            self._warned = True

    def clear(self) -> None:
        """Removes all checkpoints of the run."""
        shutil.rmtree(self.folder, ignore_errors=True)
        if self.states is not None:
            self.states.clear()

    def _save(self, checkpoint: Checkpoint) -> None:
        about = {"seconds": repr(checkpoint.seconds), "identity": json.dumps(self.identity, sort_keys=True)}
        arrays = {name: np.ascontiguousarray(value) for name, value in checkpoint.arrays.items()}
        content = safetensors.numpy.save(arrays, metadata=about)
        self.folder.mkdir(exist_ok=True)
        older = [path for path in self.folder.iterdir() if _NAME.fullmatch(path.name)]
        name = checkpoint_name(self.key, checkpoint.epoch, content)
        write_whole(self.folder / name, content)
        for path in older:
            path.unlink(missing_ok=True)
        if self.states is not None:
            self.states.put(name, content)


def checkpoint_name(key: str, epoch: int, content: bytes) -> str:
    """The file name that a checkpoint's content must have."""
    # With the key in it, a checkpoint of another run does not pass for one of this.
    digest = hashlib.sha256(key.encode() + b"\0" + content).hexdigest()[:16]
    return f"epoch-{epoch:06d}-{len(content)}-{digest}.safetensors"


def is_checkpoint(name: str) -> bool:
    """Whether a file of this name may be a checkpoint."""
    return _NAME.fullmatch(name) is not None


def read_checkpoint(path: Path, key: str) -> Checkpoint:
    """The checkpoint of the run `key` in this file.

    Raises:
        DamageError: it is damaged, of another run, or no checkpoint.
    """
    content = _content(path)
    epoch = int(path.name.split("-")[1])
    if path.name != checkpoint_name(key, epoch, content):
        raise DamageError("is corrupt or of another run: it does not match the digest in its name")
    try:
        seconds = float(_about(content)["seconds"])
    except (LookupError, TypeError, ValueError) as error:
        raise DamageError(f"does not say how long it took ({error})") from error
    return Checkpoint(epoch, tensors_of(content), seconds)


def identity_of(path: Path) -> dict[str, Any]:
    """What the run of this checkpoint depends on; DamageError where the file does not say."""
    return parsed(str(_about(_content(path)).get("identity", "")).encode(), path.name)


def _content(path: Path) -> bytes:
    matched = _NAME.fullmatch(path.name)
    if matched is None:
        raise DamageError("has no checkpoint's name")
    return read(path, int(matched["size"]))


def _about(content: bytes) -> dict[str, Any]:
    """What a safetensors file says besides its tensors: a length, then a JSON header."""
    length = int.from_bytes(content[:8], "little")
    about = parsed(content[8 : 8 + length], "its header").get("__metadata__", {})
    return about if isinstance(about, dict) else {}
