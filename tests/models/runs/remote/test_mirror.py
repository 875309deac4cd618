"""Runs in an object store, with a folder in front on each machine."""

from __future__ import annotations

import json
import shutil
import warnings

import filelock
import numpy as np
import pytest

from models.runs.files import StoreError, StoreWarning
from models.runs.remote.bucket import Bucket
from models.runs.remote.opened import at_hand, local_folder, open_store
from models.runs.remote.place import Place
from models.runs.store import default_store
from models.runs.stored import stored
from tests.models.runs.counted_store import CPU, DATA, FILES, SPEC
from tests.models.runs.damages import flip

pytest.importorskip("obstore", reason="obstore is not installed: pip install -e '.[objects]'")


def files_of(runs) -> dict[str, bytes]:
    """What the run's folder holds."""
    return {path.name: path.read_bytes() for path in runs.folder.iterdir()}


def kinds(names) -> list[str]:
    """What was written, without names that change."""
    return ["tensors" if name.endswith(".safetensors") else name.rpartition("/")[2] for name in names]


def test_a_run_is_found_by_another_machine(bucket, machine):
    """On a real S3: trained by one cache folder, it is read by another with the same bytes, checked."""
    first, second = (machine(name, Bucket(bucket)) for name in "ab")
    trained = first.run()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = second.run()
    assert (trained.trained, found.trained) == (True, False)
    assert (first.epochs, second.epochs) == ([0, 1, 2, 3, 4], [])
    assert files_of(first) == files_of(second)
    assert set(files_of(second)) == set(FILES)
    assert trained.provenance == found.provenance
    for name, array in trained.arrays.items():
        assert np.array_equal(found.arrays[name], array, equal_nan=True)


def test_what_lies_in_the_object_store(bucket, machine):
    """Three objects a run, the tensors by their digest; no lease and no checkpoint is left."""
    runs = machine("a", Bucket(bucket))
    run = runs.run()
    digest = run.provenance["sha256"]
    assert Bucket(bucket).names("") == sorted(
        f"{run.key}/{name}" for name in (f"{digest}.safetensors", "run.json", "timing.json")
    )
    for name in FILES[1:]:
        assert Bucket(bucket).get(f"{run.key}/{name}") == (runs.folder / name).read_bytes()


def test_run_json_is_put_last(memory, machine):
    """It says that the run is there: who finds it finds the rest."""
    runs = machine("a", memory)
    runs.run()
    written = [name for name in memory.writes if name.startswith(f"{runs.folder.name}/")]
    assert kinds(written) == ["tensors", "timing.json", "run.json"]


def test_a_half_put_run_is_none(memory, machine):
    """Without run.json a machine that died while it put the run has put nothing."""
    first, second = machine("a", memory), machine("b", memory)
    first.run()
    memory.delete(f"{first.folder.name}/run.json")
    assert second.run().trained
    assert memory.get(f"{first.folder.name}/run.json") is not None


def test_what_is_here_is_not_asked_for(memory, machine):
    """The folder first: a warm one needs no object store."""
    runs = machine("a", memory)
    runs.run()
    memory.gone = True
    assert not runs.run().trained
    assert runs.find(SPEC, DATA, CPU) is not None


def test_found_without_training(memory, machine):
    """`find` fetches, and trains nothing."""
    first, second, third = (machine(name, memory) for name in "abc")
    assert first.find(SPEC, DATA, CPU) is None
    first.run()
    assert second.find(SPEC, DATA, CPU).key == first.folder.name
    memory.gone = True
    with pytest.raises(StoreError):
        third.find(SPEC, DATA, CPU)


def test_nothing_is_waited_for_to_find(memory, machine):
    """Another process of the machine has the run's lock: what it makes is asked for another time."""
    machine("a", memory).run()
    runs = machine("b", memory)
    runs.root.mkdir()
    with filelock.FileLock(f"{runs.folder}.lock"):
        assert runs.find(SPEC, DATA, CPU) is None
    assert runs.find(SPEC, DATA, CPU) is not None


def test_a_refreshing_driver_finds_what_a_node_has_trained(memory, machine):
    """Not the run of before, which it has itself; where it has not, it is not fetched in vain."""
    driver = machine("driver", memory)
    driver.run()
    driver.refresh, driver.session = True, "new"
    assert driver.find(SPEC, DATA, CPU) is None
    other = machine("other", memory, refresh=True, session="new")
    assert other.find(SPEC, DATA, CPU) is None
    assert not other.folder.exists()
    machine("node", memory, refresh=True, session="new").run()
    assert driver.find(SPEC, DATA, CPU) is not None


def test_what_a_run_costs(memory, machine):
    """Requests: thirteen to train one, beside checkpoints and signs of life; three to fetch it, one to learn
    that it is not there, none once it is here. docs/decisions/0016-object-store.md says so."""

    def asked(act) -> int:
        before = memory.requests
        act()
        return memory.requests - before

    first, second = machine("a", memory), machine("b", memory)
    first.checkpoint_seconds = 3600
    assert asked(lambda: first.find(SPEC, DATA, CPU)) == 1
    assert [asked(first.run), asked(first.run)] == [13, 0]
    assert [asked(second.run), asked(second.run)] == [3, 0]


