"""Evidence, figures and designs go through the object store as runs do; so do checkpoints."""

from __future__ import annotations

import threading

import pytest

from models.runs.content import ValueStore
from models.runs.files import StoreError, StoreWarning
from models.runs.remote.mirror import Mirror
from models.runs.remote.states import UploadedStates
from tests.models.runs.damages import stop

pytest.importorskip("obstore", reason="obstore is not installed: pip install -e '.[objects]'")


@pytest.fixture
def values(memory, tmp_path):
    """Values of a machine: `values("a")`."""

    def of(name: str, folder: str = "evidence", **options) -> ValueStore:
        mirror = Mirror(memory, tmp_path / name)
        return ValueStore(mirror.root, folder, remote=mirror, **options)

    return of


def never() -> None:
    raise AssertionError("made again")


@pytest.mark.parametrize("folder", ["evidence", "figures"])
def test_a_value_is_made_once(folder, values, memory):
    """By one machine for all; no lease is left."""
    made = {"x": [1.5, float("inf")]}
    assert values("a", folder).value("T2", {"n": 1}, lambda: made) == made
    assert values("b", folder).value("T2", {"n": 1}, never) == made
    assert values("c", folder).find("T2", {"n": 1}) == made
    assert values("c", folder).find("T2", {"n": 2}) is None
    (name,) = memory.names("")
    assert name.startswith(f"{folder}/T2-")


def test_evidence_has_a_lease_and_a_figure_none(values, memory):
    """What takes minutes is computed by one machine; a drawing costs less than asking."""
    for folder in ("evidence", "figures"):
        values("a", folder).value("T2", {}, lambda: 1)
    assert [name.split("/")[0] for name in memory.writes if ".lease/" in name] == ["evidence"] * 2


def test_a_damaged_value_is_made_again(values, memory):
    """Named by its URL, set aside, and the good one takes its place."""
    values("a").value("T2", {}, lambda: 1)
    memory.damage(".json")
    with pytest.warns(StoreWarning, match=r"memory://.*evidence/T2-.*; set aside as .* and made again"):
        assert values("b").value("T2", {}, lambda: 1) == 1
    assert values("c").value("T2", {}, never) == 1


def test_a_value_of_something_else_is_not_believed(values, memory):
    """Sound by its digest, under the name of another: it is held to what was asked."""
    for n in (1, 2):
        values("a").value("T2", {"n": n}, lambda n=n: n)
    one, two = memory.names("")
    first, second = memory.get(one), memory.get(two)
    memory.put(one, second)
    memory.put(two, first)
    with pytest.warns(StoreWarning, match="holds the result of something else"):
        assert values("b").value("T2", {"n": 1}, lambda: 1) == 1


def test_a_value_is_put_later(values, memory):
    """Computed while the object store was gone, it is kept, and put by the next call that reaches it."""

    def last() -> int:
        memory.gone = True
        return 1

    with pytest.warns(StoreWarning, match=r"evidence/T2-.* is kept in .*/a only"):
        assert values("a").value("T2", {}, last) == 1
    memory.gone = False
    assert [name for name in memory.names("") if ".lease/" not in name] == []
    assert values("a").value("T2", {}, never) == 1
    assert values("b").value("T2", {}, never) == 1


def test_looking_for_values_stops_nothing(values, memory):
    """`find` is for those who can make them: an object store that is gone has none."""
    memory.gone = True
    assert values("a").find("T2", {}) is None
    with pytest.raises(StoreError):
        values("a").value("T2", {}, never)


# -- checkpoints ----------------------------------------------------------------------

NAMES = [f"epoch-00000{epoch}-9-{'0' * 16}.safetensors" for epoch in (1, 2, 3)]


def test_the_newest_checkpoint_is_kept(memory):
    """Older ones go with the next."""
    states = UploadedStates(memory, "run.partial/")
    for name in NAMES[:2]:
        states._next = 0.0
        states.put(name, b"state")
        states._thread.join()
    assert memory.names("") == [f"run.partial/{NAMES[1]}"]
    states.clear()
    assert memory.names("") == []


def test_one_checkpoint_is_on_its_way_at_a_time(memory, monkeypatch):
    """While one is put the next ones are left out: a slow network does not hold up the training."""
    slow = threading.Event()
    monkeypatch.setattr(type(memory), "put", lambda self, name, content: slow.wait(10))
    states = UploadedStates(memory, "run.partial/")
    states.put(NAMES[0], b"state")
    first = states._thread
    states.put(NAMES[1], b"state")
    assert states._thread is first
    slow.set()
    states.clear()


def test_a_newer_checkpoint_is_fetched_and_an_older_is_not(memory, tmp_path):
    """What the machine has itself counts, too."""
    folder = tmp_path / "run.partial"
    for name in NAMES[:2]:
        memory.put(f"run.partial/{name}", name.encode())
    memory.put("run.partial/notes", b"someone else's")
    UploadedStates(memory, "run.partial/").fetch(folder)
    assert {path.name: path.read_text() for path in folder.iterdir()} == {NAMES[1]: NAMES[1]}
    (folder / NAMES[2]).write_text("own")
    UploadedStates(memory, "run.partial/").fetch(folder)
    assert {path.name for path in folder.iterdir()} == set(NAMES[1:])


def test_a_training_goes_on_without_the_object_store(memory, tmp_path):
    """That no checkpoint can be put is said once."""
    states = UploadedStates(memory, "run.partial/")
    memory.gone = True
    states.put(NAMES[0], b"state")
    states._thread.join()
    with pytest.warns(StoreWarning, match="none can be put"):
        states.put(NAMES[1], b"state")
    states.put(NAMES[2], b"state")
    states.fetch(tmp_path / "run.partial")
    states.clear()


def test_a_damaged_checkpoint_is_set_aside(memory, machine, unbroken):
    """What another machine left is checked by the digest in its name, and trained again where it fails."""
    first = machine("a", memory)
    stop(first)
    (kept,) = first.partial.iterdir()
    memory.put(f"{first.partial.name}/{kept.name}", kept.read_bytes()[:-1] + b"x")
    second = machine("b", memory)
    with pytest.warns(StoreWarning, match="does not match the digest in its name"):
        run = second.run()
    assert run.resumed_from is None
    assert {name: (second.folder / name).read_bytes() for name in unbroken} == unbroken
    assert [name for name in memory.names("") if ".partial/" in name] == []
