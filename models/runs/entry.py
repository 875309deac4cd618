"""The files of a finished run: run.safetensors, run.json that vouches for it, and timing.json."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import safetensors.numpy

from models.runs import files
from models.runs.files import DamageError

__all__ = ["compared", "read_run", "read_timing", "write_run"]

_FILES = {"run.safetensors", "run.json", "timing.json"}

_TIMING = {"seconds": float, "session": str, "resumed_from": int | None, "finished": float}
_SINCE = {"node": str, "versions": dict}
"""What runs that were trained before have not: the host's name, and versions by package."""


def write_run(
    folder: Path,
    key: str,
    identity: Mapping[str, Any],
    arrays: Mapping[str, np.ndarray],
    recorders: Mapping[str, str],
    timing: Mapping[str, Any],
) -> dict[str, Any]:
    """Writes a run's three files into an empty folder; what run.json says.

    Args:
        folder: is there already.
        key: the run's name.
        identity: all that it depends on.
        arrays: contiguous.
        recorders: digest of the code that recorded it, by array; of those that are not in the identity.
        timing: see `read_timing`.

    Raises:
        OSError: they cannot be written.
    """
    tensors = safetensors.numpy.save(dict(arrays))
    about = _about(key, identity, recorders, len(tensors), hashlib.sha256(tensors).hexdigest())
    files.write(folder / "run.safetensors", tensors)
    files.write(folder / "run.json", files.encoded(about))
    files.write(folder / "timing.json", files.with_digest({"key": key, **timing}))
    return about


def read_run(folder: Path) -> tuple[dict[str, Any], bytes]:
    """What run.json says, and the tensors' bytes, which match it.

    Raises:
        DamageError: why the folder is not that of a sound run.
    """
    if folder.is_symlink() or not folder.is_dir():
        raise DamageError("is not a folder")
    about = files.read_json(folder / "run.json")
    if about.get("key") != folder.name:
        raise DamageError(f"run.json names the run {about.get('key')!r}")
    size, recorders = about.get("bytes"), about.get("recorders")
    if not isinstance(size, int) or not isinstance(recorders, dict):
        raise DamageError("run.json does not say how large run.safetensors is, or what recorded it")
    tensors = files.read(folder / "run.safetensors", size)
    if len(tensors) != size or about.get("sha256") != hashlib.sha256(tensors).hexdigest():
        raise DamageError("run.safetensors does not match its SHA-256")
    foreign = [path.name for path in files.listed(folder) if path.name not in _FILES]
    if foreign:
        raise DamageError(f"holds foreign files: {', '.join(foreign)}")
    return about, tensors


def compared(folder: Path, identity: Mapping[str, Any], about: Mapping[str, Any]) -> None:
    """Holds run.json to what it must say, to the byte; what it was recorded with is its own to say.

    Args:
        folder: the run's.
        identity: all that the run must depend on.
        about: as `read_run` has read it and held against the tensors.

    Raises:
        DamageError: it says anything else.
    """
    wanted = _about(folder.name, identity, about["recorders"], about["bytes"], about["sha256"])
    if files.read(folder / "run.json") != files.encoded(wanted):
        raise DamageError("run.json does not say what this run was trained on")


def read_timing(folder: Path) -> dict[str, Any]:
    """When, where and how the run was trained: seconds, session, resumed_from (an epoch or None), finished;
    node and versions.

    Raises:
        DamageError: it is damaged, or of another run.
    """
    timing = files.checked(files.read(folder / "timing.json"), "timing.json")
    if timing.get("key") != folder.name:
        raise DamageError(f"timing.json is of the run {timing.get('key')!r}")
    if not all(name in timing and isinstance(timing[name], kind) for name, kind in _TIMING.items()):
        raise DamageError(f"timing.json lacks one of {', '.join(_TIMING)}, or has it in another type")
    if not all(isinstance(timing.get(name, kind()), kind) for name, kind in _SINCE.items()):
        raise DamageError(f"timing.json has one of {', '.join(_SINCE)} in another type")
    return timing


def _about(
    key: str, identity: Mapping[str, Any], recorders: Mapping[str, str], size: int, digest: str
) -> dict[str, Any]:
    return {**identity, "key": key, "recorders": dict(recorders), "bytes": size, "sha256": digest}
