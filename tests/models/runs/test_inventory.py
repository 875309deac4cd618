"""What lies in a store, and what of it is of use here."""

from __future__ import annotations

import json
import os
import time

import pytest

from models.runs.code import code_digest
from models.runs.content import ValueStore
from models.runs.files import DamageError, with_digest
from models.runs.upkeep import inventory as inventory_module
from models.runs.upkeep.inventory import Item, Kind, State, inventory
from models.runs.upkeep.removal import verify
from tests.models.runs.counted_store import CPU, DATA, SPEC
from tests.models.runs.damages import evidence, states, stop


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
        ({"backend": {}}, State.OLD),
        ({"backend": ["cpu"]}, State.OLD),
        (None, State.DAMAGED),
    ],
    ids=["format", "libraries", "spec", "no spec", "no backend", "backends", "no JSON"],
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
        "modules": ["models.parts.seeds"],
        "code": code_digest(("models.parts.seeds",)),
        "versions": {"numpy": "1"},
    }
    ValueStore(tmp_path, "evidence").value("T2", identity, lambda: 1)
    assert set(states(tmp_path).values()) == {(Kind.EVIDENCE, State.OLD)}


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


def test_a_figure_drawn_long_ago_is_old(tmp_path):
    """It can be drawn again; what a killed process left of one is stale after a while."""
    (tmp_path / "figures").mkdir()
    days = {"new.json": 0, "new.lock": 0, "month.json": 29, "old.json": 31, "lone.lock": 1}
    for name, age in days.items():
        path = tmp_path / "figures" / name
        path.write_text("{}")
        os.utime(path, (time.time() - age * 86400,) * 2)
    assert states(tmp_path) == {
        "new.json": (Kind.FIGURE, State.CURRENT),
        "month.json": (Kind.FIGURE, State.CURRENT),
        "old.json": (Kind.FIGURE, State.OLD),
        "lone.lock": (Kind.LEFTOVER, State.STALE),
    }


def test_what_a_cluster_leaves_is_known(tmp_path):
    """Packed sets are sent again in no time; progress is of use while its test run lasts."""
    for folder in ("data", "progress/now", "progress/killed"):
        (tmp_path / folder).mkdir(parents=True)
    days = {
        "data/a.safetensors": 1,
        "data/b.safetensors": 31,
        "data/c.safetensors.part-1": 1,
        "data/notes": 1,
    }
    days |= {"progress/now/k.progress": 0, "progress/killed/k.progress": 2, "progress/killed": 2}
    for name, age in days.items():
        path = tmp_path / name
        if not path.is_dir():
            path.write_text("{}")
        os.utime(path, (time.time() - age * 86400,) * 2)
    assert states(tmp_path) == {
        "a.safetensors": (Kind.DATA_SET, State.CURRENT),
        "b.safetensors": (Kind.DATA_SET, State.OLD),
        "c.safetensors.part-1": (Kind.LEFTOVER, State.STALE),
        "notes": (Kind.FOREIGN, State.KEPT),
        "now": (Kind.PROGRESS, State.BUSY),
        "killed": (Kind.PROGRESS, State.STALE),
    }


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


def test_items_are_plain(runs):
    """An item says where it is, and its lock is beside it."""
    runs.run()
    (item,) = inventory(runs.root)
    assert isinstance(item, Item)
    assert item.lock == runs.root / f"{runs.key(SPEC, DATA, CPU)}.lock"
    assert inventory_module.free(item.lock)
