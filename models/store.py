"""The run store: one experiment, trained once, kept on disk under the hash of all it depends on.

Layout of the store's folder:

    <key>/run.safetensors   trajectories and weights
    <key>/run.json          spec, data checksum, backend, engine version, SHA-256 of the tensors
    <key>/timing.json       wall time; apart, so that the other two are the same bytes in every run
    <key>.partial/          epoch checkpoints of a run in progress, each named by its own digest
    <key>.lock              held while training; the system frees it when its process dies
    set-aside/              what was found corrupt or foreign

A run appears under its final name in one rename, whole or not at all.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import os
import secrets
import shutil
import time
import warnings
from collections.abc import Callable
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import safetensors.numpy
from filelock import FileLock, Timeout

from data import Dataset
from models.experiment import Experiment
from models.run import Run

if TYPE_CHECKING:
    from models.backend import Backend
    from models.training import Trainer

__all__ = ["RunStore", "StoreWarning", "default_store", "engine_version"]

_FORMAT = 1
_ENGINE_SOURCES = (
    "backend.py",
    "ensemble.py",
    "initialisation.py",
    "losses.py",
    "pairs.py",
    "training.py",
)
_RUN_FILES = {"run.safetensors", "run.json", "timing.json"}

CHECKPOINT_SECONDS = 3.0
"""A checkpoint costs a write of the whole training state, so short epochs share one."""


class StoreWarning(UserWarning):
    """Something in the store was not what this project wrote."""


class _Damaged(Exception):
    """Why a stored file cannot be used."""


def default_store() -> Path:
    """The run store in the user's cache folder."""
    import platformdirs

    return Path(platformdirs.user_cache_dir("landscape-claims", appauthor=False)) / "runs"


@cache
def engine_version() -> str:
    """Digest of the engine's source files and torch's version: a change of either makes new runs."""
    digest = hashlib.sha256(importlib.metadata.version("torch").encode())
    for name in _ENGINE_SOURCES:
        digest.update((Path(__file__).parent / name).read_bytes())
    return digest.hexdigest()[:16]


