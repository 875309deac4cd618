"""`python -m benchmarks.cluster_costs QUICK STANDARD`: what tasks on other machines cost, measured.

Trains 32 networks 784-500-10 of the quick scale in both legs, as three machines that share an object store
in this process's memory would (one trains, one descends, one judges), and counts what each asks of it. The
seconds and sizes of both scales are read from two run stores that hold them, of runs on a quiet machine. The
figures go to benchmarks/results/cluster_costs.json, what follows from them to docs/cluster.md (see
`benchmarks.cluster_model`).
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks import cluster_model
from benchmarks.machine import describe
from claims.catalogue import claim
from claims.catalogue.experiments import LINEAR_500
from claims.catalogue.scales import SCALES
from data import Dataset, load
from data.packed import pack, packed_digest
from models.backend import resolve_backend
from models.cluster import luggage, progress
from models.cluster.elsewhere import Orders
from models.cluster.task import Task
from models.experiment import Experiment
from models.runs import store, training
from models.runs.files import write_whole
from models.runs.progress import Reporter
from models.runs.progress import read as read_progress
from models.runs.remote import lease
from models.runs.remote.bucket import Bucket
from models.runs.remote.mirror import Mirror
from models.runs.run import Run, two_legs
from models.runs.store import RunStore
from models.second_leg.descent import Descent

__all__ = ["Watched", "counted", "main", "of_store"]

NETWORKS = 32
"""Of a task."""

SIZES = ("quick", "standard")


class Watched(Bucket):
    """An object store that counts what is asked of it, by what it is about.

    Attributes:
        asked: (what, kind of operation) -> how often; and (what, "bytes put" or "bytes got") -> bytes.
    """

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.asked: Counter[tuple[str, str]] = Counter()

    def get(self, name: str) -> bytes | None:
        content = super().get(name)
        self.asked[_about(name), "get"] += 1
        self.asked[_about(name), "bytes got"] += len(content or b"")
        return content

    def put(self, name: str, content: bytes) -> None:
        super().put(name, content)
        self.asked[_about(name), "put"] += 1
        self.asked[_about(name), "bytes put"] += len(content)

    def names(self, prefix: str) -> list[str]:
        self.asked[_about(prefix), "list"] += 1
        return super().names(prefix)

    def delete(self, name: str) -> None:
        self.asked[_about(name), "delete"] += 1
        super().delete(name)


def _about(name: str) -> str:
    """What an object is of."""
    folder = name.split("/")[0]
    for ending, what in ((".partial", "checkpoints"), (".lease", "lease")):
        if folder.endswith(ending):
            return what
    return folder if folder in ("data", "progress", "evidence", "designs") else "run"


def counted(first: Experiment, second: Descent, folder: Path, url: str) -> dict[str, Any]:
    """Both legs of an experiment, trained on two machines and judged on a third: what each asked of the
    object store, seconds and bytes."""
    data, backend = load(first.data), resolve_backend("cpu")
    found: dict[str, Any] = {
        "order": len(Orders(2).of(Task(first, RunStore(folder / "o"), data, backend)).encoded())
    }

    def machine(name: str) -> tuple[RunStore, Watched]:
        objects = Watched(url)
        return RunStore(folder / name, remote=Mirror(objects, folder / name), session="s", threads=2), objects

    def trains(name: str, spec: Any) -> None:
        own, objects = machine(name)
        dataset = luggage.arrived(own, data.name, packed_digest(data))
        own.progress = progress.reporter(own, "s", own.key(spec, dataset, backend))
        run = Task(spec, own, dataset, backend)()
        found[name] = {"seconds": run.seconds, **_told(objects)}

    judge, objects = machine("driver")
    luggage.send(judge, data)
    for spec in (first, second):
        judge.has(judge.key(spec, data, backend))
    trains("first", first)
    trains("second", second)
    for spec in (first, second):
        judge.find(spec, data, backend)
    found["driver"] = _told(objects)
    runs = [_found(judge, spec, data, backend) for spec in (first, second)]
    found["read"] = _least(lambda: [_found(judge, spec, data, backend) for spec in (first, second)])
    from claims.evidence.trained.reaching import near_zero

    found["bytes"] = {
        leg: _size(judge.root / run.key) for leg, run in zip(("first", "second"), runs, strict=True)
    }
    found["judge"] = _least(lambda: near_zero(two_legs(*runs), claim("E1")))
    return found


def _legs(scale: str) -> tuple[Experiment, Descent]:
    first = SCALES[scale].experiment(LINEAR_500, "he", networks=NETWORKS)
    second = SCALES[scale].descent(first)
    assert second is not None
    return first, second


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.iterdir())


def _found(judge: RunStore, spec: Any, data: Dataset, backend: Any) -> Run:
    run = judge.find(spec, data, backend)
    assert run is not None
    return run


def _told(objects: Watched) -> dict[str, Any]:
    found: dict[str, dict[str, int]] = {}
    for (what, kind), count in sorted(objects.asked.items()):
        found.setdefault(what, {})[kind] = count
    return {"asked": found}


def _least(work: Callable[[], object], times: int = 5) -> float:
    """Seconds that the work takes where nothing else gets in its way."""
    took = []
    for _ in range(times):
        began = time.perf_counter()
        work()
        took.append(time.perf_counter() - began)
    return min(took)


def of_store(root: Path, scale: str) -> dict[str, dict[str, float]]:
    """Bytes and seconds of the two legs in a store that has them, by leg."""
    name = f"{SCALES[scale].digits}-500-he-linear-mse"
    found = {}
    for leg, pattern in (
        ("first", rf"{name}-[0-9a-f]+"),
        ("second", rf"{name}-levenberg-marquardt-[0-9a-f]+"),
    ):
        (folder,) = (path for path in root.iterdir() if re.fullmatch(pattern, path.name) and path.is_dir())
        timing = json.loads((folder / "timing.json").read_text())
        found[leg] = {"bytes": _size(folder), "seconds": timing["seconds"]}
    return found


def of_folders(folder: Path) -> dict[str, dict[str, float]]:
    """Seconds of what looks through a whole folder: a store's, by how many runs it holds, where somebody
    takes up what another had begun; and that of the nodes' progress, by how many train."""
    sweeping, board = {}, {}
    own = RunStore(folder / "store")
    own.root.mkdir()
    for count in (1_000, 10_000):
        for number in range(count):
            (own.root / f"mnist-1k-500-he-linear-mse-{number:020d}").mkdir(exist_ok=True)
        sweeping[str(count)] = _least(lambda: own._sweep("mnist-1k-500-he-linear-mse-x"))
    spec = SCALES["quick"].experiment(LINEAR_500, "he", networks=NETWORKS)
    for count in (100, 1_000):
        for number in range(count):
            with Reporter(folder, f"{number:020d}").wanted(spec):
                path = folder / f"{number:020d}.progress"
                content = path.read_bytes()
            path.write_bytes(content)
        board[str(count)] = _least(lambda: read_progress(folder))
    return {"sweeping": sweeping, "board": board}


