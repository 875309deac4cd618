"""A node carries out an order: the run is in the store, or what went wrong is in the result."""

from __future__ import annotations

import json
from dataclasses import replace

import msgspec
import pytest

from models.cluster import node, progress
from models.cluster.errors import ExecutorError, OtherVersionsError, TooLargeError, named
from models.cluster.node import carry_out, main
from models.runs.files import StoreError
from tests.models.runs.counted_store import CPU, DATA, again, assert_sound


@pytest.fixture
def asked(tmp_path):
    """The node's command with an order: what the result file says."""

    def ask(*arguments: str, order: str | None = None) -> dict:
        if order is not None:
            (tmp_path / "order.json").write_text(order)
            arguments = (str(tmp_path / "order.json"),)
        assert main([*arguments, str(tmp_path / "result.json")]) == 0
        assert [path.name for path in tmp_path.glob("result*")] == ["result.json"]
        return json.loads((tmp_path / "result.json").read_text())

    return ask


def test_an_order_leaves_the_run_in_the_store(order, runs, unbroken, monkeypatch):
    """With the bytes of a run that was trained here; the set was unknown to the node before."""
    text = order(store=runs).encoded()
    monkeypatch.setattr("data.registry._added", {})
    place = json.loads(carry_out(text))
    assert place["key"] == runs.folder.name
    assert place["trained"]
    assert not json.loads(carry_out(text))["trained"]
    assert (runs.folder / "run.json").read_bytes() == unbroken["run.json"]
    assert (runs.folder / "run.safetensors").read_bytes() == unbroken["run.safetensors"]


def test_a_run_says_where_it_was_trained(order, runs, monkeypatch):
    """Node and versions, whoever reads it later."""
    monkeypatch.setattr("platform.node", lambda: "n7")
    carry_out(order(store=runs).encoded())
    run = again(runs).run()
    assert (run.trained, run.node) == (False, "n7")
    assert {"python", "torch", "numpy"} <= set(run.versions)


def test_it_goes_on_from_a_checkpoint(interrupted, order, unbroken):
    """That another node left in the store."""
    carry_out(order(store=interrupted).encoded())
    assert again(interrupted).run().resumed_from == 2
    (interrupted.root / "data" / f"{DATA.training_digest}.safetensors").unlink()
    (interrupted.root / "data").rmdir()
    progress.clear(again(interrupted), interrupted.session)
    (interrupted.root / "progress").rmdir()
    assert_sound(interrupted, unbroken)


def test_a_refresh_trains_once_in_a_session(order, runs):
    """Again for the session that asked, and not twice for it."""
    carry_out(order(store=runs).encoded())
    runs.refresh, runs.session = True, "a later run"
    assert json.loads(carry_out(order(store=runs).encoded()))["trained"]
    assert not json.loads(carry_out(order(store=runs).encoded()))["trained"]


def test_too_large_for_this_node(order):
    """Asked before it trains: which experiment, how much it wants, and how much there is."""
    with pytest.raises(TooLargeError, match=r"got no memory for tiny-6-he .* free\), wanted some 1000000"):
        carry_out(order(memory=10**15).encoded())


@pytest.mark.parametrize("error", [MemoryError("no"), RuntimeError("DefaultCPUAllocator: not enough memory")])
def test_memory_that_runs_out_in_the_training(order, monkeypatch, error):
    """Whoever says it, python or torch; other errors stay what they are."""

    def fail(task: object) -> None:
        raise error

    monkeypatch.setattr("models.cluster.task.Task.__call__", fail)
    with pytest.raises(TooLargeError, match="got no memory for tiny-6-he"):
        carry_out(order().encoded())
    error.args = ("no such thing",)
    if isinstance(error, RuntimeError):
        with pytest.raises(RuntimeError, match="no such thing"):
            carry_out(order().encoded())


def test_memory_that_is_not_there(order):
    """Where the estimate was wrong, the library's own error says so; the order's estimate is named."""
    with pytest.raises(
        TooLargeError, match=r"got no memory for tiny-2000000000-he .* wanted some 0\.0 GB"
    ) as found:
        carry_out(order(memory=1, widths=(2_000_000_000,), networks=64).encoded())
    assert isinstance(found.value.__cause__, RuntimeError | MemoryError)


def test_its_command_writes_the_place(asked, order, task):
    """Of the run, in one rename."""
    place = asked(order=order().encoded())["place"]
    of = task()
    assert place["key"] == of.store.key(of.spec, DATA, CPU)
    assert of.store.has(place["key"])


def test_its_command_writes_the_error(asked, order):
    """Its name and message; the driver raises one of its own kind where it is one of the cluster's."""
    found = asked(
        order=msgspec.structs.replace(order(), code={"code": "0", "versions": {"torch": "1"}}).encoded()
    )
    assert found["error"] == "OtherVersionsError"
    assert isinstance(named(found["error"], found["message"]), OtherVersionsError)
    found = asked(order=msgspec.structs.replace(order(), data=(("tiny", "0" * 64),)).encoded())
    assert found["error"] == StoreError.__name__
    foreign = named(found["error"], found["message"])
    assert type(foreign) is ExecutorError
    assert str(foreign).startswith("StoreError: got no data/0000")
    assert asked(order="{")["error"] == "ValueError"
    assert asked("/no/such/order.json")["error"] == "FileNotFoundError"


def test_its_command_says_which_device_it_has(asked):
    """Kind and name; one that is not here is an error."""
    assert asked("--device", "cpu") == {"place": [CPU.kind, CPU.device_name], "card": 0}
    assert "lacks" in asked("--device", "mps")["message"]


def test_it_says_how_far_it_is(order, runs, monkeypatch):
    """In the store, where the driver reads it; what it said is cleared afterwards."""
    seen = []
    runs.session = "this run"
    said = progress.reporter(runs, runs.session, "key")

    def watched(store: object, session: str, key: str):
        def tell(*arguments: object) -> None:
            said(*arguments)
            seen.extend(progress.read(runs, runs.session))

        return tell

    monkeypatch.setattr(progress, "reporter", watched)
    carry_out(order(store=runs).encoded())
    assert {one.node for one in seen} == {node.platform.node()}
    progress.clear(runs, runs.session)
    assert progress.read(runs, runs.session) == []


def test_a_descent_trains_what_it_starts_from(order, task):
    """Both legs are in the store."""
    of = task(descent=True)
    carry_out(order(descent=True).encoded())
    assert of.store.find(of.spec, DATA, CPU) is not None
    assert of.store.find(of.spec.experiment, DATA, CPU) is not None
    assert replace(of, spec=of.spec.experiment)().trained is False
