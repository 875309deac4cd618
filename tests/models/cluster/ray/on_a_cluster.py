"""Trainings on a cluster of a head and two nodes: the same bytes, whatever happens to a node.

Run by test_ray_cluster.py, in a process of their own.
"""

from __future__ import annotations

import platform
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from subprocess import PIPE, STDOUT

import msgspec
import pytest

from claims.catalogue import claim
from claims.catalogue.computed import Computed
from claims.evidence.cache import EvidenceCache
from claims.evidence.computed.linear import proved
from claims.evidence.computed.orders import computation
from claims.evidence.linear.hypotheses import gram_rank_evidence
from models.cluster import progress
from models.cluster.elsewhere import Orders
from models.cluster.errors import LateError, OtherVersionsError, TooLargeError
from models.runs.code import PROJECT
from models.runs.store import RunStore
from tests.models.cluster.ray.clusters import LONG, SHORT, Nodes, await_, task, wait, workers_of


def same(store, alone, spec_task):
    """Whether the run has the bytes of one that was trained here."""
    key = store.key(spec_task.spec, spec_task.data, spec_task.backend)
    run = store.find(spec_task.spec, spec_task.data, spec_task.backend)
    alone.get(spec_task.spec, spec_task.data, spec_task.backend)
    first, second = ((root / key / "run.safetensors").read_bytes() for root in (store.root, alone.root))
    assert first == second
    return run


def test_nodes_train_with_the_code_that_goes_with_the_job(executor, backend, store, alone):
    """A slot for each node's CPU; runs come back through the store, with the bytes of a training here; the
    code on the nodes is the parcel and not this checkout."""
    import ray

    assert executor.slots == 2
    first, second = (task(store, backend, SHORT, epochs=epochs) for epochs in (2, 3))
    assert wait(executor, first, second) == [None, None]
    for one in (first, second):
        same(store, alone, one)
    assert [place.trained for place in executor.places[-2:]] == [True, True]

    @ray.remote
    def where():
        import models

        return list(models.__path__)

    assert "_ray_pkg_" in ray.get(where.remote())[0]


def test_nodes_compute_evidence(executor, store, tmp_path):
    """By the claims' code in the parcel; the process that judges finds what it would have made itself."""
    how = {"preparation": "raw", "evidence": gram_rank_evidence, "instead": ""}
    asked = Computed(proved, claim("H2"), "boston-raw", "boston", how)
    executor.submit(computation("H2", [asked], store, None)).result(90)
    assert executor.places[-1].key == "H2"
    kept = asked.found(EvidenceCache(store.root, makes=False))
    assert kept == asked.found(EvidenceCache(tmp_path / "alone"))


def test_what_the_store_has_is_not_trained_again(executor, backend, store):
    """The place says so."""
    one = task(store, backend, SHORT)
    assert wait(executor, one) == [None]
    assert wait(executor, one) == [None]
    assert [place.trained for place in executor.places[-2:]] == [True, False]


def test_progress_of_a_node_is_seen(executor, backend, store):
    """Which node trains what, how far it is; a training that never ends is ended at its limit, and its node
    trains on."""
    hung = task(store, backend, LONG, epochs=1_000_000)
    said = []
    looking = executor.submit(hung)
    said = await_(lambda: progress.read(store, store.session))
    assert (said[0].name, said[0].epochs) == (hung.spec.name, 1_000_000)
    assert said[0].node
    looking.cancel()
    await_(lambda: not executor._open)


def test_a_training_that_does_not_end_is_ended(executor, backend, store):
    """At its limit, by name; its node trains others."""
    hung, other = task(store, backend, LONG, epochs=1_000_000), task(store, backend, SHORT)
    late, none, well = wait(executor, hung, other, limit=3.0) + wait(executor, other)
    assert isinstance(late, LateError)
    assert re.search(rf"{re.escape(hung.spec.name)} has run for \d+ s .* wanted at most 3 s", str(late))
    assert (none, well) == (None, None)


