"""The store's folder: made, read-only, full, oddly named, in the way."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

import filelock
import pytest

from models.runs import files
from models.runs.files import StoreError, StoreWarning
from models.runs.store import default_store
from tests.models.runs.counted_store import CPU, DATA, SPEC, Counted, again, assert_sound, names

ROOT = Path(__file__).resolve().parents[3]


# -- made -----------------------------------------------------------------------------


def test_a_store_is_made_with_the_folders_above_it(tmp_path):
    """--store may name a folder in folders that are not there yet."""
    runs = Counted(tmp_path / "a" / "b" / "runs")
    assert runs.run().trained
    assert runs.folder.is_dir()


def test_a_store_that_cannot_be_made_is_an_error(tmp_path):
    """A file where the folder should be is named, with the option that moves the store."""
    (tmp_path / "file").write_text("")
    for root in (tmp_path / "file", tmp_path / "file" / "runs"):
        with pytest.raises(
            OSError, match=r"the run store .*file.* cannot be written .*, or give a folder with --store"
        ):
            Counted(root).run()


def test_a_store_that_cannot_be_written_is_an_error(runs, monkeypatch):
    """A folder without permission is named, with the option that moves the store."""

    def refuse(*_: Any, **__: Any) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(filelock.FileLock, "acquire", refuse)
    with pytest.raises(
        OSError,
        match=r"the run store .* cannot be written \(.*denied\): make room there, or give a folder with",
    ):
        runs.run()


# -- read-only ------------------------------------------------------------------------


def close(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every way to write a file is refused, as on a read-only disk; root is refused too."""

    def refuse(*arguments: Any, **_: Any) -> NoReturn:
        raise OSError(errno.EROFS, "Read-only file system", str(arguments[0]))

    open_file = os.open

    def only_read(path: Any, flags: int, *arguments: Any, **options: Any) -> int:
        return refuse(path) if flags & os.O_CREAT else open_file(path, flags, *arguments, **options)

    monkeypatch.setattr(os, "open", only_read)
    for name in ("mkdir", "replace", "unlink", "rmdir", "chmod"):
        monkeypatch.setattr(os, name, refuse)
    monkeypatch.setattr(files, "write", refuse)


def test_a_warm_store_may_be_read_only(runs, monkeypatch):
    """What is there is read: no lock, no folder, nothing written. A miss names the cure."""
    runs.run()
    before = sorted(runs.root.rglob("*"))
    with monkeypatch.context() as patch:
        close(patch)
        assert not again(runs).run().trained
        assert runs.find(SPEC, DATA, CPU).seconds > 0
        with pytest.raises(StoreError, match=r"cannot be written \(Read-only .* give a folder with --store"):
            again(runs).run(seed=1)
    assert sorted(runs.root.rglob("*")) == before


def test_looking_up_makes_nothing(tmp_path):
    """A run that is not there is no folder either."""
    store = Counted(tmp_path / "runs")
    assert store.find(SPEC, DATA, CPU) is None
    assert not store.root.exists()


# -- full -----------------------------------------------------------------------------


