"""What lies in a store, what of it is of use here, and what a prune removes."""

from __future__ import annotations

import json
import os
import re
import time
from pathlib import Path

import pytest
from counted_store import CPU, DATA, SPEC, Counted, again, names
from damages import flip, stop
from filelock import FileLock

from models.runs import inventory as inventory_module
from models.runs import key as key_module
from models.runs.code import code_digest
from models.runs.content import ValueStore
from models.runs.files import DamageError, StoreError, with_digest
from models.runs.inventory import Item, Kind, State, inventory
from models.runs.upkeep import prune, verify


def states(root: Path) -> dict[str, tuple[Kind, State]]:
    """Kind and state by name."""
    return {item.path.name: (item.kind, item.state) for item in inventory(root)}


@pytest.fixture
def other_version(monkeypatch):
    """After it is called, this is another version of the code that trains."""

    def change() -> None:
        monkeypatch.setattr(key_module, "code_digest", lambda modules: "f" * 64)

    return change


def evidence(root: Path, *, modules: tuple[str, ...] = ("models.seeds",), code: str | None = None) -> Path:
    """A value as the evidence cache keeps it."""
    identity = {"modules": list(modules), "code": code or code_digest(modules), "versions": {"machine": "x"}}
    before = set((root / "evidence").glob("*.json"))
    ValueStore(root, "evidence").value("T2 boston", identity, lambda: 1)
    (path,) = set((root / "evidence").glob("*.json")) - before
    return path


# -- what there is --------------------------------------------------------------------


def test_a_run_of_this_version_is_current(runs):
    """With its size and its age; its lock is nothing of its own."""
    run = runs.run()
    (item,) = inventory(runs.root)
    assert (item.path, item.kind, item.state) == (runs.root / run.key, Kind.RUN, State.CURRENT)
    assert item.size >= sum(path.stat().st_size for path in item.path.iterdir())
    assert abs(item.modified - time.time()) < 100
    assert not item.prunable


def test_a_run_of_another_version_is_old(runs, other_version):
    """Of other code, of other libraries, of another format; the size is what a prune would free."""
    key = runs.run().key
    other_version()
    assert states(runs.root)[key] == (Kind.RUN, State.OLD)


@pytest.mark.parametrize(
    ("change", "state"),
    [
        ({"format": 2}, State.OLD),
        ({"versions": {"numpy": "1", "torch": "1"}}, State.OLD),
        ({"spec": {"strange": 1}}, State.OLD),
        ({"spec": None}, State.OLD),
        (None, State.DAMAGED),
    ],
    ids=["format", "libraries", "spec", "no spec", "no JSON"],
)
def test_the_version_is_read_off_run_json(change, state, runs):
    """Whatever it says, listing goes on."""
    key = runs.run().key
    path = runs.folder / "run.json"
    path.write_text("{" if change is None else json.dumps(json.loads(path.read_text()) | change))
    assert states(runs.root)[key] == (Kind.RUN, state)


def test_checkpoints_of_this_version_are_gone_on_from(runs, other_version):
    """And those of another are stale."""
    stop(runs)
    assert states(runs.root) == {runs.partial.name: (Kind.CHECKPOINTS, State.CURRENT)}
    name = runs.partial.name
    other_version()
    assert states(runs.root) == {name: (Kind.CHECKPOINTS, State.STALE)}


def test_evidence_follows_the_modules_that_it_names(tmp_path):
    """Its own, not every file of the project; one of modules that are no more is old."""
    found = {
        evidence(tmp_path).name: State.CURRENT,
        evidence(tmp_path, code="0" * 64).name: State.OLD,
        evidence(tmp_path, modules=("models.gone",), code="0").name: State.OLD,
    }
    (tmp_path / "evidence" / "old.json").write_bytes(with_digest({"identity": {"code": "x"}, "value": 1}))
    (tmp_path / "evidence" / "cut.json").write_bytes(b"{")
    found |= {"old.json": State.OLD, "cut.json": State.DAMAGED}
    assert states(tmp_path) == {name: (Kind.EVIDENCE, state) for name, state in found.items()}


