"""Checkpoints: checked before anything is built, set aside when bad, gone on from only when sound."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.numpy

from models.engines import trainer as trainer_module
from models.runs import training
from models.runs.checkpoints import checkpoint_name, identity_of
from models.runs.files import StoreWarning
from models.runs.training import Training
from tests.models.runs import store_process
from tests.models.runs.counted_store import CPU, DATA, Counted, assert_sound
from tests.models.runs.damages import flip, stop, swapped, truncate


def only_checkpoint(runs: Counted) -> Path:
    (path,) = runs.partial.iterdir()
    return path


def forge(runs: Counted, about: dict[str, str] | None = None, **changes: np.ndarray | None) -> None:
    """Changes the checkpoint and gives it the digest in its name that fits."""
    path = only_checkpoint(runs)
    arrays = safetensors.numpy.load(path.read_bytes()) | changes
    kept = {key: array for key, array in arrays.items() if array is not None}
    content = safetensors.numpy.save(kept, metadata=about or {"seconds": "1.0"})
    path.unlink()
    (runs.partial / checkpoint_name(runs.folder.name, 2, content)).write_bytes(content)


def checkpoint_of_another_run(runs: Counted) -> None:
    other = Counted(runs.root, checkpoint_seconds=0)
    stop(other, seed=5)
    folder = runs.root / f"{other.key(store_process.experiment(seed=5), DATA, CPU)}.partial"
    (path,) = folder.iterdir()
    only_checkpoint(runs).unlink()
    path.rename(runs.partial / path.name)
    folder.rmdir()


def file_for_partial(runs: Counted) -> None:
    shutil.rmtree(runs.partial)
    runs.partial.write_text("not a folder")


BAD_CHECKPOINTS = {
    "flipped byte": (lambda r: flip(only_checkpoint(r)), "does not match the digest in its name"),
    "truncated": (lambda r: truncate(only_checkpoint(r)), "does not match the digest in its name"),
    "another run's": (checkpoint_of_another_run, "is corrupt or of another run"),
    "lacks a shard": (lambda r: forge(r, **{"engine/shard/0/buffer": None}), "buffer"),
    "other shards": (lambda r: forge(r, **{"engine/shard/0/buffer": np.zeros(3, np.float32)}), "size"),
    "lacks its epoch": (lambda r: forge(r, epoch=np.zeros(0, int)), "index 0 is out of bounds"),
    "lacks its time": (lambda r: forge(r, {"minutes": "1"}), "does not say how long it took"),
    "time in words": (lambda r: forge(r, {"seconds": "long"}), "does not say how long it took"),
    "a fifo": (lambda r: swapped(only_checkpoint(r), os.mkfifo), "got a fifo, wanted a regular file"),
    "a folder": (lambda r: swapped(only_checkpoint(r), os.mkdir), "got a directory, wanted a regular file"),
    "sparse": (lambda r: os.truncate(only_checkpoint(r), 2**42), "wanted at most"),
    "a file for the folder": (file_for_partial, "is not a folder"),
}


@pytest.mark.parametrize(("damage", "reason"), BAD_CHECKPOINTS.values(), ids=BAD_CHECKPOINTS)
def test_a_bad_checkpoint_is_set_aside_and_leaves_no_trace(damage, reason, interrupted, unbroken):
    """Training starts over, with the same bytes, whatever part of the checkpoint had been taken in."""
    damage(interrupted)
    with pytest.warns(StoreWarning, match="run store: .*set aside as .* and trained again") as told:
        run = interrupted.run()
    assert reason in str(told[0].message)
    assert run.resumed_from is None
    assert len(list((interrupted.root / "set-aside").iterdir())) == 1
    assert_sound(interrupted, unbroken)


def test_an_older_checkpoint_serves_when_the_newest_is_bad(interrupted, unbroken):
    """A process killed between two checkpoints leaves both; the newest sound one counts."""
    (interrupted.partial / f"epoch-000003-3-{'0' * 16}.safetensors").write_bytes(b"bad")
    with pytest.warns(StoreWarning, match="epoch-000003"):
        assert interrupted.run().resumed_from == 2
    assert_sound(interrupted, unbroken)


def test_a_foreign_file_among_checkpoints_is_not_lost(interrupted, unbroken):
    """It is set aside, and the run still resumes."""
    (interrupted.partial / "notes").mkdir()
    (interrupted.partial / "notes" / "mine.txt").write_text("mine")
    with pytest.warns(StoreWarning, match="is foreign to a run in progress"):
        assert interrupted.run().resumed_from == 2
    (aside,) = (interrupted.root / "set-aside").iterdir()
    assert (aside / "mine.txt").read_text() == "mine"
    assert_sound(interrupted, unbroken)


def test_an_empty_partial_folder_is_a_run_not_begun(runs, unbroken):
    """Killed between making the folder and writing to it: training starts, without a word."""
    runs.partial.mkdir(parents=True)
    assert runs.run().resumed_from is None
    assert_sound(runs, unbroken)


def test_one_trainer_is_built_however_many_checkpoints_are_bad(runs, interrupted, monkeypatch):
    """Checkpoints are checked before anything is built: a trainer judges all networks when it is made."""
    (path,) = runs.partial.iterdir()
    for epoch in (3, 4):
        (runs.partial / path.name.replace("000002", f"00000{epoch}")).write_bytes(b"bad")
    built = []
    start = trainer_module.Trainer.__init__

    def counted(self, *arguments: Any, **options: Any) -> None:
        built.append(1)
        start(self, *arguments, **options)

    monkeypatch.setattr(trainer_module.Trainer, "__init__", counted)
    with pytest.warns(StoreWarning, match="epoch-00000[34]"):
        assert runs.run().resumed_from == 2
    assert len(built) == 1


def test_the_time_spent_is_no_tensor(interrupted):
    """A checkpoint's tensors are the trainer's state, and its header says the rest."""
    content = only_checkpoint(interrupted).read_bytes()
    assert "seconds" not in safetensors.numpy.load(content)
    assert identity_of(only_checkpoint(interrupted))["spec"]["data"] == "tiny"


@pytest.mark.parametrize(
    ("every", "saved"), [(0.0, [1, 2, 3, 4, 5, 6, 7]), (1.0, [1, 2, 4, 5, 6, 7]), (60.0, [6])]
)
def test_checkpoints_that_take_long_to_write_are_rarer(monkeypatch, every, saved):
    """An epoch lasts 10 s, the first checkpoint takes 0.1 s to write and the second 0.5 s: the next comes no
    sooner than forty times as long after each. 0 still makes one after every epoch."""
    now, found = [0.0], []
    monkeypatch.setattr(training.time, "monotonic", lambda: now[0])
    run_epoch = trainer_module.Trainer.run_epoch

    def slow(trainer):
        run_epoch(trainer)
        now[0] += 10.0

    def save(checkpoint):
        found.append(checkpoint.epoch)
        now[0] += {1: 0.1, 2: 0.5}.get(len(found), 0.1)

    monkeypatch.setattr(trainer_module.Trainer, "run_epoch", slow)
    spec = store_process.experiment(epochs=8)
    Training(spec, DATA, CPU, 1, save=save, every=every)()
    assert found == saved


@pytest.mark.parametrize(("every", "saved"), [(0.0, [1, 2, 3, 4, 5, 6, 7]), (1.0, [4, 5, 6, 7])])
def test_a_large_first_checkpoint_waits(monkeypatch, every, saved):
    """An epoch lasts 10 s, and what is to be written is expected to take 1 s: not before forty of them."""
    now, found = [0.0], []
    monkeypatch.setattr(training.time, "monotonic", lambda: now[0])
    run_epoch, state = trainer_module.Trainer.run_epoch, trainer_module.Trainer.state

    def slow(trainer):
        run_epoch(trainer)
        now[0] += 10.0

    def measured(trainer):
        found_state = state(trainer)
        monkeypatch.setattr(training, "_RATE", float(sum(one.nbytes for one in found_state.values())))
        return found_state

    monkeypatch.setattr(trainer_module.Trainer, "run_epoch", slow)
    monkeypatch.setattr(trainer_module.Trainer, "state", measured)
    spec = store_process.experiment(epochs=8)
    Training(spec, DATA, CPU, 1, save=lambda checkpoint: found.append(checkpoint.epoch), every=every)()
    assert found == saved
