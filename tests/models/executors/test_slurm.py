"""Jobs through submitit's own local and debug executors: runs as trained here, and what goes wrong."""

from __future__ import annotations

import itertools
import json
import sys
import time
from functools import partial

import psutil
import pytest

from data import add_set
from models.cluster.errors import (
    ClusterGoneError,
    ExecutorError,
    LateError,
    OtherVersionsError,
    TooLargeError,
)
from models.cluster.scheduler import Scheduler, Work
from models.cluster.task import Task
from models.executors.executor import executor
from models.executors.slurm import Executor
from models.runs.store import RunStore
from tests.models.runs import store_process
from tests.models.runs.counted_store import CPU, DATA, again

pytest.importorskip("submitit")

EPOCHS = 400
"""Seconds."""

LONG = {"epochs": 100_000, "batch": 2}
"""Minutes, were it not ended."""


@pytest.fixture(autouse=True)
def known(monkeypatch):
    """The small set is known by its name, for the test."""
    monkeypatch.setattr("data.registry._added", {})
    add_set(DATA)


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    """A folder of jobs, orders and code."""
    return tmp_path_factory.mktemp("slurm")


@pytest.fixture
def slurm(shared):
    """Makes executors on this machine, and ends them."""
    made = []

    def make(cluster: str = "local", **options: str) -> Executor:
        made.append(executor("slurm", {"cluster": cluster, "folder": str(shared), "cpus": "1", **options}))
        return made[-1]

    yield make
    for one in made:
        one.shutdown()


def task(store: RunStore, limit: float | None = None, **changes: object) -> Task:
    return Task(store_process.experiment(**changes), store, DATA, CPU, limit)


def nodes() -> list[psutil.Process]:
    """Of the jobs that train now, below this process."""
    found = []
    for child in psutil.Process().children(recursive=True):
        try:
            if child.cmdline()[1:3] == ["-m", "models.cluster.node"]:
                found.append(child)
        except psutil.Error:
            pass
    return found


def stopping(spec: object, epoch: int, trainer: object) -> None:
    """Ends a training in its third epoch, with a checkpoint of the second."""
    if epoch == 3:
        raise InterruptedError