def test_evidence_of_other_libraries_is_old(tmp_path):
    """As it says which it was computed with."""
    identity = {
        "modules": ["models.seeds"],
        "code": code_digest(("models.seeds",)),
        "versions": {"numpy": "1"},
    }
    ValueStore(tmp_path, "evidence").value("T2", identity, lambda: 1)
    assert set(states(tmp_path).values()) == {(Kind.EVIDENCE, State.OLD)}


@pytest.fixture
def littered(runs) -> Counted:
    """A store with all that killed processes leave, and what is not ours."""
    key = runs.run().key
    head = key[:-20]
    for name in ("new-1-abc", "old-1-abc"):
        (runs.root / f"{key}.{name}").mkdir()
    (runs.root / f"{head}{'0' * 20}.old-1-abc").mkdir()
    (runs.root / f"{head}{'1' * 20}.lock").touch()
    (runs.root / f"{head}{'2' * 20}.partial").mkdir()
    evidence(runs.root)
    for name in ("x.part-1-a", "x.json.part-1-a", "y.lock"):
        (runs.root / "evidence" / name).touch()
    (runs.root / "designs").mkdir()
    for name in ("d.json", "d.json.part-1-a", "d.json.part-2-b"):
        (runs.root / "designs" / name).write_bytes(with_digest({"networks": [32]}))
    os.utime(runs.root / "designs" / "d.json.part-1-a", (0, 0))
    (runs.root / "set-aside").mkdir()
    (runs.root / "notes.txt").write_text("mine")
    (runs.root / ".DS_Store").write_text("a desktop's")
    return runs


def test_everything_has_a_kind(littered):
    """What a process may still need, what nobody does, and what is left alone."""
    key = littered.folder.name
    head = key[:-20]
    found = states(littered.root)
    assert {name for name, (_, state) in found.items() if state == State.STALE} == {
        f"{key}.new-1-abc",
        f"{key}.old-1-abc",
        f"{head}{'1' * 20}.lock",
        f"{head}{'2' * 20}.partial",
        *("x.part-1-a", "x.json.part-1-a", "y.lock", "d.json.part-1-a"),
    }
    assert found["d.json.part-2-b"] == (Kind.LEFTOVER, State.BUSY)
    assert found[f"{head}{'0' * 20}.old-1-abc"] == (Kind.LEFTOVER, State.KEPT)
    assert found["d.json"] == (Kind.DESIGN, State.KEPT)
    assert found["set-aside"] == (Kind.SET_ASIDE, State.KEPT)
    assert found["notes.txt"] == (Kind.FOREIGN, State.KEPT)
    assert ".DS_Store" not in found


def test_a_folder_that_is_no_folder_is_an_error(tmp_path):
    """The reason is the system's."""
    with pytest.raises(DamageError, match=r"cannot be listed \(No such file or directory\)"):
        inventory(tmp_path / "none")


def test_listing_writes_nothing(littered):
    """Not even a lock file."""
    before = sorted(littered.root.rglob("*"))
    inventory(littered.root)
    list(verify(inventory(littered.root)))
    assert sorted(littered.root.rglob("*")) == before


# -- prune ----------------------------------------------------------------------------


def test_a_prune_removes_what_is_old_or_stale(littered, other_version):
    """And nothing else: designs, what was set aside, what is not ours, what is to be put back."""
    head = littered.folder.name[:-20]
    evidence(littered.root, code="0" * 64)
    wanted = [item.path for item in inventory(littered.root) if item.prunable]
    removed, held = prune(littered.root)
    assert sorted(item.path for item in removed) == sorted(wanted)
    assert held == []
    assert not [path for path in wanted if path.exists()]
    assert not [item for item in inventory(littered.root) if item.prunable]
    assert not again(littered).run().trained
    other_version()
    prune(littered.root)
    kept = {f"{head}{'0' * 20}.old-1-abc", "evidence", "designs", "set-aside", "notes.txt", ".DS_Store"}
    assert names(littered.root) == kept
    assert {path.name for path in (littered.root / "designs").iterdir()} == {"d.json", "d.json.part-2-b"}
    assert len(list((littered.root / "evidence").glob("*.json"))) == 1


