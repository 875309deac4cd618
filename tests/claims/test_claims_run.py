"""The claims run end to end on a small slice: the same verdicts however many workers, each trained once."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SLICE = ("-k", "loss_goes_to_zero", "--protocols", "std,he", "--networks", "8")
VARIES = {"duration", "nodeid"}


def run_claims(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """`pytest claims/` on the slice, with its own store and report folder."""
    command = [sys.executable, "-m", "pytest", "claims/", "-q", "-p", "no:cacheprovider", *SLICE]
    command += ["--store", str(folder / "store"), "--report-dir", str(folder / "reports"), *options]
    environ = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("PYTEST_", "COLUMNS", "GITHUB_"))
    }
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, env=environ, timeout=170)


def report(folder: Path) -> dict:
    return json.loads((folder / "reports" / "cpu" / "verdicts.json").read_text())


def verdicts(folder: Path) -> list[dict]:
    found = [{k: v for k, v in row.items() if k not in VARIES} for row in report(folder)["verdicts"]]
    return sorted(found, key=lambda row: (row["claim"], row["setting"]))


def digests(folder: Path) -> dict[str, str]:
    return {
        path.parent.name + "/" + path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for pattern in ("*/run.safetensors", "*/run.json")
        for path in (folder / "store").glob(pattern)
    }


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The slice run in one process."""
    folder = tmp_path_factory.mktemp("alone")
    finished = run_claims(folder, "-n", "0", "--backend", "cpu")
    assert finished.returncode == 0, finished.stdout + finished.stderr
    return folder


@pytest.mark.parametrize("workers", ["2", "4"])
def test_verdicts_and_bytes_do_not_depend_on_the_workers(alone: Path, tmp_path: Path, workers: str) -> None:
    """`-n 0`, `-n 2` and `-n 4` give identical verdicts, from runs of identical bytes."""
    finished = run_claims(tmp_path, "-n", workers, "--backend", "cpu")
    assert finished.returncode == 0, finished.stdout + finished.stderr
    assert len(verdicts(alone)) == 4
    assert verdicts(tmp_path) == verdicts(alone)
    assert digests(tmp_path) == digests(alone)


def test_a_second_invocation_trains_nothing(alone: Path) -> None:
    """The run store joins invocations; --refresh trains again and ends with the same bytes."""
    before, stamps = digests(alone), _stamps(alone)
    assert run_claims(alone, "-n", "0", "--backend", "cpu").returncode == 0
    assert _stamps(alone) == stamps
    assert run_claims(alone, "-n", "0", "--backend", "cpu", "--refresh").returncode == 0
    assert not _stamps(alone).items() & stamps.items()
    assert digests(alone) == before


def _stamps(folder: Path) -> dict[str, float]:
    return {
        path.parent.name: json.loads(path.read_text())["finished"]
        for path in (folder / "store").glob("*/timing.json")
    }


def test_a_damaged_run_is_reported_and_trained_again(alone: Path) -> None:
    """A corrupt file in the store becomes a warning in the terminal, not an error and not a verdict."""
    before = digests(alone)
    victim = next((alone / "store").glob("boston-50-he-*/run.safetensors"))
    victim.write_bytes(victim.read_bytes()[:-100])
    finished = run_claims(alone, "-n", "2", "--backend", "cpu")
    assert finished.returncode == 0, finished.stdout + finished.stderr
    assert "run store: " in finished.stdout
    assert digests(alone) == before
    assert list((alone / "store" / "set-aside").iterdir())
