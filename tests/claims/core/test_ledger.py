"""A design cannot be continued by another one after it was looked at."""

from __future__ import annotations

import errno
import json
import os

import numpy as np
import pytest

from claims.core.design import SEQUENTIAL, Design, fixed
from claims.core.ledger import DesignError, Ledger
from data import Dataset
from models.backend import Backend
from models.runs import files
from models.runs.files import StoreError, StoreWarning, with_digest
from models.runs.remote.bucket import Bucket
from models.runs.remote.mirror import Mirror
from tests.helpers.specs import changed, mlp

SPEC = mlp("mnist-1k", (500,), networks=32)
CPU = Backend("cpu", "a processor")


def digits(first: int) -> Dataset:
    """A data set of the name, with one number of its own."""
    x, y = np.array([[first], [255]], dtype=np.uint8), np.array([0, 1])
    return Dataset(SPEC.data, "classification", x, y, x, y, 2, "checksum", "made in a test")


DATA = digits(0)


@pytest.fixture
def ledger(tmp_path) -> Ledger:
    return Ledger(tmp_path)


@pytest.fixture
def judged(ledger) -> Ledger:
    """SPEC was judged at 32 networks."""
    ledger.record(SPEC, DATA, CPU, fixed(32))
    return ledger


def test_the_same_design_is_judged_again(judged):
    """A second invocation, or another claim about the same networks, is no second look."""
    assert judged.check(SPEC, DATA, CPU, fixed(32)) is None
    assert Ledger(judged.folder.parent).check(SPEC, DATA, CPU, fixed(32)) is None


def test_nothing_is_known_at_first(ledger):
    """Checking writes nothing down: a run that fails has judged nothing."""
    ledger.check(SPEC, DATA, CPU, fixed(32))
    ledger.check(SPEC, DATA, CPU, SEQUENTIAL)
    assert not ledger.folder.exists()


@pytest.mark.parametrize("design", [fixed(48), fixed(16), SEQUENTIAL], ids=lambda d: str(d.networks))
def test_a_fixed_design_is_not_continued(judged, design):
    """Neither by more networks, nor by fewer, nor by looks."""
    with pytest.raises(DesignError, match="going on after looking would spend alpha twice") as error:
        judged.check(SPEC, DATA, CPU, design)
    assert "for mnist-1k-500-he linear mse at seed 0, which this store has judged at 32 networks" in str(
        error.value
    )
    for cure in ("--networks", "--looks", "--seed", "--store"):
        assert cure in str(error.value)


def test_looks_are_not_continued(ledger):
    """Neither by a fixed number nor by other looks; the message names both."""
    ledger.record(SPEC, DATA, CPU, SEQUENTIAL)
    ledger.check(SPEC, DATA, CPU, SEQUENTIAL)
    for other in (fixed(96), fixed(12), Design((12, 24), (0.5, 0.5))):
        with pytest.raises(DesignError, match="judged at 12, 24, 48, 96 networks"):
            ledger.check(SPEC, DATA, CPU, other)
    with pytest.raises(DesignError, match="got 96 networks for"):
        ledger.check(SPEC, DATA, CPU, fixed(96))


@pytest.mark.parametrize(
    "change",
    [{"networks": 12}, {"first": 32}, {"checkpoints": (0,)}],
    ids=str,
)
def test_how_many_networks_are_trained_is_not_what_tells_experiments_apart(judged, change):
    """The ledger is about the experiment: a part of its networks is still it."""
    with pytest.raises(DesignError):
        judged.check(changed(SPEC, **change), DATA, CPU, fixed(48))


@pytest.mark.parametrize(
    ("spec", "backend"),
    [
        (changed(SPEC, seed=1), CPU),
        (changed(SPEC, epochs=11), CPU),
        (changed(SPEC, output="softmax"), CPU),
        (changed(SPEC, protocol="std"), CPU),
        (SPEC, Backend("cuda", "a card")),
        (changed(SPEC, precision="fp64"), CPU),
    ],
    ids=["seed", "epochs", "output", "protocol", "backend", "precision"],
)
def test_new_networks_are_another_experiment(judged, spec, backend):
    """Another seed, or anything else that makes other networks, begins anew."""
    assert judged.check(spec, DATA, backend, fixed(48)) is None


def test_other_arrays_of_the_same_name_are_another_experiment(judged):
    """The file that --data names may have been written anew; equal arrays are the same experiment."""
    assert judged.check(SPEC, digits(1), CPU, fixed(48)) is None
    with pytest.raises(DesignError):
        judged.check(SPEC, digits(0), CPU, fixed(48))