def test_a_run_in_progress_is_left_alone(runs, other_version):
    """Whoever holds the lock works on it, of whatever version."""
    stop(runs)
    partial = runs.partial
    other_version()
    with FileLock(partial.with_suffix(".lock")):
        assert states(runs.root) == {partial.name: (Kind.CHECKPOINTS, State.BUSY)}
        assert prune(runs.root) == ([], [])
    assert partial.is_dir()
    removed, _ = prune(runs.root)
    assert [item.path for item in removed] == [partial]
    assert list(runs.root.iterdir()) == []


def test_an_old_run_that_is_refreshed_elsewhere_is_left_alone(runs, other_version):
    """Another checkout may train it again this moment."""
    key = runs.run().key
    other_version()
    with FileLock(runs.root / f"{key}.lock"):
        removed, held = prune(runs.root)
        assert (removed, [item.path.name for item in held]) == ([], [key])
    assert (runs.root / key / "run.json").exists()


def test_what_is_trained_while_a_prune_looks_is_left_alone(runs, other_version, monkeypatch):
    """Between looking and removing, someone may have begun: the lock decides."""
    stop(runs)
    other_version()
    (item,) = inventory(runs.root)
    monkeypatch.setattr("models.runs.upkeep.inventory", lambda root: [item])
    with FileLock(item.lock):
        assert prune(runs.root) == ([], [item])
    assert item.path.is_dir()


def test_a_store_that_cannot_be_pruned_names_the_cure(runs, other_version, monkeypatch):
    """On a read-only disk."""
    runs.run()
    other_version()

    def refuse(path: Path) -> None:
        raise OSError(30, "Read-only file system", str(path))

    monkeypatch.setattr("models.runs.upkeep.shutil.rmtree", refuse)
    with pytest.raises(StoreError, match=r"cannot be written \(Read-only file system"):
        prune(runs.root)


# -- verify ---------------------------------------------------------------------------


def problems(root: Path) -> dict[str, str]:
    return {item.path.name: problem for item, problem in verify(inventory(root))}


def test_a_sound_store_is_sound(littered):
    """Every run, checkpoint, value and design is checked; what is stale, busy or foreign is not."""
    stop(Counted(littered.root, refresh=True, checkpoint_seconds=0))
    found = problems(littered.root)
    assert set(found.values()) == {""}
    assert {littered.folder.name, littered.partial.name, "d.json"} < set(found)
    assert len(found) == 4


@pytest.mark.parametrize("name", ["run.safetensors", "run.json", "timing.json"])
def test_a_flipped_byte_of_a_run_is_found(name, runs):
    """Without training, and without setting it aside."""
    runs.run()
    flip(runs.folder / name)
    assert re.search(
        r"run\.safetensors|run\.json|timing\.json|depends", problems(runs.root)[runs.folder.name]
    )


def test_a_flipped_byte_of_anything_else_is_found(littered):
    """Of a checkpoint, of evidence, of a design."""
    stop(Counted(littered.root, refresh=True, checkpoint_seconds=0))
    (checkpoint,) = littered.partial.iterdir()
    paths = [
        checkpoint,
        next((littered.root / "evidence").glob("*.json")),
        littered.root / "designs" / "d.json",
    ]
    for path in paths:
        flip(path)
    found = {name for name, problem in problems(littered.root).items() if problem}
    assert found == {littered.partial.name, *(path.name for path in paths[1:])}


def test_an_identity_that_the_name_is_not_made_of_is_found(runs):
    """A run.json that was changed with all its digests put right."""
    runs.run()
    path = runs.folder / "run.json"
    about = json.loads(path.read_text())
    about["spec"]["seed"] = 7
    path.write_text(json.dumps(about))
    assert "depends on something else" in problems(runs.root)[runs.folder.name]


def test_items_are_plain(runs):
    """An item says where it is, and its lock is beside it."""
    runs.run()
    (item,) = inventory(runs.root)
    assert isinstance(item, Item)
    assert item.lock == runs.root / f"{runs.key(SPEC, DATA, CPU)}.lock"
    assert inventory_module.free(item.lock)
