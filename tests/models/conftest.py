"""Small data sets of known structure, so that a run takes milliseconds."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from data import Dataset
from models.engines.mlp import shards
from models.experiment import Arithmetic, Experiment
from models.runs import key as key_module
from models.runs.files import with_digest
from tests.helpers.specs import mlp
from tests.models.runs import store_process
from tests.models.runs.counted_store import FILES, Counted
from tests.models.runs.damages import evidence, stop


def _dataset(name: str, task: str, arrays: tuple[np.ndarray, ...], classes: int) -> Dataset:
    checksum = hashlib.sha256(b"".join(array.tobytes() for array in arrays)).hexdigest()
    return Dataset(name, task, *arrays, classes, checksum, "drawn in a test")


@pytest.fixture(scope="session", autouse=True)
def one_torch_thread() -> None:
    """Products this small lose by threads, most of all beside other test workers."""
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def digits() -> Dataset:
    """53 + 20 images of 12 pixels in 4 classes; pixels 0, 5 and 11 are always 0, pixel 3 only in training."""
    draw = np.random.default_rng(0)
    pixels, labels = draw.integers(0, 256, (73, 12), dtype=np.uint8), draw.integers(0, 4, 73, dtype=np.uint8)
    pixels[:, [0, 5, 11]] = 0
    pixels[:53, 3] = 0
    return _dataset("tiny", "classification", (pixels[:53], labels[:53], pixels[53:], labels[53:]), 4)


@pytest.fixture(scope="session")
def houses() -> Dataset:
    """41 + 15 rows of 6 columns and a target; column 2 is constant, so it is zero once standardised."""
    draw = np.random.default_rng(1)
    table = draw.normal(3.0, 2.0, (56, 6))
    table[:, 2] = 1.0
    target = table @ draw.normal(size=6) + draw.normal(size=56)
    return _dataset("houses", "regression", (table[:41], target[:41], table[41:], target[41:]), 0)


@pytest.fixture(scope="session")
def tiny() -> Callable[..., Experiment]:
    """An experiment on `digits` that trains in milliseconds; keywords change its spec."""

    def spec(**changes: object) -> Experiment:
        usual = {"data": "tiny", "widths": (7,), "networks": 4, "epochs": 3, "batch": 10}
        return mlp(**(usual | changes))

    return spec


@pytest.fixture
def fp64() -> Arithmetic:
    """float64."""
    return Arithmetic("fp64")


@pytest.fixture
def fp32() -> Arithmetic:
    """float32."""
    return Arithmetic("fp32")


@pytest.fixture
def small_shards(monkeypatch: pytest.MonkeyPatch) -> None:
    """One network a shard, as large networks have it."""
    monkeypatch.setattr(shards, "_WIDE", 100)


@pytest.fixture
def runs(tmp_path: Path) -> Counted:
    """An empty store that writes a checkpoint after every epoch."""
    return Counted(tmp_path / "runs", checkpoint_seconds=0)


@pytest.fixture(scope="session")
def unbroken(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The two files of a run that nothing interrupted; never changed by a test."""
    whole = Counted(tmp_path_factory.mktemp("unbroken"))
    whole.run()
    return {name: (whole.folder / name).read_bytes() for name in FILES[:2]}


@pytest.fixture(scope="session")
def forked() -> Iterator[Callable[..., list[dict[str, Any]]]]:
    """Processes that ask one store at once: `forked(root, plan, ...)` gives each one's status and answer."""
    project = str(Path(__file__).resolve().parents[2])
    with subprocess.Popen(
        [sys.executable, store_process.__file__],
        env={**os.environ, "PYTHONPATH": project, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as server:

        def ask(root: Path, *plans: dict[str, Any]) -> list[dict[str, Any]]:
            server.stdin.write(json.dumps([[str(root), plan] for plan in plans]) + "\n")
            server.stdin.flush()
            return json.loads(server.stdout.readline())

        yield ask
        server.stdin.close()


@pytest.fixture
def interrupted(runs: Counted) -> Counted:
    """A store in which a run stopped with the checkpoint of epoch 2."""
    stop(runs)
    return runs


@pytest.fixture
def other_version(monkeypatch):
    """After it is called, this is another version of the code that trains."""

    def change() -> None:
        before = key_module.code_and_versions
        other = {"code": "f" * 64}
        monkeypatch.setattr(key_module, "code_and_versions", lambda *of: before(*of) | other)

    return change


@pytest.fixture
def littered(runs) -> Counted:
    """A store with all that killed processes leave, and what is not ours."""
    key = runs.run().key
    head = key[:-20]
    for name in ("new-1-abc", "old-1-abc"):
        (runs.root / f"{key}.{name}").mkdir()
    (runs.root / f"{head}{'0' * 20}.old-1-abc").mkdir()
    (runs.root / f"{head}{'1' * 20}.lock").touch()
    (runs.root / f"{head}{'2' * 20}.partial").mkdir()
    evidence(runs.root)
    for name in ("x.part-1-a", "x.json.part-1-a", "y.lock"):
        (runs.root / "evidence" / name).touch()
    (runs.root / "designs").mkdir()
    for name in ("d.json", "d.json.part-1-a", "d.json.part-2-b"):
        (runs.root / "designs" / name).write_bytes(with_digest({"networks": [32]}))
    os.utime(runs.root / "designs" / "d.json.part-1-a", (0, 0))
    (runs.root / "set-aside").mkdir()
    (runs.root / "notes.txt").write_text("mine")
    (runs.root / ".DS_Store").write_text("a desktop's")
    return runs
