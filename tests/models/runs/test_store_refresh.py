"""A refresh trains once more, and loses nothing on the way."""

from __future__ import annotations

import signal
import threading
import warnings

import pytest

from models.runs import files
from tests.models.runs.counted_store import again, assert_sound


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
    reading, over = threading.Event(), threading.Event()

    def refresh() -> None:
        for session in range(25):
            reading.wait(60)  # a reader has come since the last one
            reading.clear()
            again(runs, refresh=True, session=str(session)).run(epochs=4)
        over.set()

    writer = threading.Thread(target=refresh)
    reader = again(runs)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        writer.start()
        while not over.is_set():
            reading.set()
            assert not reader.run().trained
        writer.join()
    assert reader.epochs == []
    assert_sound(runs, unbroken)


@pytest.mark.parametrize("step", ["run.json", "run.safetensors", "timing.json", "listing"])
def test_a_run_that_vanishes_while_it_is_read_is_read_again(step, runs, monkeypatch, unbroken):
    """A reader overtaken at any step by a refresh waits for the lock and reads anew."""
    runs.run()
    away = runs.root / "away"
    working = {"read": files.read, "listed": files.listed}

    def overtaken(function):
        def read(path, *limit):
            if path.name == step or (step == "listing" and function == "listed"):
                monkeypatch.undo()
                runs.folder.rename(away)
                try:
                    return working[function](path, *limit)
                finally:
                    away.rename(runs.folder)
            return working[function](path, *limit)

        return read

    for function in working:
        monkeypatch.setattr(files, function, overtaken(function))
    reader = again(runs)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert not reader.run().trained
    assert_sound(runs, unbroken)