class RunStore:
    """Trained runs by content, shared by any number of processes.

    Args:
        root: the store's folder, made when missing.
        refresh: train again even what the store has; once in each session.
        session: names this test run, so that its workers refresh a run once between them.
        checkpoint_seconds: least time between two checkpoints; 0 writes one after every epoch.
        progress: called with (spec, epoch, trainer) before the first and after every epoch of a training.
    """

    def __init__(
        self,
        root: Path,
        *,
        refresh: bool = False,
        session: str = "",
        checkpoint_seconds: float = CHECKPOINT_SECONDS,
        progress: Callable[[Experiment, int, Trainer], None] | None = None,
    ) -> None:
        self.root = Path(root)
        self.refresh = refresh
        self.session = session or secrets.token_hex(8)
        self.checkpoint_seconds = checkpoint_seconds
        self.progress = progress

    # -- names ------------------------------------------------------------------------

    def identity(self, spec: Experiment, data: Dataset, backend: Backend) -> dict[str, Any]:
        """All that a run's bytes depend on, as plain JSON."""
        return {
            "format": _FORMAT,
            "spec": json.loads(spec.as_json()),
            "data": {"name": data.name, "sha256": data.checksum},
            "backend": asdict(backend),
            "engine": engine_version(),
        }

    def key(self, spec: Experiment, data: Dataset, backend: Backend) -> str:
        """The run's name: a readable head and the digest of its identity."""
        canonical = json.dumps(self.identity(spec, data, backend), sort_keys=True).encode()
        head = f"{spec.setting}-{spec.output}-{spec.loss}"
        return f"{head}-{hashlib.sha256(canonical).hexdigest()[:20]}"

    # -- the one entry ----------------------------------------------------------------

    def get(self, spec: Experiment, data: Dataset, backend: Backend) -> Run:
        """The experiment's run: from the store, or trained here, or trained elsewhere while this call waits.

        Raises:
            ValueError: the data set is not the one the spec names.
            OSError: the folder cannot be made or written.
        """
        if data.name != spec.dataset:
            raise ValueError(f"got the data set {data.name!r}, wanted the spec's own, {spec.dataset!r}")
        key = self.key(spec, data, backend)
        try:
            self.root.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise OSError(f"the run store {self.root} cannot be made ({error}): give a folder with --store") from error
        try:
            run = self._read(spec, key)
        except _Damaged:
            run = None  # judged again under the lock, when no one can be replacing it
        if run is not None:
            return run
        with self._lock(key):
            return self._read_or_set_aside(spec, key) or self._train(spec, data, backend, key)

    def _lock(self, key: str) -> FileLock:
        lock = FileLock(self.root / f"{key}.lock")
        try:
            lock.acquire(timeout=0)
        except Timeout:
            lock.acquire()  # another process trains this run: wait for it
        return lock

    # -- reading ----------------------------------------------------------------------

    def _read(self, spec: Experiment, key: str) -> Run | None:
        folder = self.root / key
        if not os.path.lexists(folder):
            return None
        if not folder.is_dir():
            raise _Damaged("is not a folder")
        meta = _json(folder / "run.json")
        if meta.get("key") != key:
            raise _Damaged(f"run.json names the run {meta.get('key')!r}")
        tensors = _bytes(folder / "run.safetensors")
        if hashlib.sha256(tensors).hexdigest() != meta.get("sha256"):
            raise _Damaged("run.safetensors does not match its SHA-256")
        foreign = sorted(path.name for path in folder.iterdir() if path.name not in _RUN_FILES)
        if foreign:
            raise _Damaged(f"holds foreign files: {', '.join(foreign)}")
        timing = _json(folder / "timing.json")
        if self.refresh and timing.get("session") != self.session:
            return None
        return Run(
            spec=spec,
            arrays=_tensors(tensors),
            key=key,
            provenance={name: meta[name] for name in ("data", "backend", "engine", "sha256")},
            trained=False,
            resumed_from=timing.get("resumed_from"),
            seconds=float(timing.get("seconds", 0.0)),
        )

    def _read_or_set_aside(self, spec: Experiment, key: str) -> Run | None:
        try:
            return self._read(spec, key)
        except _Damaged as damage:
            self._set_aside(self.root / key, damage)
            return None

    def _set_aside(self, path: Path, why: Exception) -> None:
        attic = self.root / "set-aside"
        attic.mkdir(exist_ok=True)
        target = attic / f"{path.name}-{time.strftime('%Y%m%dT%H%M%S')}-{secrets.token_hex(3)}"
        os.replace(path, target)
        warnings.warn(
            f"run store: {path} {why}; set aside as {target} and trained again", StoreWarning, stacklevel=2
        )

    # -- training ---------------------------------------------------------------------

    def _train(self, spec: Experiment, data: Dataset, backend: Backend, key: str) -> Run:
        from models.training import Trainer  # torch is imported only where something trains

        self._sweep(key)
        partial = self.root / f"{key}.partial"
        started = time.monotonic()
        trainer = Trainer(spec, data, backend)
        resumed_from, spent = self._resume(trainer, partial)
        last = time.monotonic()
        self._report(trainer)
        while not trainer.finished:
            trainer.run_epoch()
            self._report(trainer)
            now = time.monotonic()
            if not trainer.finished and now - last >= self.checkpoint_seconds:
                _write_checkpoint(partial, trainer, spent + now - started)
                last = time.monotonic()
        seconds = spent + time.monotonic() - started
        arrays = {name: np.ascontiguousarray(value) for name, value in trainer.result().items()}
        run = self._publish(key, self.identity(spec, data, backend), arrays, seconds, resumed_from)
        shutil.rmtree(partial, ignore_errors=True)
        return Run(spec, arrays, key, run, True, resumed_from, seconds)

    def _report(self, trainer: Trainer) -> None:
        if self.progress is not None:
            self.progress(trainer.spec, trainer.epoch, trainer)

    def _resume(self, trainer: Trainer, partial: Path) -> tuple[int | None, float]:
        """Loads the newest sound checkpoint; returns its epoch (None without one) and the seconds spent on it."""
        if self.refresh or not partial.is_dir():
            shutil.rmtree(partial, ignore_errors=True)
            return None, 0.0
        for path in sorted(partial.glob("epoch-*.safetensors"), reverse=True):
            try:
                content = _bytes(path)
                if hashlib.sha256(content).hexdigest()[:16] != path.stem.rpartition("-")[2]:
                    raise _Damaged("does not match the digest in its name")
                arrays = _tensors(content)
                trainer.load(arrays)
            except (_Damaged, KeyError, RuntimeError) as damage:
                self._set_aside(path, damage)
                continue
            return trainer.epoch, float(arrays["seconds"][0])
        return None, 0.0

    def _publish(
        self, key: str, identity: dict[str, Any], arrays: dict[str, np.ndarray], seconds: float, resumed: int | None
    ) -> dict[str, Any]:
        tensors = safetensors.numpy.save(arrays)
        meta = {"key": key, **identity, "sha256": hashlib.sha256(tensors).hexdigest()}
        timing = {"seconds": seconds, "resumed_from": resumed, "session": self.session, "finished": time.time()}
        fresh = self.root / f"{key}.new-{os.getpid()}-{secrets.token_hex(3)}"
        fresh.mkdir()
        _write(fresh / "run.safetensors", tensors)
        _write(fresh / "run.json", json.dumps(meta, indent=1, sort_keys=True).encode())
        _write(fresh / "timing.json", json.dumps(timing, indent=1).encode())
        target = self.root / key
        if target.exists():  # only under --refresh: the old run gives way in two renames
            os.replace(target, self.root / f"{key}.old-{os.getpid()}-{secrets.token_hex(3)}")
        os.replace(fresh, target)
        self._sweep(key)
        return {name: meta[name] for name in ("data", "backend", "engine", "sha256")}

    def _sweep(self, key: str) -> None:
        """Removes what a killed process left half-written; called under the run's lock."""
        for pattern in (f"{key}.new-*", f"{key}.old-*"):
            for left in self.root.glob(pattern):
                shutil.rmtree(left, ignore_errors=True)


