"""What a run is kept under: all that its bytes depend on, and nothing else."""

from __future__ import annotations

import dataclasses
import os
import subprocess
import sys
from pathlib import Path

import pytest

from data import dataset as data_module
from models.runs import code as code_module
from models.runs.code import closure
from models.runs.key import run_identity, trainer_modules
from tests.helpers.specs import changed
from tests.models.runs.counted_store import CPU, DATA, SPEC

ROOT = Path(__file__).resolve().parents[3]


def other_data(field: str):
    """The data with one number of one array changed."""
    array = getattr(DATA, field).copy()
    array.flat[-1] = (array.flat[-1] + 1) % 3
    return dataclasses.replace(DATA, **{field: array})


OTHERS = {
    "seed": lambda: (changed(SPEC, seed=1), DATA, CPU),
    "epochs": lambda: (changed(SPEC, epochs=5), DATA, CPU),
    "checkpoints": lambda: (changed(SPEC, checkpoints=()), DATA, CPU),
    "training inputs": lambda: (SPEC, other_data("raw_train"), CPU),
    "training labels": lambda: (SPEC, other_data("raw_y_train"), CPU),
    "test inputs": lambda: (SPEC, other_data("raw_test"), CPU),
    "test labels": lambda: (SPEC, other_data("raw_y_test"), CPU),
    "precision": lambda: (changed(SPEC, precision="fp64"), DATA, CPU),
    "device": lambda: (SPEC, DATA, dataclasses.replace(CPU, device_name="another CPU")),
}


@pytest.mark.parametrize("other", OTHERS.values(), ids=OTHERS)
def test_what_changes_the_bytes_changes_the_name(other, runs):
    """The key depends on spec, arrays and backend."""
    assert runs.key(*other()) != runs.key(SPEC, DATA, CPU)


def test_what_is_only_said_of_the_data_changes_nothing(runs):
    """A run depends on the arrays it saw, not on where they came from."""
    told = dataclasses.replace(DATA, checksum="decaf", source="elsewhere")
    assert runs.key(SPEC, told, CPU) == runs.key(SPEC, DATA, CPU)


def test_an_edit_of_the_scaling_is_another_run(runs, monkeypatch):
    """The key follows the code of data/, whatever the files' checksum: else a verdict would be stale."""
    real = data_module.mean_and_deviation
    table = dataclasses.replace(
        DATA,
        task="regression",
        classes=0,
        **{f"raw_{side}": getattr(DATA, f"raw_{side}").astype(float) for side in ("train", "test")},
        **{f"raw_y_{side}": getattr(DATA, f"raw_y_{side}").astype(float) for side in ("train", "test")},
    )
    before = runs.key(SPEC, dataclasses.replace(table), CPU)
    monkeypatch.setattr(data_module, "mean_and_deviation", lambda of: (real(of)[0], 10 * real(of)[1]))
    assert runs.key(SPEC, dataclasses.replace(table), CPU) != before


@pytest.mark.parametrize("change", ["code", "numpy", "torch"])
def test_other_code_or_libraries_are_another_run(change, runs, monkeypatch):
    """A change of what trains is a new name, and the old run stays."""
    key = runs.run().key
    if change == "code":
        monkeypatch.setattr(code_module, "code_digest", lambda modules: "f" * 64)
    else:
        real = code_module.version
        monkeypatch.setattr(code_module, "version", lambda name: "9" if name == change else real(name))
    assert runs.key(SPEC, DATA, CPU) != key
    assert runs.run().trained
    assert (runs.root / key).is_dir()


def test_an_identity_says_all_that_it_depends_on():
    """As plain JSON, the same in every process."""
    found = run_identity(SPEC, DATA, CPU)
    assert set(found) == {"format", "spec", "data", "backend", "code", "versions"}
    assert found["data"] == {"name": "tiny", "arrays": DATA.training_digest}
    assert set(found["versions"]) == {"numpy", "torch"}


def test_the_code_is_every_module_that_training_loads():
    """All modules of models/ that a training imports are in the digest, and none of data/ needs to be."""
    code = (
        "import sys\n"
        "from data import load\n"
        "from models.backend import resolve_backend\n"
        "from models.engines.trainer import Trainer\n"
        "from tests.helpers.specs import mlp\n"
        "spec = mlp('boston', (3,), networks=4, epochs=1)\n"
        "trainer = Trainer(spec, load('boston'), resolve_backend('cpu'))\n"
        "trainer.run_epoch()\n"
        "trainer.load(trainer.state())\n"
        "print(*(name for name in sys.modules if name.split('.')[0] == 'models'))"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    shown = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )
    loaded = {name for name in shown.stdout.split() if not name.startswith("models.runs")}
    followed = set(closure(trainer_modules(SPEC, "cpu")))
    assert followed <= loaded
    # To say which engine trains is not to train, and what a view is, is said to type checkers.
    assert loaded - followed <= {"models.engines.mlp.support", "models.recorders.view"}
