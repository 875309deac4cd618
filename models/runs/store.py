"""The run store: one experiment, trained once, kept on disk under the digest of all it depends on.

Layout of the store's folder:

    <key>/run.safetensors   trajectories and weights
    <key>/run.json          what the run depends on (`models.runs.key`), size and SHA-256 of the tensors
    <key>/timing.json       wall time; apart, so that the other two are the same bytes in every run
    <key>.partial/          checkpoints of a run in progress
    <key>.lock              held while training; the system frees it when its process dies
    set-aside/              what was found damaged or foreign
    evidence/, designs/     see `claims.evidence.cache`, `claims.core.ledger`
    data/, progress/        for a cluster's nodes: see `models.cluster.luggage`, `models.cluster.progress`
    .remote/                where an object store lies behind the folder: what it has (`models.runs.remote`)

A run appears under its final name in one rename, whole or not at all. Every byte is checked when it is read:
run.json is rebuilt and compared, the other files are bound by digests. What is there is read without a lock
and without writing.
"""

from __future__ import annotations

import contextlib
import glob
import os
import platform
import secrets
import shutil
import time
from collections.abc import Callable, Collection, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from filelock import FileLock, Timeout

from data import Dataset
from models.checkout import versions
from models.experiment import Experiment
from models.recorders.field import recorders_of
from models.runs import files
from models.runs.checkpoints import Checkpoints
from models.runs.code import code_digest
from models.runs.content import Entry, Remote, once
from models.runs.entry import compared, read_run, read_timing, write_run
from models.runs.files import DamageError
from models.runs.key import run_identity, run_key
from models.runs.run import Run
from models.runs.training import CHECKPOINT_SECONDS, Trained, Training
from models.second_leg.descent import Descent

if TYPE_CHECKING:
    import numpy as np

    from models.backend import Backend
    from models.engines.trainer import Trainer
    from models.second_leg.descender import Descender

__all__ = ["RunStore", "default_store"]


_DESCENT_PAUSE = 5
"""Times as long between two checkpoints of a descent: they hold every network in float64."""


def default_store() -> Path:
    """The run store in the user's cache folder."""
    import platformdirs

    return Path(platformdirs.user_cache_dir("landscape-claims", appauthor=False)) / "runs"


