"""The run store: trained once, the same bytes after any death, and a refresh that loses nothing."""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import filelock
import numpy as np
import pytest
import store_process
import torch
from counted_store import CPU, DATA, SPEC, Counted, again, assert_sound, names

from models.backend import resolve_backend
from models.runs import store as store_module
from models.runs.store import default_store, engine_version

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def forked() -> Iterator[Callable[..., list[dict[str, Any]]]]:
    """Processes that ask one store at once: `forked(root, plan, ...)` gives each one's status and answer."""
    with subprocess.Popen(
        [sys.executable, store_process.__file__],
        env={**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as server:

        def ask(root: Path, *plans: dict[str, Any]) -> list[dict[str, Any]]:
            server.stdin.write(json.dumps([[str(root), plan] for plan in plans]) + "\n")
            server.stdin.flush()
            return json.loads(server.stdout.readline())

        yield ask
        server.stdin.close()


# -- once -----------------------------------------------------------------------------


def test_a_run_is_trained_once_and_then_read(runs, unbroken):
    """The second asking reads what the first trained, to the last bit."""
    first, second = runs.run(), again(runs)
    found = second.run()
    assert (first.trained, found.trained) == (True, False)
    assert (runs.epochs, second.epochs) == ([0, 1, 2, 3, 4], [])
    assert found.arrays.keys() == first.arrays.keys()
    for name, array in first.arrays.items():
        assert found.arrays[name].dtype == array.dtype
        assert found.arrays[name].tobytes() == array.tobytes(), name
    assert found.provenance == first.provenance
    assert (found.key, found.spec, found.seconds) == (first.key, first.spec, first.seconds)
    assert found.resumed_from is None
    assert_sound(runs, unbroken)


def test_a_read_only_store_is_read(runs):
    """What is there is found without writing, not even a lock."""
    runs.run()
    for lock in runs.root.glob("*.lock"):
        lock.unlink()
    assert not again(runs).run().trained
    assert not list(runs.root.glob("*.lock"))


OTHERS = {
    "seed": lambda: (dataclasses.replace(SPEC, seed=1), DATA, CPU),
    "epochs": lambda: (dataclasses.replace(SPEC, epochs=5), DATA, CPU),
    "checkpoints": lambda: (dataclasses.replace(SPEC, checkpoints=()), DATA, CPU),
    "data": lambda: (SPEC, dataclasses.replace(DATA, checksum="decaf"), CPU),
    "precision": lambda: (SPEC, DATA, resolve_backend("cpu", "fp64")),
    "device": lambda: (SPEC, DATA, dataclasses.replace(CPU, device_name="another CPU")),
}


@pytest.mark.parametrize("other", OTHERS.values(), ids=OTHERS)
def test_what_changes_the_bytes_changes_the_name(other, runs):
    """The key depends on spec, data checksum and backend."""
    assert runs.key(*other()) != runs.key(SPEC, DATA, CPU)


def test_another_engine_is_another_run(runs, monkeypatch):
    """A change of the engine's code is a new name, and the old run stays."""
    key, version = runs.key(SPEC, DATA, CPU), engine_version()
    runs.run()
    monkeypatch.setattr(store_module, "engine_version", lambda: "0123456789abcdef")
    assert runs.key(SPEC, DATA, CPU) != key
    assert runs.run().trained
    assert (runs.root / key).is_dir()
    assert version != "0123456789abcdef"


def test_engine_version_covers_every_source_it_trains_with():
    """All modules that training imports from here are in the digest, but the spec, which is in the key."""
    code = (
        "import sys, models.engines.mlp.training\n"
        "own = {m: f for m in sys.modules if m.startswith('models.') and (f := sys.modules[m].__file__)}\n"
        "print(*(m.replace('.', '/') for m, f in own.items() if not f.endswith('__init__.py')))"
    )
    shown = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    used = {f"{name.removeprefix('models/')}.py" for name in shown.stdout.split()}
    assert used - {"experiment.py"} == set(store_module._ENGINE_SOURCES)


def test_the_data_must_be_the_specs_own(runs):
    """Another data set under the spec's name is an error, not a run."""
    with pytest.raises(ValueError, match="got the data set 'other', wanted the spec's own, 'tiny'"):
        runs.get(SPEC, dataclasses.replace(DATA, name="other"), CPU)


def test_two_processes_train_once_between_them(tmp_path, forked):
    """Of two that want the same run at once, one trains and the other waits for it."""
    told = [answer["told"] for answer in forked(tmp_path / "runs", {"pause": 0.1}, {"pause": 0.1})]
    assert sorted(one["trained"] for one in told) == [False, True]
    assert told[0]["sha256"] == told[1]["sha256"]
    assert names(tmp_path / "runs") == {told[0]["key"]}


def test_two_processes_refresh_once_between_them(tmp_path, forked):
    """Workers of one session that refresh the same run at once train it once."""
    forked(tmp_path / "runs", {})
    plan = {"pause": 0.1, "refresh": True, "session": "a"}
    told = [answer["told"] for answer in forked(tmp_path / "runs", plan, plan)]
    assert sorted(one["trained"] for one in told) == [False, True]


def test_two_threads_train_once_between_them(runs):
    """The lock holds within a process too."""
    found: list[Any] = []
    threads = [threading.Thread(target=lambda: found.append(again(runs).run())) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(run.trained for run in found) == [False, False, True]


@pytest.mark.parametrize("error", [RuntimeError("broken"), KeyboardInterrupt()], ids=["error", "interrupt"])
def test_the_lock_is_free_after_a_failure(error, runs, unbroken):
    """A training that fails gives its lock back while its traceback lives; the next one resumes."""

    def fail(spec, epoch, trainer):
        if epoch == 3:
            raise error

    runs.progress = fail
    with pytest.raises(type(error)) as caught:
        runs.run()
    lock = filelock.FileLock(runs.root / f"{runs.folder.name}.lock")
    with lock.acquire(timeout=0):
        pass
    assert caught.value is error
    assert again(runs).run().resumed_from == 2
    assert_sound(runs, unbroken)


def test_the_lock_is_held_once_and_released(runs, monkeypatch):
    """The lock's counter is one while training and zero after, whoever keeps the object."""
    kept: list[filelock.FileLock] = []

    def lock(path):
        kept.append(filelock.FileLock(path))
        return kept[-1]

    monkeypatch.setattr(store_module, "FileLock", lock)
    counters = []
    runs.progress = lambda spec, epoch, trainer: counters.append(kept[-1].lock_counter)
    runs.run()
    assert set(counters) == {1}
    assert kept[-1].lock_counter == 0
    assert not kept[-1].is_locked


# -- killed ---------------------------------------------------------------------------

# The renames of a training of 4 epochs: checkpoints 1 to 3, then the run itself; the
# files written: those checkpoints, then the run's three. The networks are judged twice
# before the first epoch, then after 1, 2, 3, 4 steps and twice at its end, after 6 and 8
# steps and twice at the second's, after 11 in the third.
DEATHS = {
    "before the first epoch": ({"epoch": 0}, None),
    "before any checkpoint": ({"epoch": 1}, None),
    "after a checkpoint": ({"epoch": 2}, 1),
    "in the last epoch": ({"epoch": 4}, 3),
    "inside the first epoch": ({"judged": 5}, None),
    "inside the second epoch": ({"judged": 10}, 1),
    "inside the third epoch": ({"judged": 13}, 2),
    "writing the first checkpoint": ({"write": 1}, None),
    "writing a later checkpoint": ({"write": 3}, 2),
    "naming a checkpoint": ({"replace": 2}, 1),
    "writing the tensors": ({"write": 4}, 3),
    "writing run.json": ({"write": 5}, 3),
    "writing timing.json": ({"write": 6}, 3),
    "publishing": ({"replace": 4}, 3),
}


@pytest.mark.parametrize(("death", "epoch"), DEATHS.values(), ids=DEATHS)
def test_a_killed_run_resumes_with_the_same_bytes(death, epoch, runs, unbroken, forked):
    """After SIGKILL anywhere the next goes on from the last checkpoint and ends as an unbroken run."""
    (killed,) = forked(runs.root, {"die": death})
    assert killed["status"] == -signal.SIGKILL
    assert not runs.folder.exists()
    run = runs.run()
    assert (run.trained, run.resumed_from) == (True, epoch)
    assert runs.epochs == list(range(epoch or 0, 5))
    assert_sound(runs, unbroken)
    assert not (runs.root / "set-aside").exists()


def test_a_run_killed_twice_resumes_twice(runs, unbroken, forked):
    """Each resumption adds to the checkpoints of the one before, and the time spent adds up."""
    for epoch in (2, 4):
        forked(runs.root, {"die": {"epoch": epoch}})
    run = runs.run()
    assert run.resumed_from == 3
    assert run.seconds > 0
    assert again(runs).run().resumed_from == 3
    assert_sound(runs, unbroken)


def test_only_the_last_checkpoint_is_kept(runs):
    """A run in progress keeps one checkpoint, whatever its epochs."""
    seen = []
    runs.progress = lambda spec, epoch, trainer: seen.append(
        sorted(path.name[:12] for path in runs.partial.glob("*"))
    )
    runs.run()
    assert seen == [[], [], ["epoch-000001"], ["epoch-000002"], ["epoch-000003"]]


def test_checkpoints_wait_their_time(tmp_path):
    """Short epochs share a checkpoint: none is written before its time has come."""
    runs = Counted(tmp_path, checkpoint_seconds=3600)
    seen = []
    runs.progress = lambda spec, epoch, trainer: seen.append(runs.partial.exists())
    runs.run()
    assert not any(seen)


# -- refresh --------------------------------------------------------------------------


def test_refresh_trains_again_once_a_session(runs, unbroken):
    """A refresh retrains what is there, its session's other processes read it, and the bytes are the same."""
    runs.run()
    trained = [again(runs, refresh=True, session=s).run().trained for s in ("a", "a", "b", "b")]
    assert trained == [True, False, True, False]
    assert_sound(runs, unbroken)


def test_a_killed_refresh_leaves_the_old_run(runs, unbroken, forked):
    """Until a refresh has ended the old run is there to be read; the next refresh starts from scratch."""
    runs.run()
    (killed,) = forked(runs.root, {"refresh": True, "session": "a", "die": {"epoch": 3}})
    assert killed["status"] == -signal.SIGKILL
    assert not again(runs).run().trained
    fresh = again(runs, refresh=True, session="a")
    assert fresh.run().resumed_from is None
    assert fresh.epochs == [0, 1, 2, 3, 4]
    assert_sound(runs, unbroken)


@pytest.mark.parametrize("rename", [4, 5], ids=["before the old gives way", "between the two renames"])
def test_a_refresh_killed_in_publishing_loses_nothing(rename, runs, unbroken, forked):
    """Where it died with the old run out of the way, the old run is put back and read."""
    runs.run()
    forked(runs.root, {"refresh": True, "die": {"replace": rename}})
    assert runs.folder.exists() == (rename == 4)
    later = again(runs)
    assert not later.run().trained
    again(runs, refresh=True).run()  # sweeps what the dead one had written
    assert_sound(runs, unbroken)


def test_a_reader_beside_refreshes_finds_the_run(runs, unbroken):
    """However a refresh replaces a run under a reader's eyes, the reader neither warns nor trains."""
    runs.run()
    over = threading.Event()

    def refresh() -> None:
        for session in range(25):
            again(runs, refresh=True, session=str(session)).run(epochs=4)
        over.set()

    writer = threading.Thread(target=refresh)
    reader = again(runs)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        writer.start()
        reads = 0
        while not over.is_set():
            assert not reader.run().trained
            reads += 1
        writer.join()
    assert reads > 25
    assert reader.epochs == []
    assert_sound(runs, unbroken)


@pytest.mark.parametrize("step", ["run.json", "run.safetensors", "timing.json", "listing"])
def test_a_run_that_vanishes_while_it_is_read_is_read_again(step, runs, monkeypatch, unbroken):
    """A reader overtaken at any step by a refresh waits for the lock and reads anew."""
    runs.run()
    away = runs.root / "away"
    working = {"read": store_module.read, "listed": store_module.listed}

    def overtaken(function):
        def read(path):
            if path.name == step or (step == "listing" and function == "listed"):
                monkeypatch.undo()
                runs.folder.rename(away)
                try:
                    return working[function](path)
                finally:
                    away.rename(runs.folder)
            return working[function](path)

        return read

    for function in working:
        monkeypatch.setattr(store_module, function, overtaken(function))
    reader = again(runs)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert not reader.run().trained
    assert_sound(runs, unbroken)


# -- the folder -----------------------------------------------------------------------


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
            OSError, match=r"the run store .*file.* cannot be made .*: give a folder with --store"
        ):
            Counted(root).run()


def test_a_store_that_cannot_be_written_is_an_error(runs, monkeypatch):
    """A folder without permission is named, with the option that moves the store."""

    def refuse(*_: Any, **__: Any) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(filelock.FileLock, "acquire", refuse)
    with pytest.raises(OSError, match=r"the run store .* cannot be written \(.*denied\): give a folder with"):
        runs.run()


def test_the_default_store_is_in_the_users_cache(monkeypatch, tmp_path):
    """Nothing is written beside the code."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    folder = default_store()
    assert folder.parts[-2:] == ("landscape-claims", "runs")
    assert ROOT not in folder.parents


def test_a_warning_of_the_store_does_not_fail_a_claim(pytester: pytest.Pytester):
    """Under the project's settings, where warnings are errors, the store's is shown and the test goes on."""
    pytester.makepyfile(
        f"""
        import sys, warnings
        sys.path.insert(0, {str(ROOT)!r})
        from models.runs.store import StoreWarning

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
    result.assert_outcomes(passed=1, failed=1, warnings=1)
    result.stdout.fnmatch_lines(["*StoreWarning: run store: a run was corrupt*"])


# -- the run --------------------------------------------------------------------------


def test_a_run_gives_its_weights_at_the_checkpoints(runs):
    """Weights are of the last epoch or of a checkpoint; another epoch is an error that names the cure."""
    run = runs.run()
    assert [tuple(t.shape for t in layer) for layer in run.weights()] == [
        ((4, 9, 6), (4, 6)),
        ((4, 6, 3), (4, 3)),
    ]
    assert not np.array_equal(run.weights()[0][0], run.weights(2)[0][0])
    with pytest.raises(
        KeyError, match=r"got epoch 3, wanted one of the kept checkpoints \[2, 4\]: add it to"
    ):
        run.weights(3)


def test_a_run_speaks_on_the_scale_of_the_claims(runs):
    """Loss over L0, agreement as a fraction, groups as model indices, divergences counted."""
    run = runs.run()
    for side, place in (("train", 0), ("test", 1)):
        np.testing.assert_array_equal(
            run.normalised_loss(side), run.arrays[f"{side}_loss"] / run.arrays["baseline"][place]
        )
    labels = run.arrays["test_predictions"]
    assert run.arrays["pairs"][4].tolist() == [1, 3]
    assert run.agreement("test")[4, 4] == (labels[4, 1] == labels[4, 3]).mean()
    assert run.groups.tolist() == [0, 0, 0, 0]
    assert run.steps_per_epoch == 5
    assert run.diverged == 0
    assert torch.isfinite(torch.from_numpy(run.arrays["train_loss"])).all()
