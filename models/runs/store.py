"""The run store: one experiment, trained once, kept on disk under the hash of all it depends on.

Layout of the store's folder:

    <key>/run.safetensors   trajectories and weights
    <key>/run.json          spec, data checksum, backend, engine version, SHA-256 of the tensors
    <key>/timing.json       wall time; apart, so that the other two are the same bytes in every run
    <key>.partial/          epoch checkpoints of a run in progress, each named by its own digest
    <key>.lock              held while training; the system frees it when its process dies
    set-aside/              what was found corrupt or foreign

A run appears under its final name in one rename, whole or not at all. Every
byte is checked when it is read: run.json is rebuilt and compared, the other
files are bound by digests.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.metadata
import json
import os
import re
import secrets
import shutil
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import safetensors.numpy
from filelock import FileLock

from data import Dataset
from models.experiment import Experiment
from models.runs.files import (
    DamageError,
    checked,
    checkpoint_digest,
    encoded,
    listed,
    parsed,
    read,
    tensors_of,
    with_digest,
    write,
)
from models.runs.run import Run

if TYPE_CHECKING:
    from models.backend import Backend
    from models.engines.mlp.training import Trainer

__all__ = ["RunStore", "StoreWarning", "default_store", "engine_version"]

_FORMAT = 2
_ENGINE_SOURCES = (
    "engines/mlp/adam.py",
    "backend.py",
    "recorders/early.py",
    "engines/mlp/ensemble.py",
    "engines/mlp/epoch_graph.py",
    "engines/mlp/evaluation.py",
    "initialisation.py",
    "engines/mlp/inputs.py",
    "objectives/losses.py",
    "engines/mlp/minibatches.py",
    "engines/mlp/narrow.py",
    "recorders/pairs.py",
    "recorders/recorder.py",
    "seeds.py",
    "engines/mlp/shards.py",
    "engines/mlp/threads.py",
    "engines/mlp/training.py",
    "engines/mlp/wide.py",
)
_RUN_FILES = {"run.safetensors", "run.json", "timing.json"}
_CHECKPOINT = re.compile(r"epoch-\d{6,}-[0-9a-f]{16}\.safetensors")

CHECKPOINT_SECONDS = 3.0
"""A checkpoint costs a write of the whole training state, so short epochs share one."""


class StoreWarning(UserWarning):
    """Something in the store was not what this project wrote."""


def default_store() -> Path:
    """The run store in the user's cache folder."""
    import platformdirs

    return Path(platformdirs.user_cache_dir("landscape-claims", appauthor=False)) / "runs"


@cache
def engine_version() -> str:
    """Digest of the engine's source files and torch's version: a change of either makes new runs."""
    digest = hashlib.sha256(importlib.metadata.version("torch").encode())
    for name in _ENGINE_SOURCES:
        digest.update((Path(__file__).parents[1] / name).read_bytes())
    return digest.hexdigest()[:16]


