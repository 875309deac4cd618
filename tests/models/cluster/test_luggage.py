"""The data set travels through the store by its digest, and is checked on arrival."""

from __future__ import annotations

import pytest

from data import DataCorruptError, Dataset, entry
from data.packed import pack
from models.cluster import luggage
from models.runs.files import StoreError
from models.runs.remote.opened import open_store
from models.runs.store import RunStore
from tests.models.runs.counted_store import DATA

DIGEST = DATA.training_digest


@pytest.fixture
def store(tmp_path):
    return RunStore(tmp_path / "store")


def path_in(store):
    return store.root / "data" / f"{DIGEST}.safetensors"


def test_a_set_that_was_sent_arrives(store, monkeypatch):
    """A process that never heard of it then knows it by its name."""
    luggage.send(store, DATA)
    monkeypatch.setattr("data.registry._added", {})
    arrived = luggage.arrived(RunStore(store.root), "tiny", DIGEST)
    assert arrived.training_digest == DIGEST
    assert entry("tiny").load() is arrived


def test_it_is_written_once(store):
    """Sending again leaves the file as it is."""
    luggage.send(store, DATA)
    before = path_in(store).stat()
    luggage.send(store, DATA)
    after = path_in(store).stat()
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)


def test_one_that_is_not_there_is_a_message(store):
    """The node has another folder under the store's name."""
    with pytest.raises(StoreError, match=r"got no data/.* in the store .* on this node, wanted the driver's"):
        luggage.arrived(store, "tiny", DIGEST)


def test_another_set_under_its_digest_is_refused(store):
    """Whatever the file says of itself, the arrays count; and a name has to fit as well."""
    luggage.send(store, DATA)
    raw = DATA.raw_train.copy()
    raw[0, 0] ^= 1
    other = Dataset(
        "tiny", DATA.task, raw, DATA.raw_y_train, DATA.raw_test, DATA.raw_y_test, 3, DATA.checksum, "a test"
    )
    path_in(store).write_bytes(pack(other))
    with pytest.raises(
        DataCorruptError, match=f"got the data set tiny of digest .*, wanted tiny of {DIGEST[:12]}"
    ):
        luggage.arrived(store, "tiny", DIGEST)
    with pytest.raises(DataCorruptError, match="wanted house of"):
        luggage.arrived(store, "house", DIGEST)


def test_a_damaged_one_is_refused(store):
    """And says that it can be removed."""
    luggage.send(store, DATA)
    path_in(store).write_bytes(path_in(store).read_bytes()[:-1])
    with pytest.raises(DataCorruptError, match=r"remove the file, and it is written again"):
        luggage.arrived(store, "tiny", DIGEST)


def test_it_travels_through_an_object_store(tmp_path):
    """A node with a folder of its own fetches it, and keeps it there."""
    pytest.importorskip("obstore", reason="obstore is not installed: pip install -e '.[objects]'")
    url = f"file://{tmp_path}/bucket"
    (tmp_path / "bucket").mkdir()
    driver = open_store(url, cache=tmp_path / "driver")
    node = open_store(url, cache=tmp_path / "node")
    with pytest.raises(StoreError, match=f"in the store {url}"):
        luggage.arrived(node, "tiny", DIGEST)
    luggage.send(driver, DATA)
    assert luggage.arrived(node, "tiny", DIGEST).training_digest == DIGEST
    assert path_in(node).exists()
    (tmp_path / "bucket" / "data" / f"{DIGEST}.safetensors").unlink()
    assert luggage.arrived(node, "tiny", DIGEST).training_digest == DIGEST
    luggage.send(driver, DATA)  # an object that has gone is put again
    assert (tmp_path / "bucket" / "data" / f"{DIGEST}.safetensors").exists()
