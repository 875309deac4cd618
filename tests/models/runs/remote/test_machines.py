"""Several machines, processes with a folder each, and one bucket on a real S3 server."""

from __future__ import annotations

import signal

import pytest

from models.runs.remote.bucket import Bucket
from models.runs.remote.lease import Lease

pytest.importorskip("obstore", reason="obstore is not installed: pip install -e '.[objects]'")


@pytest.fixture
def plan(s3, bucket):
    """What a process is told, and more."""

    def of(**more):
        return {"url": bucket, "environment": s3.environment, **more}

    return of


def test_two_machines_train_once_between_them(plan, bucket, tmp_path, forked):
    """The first trains until the second waits for it: the second gets the run and trains nothing."""
    both = [plan(folder=name, sees=[2, ".lease", 2]) for name in "ab"]
    told = [answer["told"] for answer in forked(tmp_path, *both)]
    assert sorted(one["trained"] for one in told) == [False, True]
    assert told[0]["sha256"] == told[1]["sha256"]
    assert len(Bucket(bucket).names("")) == 3
    for name in "ab":
        assert (tmp_path / name / told[0]["key"] / "run.json").is_file()


def test_a_machine_that_is_killed_is_taken_over(plan, bucket, tmp_path, forked, unbroken):
    """SIGKILL in mid-training: another machine waits until the lease has lapsed, goes on from the checkpoint
    in the object store, and ends with an unbroken run's bytes."""
    (killed,) = forked(tmp_path, plan(folder="a", sees=[3, ".partial", 1], die={"epoch": 3}))
    assert killed["status"] == -signal.SIGKILL
    left = [name.split("/")[0].rpartition(".")[2] for name in Bucket(bucket).names("")]
    assert set(left) == {"lease", "partial"}

    (taken,) = forked(tmp_path, plan(folder="b", patience=1.0))
    assert taken["told"]["trained"]
    assert taken["told"]["resumed_from"] in (1, 2)
    folder = tmp_path / "b" / taken["told"]["key"]
    assert {name: (folder / name).read_bytes() for name in unbroken} == unbroken
    assert len(Bucket(bucket).names("")) == 3, "leases or checkpoints are left"


def test_a_lost_race_is_harmless(memory, machine, monkeypatch, unbroken):
    """Two that each take the other for dead train the same run: both have its bytes, and so has a third."""
    monkeypatch.setattr(Lease, "_ahead", lambda self: {})
    first, second = machine("a", memory), machine("b", memory)
    found = []
    first.progress = lambda spec, epoch, trainer: epoch == 2 and found.append(second.run())
    found.append(first.run())
    assert [run.trained for run in found] == [True, True]
    third = machine("c", memory)
    assert not third.run().trained
    for runs in (first, second, third):
        assert {name: (runs.folder / name).read_bytes() for name in unbroken} == unbroken
