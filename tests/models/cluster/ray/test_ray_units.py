"""What of the Ray executor needs no cluster: addresses, shares of a card, what errors mean."""

from __future__ import annotations

import subprocess
import sys
from types import SimpleNamespace

import msgspec
import pytest

from models.backend import Backend, resolve_backend
from models.cluster.elsewhere import Orders
from models.cluster.errors import (
    ClusterGoneError,
    ExecutorError,
    LostError,
    OtherVersionsError,
    TooLargeError,
)
from models.cluster.memory import SIDE_BY_SIDE, share
from models.cluster.ray.meaning import meaning
from models.executors.executor import executor
from models.runs.code import PROJECT
from models.runs.store import RunStore
from tests.models.cluster.ray.clusters import SHORT, task

GIB = 2**30


@pytest.mark.parametrize(
    ("wants", "card", "expected"),
    [
        (80 * GIB, 80 * GIB, 1.0),
        (41 * GIB, 80 * GIB, 1.0),
        (40 * GIB, 80 * GIB, 0.5),
        (20 * GIB, 80 * GIB, 0.25),
        (26 * GIB, 80 * GIB, 0.3333),
        (GIB // 2, 80 * GIB, 1 / SIDE_BY_SIDE),
        (81 * GIB, 80 * GIB, 0.0),
        (1, 0, 0.0),
    ],
)
def test_small_trainings_share_a_card(wants, card, expected):
    """By their memory: as many as fit have a whole card between them, and no more than that."""
    assert share(wants, card) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("memory", range(1, 80, 7))
def test_shares_of_a_card_never_add_up_to_more_than_its_memory(memory):
    """Whoever fits by shares fits by bytes."""
    part = share(memory * GIB, 80 * GIB)
    assert int(1 / part) * memory <= 80


@pytest.mark.parametrize("address", ["here", "10.0.0.1", ":6379", "10.0.0.1:port", "ray://10.0.0.1:10001"])
def test_an_address_that_is_none_is_refused(address):
    """Before anything is imported or connected."""
    with pytest.raises(ValueError, match=r"got address=.*, wanted HOST:PORT .* auto or local: address=10"):
        executor("ray", {"address": address})


def test_cpus_are_a_number():
    """As with the other executors."""
    with pytest.raises(ValueError, match="got cpus=none, wanted a whole number from 1 on"):
        executor("ray", {"cpus": "none"})


def test_nobody_at_the_address_is_said_at_once():
    """With how a cluster is started; Ray itself would try for a minute."""
    pytest.importorskip("ray", reason="needs the extra ray: pip install -e '.[ray]'")
    with pytest.raises(ClusterGoneError, match=r"got no answer from 127\.0\.0\.1:9, .* `ray start --head`"):
        executor("ray", {"address": "127.0.0.1:9"})


def test_without_ray_the_error_names_the_extra(monkeypatch):
    """And nothing is connected."""
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(ClusterGoneError, match=r"got no ray, wanted .*pip install -e '\.\[ray\]'"):
        executor("ray")


def test_the_command_line_says_so_without_a_traceback(tmp_path):
    """A usage error."""
    command = [sys.executable, "-m", "pytest", "claims/", "-q", "-p", "no:xdist", "--store", str(tmp_path)]
    command += ["--executor", "ray", "--executor-option", "address=nowhere", "--report-dir", str(tmp_path)]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True)
    assert done.returncode == 4
    assert "--executor ray: got address=nowhere, wanted HOST:PORT" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.fixture
def order(tmp_path):
    return Orders(1).of(task(RunStore(tmp_path), resolve_backend("cpu"), SHORT))


@pytest.mark.parametrize(
    ("error", "wanted", "words"),
    [
        ("OutOfMemoryError", TooLargeError, "got no memory for .* on the node n1 .* wanted some 0.7 GB"),
        (
            "WorkerCrashedError",
            LostError,
            "was lost on the node n1, WorkerCrashedError; it wants some 0.7 GB",
        ),
        ("NodeDiedError", LostError, "was lost on the node n1"),
        ("RuntimeEnvSetupError", ExecutorError, "got no code of this checkout on a node"),
        ("RaySystemError", ExecutorError, "got no end of .* on the node n1: RaySystemError"),
    ],
)
def test_errors_of_ray_mean_what_is_to_be_done(error, wanted, words, order):
    """What is lost is tried again, what is too large is not."""
    pytest.importorskip("ray", reason="needs the extra ray: pip install -e '.[ray]'")
    from ray import exceptions

    made = getattr(exceptions, error)
    with pytest.raises(wanted, match=words):
        raise meaning(made() if error == "WorkerCrashedError" else made("why"), order, "n1")
    assert type(meaning(StopIteration(), order, "")) is LostError