def test_the_device_is_no_other_experiment(judged):
    """The same arithmetic on a machine of another name trains the same networks."""
    with pytest.raises(DesignError):
        judged.check(SPEC, DATA, Backend("cpu", "another"), fixed(48))


def test_another_store_begins_anew(judged, tmp_path):
    """What was judged is known to the store that holds the runs."""
    assert Ledger(tmp_path / "other").check(SPEC, DATA, CPU, fixed(48)) is None


def test_the_first_design_stays(judged):
    """Recording another one changes nothing: the first look is the one that counts."""
    judged.record(SPEC, DATA, CPU, fixed(48))
    judged.check(SPEC, DATA, CPU, fixed(32))
    (path,) = judged.folder.iterdir()
    content = json.loads(path.read_bytes())
    assert (content["experiment"], content["networks"]) == (SPEC.name, [32])


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"\xff",
        with_digest({"networks": [32]})[:-30],
        with_digest({"networks": [32]}).replace(b"32", b"48"),
        with_digest({"experiment": "x"}),
        with_digest({"networks": 32}),
        with_digest({"networks": ["many"]}),
    ],
    ids=["empty", "cut", "a list", "no text", "cut seal", "changed", "no networks", "no list", "no number"],
)
def test_a_damaged_entry_is_reported_and_written_anew(judged, content):
    """It says nothing any more, neither yes nor no; the reader is told, and the next verdict writes it."""
    (path,) = judged.folder.iterdir()
    path.write_bytes(content)
    with pytest.warns(StoreWarning, match=r"run store: .*json .*; set aside as .* and written anew"):
        judged.check(SPEC, DATA, CPU, fixed(48))
    assert not path.exists()
    judged.record(SPEC, DATA, CPU, fixed(48))
    judged.check(SPEC, DATA, CPU, fixed(48))
    with pytest.raises(DesignError):
        judged.check(SPEC, DATA, CPU, fixed(32))


@pytest.mark.parametrize(
    "make",
    [
        os.mkdir,
        os.mkfifo,
        lambda path: path.symlink_to("nowhere"),
        lambda path: path.write_bytes(b"[" * 10**5),
    ],
    ids=["a folder", "a fifo", "a dead link", "deep JSON"],
)
def test_what_is_no_entry_is_set_aside(judged, make):
    """It neither hangs nor is lost."""
    (path,) = judged.folder.iterdir()
    path.unlink()
    make(path)
    with pytest.warns(StoreWarning, match=r"run store: .*; set aside as .* and written anew"):
        judged.check(SPEC, DATA, CPU, fixed(48))
    judged.record(SPEC, DATA, CPU, fixed(48))
    judged.check(SPEC, DATA, CPU, fixed(48))


def test_a_read_only_store_knows_what_was_judged(judged, monkeypatch):
    """Recording the same again writes nothing; what is new names the cure."""

    def refuse(*arguments, **_):
        raise OSError(errno.EROFS, "Read-only file system", str(arguments[0]))

    monkeypatch.setattr(files, "write", refuse)
    judged.check(SPEC, DATA, CPU, fixed(32))
    judged.record(SPEC, DATA, CPU, fixed(32))
    with pytest.raises(StoreError, match=r"cannot be written \(Read-only .* give a folder with --store"):
        judged.record(changed(SPEC, seed=1), DATA, CPU, fixed(32))


def test_nothing_is_left_beside_the_entries(judged):
    """Entries are written aside and moved into place, so that a reader finds one whole or none."""
    judged.record(changed(SPEC, seed=1), DATA, CPU, fixed(32))
    assert [path.suffix for path in judged.folder.iterdir()] == [".json", ".json"]


def test_machines_that_share_an_object_store_share_designs(tmp_path):
    """What one has judged by one design, another one may not continue by a larger one."""
    pytest.importorskip("obstore", reason="obstore is not installed: pip install -e '.[objects]'")
    first, second = (
        Ledger(tmp_path / name, Mirror(Bucket(f"memory://test{tmp_path}"), tmp_path / name)) for name in "ab"
    )
    first.check(SPEC, DATA, CPU, fixed(32))
    first.record(SPEC, DATA, CPU, fixed(32))
    assert second.check(SPEC, DATA, CPU, fixed(32)) is None
    with pytest.raises(DesignError, match="which this store has judged at 32 networks"):
        second.check(SPEC, DATA, CPU, fixed(48))