def soon(condition, seconds: float = 60) -> None:
    """Returns when the condition holds."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it never came to that"
        time.sleep(0.05)


@pytest.mark.parametrize("cluster", ["local", "debug"])
def test_a_job_trains_as_this_process_does(cluster, slurm, runs, unbroken):
    """The run is in the store when the handle is done, with the same bytes; the device is asked by a job."""
    jobs = slurm(cluster, folder=str(runs.root.with_name("jobs")))
    if cluster == "local":
        assert jobs.backend("auto") == jobs.backend("auto") == CPU
        assert len(list(jobs._folder.glob("orders/*"))) == 0
        assert len(list(jobs._folder.glob("results/*"))) == 1, "a second driver need not ask"
    assert jobs.submit(task(runs)).result(60) is None
    assert {name: (runs.folder / name).read_bytes() for name in unbroken} == unbroken
    assert not again(runs).run().trained
    assert runs.epochs == []


def test_a_killed_job_is_tried_again_from_its_checkpoint(slurm, tmp_path):
    """SIGKILL of all of it in the middle of its training; the bytes are those of an unbroken run."""
    jobs, tries = slurm(), itertools.count(1)
    one = task(RunStore(tmp_path / "store", checkpoint_seconds=0, progress=stopping), epochs=EPOCHS)
    with pytest.raises(InterruptedError):
        one()
    scheduler = Scheduler(1)
    scheduler.add([Work("one", "the training", lambda: next(tries) and jobs.submit(one))])
    soon(nodes)
    soon(lambda: list(tmp_path.glob("store/progress/*/*.progress")))
    # Not all that lies below this process: other tests' clusters do, too.
    for process in [above for node in nodes() for above in (node, *node.parents()[:2])]:
        if any("submitit" in word or word == "models.cluster.node" for word in process.cmdline()):
            process.kill()
    scheduler.wait("one")
    scheduler.close()
    assert next(tries) == 3
    run = one.store.find(one.spec, DATA, CPU)
    assert 2 <= run.resumed_from < EPOCHS
    unbroken = task(RunStore(tmp_path / "unbroken"), epochs=EPOCHS)()
    assert run.provenance["sha256"] == unbroken.provenance["sha256"]


def test_what_a_training_raises_is_named(slurm, tmp_path, monkeypatch):
    """By kind and message; it is no reason to try again, and others go on."""
    jobs, store = slurm(), RunStore(tmp_path / "store")
    scheduler = Scheduler(2)
    bad = task(store)
    monkeypatch.setattr(jobs._orders, "of", lambda one, of=jobs._orders.of: _spoilt(of(one), one is bad))
    scheduler.add(
        [
            Work("bad", "the bad one", lambda: jobs.submit(bad)),
            Work("good", "the good one", lambda: jobs.submit(task(store, epochs=2))),
        ]
    )
    with pytest.raises(ExecutorError, match="StoreError: got no data/0000"):
        scheduler.wait("bad")
    scheduler.wait("good")
    scheduler.close()


def test_a_node_that_is_another_is_asked_anew(slurm, runs, tmp_path):
    """Its orders are refused by name, and the next driver asks again."""
    jobs = slurm(folder=str(tmp_path / "jobs"))
    jobs.backend("auto")
    (asked,) = tmp_path.glob("jobs/devices/*.json")
    asked.write_text(json.dumps({"place": ["cpu", "another chip"]}))
    other = jobs.backend("auto")
    assert other.device_name == "another chip"
    refused = jobs.submit(Task(store_process.experiment(), runs, DATA, other))
    with pytest.raises(OtherVersionsError, match=r"got the device cpu .*, wanted cpu another chip"):
        refused.result(60)
    assert not asked.exists()


def _spoilt(order, spoil: bool):
    import msgspec

    return msgspec.structs.replace(order, data=(("tiny", "0" * 64),)) if spoil else order


def test_out_of_memory_names_the_experiment(slurm, tmp_path):
    """The node looks before it trains."""
    huge = task(RunStore(tmp_path / "store"), widths=(2_000_000,), networks=4_000)
    with pytest.raises(
        TooLargeError, match=r"got no memory for tiny-2000000-he.*, wanted some \d{4,}\.\d GB"
    ):
        slurm().submit(huge).result(60)


def test_a_hung_job_is_ended_and_its_place_is_free(slurm, tmp_path):
    """Nothing of it is left; the next trains in its place."""
    jobs, store = slurm(), RunStore(tmp_path / "store")
    scheduler = Scheduler(1)
    hung = task(store, limit=2, **LONG)
    scheduler.add([Work("hung", "the hung one", lambda: jobs.submit(hung), cost=9, limit=2)])
    scheduler.add([Work("next", "the next", lambda: jobs.submit(task(store)))])
    with pytest.raises(LateError, match=r"the hung one has run for .* wanted at most 2 s"):
        scheduler.wait("hung")
    scheduler.wait("next")
    soon(lambda: not nodes())
    scheduler.close()


@pytest.mark.parametrize("cluster", ["local", "debug"])
def test_shutdown_ends_what_runs(cluster, slurm, tmp_path):
    """At once, also what submitit would leave behind."""
    jobs = slurm(cluster)
    jobs.submit(task(RunStore(tmp_path / "store"), **LONG))
    soon(lambda: list(tmp_path.glob("store/*.lock")))
    jobs.shutdown()
    soon(lambda: not nodes(), 5)


def test_two_drivers_train_each_experiment_once(slurm, tmp_path):
    """On one folder and one store: of the two jobs of a run one trains, and the other finds it."""
    folder, first = tmp_path / "jobs", RunStore(tmp_path / "store", session="a")
    second = RunStore(tmp_path / "store", session="b")
    drivers = [(slurm(folder=str(folder)), Scheduler(2), store) for store in (first, second)]
    for jobs, scheduler, store in drivers:
        scheduler.add(
            Work(f"{epochs}", "a training", partial(jobs.submit, task(store, epochs=epochs)))
            for epochs in (3, 4)
        )
    for _, scheduler, _ in drivers:
        for key in ("3", "4"):
            scheduler.wait(key)
        scheduler.close()
    places = [json.loads(path.read_text())["place"] for path in folder.glob("results/*.json")]
    assert sorted(place["trained"] for place in places) == [False, False, True, True]
    assert len({place["key"] for place in places}) == 2
    assert len(list(folder.glob("code/*"))) == 1


def test_without_submitit_the_error_names_the_extra(monkeypatch, tmp_path):
    """And nothing was written."""
    monkeypatch.setitem(sys.modules, "submitit", None)
    with pytest.raises(ClusterGoneError, match=r"got no submitit, wanted it .* pip install -e '\.\[slurm\]'"):
        Executor(cluster="local", folder=str(tmp_path / "jobs"))
    assert not (tmp_path / "jobs").exists()


def test_without_slurm_the_error_says_what_to_try(monkeypatch, tmp_path):
    """A machine from which no job can be submitted."""
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ClusterGoneError, match=r"got no Slurm here .* try --executor-option cluster=local"):
        Executor(folder=str(tmp_path / "jobs"))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"cluster": "pbs"}, "got cluster=pbs, wanted one of slurm, local, debug"),
        ({"jobs": "0"}, "got jobs=0, wanted a whole number from 1 on"),
        ({"cpus": "many"}, "got cpus=many, wanted a whole number from 1 on"),
        ({"gpus": "-1"}, "got gpus=-1, wanted a whole number from 0 on"),
    ],
)
def test_options_that_are_none_are_refused(options, message, tmp_path):
    """Before anything is submitted."""
    with pytest.raises(ValueError, match=message):
        Executor(**{"cluster": "local", "folder": str(tmp_path / "jobs"), **options})
    assert not (tmp_path / "jobs").exists()


def test_a_folder_that_cannot_be_written(tmp_path):
    """Is said as it is."""
    (tmp_path / "file").touch()
    with pytest.raises(OSError, match="file"):
        Executor(cluster="local", folder=str(tmp_path / "file" / "jobs"))
