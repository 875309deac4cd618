"""Damage in the run store: told, set aside, trained again; nothing unsound is read, nothing foreign lost."""

from __future__ import annotations

import json
import os
import pickle
import shutil
import threading
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from models.runs import files
from models.runs.files import StoreError, StoreWarning
from tests.models.runs.counted_store import CPU, DATA, FILES, SPEC, Counted, again, assert_sound
from tests.models.runs.damages import flip, swapped, truncate

# -- damage ---------------------------------------------------------------------------


def foreign_run(folder: Path) -> None:
    """Another run's folder, sound in itself, under this run's name."""
    other = Counted(folder.parent)
    shutil.rmtree(folder)
    shutil.copytree(folder.parent / other.run(seed=5).key, folder)


def foreign_tensors(folder: Path) -> None:
    """Another run's tensors with a run.json that vouches for them."""
    other = folder.parent / Counted(folder.parent).run(seed=5).key
    shutil.copy(other / "run.safetensors", folder)
    meta = json.loads((other / "run.json").read_text())
    (folder / "run.json").write_text(json.dumps(meta | {"key": folder.name}, indent=1, sort_keys=True))


def replaced_by(content: bytes) -> Callable[[Path], None]:
    def replace(folder: Path) -> None:
        shutil.rmtree(folder)
        folder.write_bytes(content)

    return replace


def unpickled(folder: Path) -> None:
    """A pickle that would tell on its reader."""
    (folder / "run.safetensors").write_bytes(pickle.dumps(Unpickled()))


class Unpickled:
    def __reduce__(self):
        return (os._exit, (3,))


def of_another_run(folder: Path) -> None:
    """The other run's timing, sound in itself."""
    other = folder.parent / Counted(folder.parent).run(seed=5).key
    shutil.copy(other / "timing.json", folder)


def retimed(**changes: Any) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        timing = json.loads((folder / "timing.json").read_text())
        timing.pop("digest")
        (folder / "timing.json").write_bytes(files.with_digest(timing | changes))

    return change


DEEP = b"[" * 100_000
"""JSON that no reader recurses into."""


def linked(folder: Path) -> None:
    shutil.rmtree(folder)
    folder.symlink_to("nowhere")


DAMAGE = {
    "truncated tensors": (lambda f: truncate(f / "run.safetensors"), "does not match its SHA-256"),
    "flipped tensor byte": (lambda f: flip(f / "run.safetensors"), "does not match its SHA-256"),
    "flipped header byte": (lambda f: flip(f / "run.safetensors", 0.0), "does not match its SHA-256"),
    "empty tensors": (lambda f: (f / "run.safetensors").write_bytes(b""), "does not match its SHA-256"),
    "a pickle": (unpickled, "does not match its SHA-256"),
    "no tensors": (lambda f: (f / "run.safetensors").unlink(), "lacks a readable run.safetensors"),
    "truncated json": (lambda f: truncate(f / "run.json"), "run.json is not JSON"),
    "json of a list": (lambda f: (f / "run.json").write_text("[]"), "run.json is not a JSON object"),
    "json not text": (lambda f: (f / "run.json").write_bytes(b"\xff\xfe\x00"), "run.json is not JSON"),
    "no json": (lambda f: (f / "run.json").unlink(), "lacks a readable run.json"),
    "json is a folder": (lambda f: ((f / "run.json").unlink(), (f / "run.json").mkdir()), "lacks a readable"),
    "json without provenance": (
        lambda f: (f / "run.json").write_text(
            json.dumps({k: v for k, v in json.loads((f / "run.json").read_text()).items() if k != "data"})
        ),
        "run.json does not say what this run was trained on",
    ),
    "truncated timing": (lambda f: truncate(f / "timing.json"), "timing.json is not JSON"),
    "timing of words": (lambda f: (f / "timing.json").write_text('{"seconds": "x"}'), "its own digest"),
    "deep json": (lambda f: (f / "run.json").write_bytes(b'{"key":' + DEEP), "run.json is not JSON"),
    "deep timing": (lambda f: (f / "timing.json").write_bytes(DEEP), "timing.json is not JSON"),
    "a fifo for json": (lambda f: swapped(f / "run.json", os.mkfifo), "got a fifo, wanted a regular file"),
    "a fifo for tensors": (lambda f: swapped(f / "run.safetensors", os.mkfifo), "got a fifo"),
    "a device for tensors": (
        lambda f: swapped(f / "run.safetensors", lambda path: path.symlink_to("/dev/zero")),
        "got a character device, wanted a regular file",
    ),
    "a dead link for json": (
        lambda f: swapped(f / "run.json", lambda path: path.symlink_to("nowhere")),
        "got a link that leads nowhere, wanted a regular file",
    ),
    "sparse tensors": (lambda f: os.truncate(f / "run.safetensors", 2**42), "wanted at most"),
    "sparse json": (lambda f: os.truncate(f / "run.json", 2**42), "wanted at most"),
    "json without a size": (
        lambda f: (f / "run.json").write_text(json.dumps({"key": f.name})),
        "run.json does not say how large run.safetensors is",
    ),
    "json without recorders": (
        lambda f: (f / "run.json").write_text(json.dumps({"key": f.name, "bytes": 1, "recorders": []})),
        "run.json does not say how large run.safetensors is, or what recorded it",
    ),
    "another run's timing": (of_another_run, "timing.json is of the run 'tiny-6-he-linear-mse-"),
    "timing of another type": (retimed(seconds="long"), "timing.json lacks one of seconds, session"),
    "timing of no session": (retimed(session=None), "timing.json lacks one of seconds, session"),
    "no timing": (lambda f: (f / "timing.json").unlink(), "lacks a readable timing.json"),
    "another run": (foreign_run, "run.json names the run 'tiny-6-he-linear-mse-"),
    "another run's tensors": (foreign_tensors, "run.json does not say what this run was trained on"),
    "a file for a folder": (replaced_by(b"not a folder"), "is not a folder"),
    "a dead link": (linked, "is not a folder"),
    "a file too many": (lambda f: (f / "notes.txt").write_text("mine"), "holds foreign files: notes.txt"),
    "an empty folder": (lambda f: [p.unlink() for p in f.iterdir()], "lacks a readable run.json"),
}


