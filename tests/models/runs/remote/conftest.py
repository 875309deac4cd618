"""A real S3 server on this machine, and machines that share a bucket of it."""

from __future__ import annotations

import importlib.util
import itertools
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from models.runs.remote.mirror import Mirror
from tests.models.runs.counted_store import Counted
from tests.models.runs.remote.servers import S3, Ledgered

_NUMBERS = itertools.count(1)


@pytest.fixture(scope="session")
def server() -> Iterator[S3]:
    """moto's S3 on a free port of the loopback, stopped in the end."""
    if importlib.util.find_spec("moto") is None:
        pytest.skip("moto is not installed: pip install -e '.[dev]'")
    running = S3()
    yield running
    running.end()


@pytest.fixture
def s3(server: S3, monkeypatch: pytest.MonkeyPatch) -> Iterator[S3]:
    """The server, up before and after the test, and the environment that finds it."""
    for name, value in server.environment.items():
        monkeypatch.setenv(name, value)
    yield server
    server.start()


@pytest.fixture
def bucket(s3: S3) -> str:
    """The URL of a place in a new bucket."""
    name = f"runs-{next(_NUMBERS)}"
    urllib.request.urlopen(urllib.request.Request(f"{s3.endpoint}/{name}", method="PUT")).close()
    return f"s3://{name}/of/ours"


@pytest.fixture
def memory() -> Ledgered:
    """Objects in memory that write down what is done to them."""
    return Ledgered(f"memory://{next(_NUMBERS)}")


@pytest.fixture
def machine(tmp_path: Path) -> Callable[..., Counted]:
    """A store on a machine of its own: `machine("a", objects)`, with a folder that no other one has."""

    def of(name: str, objects: Any, **options: Any) -> Counted:
        chosen = {word: options.pop(word) for word in ("limit", "patience") if word in options}
        mirror = Mirror(objects, tmp_path / name, **chosen)
        return Counted(mirror.root, remote=mirror, checkpoint_seconds=0, **options)

    return of