class Imitation:
    """In place of Ray: nodes that are said to be there."""

    def __init__(self, *nodes: dict[str, float], refuses: Exception | None = None) -> None:
        self._nodes, self._refuses, self.asked = nodes, refuses, {}

    def init(self, **asked):
        self.asked = asked
        if self._refuses is not None:
            raise self._refuses

    def nodes(self):
        return [{"Alive": True, "Resources": resources} for resources in self._nodes]

    def remote(self, **options):
        return lambda function: function

    def get_runtime_context(self):
        return SimpleNamespace(gcs_address="127.0.0.1:1")

    def shutdown(self):
        pass


@pytest.fixture
def imitated(monkeypatch):
    """An executor on such nodes, and what takes Ray's place."""
    made = []

    def start(*nodes, **more):
        options = {"address": more.pop("address", "auto"), "cpus": more.pop("cpus", "1")}
        imitation = Imitation(*nodes, **more)
        monkeypatch.setitem(sys.modules, "ray", imitation)
        made.append(executor("ray", options))
        return made[-1], imitation

    yield start
    for one in made:
        one.shutdown()


def test_slots_are_the_cpus_of_nodes_that_have_enough(imitated):
    """Three CPUs for tasks of two are one slot; a head without any is none."""
    started, _ = imitated({"CPU": 4.0, "memory": 1}, {"CPU": 3.0, "memory": 2}, {"CPU": 1.0}, {}, cpus="2")
    assert started.slots == 3


def test_nodes_that_join_are_places(imitated):
    """At the next look at the cluster; so are those that leave."""
    started, imitation = imitated({"CPU": 2.0, "memory": 1})
    for nodes, slots in (([{"CPU": 2.0, "memory": 1}, {"CPU": 6.0, "memory": 5}], 8), ([{"CPU": 1.0}], 1)):
        imitation._nodes = nodes
        started._look_for_nodes(0.0)
        assert started.slots == slots
        assert started._largest == max(node.get("memory", 0) for node in nodes)


def test_a_cluster_without_a_place_is_refused(imitated):
    """What is asked for, and the cure."""
    with pytest.raises(ClusterGoneError, match=r"without a node of 8 CPUs, wanted one: add .* cpus=1"):
        imitated({"CPU": 4.0}, cpus="8")


def test_only_a_cluster_of_our_own_gets_settings(imitated):
    """A running one has its own; there is no dashboard, and no log on the terminal."""
    _, running = imitated({"CPU": 1.0})
    assert {"include_dashboard", "_temp_dir"} & set(running.asked) == set()
    _, own = imitated({"CPU": 1.0}, address="local")
    assert own.asked["include_dashboard"] is False
    for one in (running, own):
        assert one.asked["log_to_driver"] is False
        assert one.asked["runtime_env"]["working_dir"].endswith(".zip")


@pytest.mark.parametrize(
    ("refuses", "wanted", "words"),
    [
        (ConnectionError("none found"), ClusterGoneError, r"got no Ray cluster \(none found\).* `ray start"),
        (RuntimeError("no node here"), ClusterGoneError, r"got no Ray cluster \(no node here\)"),
        (
            RuntimeError("Version mismatch: started with:\n  Ray: 1.0"),
            OtherVersionsError,
            r"mismatch: started with: Ray: 1\.0\), .* install the same",
        ),
    ],
)
def test_what_ray_says_when_it_does_not_connect(refuses, wanted, words, imitated):
    """The project's errors, with the cure."""
    with pytest.raises(wanted, match=words):
        imitated({"CPU": 1.0}, refuses=refuses)


def test_trainings_on_cards_ask_for_a_share(imitated, order, monkeypatch):
    """By the smallest card of the nodes; one that no card holds is refused before it would wait for ever."""
    started, _ = imitated({"CPU": 8.0, "memory": 10**12, "GPU": 1.0})
    answers = {node: {"place": ["cuda", "H100"], "card": card * GIB} for node, card in (("a", 80), ("b", 40))}
    answers["c"] = {"place": ["cpu", "x86_64"], "card": 0}
    monkeypatch.setattr(started, "_devices", lambda kind: answers)
    assert started.backend("auto") == Backend("cuda", "H100")
    on_card = msgspec.structs.replace(order, backend=("cuda", "H100"), memory=10 * GIB)
    assert started._wanted(on_card) == {"num_cpus": 1, "memory": 10 * GIB, "num_gpus": 0.25}
    assert "num_gpus" not in started._wanted(order)
    with pytest.raises(TooLargeError, match=r"got 42\.9 GB on the card H100, wanted some 64\.4 GB for "):
        started._wanted(msgspec.structs.replace(on_card, memory=60 * GIB))


def test_nodes_with_different_devices_are_refused_by_name(imitated, monkeypatch):
    """Their runs would differ."""
    started, _ = imitated({"CPU": 1.0})
    answers = {node: {"place": ["cuda", card], "card": 1} for node, card in (("a", "H100"), ("b", "H200"))}
    monkeypatch.setattr(started, "_devices", lambda kind: answers)
    with pytest.raises(OtherVersionsError, match=r"got different devices \(a: H100; b: H200\), wanted one"):
        started.backend("cuda")