# -- damage ---------------------------------------------------------------------------

DAMAGES = {
    "a bit of the tensors": (".safetensors", None, "does not match its SHA-256"),
    "tensors cut off": (".safetensors", b"short", "does not match its SHA-256"),
    "a bit of run.json": ("run.json", None, ""),
    "run.json cut off": ("run.json", b'{"key": ', "run.json is not JSON"),
    "an empty run.json": ("run.json", b"", "run.json is not JSON"),
    "run.json of nothing": ("run.json", b"{}", "names the run None"),
    "a bit of timing.json": ("timing.json", None, "timing.json"),
    "an empty timing.json": ("timing.json", b"", "timing.json"),
}


@pytest.mark.parametrize(("ending", "content", "reason"), DAMAGES.values(), ids=DAMAGES)
def test_damage_is_reported_and_trained_again(ending, content, reason, memory, machine, unbroken):
    """Named by its URL, set aside in the folder, trained again; the good bytes take its place."""
    machine("a", memory).run()
    memory.damage(ending, content)
    runs = machine("b", memory)
    with pytest.warns(StoreWarning, match=r"memory://\d+/tiny-.* set aside as .* and trained again") as told:
        assert runs.run().trained
    assert len(told) == 1
    assert reason in str(told[0].message)
    assert len(list((runs.root / "set-aside").iterdir())) == 1
    assert {name: of for name, of in files_of(runs).items() if name in unbroken} == unbroken
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert not machine("c", memory).run().trained


def test_damage_on_a_real_server(bucket, machine, unbroken):
    """An object that someone has written over is not believed."""
    run = machine("a", Bucket(bucket)).run()
    name = f"{run.key}/{run.provenance['sha256']}.safetensors"
    Bucket(bucket).put(name, bytes(len(unbroken["run.safetensors"])))
    runs = machine("b", Bucket(bucket))
    with pytest.warns(StoreWarning, match=r"s3://.* does not match its SHA-256; set aside"):
        assert runs.run().trained
    assert Bucket(bucket).get(name) == unbroken["run.safetensors"]


def test_tensors_that_are_gone(memory, machine):
    """run.json without its tensors is damage, too."""
    first = machine("a", memory)
    key = first.run().key
    (name,) = (name for name in memory.names("") if name.endswith(".safetensors"))
    memory.delete(name)
    with pytest.warns(StoreWarning, match="lacks a readable run.safetensors"):
        assert machine("b", memory).run().trained
    assert f"{key}/run.json" in memory.names("")


def test_a_run_of_something_else_is_set_aside(memory, machine):
    """The right digests under a wrong name: run.json is held to what was asked for, as in a folder."""
    runs = machine("a", memory)
    key, other = runs.run().key, runs.run(epochs=2).key
    for name in memory.names(f"{other}/"):
        memory.put(name.replace(other, key), memory.get(name))
    with pytest.warns(StoreWarning, match="names the run"):
        assert machine("b", memory).run().trained


def test_damage_here_is_mended_from_there(memory, machine):
    """A damaged folder is set aside and fetched again: nothing trains."""
    runs = machine("a", memory)
    runs.run()
    flip(runs.folder / "run.safetensors")
    with pytest.warns(StoreWarning, match="does not match its SHA-256"):
        assert not runs.run().trained


def test_damage_here_is_not_handed_on(memory, machine):
    """What was put late is checked before: the object store keeps its good bytes."""
    runs = machine("a", memory)
    key = runs.run().key
    before = {name: memory.get(name) for name in memory.names("")}
    runs.remote.marks.clear(key)
    flip(runs.folder / "run.safetensors")
    runs.remote.put_late()
    assert {name: memory.get(name) for name in memory.names("")} == before


# -- the object store is gone ---------------------------------------------------------


def test_a_server_that_is_gone_when_the_run_is_done(s3, bucket, machine):
    """The run is kept here, a warning says so, and the next call puts it."""
    runs = machine("a", Bucket(bucket))
    counted = runs.progress
    runs.progress = lambda spec, epoch, trainer: (counted(spec, epoch, trainer), epoch == 4 and s3.stop())
    with pytest.warns(StoreWarning, match=r"is kept in .*/a only .*cannot be reached.*the next call"):
        assert runs.run().trained
    s3.start()
    assert Bucket(bucket).names(f"{runs.folder.name}/") == []
    later = open_store(bucket, cache=runs.root)
    assert not later.get(SPEC, DATA, CPU).trained
    assert len(Bucket(bucket).names(f"{runs.folder.name}/")) == 3
    assert not machine("b", Bucket(bucket)).run().trained


