"""What plots are drawn from: computed once, kept under the digest of what it depends on, or a reason."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest
from msgspec.structs import replace

from claims.core.origin import TrainedRun
from models.runs.files import StoreWarning
from reports.plots import values as module
from reports.plots.fields import Fields
from reports.plots.records import Judged
from reports.plots.sources import sources
from reports.plots.values import Asked, Values
from tests.reports import page_samples as samples


def asked(*runs: TrainedRun, claim: str = "") -> Asked:
    return Asked(tuple(sources(runs)), claim)


def test_a_value_is_computed_once(tmp_path: Path) -> None:
    """A second report on the same run takes it from the store, even without the run."""
    run = samples.store(tmp_path, samples.run())
    wanted = [asked(run), asked(run, claim="E1")]
    first = Values(tmp_path)
    found = first.of(wanted)
    assert first.computed == 2
    assert isinstance(found[wanted[0]], Fields)
    assert isinstance(found[wanted[1]], Judged)
    (tmp_path / run.key / "run.safetensors").unlink()
    second = Values(tmp_path)
    assert (second.of(wanted), second.computed) == (found, 0)


@pytest.mark.parametrize("damage", ["not JSON", "another run", "a folder", "the code"])
def test_only_what_was_computed_from_this_is_taken(
    tmp_path: Path, damage: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A broken file of the store, another run, other code: computed again."""
    run = samples.store(tmp_path, samples.run())
    first = Values(tmp_path).of([asked(run)])
    (kept,) = (tmp_path / "figures").glob("*.json")
    if damage == "another run":
        run = samples.store(tmp_path, samples.run(end=1.0))
    elif damage == "the code":
        monkeypatch.setattr(module, "_version", lambda: "other")
    else:
        kept.write_text('["no", "value"]')
        if damage == "a folder":
            kept.unlink()
            kept.mkdir()
    broken = damage in ("not JSON", "a folder")
    other = Values(tmp_path)
    with pytest.warns(StoreWarning, match="set aside as") if broken else contextlib.nullcontext():
        second = other.of([asked(run)])
    assert other.computed == 1
    assert (list(second.values()) == list(first.values())) == (damage != "another run")


def test_a_forged_value_is_none_of_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a right digest, and not what it should be: a reason in place of the curves."""
    run = samples.store(tmp_path, samples.run())
    monkeypatch.setattr(module, "_answer", lambda order: ['{"axis": "<svg onload=alert(1)>"}'])
    (found,) = Values(tmp_path).of([asked(run)]).values()
    assert isinstance(found, str)
    assert "is none of it" in found


def test_a_store_that_cannot_be_written_costs_time_only(tmp_path: Path) -> None:
    """The value is there all the same."""
    run = samples.store(tmp_path, samples.run())
    (tmp_path / "figures").write_text("a file where the folder should be")
    for _ in range(2):
        values = Values(tmp_path)
        (found,) = values.of([asked(run)]).values()
        assert (isinstance(found, Fields), values.computed) == (True, 1)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"key": "gone-00000000000000000000"}, "is not in the run store"),
        ({"key": "../elsewhere"}, "wanted the name of a folder in the run store"),
        ({"sha256": "0" * 64}, "has other bytes than the report names"),
    ],
    ids=["missing", "path", "bytes"],
)
def test_a_run_that_cannot_be_read_leaves_a_reason(tmp_path: Path, change: dict[str, str], why: str) -> None:
    """In its place, and nothing is kept."""
    values = Values(tmp_path)
    (found,) = values.of([asked(replace(samples.store(tmp_path, samples.run()), **change))]).values()
    assert isinstance(found, str)
    assert why in found
    assert values.computed == 0


def test_looks_are_one_run(tmp_path: Path) -> None:
    """Runs of one name with other networks each, in the order of their numbers; a gap leaves a reason."""
    looks = [samples.run(networks=12), samples.run(networks=12, first=12), samples.run(networks=24, first=24)]
    entries = [samples.store(tmp_path, run) for run in looks]
    (found,) = Values(tmp_path).of([asked(*reversed(entries))]).values()
    assert isinstance(found, Fields)
    assert found.spreads["train_loss"].all.of == "48 networks"
    (gap,) = Values(tmp_path).of([asked(entries[0], entries[2])]).values()
    assert "the runs of this name do not belong together" in str(gap)


def test_both_legs_are_one_run(tmp_path: Path) -> None:
    """Under one name; a second leg that cannot be read leaves a reason, not half of it."""
    runs = samples.store_legs(tmp_path, samples.ended())
    (found,) = Values(tmp_path).of([asked(*runs)]).values()
    assert isinstance(found, Fields)
    assert found.spreads["test_loss"].axis.most == 4
    (tmp_path / runs[1].key / "run.safetensors").unlink()
    (tmp_path / "figures").rename(tmp_path / "others")
    (lost,) = Values(tmp_path).of([asked(*runs)]).values()
    assert runs[1].key in str(lost)


def test_all_cores_give_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Many are computed in processes of their own, a few here."""
    wanted = [asked(samples.store(tmp_path, samples.run(epochs=epochs))) for epochs in (3, 5)]
    here = Values(tmp_path).of(wanted)
    (tmp_path / "figures").rename(tmp_path / "others")
    monkeypatch.setattr(module, "MANY", 1)
    monkeypatch.setattr(module, "cores", lambda: 2)
    other = Values(tmp_path)
    assert (other.of(wanted), other.computed) == (here, 2)


def test_a_run_is_read_once_for_several_values(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Alone and beside another; and anew when values are asked for again."""
    runs = [samples.store(tmp_path, samples.run(epochs=epochs)) for epochs in (3, 5)]
    wanted = [asked(runs[0]), Asked((*sources(runs[:1]), *sources(runs[1:])))]
    seen, read = [], module.read
    monkeypatch.setattr(module, "read", lambda *of: seen.append(of[1].parts[0].key) or read(*of))
    found = Values(tmp_path).of(wanted)
    assert all(isinstance(value, Fields) for value in found.values())
    assert seen == [run.key for run in runs]
    (tmp_path / "figures").rename(tmp_path / "others")
    assert Values(tmp_path).of(wanted) == found
    assert len(seen) == 4