def _write_checkpoint(partial: Path, trainer: Trainer, seconds: float) -> None:
    arrays = {name: np.ascontiguousarray(value) for name, value in trainer.state().items()}
    content = safetensors.numpy.save(arrays | {"seconds": np.array([seconds])})
    partial.mkdir(exist_ok=True)
    older = list(partial.iterdir())
    # Zero-padded, so that the newest sorts last by name.
    name = f"epoch-{trainer.epoch:06d}-{hashlib.sha256(content).hexdigest()[:16]}.safetensors"
    _write(partial / f"{name}.part", content)
    os.replace(partial / f"{name}.part", partial / name)
    for path in older:
        path.unlink(missing_ok=True)


def _write(path: Path, content: bytes) -> None:
    with open(path, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise _Damaged(f"lacks a readable {path.name} ({error.strerror})") from error


def _json(path: Path) -> dict[str, Any]:
    try:
        value = json.loads(_bytes(path))
    except ValueError as error:
        raise _Damaged(f"{path.name} is not JSON ({error})") from error
    if not isinstance(value, dict):
        raise _Damaged(f"{path.name} is not a JSON object")
    return value


def _tensors(content: bytes) -> dict[str, np.ndarray]:
    try:
        return safetensors.numpy.load(content)
    except Exception as error:  # the library's own exceptions share no documented base
        raise _Damaged(f"is not a safetensors file ({error})") from error