def test_what_was_made_anew_is_put_later(memory, machine):
    """That the object store has an older one does not count."""
    runs = machine("a", memory)
    runs.run()
    runs.refresh, runs.session = True, "new"
    runs.progress = lambda spec, epoch, trainer: setattr(memory, "gone", epoch == 4)
    with pytest.warns(StoreWarning, match="is kept in"):
        runs.run()
    memory.gone = False
    assert b'"new"' not in memory.get(f"{runs.folder.name}/timing.json")
    open_store(memory.url, cache=runs.root)
    assert b'"new"' in memory.get(f"{runs.folder.name}/timing.json")


def test_the_same_process_puts_it_later(memory, machine):
    """When the run is read again, and the object store is back."""
    runs = machine("a", memory)
    runs.progress = lambda spec, epoch, trainer: setattr(memory, "gone", epoch == 4)
    with pytest.warns(StoreWarning, match="is kept in"):
        runs.run()
    memory.gone = False
    runs.remote._rest = 0.0
    assert not runs.run().trained
    assert f"{runs.folder.name}/run.json" in memory.names("")


def test_a_server_that_is_gone_at_the_start(s3, bucket, tmp_path):
    """Said at once; the folder in front is a store of its own for who goes on without, and named if there is
    one."""
    s3.stop()
    with pytest.raises(StoreError, match=r"it cannot be reached .* AWS_ENDPOINT_URL$"):
        open_store(bucket, cache=tmp_path / "a")
    (tmp_path / "a").mkdir()
    with pytest.raises(StoreError, match=r"it cannot be reached .*; or go on with --store /.*/a, where"):
        open_store(bucket, cache=tmp_path / "a")
    assert at_hand(Place(bucket)) == (local_folder(bucket), None)


def test_a_server_that_is_gone_before_training(memory, machine):
    """Nothing trains that others may have: an error, and no lock is left held."""
    runs = machine("a", memory)
    memory.gone = True
    with pytest.raises(StoreError):
        runs.run()
    assert runs.epochs == []
    memory.gone = False
    assert runs.run().trained


# -- one store by its URL -------------------------------------------------------------


def test_a_place_is_opened(tmp_path, monkeypatch):
    """No place, a folder, a URL: the store has its folder, and behind a URL's an object store."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert open_store(None).root == default_store()
    assert open_store(str(tmp_path / "runs")).root == tmp_path / "runs"
    assert open_store(tmp_path / "runs").remote is None
    url = f"file://{tmp_path}/bucket"
    runs = open_store(url, session="s", threads=1)
    assert (runs.root, runs.session, runs.threads) == (local_folder(url), "s", 1)
    assert runs.root.is_relative_to(tmp_path)
    assert local_folder(f"{url}/") == local_folder(url) != local_folder(f"{url}/x")
    assert runs.get(SPEC, DATA, CPU).trained
    assert not open_store(url, cache=tmp_path / "other").get(SPEC, DATA, CPU).trained


def test_a_refresh_takes_what_its_own_session_trained(memory, machine):
    """Of several nodes of a refreshing run one trains, and the others have it; an older run is none."""
    machine("old", memory).run()
    first, second = (machine(name, memory, refresh=True, session="new") for name in "ab")
    assert first.run().trained
    assert not second.run().trained
    assert machine("c", memory, refresh=True, session="newer").run().trained


def test_a_run_that_lacks_an_array_gives_way(memory, machine):
    """One that was trained with another recorder takes the place of the older one, tensors and all."""
    first, second = machine("a", memory), machine("b", memory)
    second.run()
    old = {name for name in memory.names("") if name.endswith(".safetensors")}
    first.recorders = {**first.recorders, "train_loss": "models.parts.seeds"}
    first.get(SPEC, DATA, CPU, needs=["train_loss"])
    assert json.loads(memory.get(f"{first.folder.name}/run.json"))["recorders"]
    second.recorders = first.recorders
    assert not second.get(SPEC, DATA, CPU, needs=["train_loss"]).trained
    assert {name for name in memory.names("") if name.endswith(".safetensors")} == old


def test_tensors_that_nothing_names_go(memory, machine):
    """Those of a run whose place another one has taken."""
    runs = machine("a", memory)
    memory.put(f"{runs.folder.name}/{'0' * 64}.safetensors", b"of before")
    runs.run()
    assert len(memory.names("")) == 3


def test_a_run_that_is_replaced_while_it_is_read_is_read_anew(memory, machine, monkeypatch):
    """run.json of before, whose tensors have gone meanwhile: no damage, and nothing is trained."""
    machine("a", memory).run()
    runs = machine("b", memory)
    name = f"{runs.folder.name}/run.json"
    now = memory.get(name)
    memory.put(name, now.replace(json.loads(now)["sha256"].encode(), b"0" * 64))
    got = memory.get

    def replacing(asked: str) -> bytes | None:
        content = got(asked)
        if asked == name:
            memory.put(name, now)
        return content

    monkeypatch.setattr(memory, "get", replacing)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert not runs.run().trained


def test_a_reader_of_a_report_fetches_what_is_missing(memory, machine):
    """Figures are drawn from runs that the folder has let go."""
    runs = machine("a", memory)
    key = runs.run().key
    shutil.rmtree(runs.folder)
    assert stored(runs.root, key, remote=runs.remote).key == key
    assert runs.folder.is_dir()