@pytest.mark.parametrize(("damage", "reason"), DAMAGE.values(), ids=DAMAGE)
def test_damage_is_told_set_aside_and_trained_again(damage, reason, runs, unbroken):
    """What is corrupt or foreign is never read: a warning says why and where it went, and nothing is lost."""
    runs.run()
    damage(runs.folder)
    found = contents(runs.folder)
    with pytest.warns(StoreWarning) as told:
        run = again(runs).run()
    text = str(told[0].message)
    assert len(told) == 1
    assert text.startswith(f"run store: {runs.folder} ")
    assert reason in text
    assert text.endswith("and trained again")
    (aside,) = (runs.root / "set-aside").iterdir()
    assert f"set aside as {aside}" in text
    assert contents(aside) == found
    assert run.trained
    for other in runs.root.glob("tiny-*"):
        if other != runs.folder and other.is_dir():
            shutil.rmtree(other)  # the foreign run that some damages make
    assert_sound(runs, unbroken)


def contents(path: Path) -> Any:
    if path.is_symlink():
        return os.readlink(path)
    if path.is_dir():
        return {child.name: contents(child) for child in path.iterdir()}
    size = path.stat().st_size
    return path.read_bytes() if path.is_file() and size < 2**30 else (path.is_file(), size)


@pytest.mark.parametrize("name", [".DS_Store", "._run.json", ".nfs0001"])
def test_what_desktops_leave_is_no_damage(name, runs, interrupted):
    """A hidden file in a run's folder, or among its checkpoints, changes nothing."""
    (runs.partial / name).write_text("a desktop's")
    assert runs.run().resumed_from == 2
    (runs.folder / name).write_text("a desktop's")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert not again(runs).run().trained


def test_a_folder_that_may_not_be_moved_is_made_movable(runs, monkeypatch, unbroken):
    """A run's folder of mode 000 cannot be moved until its owner may write it."""
    runs.run()
    runs.folder.chmod(0)
    rename, refused = os.replace, []

    def replace(source: Any, target: Any) -> None:
        if not Path(source).stat().st_mode & 0o200:
            refused.append(source)
            raise PermissionError(13, "Permission denied", str(source))
        rename(source, target)

    monkeypatch.setattr(os, "replace", replace)
    monkeypatch.setattr(files.files, "read", lambda path, limit: _refused(path, limit, runs.folder))
    with pytest.warns(StoreWarning, match=r"lacks a readable run.json \(Permission denied\); set aside as"):
        assert again(runs).run().trained
    assert refused == [runs.folder]
    monkeypatch.undo()
    assert_sound(runs, unbroken)


def _refused(path: Path, limit: int, folder: Path, read: Callable[..., bytes] = files.files.read) -> bytes:
    """Reads as one who is not root."""
    if not folder.stat().st_mode & 0o500:
        raise PermissionError(13, "Permission denied", str(path))
    return read(path, limit)


def test_nothing_can_be_set_aside_where_a_file_is_in_the_way(runs):
    """The error names the store and the cure."""
    runs.run()
    flip(runs.folder / "run.json")
    (runs.root / "set-aside").write_text("mine")
    with pytest.raises(StoreError, match=r"the run store .* cannot be written \(File exists: .*set-aside\)"):
        again(runs).run()
    assert (runs.root / "set-aside").read_text() == "mine"


@pytest.mark.parametrize("name", FILES)
def test_no_flipped_byte_goes_unnoticed(name, runs):
    """Wherever a byte of a stored run changes, reading it is refused."""
    runs.run()
    path = runs.folder / name
    sound = path.read_bytes()
    for place in np.linspace(0, 1, 40):
        flip(path, place)
        with pytest.raises(files.DamageError):
            runs.find(SPEC, DATA, CPU)
        path.write_bytes(sound)


def test_a_damaged_run_is_retrained_once_by_many(runs):
    """Processes that find the same damage set it aside and train again once between them."""
    runs.run()
    flip(runs.folder / "run.safetensors")
    found: list[Any] = []
    stores = [again(runs) for _ in range(3)]
    threads = [threading.Thread(target=lambda one=one: found.append(one.run())) for one in stores]
    with pytest.warns(StoreWarning) as told:  # noqa: PT031 - the warning comes from either thread
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
    assert len(told) == 1
    assert sorted(run.trained for run in found) == [False, False, True]
