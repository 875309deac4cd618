"""One Ray cluster, of a head and two nodes, for all tests here."""

from __future__ import annotations

import pytest

from models.executors.executor import executor as made
from models.runs.store import RunStore
from tests.models.cluster.ray.clusters import Nodes


@pytest.fixture(scope="session")
def nodes():
    pytest.importorskip("ray", reason="needs the extra ray: pip install -e '.[ray]'")
    started = Nodes(nodes=2)
    yield started
    started.close()


@pytest.fixture(scope="session")
def connected(nodes):
    """The executor, with the nodes' device."""
    chosen = made("ray", {"address": nodes.address})
    yield chosen, chosen.backend("auto")
    chosen.shutdown()


@pytest.fixture
def executor(connected):
    return connected[0]


@pytest.fixture
def backend(connected):
    return connected[1]


@pytest.fixture
def store(tmp_path):
    return RunStore(tmp_path / "nodes", session="a-test-run")


@pytest.fixture
def alone(tmp_path):
    """Where the same is trained without a cluster."""
    return RunStore(tmp_path / "alone")