_EMPTY_TESTS = """
import pytest, psutil

@pytest.mark.parametrize("number", range({count}))
def test_nothing(number):
    pass
"""
_SAID = """
import psutil

def pytest_sessionfinish():
    print("HELD", psutil.Process().memory_info().rss)
"""


def of_pytest(folder: Path) -> dict[str, float]:
    """Seconds and bytes that pytest itself takes for a test that does nothing."""
    (folder / "conftest.py").write_text(_SAID)
    held: list[int] = []
    took: list[float] = []
    counts = (1_000, 6_000)
    for count in counts:
        (folder / "test_empty.py").write_text(_EMPTY_TESTS.format(count=count))
        command = [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-s",
            "-p",
            "no:cacheprovider",
            "-n",
            "0",
            str(folder),
        ]
        took.append(_least(lambda command=command: held.append(_held_by(command, folder)), 3))  # type: ignore[misc]
    more = counts[1] - counts[0]
    return {"seconds": (took[1] - took[0]) / more, "bytes": (held[-1] - held[0]) / more}


def _held_by(command: list[str], folder: Path) -> int:
    done = subprocess.run(command, check=True, capture_output=True, text=True, cwd=folder)
    return int(done.stdout.partition("HELD ")[2].split()[0])


def pauses(folder: Path, size: int) -> dict[str, float]:
    """Least seconds between two words of a node, of each kind; a checkpoint of this size waits for a multiple
    of what the last one took to write."""
    write = _least(lambda: write_whole(folder / "checkpoint", bytes(size)))
    first = training.CHECKPOINT_SECONDS
    second = first * store._DESCENT_PAUSE
    return {
        "progress": progress.EVERY,
        "lease": lease.PATIENCE / lease._BEATS,
        "first checkpoints": max(first, training._SHARE * write),
        "second checkpoints": max(second, training._SHARE * write),
    }


def main(arguments: list[str]) -> None:
    """Measures, and writes figures and page."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for part in ("runs", "folders", "pytest"):
            (folder / part).mkdir()
        one = counted(*_legs("quick"), folder / "runs", "memory://costs")
        states = one["first"]["asked"]["checkpoints"]
        found = {
            "machine": describe("torch", "numpy", "obstore", "pytest"),
            "networks": NETWORKS,
            "experiment": one,
            "legs": {scale: of_store(Path(of), scale) for scale, of in zip(SIZES, arguments, strict=True)},
            "pauses": pauses(folder, states["bytes put"] // states["put"]),
            "data": {scale: len(pack(load(SCALES[scale].digits))) for scale in SIZES},
            "pytest": of_pytest(folder / "pytest"),
            **of_folders(folder / "folders"),
        }
    cluster_model.RESULTS.write_text(json.dumps(found, indent=1) + "\n")
    cluster_model.write()


if __name__ == "__main__":
    main(sys.argv[1:])
