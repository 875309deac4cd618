"""A run store that counts what it trains, and what has to be true of its folder."""

from __future__ import annotations

import os
import warnings
from pathlib import Path
from typing import Any

from models.backend import resolve_backend
from models.runs.store import RunStore
from tests.models.runs import store_process

__all__ = ["CPU", "DATA", "FILES", "SPEC", "Counted", "again", "assert_sound", "names"]

FILES = ("run.safetensors", "run.json", "timing.json")
SPEC, DATA, CPU = store_process.experiment(), store_process.dataset(), resolve_backend("cpu")


class Counted(RunStore):
    """A store that counts its trainings and the epochs it trained."""

    def __init__(self, root: Path, **options: Any) -> None:
        self.epochs: list[int] = []
        super().__init__(root, progress=lambda spec, epoch, trainer: self.epochs.append(epoch), **options)

    def run(self, **changes: Any):
        return self.get(store_process.experiment(**changes), DATA, CPU)

    @property
    def folder(self) -> Path:
        return self.root / self.key(SPEC, DATA, CPU)

    @property
    def partial(self) -> Path:
        return self.folder.with_name(f"{self.folder.name}.partial")


def again(runs: Counted, **options: Any) -> Counted:
    """The store as a later process sees it."""
    return Counted(runs.root, checkpoint_seconds=0, **options)


def names(root: Path) -> set[str]:
    return {path.name for path in root.iterdir() if not path.name.endswith(".lock")}


def assert_sound(runs: Counted, unbroken: dict[str, bytes]) -> None:
    """The run is there with an unbroken run's bytes, and a later process reads it without a word."""
    assert {name: (runs.folder / name).read_bytes() for name in unbroken} == unbroken
    assert set(os.listdir(runs.folder)) == set(FILES)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert not again(runs).run().trained
    assert names(runs.root) - {"set-aside"} == {runs.folder.name}, "temporary files are left"
