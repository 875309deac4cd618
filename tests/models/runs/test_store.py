"""The run store: trained once, however many ask."""

from __future__ import annotations

import dataclasses
import threading
from typing import Any

import filelock
import pytest

from models.runs import content
from tests.models.runs.counted_store import CPU, DATA, SPEC, again, assert_sound, names


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


def test_the_data_must_be_the_specs_own(runs):
    """Another data set under the spec's name is an error, not a run."""
    with pytest.raises(ValueError, match="got the data set 'other', wanted the spec's own, 'tiny'"):
        runs.get(SPEC, dataclasses.replace(DATA, name="other"), CPU)


def test_two_processes_train_once_between_them(tmp_path, forked):
    """Of two that want the same run at once, one trains and the other waits for it."""
    told = [answer["told"] for answer in forked(tmp_path / "runs", {"meet": 2}, {"meet": 2})]
    assert sorted(one["trained"] for one in told) == [False, True]
    assert told[0]["sha256"] == told[1]["sha256"]
    assert names(tmp_path / "runs") == {told[0]["key"]}


def test_two_processes_refresh_once_between_them(tmp_path, forked):
    """Workers of one session that refresh the same run at once train it once."""
    forked(tmp_path / "runs", {})
    plan = {"meet": 2, "refresh": True, "session": "a"}
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

    monkeypatch.setattr(content, "FileLock", lock)
    counters = []
    runs.progress = lambda spec, epoch, trainer: counters.append(kept[-1].lock_counter)
    runs.run()
    assert set(counters) == {1}
    assert kept[-1].lock_counter == 0
    assert not kept[-1].is_locked