class RunStore:
    """Trained runs by content, shared by any number of processes.

    Args:
        root: the store's folder, made when missing.
        refresh: train again even what the store has; once in each session. A refresh starts from
            scratch, so one that was killed starts again; until it has ended, the old run stays.
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
        return _key(spec, self.identity(spec, data, backend))

    # -- the one entry ----------------------------------------------------------------

    def get(self, spec: Experiment, data: Dataset, backend: Backend) -> Run:
        """The experiment's run: from the store, or trained here, or trained elsewhere while this call waits.

        Raises:
            ValueError: the data set is not the one the spec names.
            OSError: the folder cannot be made or written.
        """
        if data.name != spec.dataset:
            raise ValueError(f"got the data set {data.name!r}, wanted the spec's own, {spec.dataset!r}")
        identity = self.identity(spec, data, backend)
        key = _key(spec, identity)
        try:
            self.root.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise OSError(
                f"the run store {self.root} cannot be made ({error}): give a folder with --store"
            ) from error
        try:
            run = self._read(spec, key, identity)
        except DamageError:
            run = None  # judged again under the lock, when no one can be replacing it
        if run is not None:
            return run
        with self._locked(key):
            self._sweep(key)
            return self._read_or_set_aside(spec, key, identity) or self._train(
                spec, data, backend, key, identity
            )

    @contextlib.contextmanager
    def _locked(self, key: str) -> Iterator[None]:
        """Holds the run's lock; where another process trains the run, waits for it."""
        lock = FileLock(self.root / f"{key}.lock")
        try:
            lock.acquire()
        except OSError as error:
            raise OSError(
                f"the run store {self.root} cannot be written ({error}): give a folder with --store"
            ) from error
        try:
            yield
        finally:
            lock.release()

    # -- reading ----------------------------------------------------------------------

    def _read(self, spec: Experiment, key: str, identity: dict[str, Any]) -> Run | None:
        folder = self.root / key
        if not os.path.lexists(folder):
            return None
        if folder.is_symlink() or not folder.is_dir():
            raise DamageError("is not a folder")
        written = parsed(read(folder / "run.json"), "run.json")
        if written.get("key") != key:
            raise DamageError(f"run.json names the run {written.get('key')!r}")
        tensors = read(folder / "run.safetensors")
        meta = _meta(key, identity, tensors)
        if written.get("sha256") != meta["sha256"]:
            raise DamageError("run.safetensors does not match its SHA-256")
        if read(folder / "run.json") != encoded(meta):
            raise DamageError("run.json does not say what this run was trained on")
        foreign = sorted(path.name for path in listed(folder) if path.name not in _RUN_FILES)
        if foreign:
            raise DamageError(f"holds foreign files: {', '.join(foreign)}")
        timing = checked(read(folder / "timing.json"), "timing.json")
        if self.refresh and timing["session"] != self.session:
            return None
        return Run(
            spec=spec,
            arrays=tensors_of(tensors),
            key=key,
            provenance=_provenance(meta),
            trained=False,
            resumed_from=timing["resumed_from"],
            seconds=timing["seconds"],
        )

    def _read_or_set_aside(self, spec: Experiment, key: str, identity: dict[str, Any]) -> Run | None:
        try:
            return self._read(spec, key, identity)
        except DamageError as damage:
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

    def _train(
        self, spec: Experiment, data: Dataset, backend: Backend, key: str, identity: dict[str, Any]
    ) -> Run:
        from models.engines.mlp.training import Trainer  # torch is imported only where something trains

        partial = self.root / f"{key}.partial"
        started = time.monotonic()
        trainer, resumed_from, spent = self._resume(lambda: Trainer(spec, data, backend), key, partial)
        last = time.monotonic()
        self._report(trainer)
        while not trainer.finished:
            trainer.run_epoch()
            self._report(trainer)
            now = time.monotonic()
            if not trainer.finished and now - last >= self.checkpoint_seconds:
                _write_checkpoint(key, partial, trainer, spent + now - started)
                last = time.monotonic()
        seconds = spent + time.monotonic() - started
        arrays = {name: np.ascontiguousarray(value) for name, value in trainer.result().items()}
        meta = self._publish(key, identity, arrays, seconds, resumed_from)
        shutil.rmtree(partial, ignore_errors=True)
        return Run(spec, arrays, key, _provenance(meta), True, resumed_from, seconds)

    def _report(self, trainer: Trainer) -> None:
        if self.progress is not None:
            self.progress(trainer.spec, trainer.epoch, trainer)

    def _resume(
        self, start: Callable[[], Trainer], key: str, partial: Path
    ) -> tuple[Trainer, int | None, float]:
        """A trainer at the newest sound checkpoint, its epoch (None without one), the seconds spent on it."""
        if partial.is_symlink() or (partial.exists() and not partial.is_dir()):
            self._set_aside(partial, DamageError("is not a folder"))
        elif self.refresh:
            shutil.rmtree(partial, ignore_errors=True)
        checkpoints = []
        for path in sorted(partial.iterdir(), reverse=True) if partial.is_dir() else ():
            if _CHECKPOINT.fullmatch(path.name):
                checkpoints.append(path)
            elif _CHECKPOINT.fullmatch(path.name.removesuffix(".part")):
                path.unlink()  # its writer was killed
            else:
                self._set_aside(path, DamageError("is foreign to a run in progress"))
        for path in checkpoints:
            trainer = start()  # anew for each: a load that fails halfway leaves nothing behind
            try:
                content = read(path)
                if checkpoint_digest(key, content) != path.stem.rpartition("-")[2]:
                    raise DamageError(
                        "is corrupt or of another run: it does not match the digest in its name"
                    )
                arrays = tensors_of(content)
                trainer.load(arrays)
                return trainer, trainer.epoch, float(arrays["seconds"][0])
            except (DamageError, LookupError, RuntimeError, TypeError, ValueError) as damage:
                self._set_aside(path, damage)
        return start(), None, 0.0

    def _publish(
        self,
        key: str,
        identity: dict[str, Any],
        arrays: dict[str, np.ndarray],
        seconds: float,
        resumed: int | None,
    ) -> dict[str, Any]:
        tensors = safetensors.numpy.save(arrays)
        meta = _meta(key, identity, tensors)
        timing = {
            "seconds": seconds,
            "resumed_from": resumed,
            "session": self.session,
            "finished": time.time(),
        }
        fresh = self.root / f"{key}.new-{os.getpid()}-{secrets.token_hex(3)}"
        fresh.mkdir()
        write(fresh / "run.safetensors", tensors)
        write(fresh / "run.json", encoded(meta))
        write(fresh / "timing.json", with_digest(timing))
        target = self.root / key
        if os.path.lexists(target):  # only under --refresh: the old run gives way in two renames
            os.replace(target, self.root / f"{key}.old-{os.getpid()}-{secrets.token_hex(3)}")
        os.replace(fresh, target)
        self._sweep(key)
        return meta

    def _sweep(self, key: str) -> None:
        """Puts right what a killed process left behind; called under the run's lock."""
        target = self.root / key
        for old in self.root.glob(f"{key}.old-*"):
            if os.path.lexists(target):
                shutil.rmtree(old, ignore_errors=True)
            else:
                os.replace(old, target)  # killed between the two renames of a refresh
        for fresh in self.root.glob(f"{key}.new-*"):
            shutil.rmtree(fresh, ignore_errors=True)