class RunStore:
    """Trained runs by content, shared by any number of processes.

    Args:
        root: the store's folder, made when something is written.
        refresh: train again even what the store has; once in each session. A refresh starts from
            scratch, so one that was killed starts again; until it has ended, the old run stays.
        session: names this test run, so that its workers refresh a run once between them.
        checkpoint_seconds: least time between two checkpoints of a training; five times that for a
            descent. 0 writes one after every epoch or round.
        progress: called with (spec, epoch, trainer) before the first and after every epoch of a training.
        trains: does a training; by default calls it.
        threads: most threads a training here may use; None takes every core.
        recorders: by array, the module that records it, of recorders that training does not import by itself:
            a run is kept without regard to them, and is trained again when one that is needed is missing from
            it or was changed.
        remote: the object store behind the folder, if there is one; `models.runs.remote.opened.open_store`
            opens both.
    """

    def __init__(
        self,
        root: Path,
        *,
        refresh: bool = False,
        session: str = "",
        checkpoint_seconds: float = CHECKPOINT_SECONDS,
        progress: Callable[[Experiment | Descent, int, Trainer | Descender], None] | None = None,
        trains: Callable[[Training], Trained] = Training.__call__,
        recorders: Mapping[str, str] | None = None,
        threads: int | None = None,
        remote: Remote | None = None,
    ) -> None:
        self.root = Path(root)
        self.refresh = refresh
        self.session = session or secrets.token_hex(8)
        self.checkpoint_seconds = checkpoint_seconds
        self.progress = progress
        self.trains, self.threads = trains, threads
        self.recorders = recorders_of() if recorders is None else recorders
        self.remote = remote

    @property
    def address(self) -> str:
        """What opens this store on another machine: its folder, or the object store's URL."""
        return str(self.root.absolute()) if self.remote is None else self.remote.address

    def has(self, key: str) -> bool:
        """Whether the run is here, sound or not."""
        if (self.root / key / "run.json").exists():
            return True
        return self.remote is not None and self.remote.read(f"{key}/run.json") is not None

    def key(self, spec: Experiment | Descent, data: Dataset, backend: Backend) -> str:
        """The run's name: a readable head and the digest of its identity."""
        return run_key(run_identity(spec, data, backend), spec)

    def get(
        self, spec: Experiment | Descent, data: Dataset, backend: Backend, needs: Collection[str] = ()
    ) -> Run:
        """The run: from the store, or trained, or trained elsewhere while this call waits. A descent that has
        to be made starts from the run of its experiment, which is got in the same way.

        Args:
            spec, data, backend: of the run.
            needs: arrays that it must have, as they are recorded now.

        Raises:
            ValueError: the data set is not the one the spec names.
            StoreError: the run has to be trained, and the folder cannot be made or written, or the object
                store behind it not be reached.
        """
        identity = _identity(spec, data, backend)
        key = run_key(identity, spec)
        entry, lock = self._entry(key), self.root / f"{key}.lock"
        begun = os.path.lexists(lock)  # else nobody has left anything, and the folder is not looked through

        def find(alone: bool) -> Run | None:
            if alone and begun:
                self._sweep(key)
            try:
                return self._read(spec, key, identity, needs)
            except DamageError as damage:
                if not alone:
                    raise
                files.set_aside(self.root, self.root / key, damage, "trained again")
                return None

        def make() -> Run:
            states = None if self.remote is None else self.remote.states(key)
            checkpoints = Checkpoints(self.root, key, identity, states)
            if self.refresh and not checkpoints.folder.is_symlink():
                checkpoints.clear()
            trained = self._train(spec, data, backend, checkpoints)
            run = self._publish(spec, key, identity, trained)
            if entry is not None:
                entry.put()
            checkpoints.clear()
            if missing := sorted(set(needs) - set(run.arrays)):
                raise ValueError(
                    f"got a run of {spec.name} without {', '.join(missing)}, wanted arrays that a recorder "
                    f"writes for it: {', '.join(sorted(run.arrays))}"
                )
            return run

        return once(self.root, lock, find, make, entry)

    def find(
        self, spec: Experiment | Descent, data: Dataset, backend: Backend, needs: Collection[str] = ()
    ) -> Run | None:
        """The experiment's run if it is here, sound, and has what is needed; nothing is waited for or
        written, but what an object store behind the folder has.

        Raises:
            ValueError: as `get`.
            DamageError: it is damaged, or was replaced while it was read.
            StoreError: the object store cannot be reached.
        """
        identity = _identity(spec, data, backend)
        key = run_key(identity, spec)
        entry = self._entry(key)
        if entry is not None:
            entry.used()
        found = self._read(spec, key, identity, needs)
        if found is not None or entry is None or not entry.there():
            return found
        with files.writing(self.root), contextlib.suppress(Timeout):
            self.root.mkdir(parents=True, exist_ok=True)
            with FileLock(self.root / f"{key}.lock", timeout=0):
                entry.fetch()
        return self._read(spec, key, identity, needs)

    # -- reading ----------------------------------------------------------------------

    def _entry(self, key: str) -> Entry | None:
        """The run in the object store behind the folder; a refresh takes what its own session has trained."""
        if self.remote is None:
            return None
        return self.remote.run(key, self.session if self.refresh else None)

    def _read(
        self, spec: Experiment | Descent, key: str, identity: Mapping[str, Any], needs: Collection[str]
    ) -> Run | None:
        folder = self.root / key
        if not os.path.lexists(folder):
            return None
        about, tensors = read_run(folder)
        compared(folder, identity, about)
        timing = read_timing(folder)
        if self.refresh and timing["session"] != self.session:
            return None
        arrays = files.tensors_of(tensors)
        now = self._digests(needs)
        if any(name not in arrays or now.get(name) != about["recorders"].get(name) for name in needs):
            return None
        return Run(
            spec=spec,
            arrays=arrays,
            key=key,
            provenance=_provenance(about),
            trained=False,
            resumed_from=timing["resumed_from"],
            seconds=timing["seconds"],
            node=timing.get("node", ""),
            versions=timing.get("versions", {}),
        )

    # -- training ---------------------------------------------------------------------

    def _train(
        self, spec: Experiment | Descent, data: Dataset, backend: Backend, checkpoints: Checkpoints
    ) -> Trained:
        weights: Mapping[str, np.ndarray] | None = None
        if isinstance(spec, Descent) and spec.start == "trained":
            weights = self.get(spec.experiment, data, backend).parameters()
        task = Training(
            spec,
            data,
            backend,
            self.threads,
            weights=weights,
            checkpoints=checkpoints.sound(),
            reject=checkpoints.reject,
            save=checkpoints.save,
            every=self.checkpoint_seconds * (_DESCENT_PAUSE if isinstance(spec, Descent) else 1),
            progress=self.progress,
        )
        return self.trains(task)

    def _publish(
        self, spec: Experiment | Descent, key: str, identity: Mapping[str, Any], trained: Trained
    ) -> Run:
        timing: dict[str, Any] = {
            "seconds": trained.seconds,
            "resumed_from": trained.resumed_from,
            "session": self.session,
            "finished": time.time(),
            "node": platform.node(),
            "versions": versions(),
        }
        target = self.root / key
        fresh, old = files.passing(target, "new"), files.passing(target, "old")
        with files.writing(self.root):
            try:
                fresh.mkdir()
                recorders = self._digests(trained.arrays)
                about = write_run(fresh, key, identity, trained.arrays, recorders, timing)
                if os.path.lexists(target):  # refreshed, or lacking an array: it gives way in two renames
                    os.replace(target, old)
                os.replace(fresh, target)
            finally:
                self._settle(target, old, fresh)
        return Run(
            spec=spec,
            arrays=trained.arrays,
            key=key,
            provenance=_provenance(about),
            trained=True,
            resumed_from=trained.resumed_from,
            seconds=trained.seconds,
            node=timing["node"],
            versions=timing["versions"],
        )

    def _digests(self, arrays: Iterable[str]) -> dict[str, str]:
        """Digest of the code that records each of these arrays, where it has a recorder of its own."""
        return {name: code_digest((self.recorders[name],)) for name in arrays if name in self.recorders}

    def _sweep(self, key: str) -> None:
        """Puts right what a killed process left behind; called under the run's lock."""
        target, head = self.root / key, glob.escape(key)
        for old in self.root.glob(f"{head}.old-*"):
            self._settle(target, old)
        for fresh in self.root.glob(f"{head}.new-*"):
            shutil.rmtree(fresh, ignore_errors=True)

    def _settle(self, target: Path, old: Path, fresh: Path | None = None) -> None:
        """Removes a run that gave way, or puts it back where the new one has not come."""
        if os.path.lexists(target):
            shutil.rmtree(old, ignore_errors=True)
        elif os.path.lexists(old):
            with files.writing(self.root):
                os.replace(old, target)  # killed between the two renames of a refresh
        if fresh is not None:
            shutil.rmtree(fresh, ignore_errors=True)


def _identity(spec: Experiment | Descent, data: Dataset, backend: Backend) -> dict[str, Any]:
    if data.name != spec.data:
        raise ValueError(f"got the data set {data.name!r}, wanted the spec's own, {spec.data!r}")
    return run_identity(spec, data, backend)


def _provenance(about: Mapping[str, Any]) -> dict[str, Any]:
    return {name: about[name] for name in ("data", "backend", "code", "versions", "sha256")}