def test_what_is_too_large_says_how_much_it_wanted(executor, backend, store):
    """Before it would wait for ever for a node that has so much; the others are trained."""
    large, small = task(store, backend, LONG, widths=(20_000_000,), epochs=1), task(store, backend, SHORT)
    refused, well = wait(executor, large, small)
    assert isinstance(refused, TooLargeError)
    assert re.search(rf"wanted some \d{{4}}\.\d GB for {re.escape(large.spec.name)}", str(refused))
    assert well is None


def test_a_node_with_other_versions_is_refused_by_name(executor, backend, store):
    """And says which library differs."""
    order = Orders(1).of(task(store, backend, SHORT))
    versions = order.code["versions"] | {"torch": "0.1"}
    doctored = msgspec.structs.replace(order, code=order.code | {"versions": versions})
    with pytest.raises(OtherVersionsError, match=rf"in place of 0\.1 on the node {platform.node()}"):
        executor._sent(doctored).result(60)


@pytest.mark.parametrize("what", ["process", "node"])
def test_a_training_whose_node_is_killed_goes_on_from_its_checkpoint(
    what, nodes, executor, backend, tmp_path, alone
):
    """On another node or in another process, with the bytes of an undisturbed one."""
    store = RunStore(tmp_path / "nodes", checkpoint_seconds=0)
    disturbed = task(store, backend, LONG)

    def disturb():
        await_(lambda: list(store.root.glob("*.partial/epoch-00000[2-9]*")))  # the one before is whole
        node = await_(lambda: next((node for node in nodes.nodes if workers_of(node)), None))
        if what == "node":
            nodes.kill(node)
        else:
            workers_of(node)[0].kill()

    with ThreadPoolExecutor() as pool:
        disturbing = pool.submit(disturb)
        assert wait(executor, disturbed) == [None]
        disturbing.result()
    assert same(store, alone, disturbed).resumed_from is not None


def test_two_drivers_train_each_experiment_once(nodes, tmp_path):
    """On one cluster, with one store."""
    command = [sys.executable, "-m", "tests.models.cluster.ray.driver", nodes.address, str(tmp_path)]
    drivers = [subprocess.Popen(command, cwd=PROJECT, stdin=PIPE, stdout=PIPE, text=True) for _ in range(2)]
    assert [driver.stdout.readline() for driver in drivers] == ["connected\n"] * 2
    said = []
    with ThreadPoolExecutor() as pool:
        said = list(pool.map(lambda driver: driver.communicate("go\n", timeout=120)[0], drivers))
    assert sum(int(of.split()[-1]) for of in said) == 4


def test_the_head_gone_ends_the_tests_and_a_new_cluster_goes_on(nodes, tmp_path):
    """Within seconds and by name; what is finished is kept, and is not trained by the next call."""
    lone, lines = Nodes(cpus=1), []
    store = tmp_path / "store"
    claims = [sys.executable, "-m", "pytest", "claims/", "-k", "boston and zero", "-p", "no:xdist", "-q"]
    claims += ["--networks", "8", "--store", str(store), "--report-dir", str(tmp_path / "reports")]
    claims += ["--executor", "ray", "--executor-option"]
    try:
        first = subprocess.Popen(
            [*claims, f"address={lone.address}"], cwd=PROJECT, stdout=PIPE, stderr=STDOUT, text=True
        )
        await_(lambda: list(store.glob("*/run.json")))
        lone.kill_head()
        lines = first.communicate(timeout=60)[0]
    finally:
        lone.close()
    assert first.returncode == 1, lines
    assert f"the head of the Ray cluster at {lone.address} is gone: what is finished is kept" in lines
    kept = {path: path.stat().st_mtime_ns for path in store.glob("*/run.json")}
    second = subprocess.run(
        [*claims, f"address={nodes.address}"], cwd=PROJECT, capture_output=True, text=True, timeout=300
    )
    assert second.returncode in (0, 1), second.stdout
    assert "is gone" not in second.stdout
    assert len(list(store.glob("*/run.json"))) > len(kept)
    assert {path: path.stat().st_mtime_ns for path in kept} == kept
