"""What of the Ray executor needs no cluster: addresses, shares of a card, what errors mean."""

from __future__ import annotations

import subprocess
import sys

import pytest

from models.backend import resolve_backend
from models.cluster.elsewhere import Orders
from models.cluster.errors import ClusterGoneError, ExecutorError, LostError, TooLargeError
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
        ("OutOfMemoryError", TooLargeError, "got no memory for .* on the node n1 .* wanted some 0.4 GB"),
        (
            "WorkerCrashedError",
            LostError,
            "was lost on the node n1, WorkerCrashedError; it wants some 0.4 GB",
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