# -- what the files say ---------------------------------------------------------------


def _key(spec: Experiment, identity: dict[str, Any]) -> str:
    canonical = json.dumps(identity, sort_keys=True).encode()
    return f"{spec.setting}-{spec.output}-{spec.loss}-{hashlib.sha256(canonical).hexdigest()[:20]}"


def _meta(key: str, identity: dict[str, Any], tensors: bytes) -> dict[str, Any]:
    return {"key": key, **identity, "sha256": hashlib.sha256(tensors).hexdigest()}


def _provenance(meta: dict[str, Any]) -> dict[str, Any]:
    return {name: meta[name] for name in ("data", "backend", "engine", "sha256")}


def _write_checkpoint(key: str, partial: Path, trainer: Trainer, seconds: float) -> None:
    arrays = {name: np.ascontiguousarray(value) for name, value in trainer.state().items()}
    content = safetensors.numpy.save(arrays | {"seconds": np.array([seconds])})
    partial.mkdir(exist_ok=True)
    older = [path for path in partial.iterdir() if _CHECKPOINT.fullmatch(path.name)]
    # Zero-padded, so that the newest sorts last by name.
    name = f"epoch-{trainer.epoch:06d}-{checkpoint_digest(key, content)}.safetensors"
    write(partial / f"{name}.part", content)
    os.replace(partial / f"{name}.part", partial / name)
    for path in older:
        path.unlink(missing_ok=True)
