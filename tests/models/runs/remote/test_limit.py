"""The folder in front of an object store stays small."""

from __future__ import annotations

import os

import filelock
import pytest

from models.runs.files import StoreWarning
from models.runs.upkeep.inventory import Kind, State, inventory
from models.runs.upkeep.removal import prune, verify
from tests.models.runs import store_process
from tests.models.runs.counted_store import CPU, DATA, names
from tests.models.runs.damages import states

pytest.importorskip("obstore", reason="obstore is not installed: pip install -e '.[objects]'")

EPOCHS = (1, 2, 3, 4)


@pytest.fixture
def size(memory, machine) -> int:
    """Bytes of a run of the tests here, at most; all of them are in the object store."""
    runs = machine("elsewhere", memory)
    keys = [runs.run(epochs=epochs, checkpoints=()).key for epochs in EPOCHS]
    return max(sum(path.stat().st_size for path in (runs.root / key).iterdir()) for key in keys)


def ask(runs, epochs: int) -> str:
    """Reads the run of so many epochs; its key. Times of files are too coarse for what follows at once."""
    key = runs.run(epochs=epochs, checkpoints=()).key
    marks = sorted((runs.root / ".remote" / "put").iterdir(), key=lambda path: path.stat().st_mtime_ns)
    for age, path in enumerate(marks):
        os.utime(path, (1000 + age, 1000 + age))
    return key


def test_runs_read_longest_ago_give_way(memory, machine, size):
    """Two fit: the third takes the place of the one that nobody has read since, and that one is fetched
    again."""
    runs = machine("a", memory, limit=int(2.5 * size))
    first, second = ask(runs, 1), ask(runs, 2)
    assert ask(runs, 1) == first
    third = ask(runs, 3)
    assert names(runs.root) - {".remote"} == {first, third}
    assert ask(runs, 2) == second
    assert names(runs.root) - {".remote"} == {third, second}
    assert runs.epochs == []


def test_what_is_found_counts_as_read(memory, machine, size):
    """`find` as well as `get`."""
    runs = machine("a", memory, limit=int(2.5 * size))
    first, _ = ask(runs, 1), ask(runs, 2)
    assert runs.find(store_process.experiment(epochs=1, checkpoints=()), DATA, CPU).key == first
    third = ask(runs, 3)
    assert names(runs.root) - {".remote"} == {first, third}


def test_all_stays_where_there_is_room(memory, machine, size):
    """Nothing is dropped before the limit."""
    runs = machine("a", memory, limit=5 * size)
    keys = {ask(runs, epochs) for epochs in EPOCHS}
    assert names(runs.root) - {".remote"} == keys


def test_a_run_larger_than_the_limit_is_kept_while_it_is_used(memory, machine, size):
    """The last one stays, whatever its size."""
    runs = machine("a", memory, limit=1)
    for epochs in EPOCHS:
        key = ask(runs, epochs)
        assert names(runs.root) - {".remote"} == {key}


def test_what_was_not_put_stays(memory, machine, size):
    """A run that the object store does not have is the only one there is."""
    runs = machine("a", memory, limit=1)
    runs.checkpoint_seconds = 3600
    runs.progress = lambda *_: setattr(memory, "gone", True)
    with pytest.warns(StoreWarning, match="is kept in"):
        mine = runs.run(epochs=5).key
    memory.gone = False
    runs.remote._rest = float("inf")  # it is not put late, either
    other = ask(runs, 1)
    assert names(runs.root) - {".remote"} == {mine, other}


def test_what_was_made_anew_and_not_put_stays(memory, machine, size):
    """The object store has an older run of that name."""
    runs = machine("a", memory, limit=1)
    first = ask(runs, 1)
    runs.remote.marks.clear(first)
    runs.remote._rest = float("inf")
    second = runs.run(epochs=2, checkpoints=()).key
    assert names(runs.root) - {".remote"} == {first, second}


def test_what_the_object_store_has_lost_stays(memory, machine, size):
    """It is asked before a run is dropped; one that it lost is put again."""
    runs = machine("a", memory, limit=1)
    first = ask(runs, 1)
    for name in memory.names(f"{first}/"):
        memory.delete(name)
    second = ask(runs, 2)
    assert names(runs.root) - {".remote"} == {first, second}
    runs.remote.put_late()
    assert f"{first}/run.json" in memory.names("")


def test_what_someone_works_on_stays(memory, machine, size):
    """A run whose lock is held is not touched."""
    runs = machine("a", memory, limit=1)
    first = ask(runs, 1)
    with filelock.FileLock(runs.root / f"{first}.lock"):
        second = ask(runs, 2)
        assert names(runs.root) - {".remote"} == {first, second}
    third = ask(runs, 3)
    assert names(runs.root) - {".remote"} == {third}


def test_the_upkeep_takes_it_for_a_store(memory, machine, size):
    """Inventory, check and removal see runs, and no more than in any other store."""
    runs = machine("a", memory, limit=2 * size)
    keys = {ask(runs, epochs) for epochs in EPOCHS} & names(runs.root)
    found = states(runs.root)
    assert {name: found[name] for name in keys} == dict.fromkeys(keys, (Kind.RUN, State.CURRENT))
    assert {kind for kind, _ in found.values()} <= {Kind.RUN, Kind.LEFTOVER}
    assert [problem for _, problem in verify(inventory(runs.root))] == [""] * len(keys)
    prune(runs.root)
    assert names(runs.root) - {".remote"} == keys
    assert ask(runs, 1)
