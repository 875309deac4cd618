"""Which design an experiment was judged by, so that none is continued after looking.

Networks have numbers, and a larger design holds the smaller one's networks. Judging 48 of them after an open
answer at 32 would be a second look, for which no alpha was set aside; so would looks after a fixed number,
and a smaller number after a larger. The first design by which an experiment is judged in a store is written
down, and another one is refused: with `--seed` its networks are new ones, and the experiment another.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import replace
from pathlib import Path

from claims.core.design import Design
from data import Dataset
from models.backend import Backend
from models.experiment import Experiment, Networks
from models.runs.content import Remote
from models.runs.files import DamageError, checked, read, set_aside, with_digest, write_whole, writing

__all__ = ["DesignError", "Ledger"]


class DesignError(Exception):
    """A design that would continue another after it was looked at."""


class Ledger:
    """Designs by experiment, in the run store's folder designs/.

    Args:
        root: the run store's folder.
        remote: the object store behind it, if there is one: what another machine has judged is known here.
    """

    def __init__(self, root: Path, remote: Remote | None = None) -> None:
        self.root, self.folder, self.remote = Path(root), Path(root) / "designs", remote

    def check(self, spec: Experiment, data: Dataset, backend: Backend, design: Design) -> None:
        """Nothing, where the experiment was not judged yet, or by this design.

        Raises:
            DesignError: it was judged by another one.
            StoreError: what the store says is damaged and cannot be set aside, or the object store behind it
                cannot be reached.
        """
        path = self._path(spec, data, backend)
        judged = self._read(path)
        if judged is None and self.remote is not None and self.remote.value(path).fetch():
            judged = self._read(path)
        if judged not in (None, design.networks):
            raise DesignError(
                f"got {_shown(design.networks)} for {spec.name} at seed {spec.networks.seed}, which this "
                f"store has judged at {_shown(judged)}; wanted the same design again: going on after looking "
                "would spend alpha twice. Choose --networks or --looks before the first run, take new "
                "networks with --seed, or another store with --store"
            )

    def record(self, spec: Experiment, data: Dataset, backend: Backend, design: Design) -> None:
        """Writes down that the experiment was judged by this design.

        Raises:
            StoreError: the store cannot be written.
        """
        path = self._path(spec, data, backend)
        if self._read(path) is not None:
            return
        with writing(self.root):
            self.folder.mkdir(parents=True, exist_ok=True)
            write_whole(path, with_digest({"experiment": spec.name, "networks": list(design.networks)}))
        if self.remote is not None:
            self.remote.value(path).put()

    def _path(self, spec: Experiment, data: Dataset, backend: Backend) -> Path:
        """By all that tells one experiment from another except how many of its networks are trained.

        The arrays are among it: two files of one name are two data sets.
        """
        seed = Networks(seed=spec.networks.seed)
        one = replace(spec, networks=seed, budget=replace(spec.budget, checkpoints=()))
        text = f"{one.canonical()} {data.training_digest} {backend.kind}"
        return self.folder / f"{hashlib.sha256(text.encode()).hexdigest()[:20]}.json"

    def _read(self, path: Path) -> tuple[int, ...] | None:
        if not os.path.lexists(path):
            return None
        try:
            return tuple(int(n) for n in checked(read(path), path.name)["networks"])
        except (DamageError, LookupError, TypeError, ValueError) as damage:
            set_aside(self.root, path, damage, "written anew")
            return None


def _shown(networks: tuple[int, ...]) -> str:
    return f"{', '.join(map(str, networks))} networks"
