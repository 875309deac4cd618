"""What a prune removes and leaves, and what a check of the store finds."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from filelock import FileLock

from models.runs.files import StoreError
from models.runs.upkeep.inventory import Kind, State, inventory
from models.runs.upkeep.removal import prune, verify
from tests.models.runs.counted_store import Counted, again, names
from tests.models.runs.damages import evidence, flip, states, stop

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
    monkeypatch.setattr("models.runs.upkeep.removal.inventory", lambda root: [item])
    with FileLock(item.lock):
        assert prune(runs.root) == ([], [item])
    assert item.path.is_dir()


def test_a_store_that_cannot_be_pruned_names_the_cure(runs, other_version, monkeypatch):
    """On a read-only disk."""
    runs.run()
    other_version()

    def refuse(path: Path) -> None:
        raise OSError(30, "Read-only file system", str(path))

    monkeypatch.setattr("models.runs.upkeep.removal.shutil.rmtree", refuse)
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
    about["spec"]["networks"]["seed"] = 7
    path.write_text(json.dumps(about))
    assert "depends on something else" in problems(runs.root)[runs.folder.name]
