"""Trajectories of a finished run, read from the store: no training, no torch, nothing written."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from models.runs.content import Remote, locked
from models.runs.entry import read_run
from models.runs.files import DamageError, tensors_of
from models.runs.run import Run
from models.second_leg.descent import spec_of

__all__ = ["stored"]

_LARGE = ("weights/", "train_predictions", "test_predictions")


def _trajectory(name: str) -> bool:
    return not name.startswith(_LARGE)


def stored(
    root: Path,
    key: str,
    sha256: str | None = None,
    *,
    wanted: Callable[[str], bool] = _trajectory,
    remote: Remote | None = None,
) -> Run:
    """The run of this name, with the arrays that are wanted: by default all but weights and predictions.

    `models.runs.store.RunStore.get` is for claims, which must not be judged on a run of another
    spec; this is for readers of a report, which names its runs by key and digest.

    Args:
        root: the store's folder.
        key: the run's name there.
        sha256: what the tensors must hash to; None takes what run.json says.
        wanted: chooses arrays by name.
        remote: the object store behind the root, if there is one: what is missing or damaged is fetched.

    Raises:
        DamageError: why the run cannot be read: missing, damaged, or not the one meant.
        StoreError: it has to be fetched, and the object store cannot be reached.
    """
    if not key or Path(key).name != key:
        raise DamageError(f"got the key {key!r}, wanted the name of a folder in the run store")
    entry = None if remote is None else remote.run(key)
    if entry is None:
        return _read(Path(root), key, sha256, wanted)
    entry.used()
    try:
        return _read(Path(root), key, sha256, wanted)
    except DamageError:
        with locked(Path(root), Path(root) / f"{key}.lock"):
            entry.fetch()
            return _read(Path(root), key, sha256, wanted)


def _read(root: Path, key: str, sha256: str | None, wanted: Callable[[str], bool]) -> Run:
    folder = root / key
    if not folder.is_dir():
        raise DamageError("is not in the run store")
    about, tensors = read_run(folder)
    if sha256 not in (None, about["sha256"]):
        raise DamageError("has other bytes than the report names: it was trained again or damaged")
    arrays = tensors_of(tensors, wanted)
    try:
        return Run(spec=spec_of(about["spec"]), arrays=arrays, key=key)
    except (LookupError, TypeError, ValueError) as error:
        raise DamageError(f"run.json holds no experiment ({error})") from error