def fill(monkeypatch: pytest.MonkeyPatch, full: Callable[[Path], bool]) -> list[str]:
    """A disk on which these files find no room: half of one is written. Names of what was refused."""
    write, refused = files.write, []

    def half(path: Path, content: bytes) -> None:
        if not full(path):
            return write(path, content)
        write(path, content[: len(content) // 2])
        refused.append(path.name)
        raise OSError(errno.ENOSPC, "No space left on device", str(path))

    monkeypatch.setattr(files, "write", half)
    return refused


def test_a_full_disk_costs_the_checkpoints_and_not_the_training(runs, monkeypatch, unbroken):
    """One warning, and the run's bytes are those of any other."""
    refused = fill(monkeypatch, lambda path: path.parent.name.endswith(".partial"))
    with pytest.warns(StoreWarning, match=r"no checkpoint of .* could be written \(No space left") as told:
        assert runs.run().trained
    assert len(told) == 1
    assert len(refused) == 3
    assert_sound(runs, unbroken)


@pytest.mark.parametrize("name", ["run.safetensors", "run.json", "timing.json"])
def test_a_full_disk_at_the_end_leaves_nothing_half_done(name, runs, monkeypatch, unbroken):
    """The error names the cure; nothing is left but the last checkpoint, from which the next one goes on."""
    fill(monkeypatch, lambda path: path.name == name)
    with pytest.raises(StoreError, match=r"cannot be written \(No space left .*\): make room there"):
        runs.run()
    assert names(runs.root) == {runs.partial.name}
    monkeypatch.undo()
    assert again(runs).run().resumed_from == 3
    assert_sound(runs, unbroken)


def test_a_full_disk_at_a_refresh_leaves_the_old_run(runs, monkeypatch, unbroken):
    """What was there is there still."""
    runs.run()
    with monkeypatch.context() as patch:
        fill(patch, lambda path: path.name == "run.json")
        with pytest.raises(StoreError, match="No space left"):
            again(runs, refresh=True).run()
    shutil.rmtree(runs.partial)
    assert_sound(runs, unbroken)


# -- names, and what is in the way ----------------------------------------------------


@pytest.mark.parametrize("name", ["n" * 300, f"{'n' * 300}/runs"], ids=["its own", "above it"])
def test_a_name_that_is_too_long_is_an_error(name, tmp_path):
    """The system's reason and the cure."""
    with pytest.raises(
        StoreError, match=r"cannot be written \(File name too long.*give a folder with --store"
    ):
        Counted(tmp_path / name).run()


@pytest.mark.parametrize("name", ["a b", "ключ", os.fsdecode(b"\xff\xfe"), "[*]?", "-x", "$(date)"], ids=repr)
def test_odd_names_are_names(name, tmp_path, unbroken):
    """Spaces, other alphabets, bytes that are no UTF-8, and what means something to a shell or to glob."""
    runs = Counted(tmp_path / name, checkpoint_seconds=0)
    assert runs.run().trained
    assert not again(runs, refresh=True, session=runs.session).run().trained
    assert_sound(runs, unbroken)


def test_a_long_setting_has_a_short_name(runs):
    """File systems allow some 250 letters, and a network may have many layers."""
    run = runs.run(widths=(2,) * 120, epochs=1, checkpoints=())
    assert run.trained
    assert len(run.key) < 130


def test_a_folder_in_place_of_the_lock_is_an_error(runs):
    """It is named, with the cure."""
    lock = runs.root / f"{runs.folder.name}.lock"
    lock.mkdir(parents=True)
    with pytest.raises(StoreError, match=r"cannot be written \(Is a directory: .*\.lock\)"):
        runs.run()


# -- where ----------------------------------------------------------------------------


def test_the_default_store_is_in_the_users_cache(monkeypatch, tmp_path):
    """Nothing is written beside the code."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    folder = default_store()
    assert folder.parts[-2:] == ("landscape-claims", "runs")
    assert ROOT not in folder.parents


def test_a_warning_of_the_store_does_not_fail_a_claim(pytester: pytest.Pytester):
    """Under the settings of a run of the claims it is shown, as any other is, and the test goes on."""
    pytester.makepyfile(
        f"""
        import sys, warnings
        sys.path.insert(0, {str(ROOT)!r})
        from models.runs.files import StoreWarning

        def test_store():
            warnings.warn("run store: a run was corrupt", StoreWarning)

        def test_other():
            warnings.warn("anything else", UserWarning)
        """
    )
    shutil.copy(ROOT / "pyproject.toml", pytester.path)
    result = pytester.runpytest_subprocess(
        "-p", "no:cacheprovider", "test_a_warning_of_the_store_does_not_fail_a_claim.py"
    )
    result.assert_outcomes(passed=2, warnings=2)
    result.stdout.fnmatch_lines(["*StoreWarning: run store: a run was corrupt*"])


def test_a_fresh_training_does_not_look_through_the_whole_folder(runs, monkeypatch):
    """However many runs there are; whoever finds another's lock looks for what it has left."""
    looked: list[str] = []
    sweep = type(runs)._sweep
    monkeypatch.setattr(type(runs), "_sweep", lambda self, key: looked.append(key) or sweep(self, key))
    key = runs.run().key
    assert looked == []
    shutil.rmtree(runs.root / key)
    runs.run()
    assert looked == [key]
