"""The claims run end to end on a small slice: the same verdicts however many workers, each trained once."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
SLICE = ("-k", "loss_goes_to_zero", "--protocols", "std,he", "--networks", "8")
VARIES = {"duration", "nodeid"}


def run_claims(
    folder: Path, *options: str, chosen: tuple[str, ...] = SLICE
) -> subprocess.CompletedProcess[str]:
    """`pytest claims/` on the slice, with its own store and report folder."""
    command = [sys.executable, "-m", "pytest", "claims/", "-q", "-p", "no:cacheprovider", *chosen]
    command += ["--store", str(folder / "store"), "--report-dir", str(folder / "reports"), *options]
    environ = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("PYTEST_", "COLUMNS", "GITHUB_"))
    }
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, env=environ, timeout=170)


def report(folder: Path) -> dict:
    return json.loads((folder / "reports" / "cpu-slice" / "verdicts.json").read_text())


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


ON_ONE = pytest.mark.xdist_group("a run alone")
"""One worker makes what these tests share, and makes it once."""


@ON_ONE
@pytest.mark.parametrize("workers", ["2", "4"])
def test_verdicts_and_bytes_do_not_depend_on_the_workers(alone: Path, tmp_path: Path, workers: str) -> None:
    """`-n 0`, `-n 2` and `-n 4` give identical verdicts, from runs of identical bytes."""
    finished = run_claims(tmp_path, "-n", workers, "--backend", "cpu")
    assert finished.returncode == 0, finished.stdout + finished.stderr
    assert len(verdicts(alone)) == 4
    for row in report(tmp_path)["verdicts"]:
        assert row["nodeid"].endswith(f"[{row['claim']}-{row['setting']}]")
    assert verdicts(tmp_path) == verdicts(alone)
    assert digests(tmp_path) == digests(alone)


@ON_ONE
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


@ON_ONE
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


@pytest.mark.skipif(not Path("/proc/self").is_dir(), reason="no folder here in which nobody can write")
def test_a_store_that_cannot_be_written_is_a_message(tmp_path: Path) -> None:
    """Where something has to be trained: what was wanted and the cure, and no traceback."""
    chosen = ("-k", "regression", "--protocols", "he", "--store", "/proc", "-n", "0", "--backend", "cpu")
    command = [sys.executable, "-m", "pytest", "claims/", "-q", "-p", "no:cacheprovider", *chosen]
    command += ["--report-dir", str(tmp_path)]
    finished = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=170)
    assert finished.returncode == 1
    assert "the run store /proc cannot be written (" in finished.stdout
    assert "give a folder with --store" in finished.stdout
    assert not {"Traceback", "exception"} & set(finished.stdout.split())
    assert ".py:" not in finished.stdout.partition("FAILURES")[2].partition("short test summary")[0]


LOOKS = ("-k", "regression", "--protocols", "he", "--looks", "-n", "0", "--backend", "cpu")
"""The training loss is decided at a look, the test loss stays open to the last."""


@pytest.fixture(scope="module")
def looked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Boston under He's weights, judged in looks."""
    folder = tmp_path_factory.mktemp("looked")
    finished = run_claims(folder, chosen=LOOKS)
    assert finished.returncode == 0, finished.stdout + finished.stderr
    return folder


@pytest.mark.xdist_group("a run in looks")
def test_each_look_trains_the_new_networks_only(looked: Path) -> None:
    """A look trains the networks that earlier ones had not, and its row says which look, at its share."""
    trained = {}
    for path in (looked / "store").glob("boston-50-he-*/run.json"):
        spec = json.loads(path.read_text())["spec"]
        if "experiment" not in spec:  # the second leg of the same networks
            trained[spec["networks"]["first"]] = spec["networks"]["count"]
    starts, ends = (0, 12, 24, 48), (12, 24, 48, 96)
    assert trained == {
        start: end - start for start, end in zip(starts, ends, strict=True) if start in trained
    }
    assert {0, 12} <= trained.keys()
    for row in report(looked)["verdicts"]:
        look = ends.index(row["n"])
        assert row["look"] == f"{look + 1} of 4"
        assert row["alpha"] == pytest.approx(0.05 * (0.1, 0.2, 0.3, 0.4)[look])
        assert row["outcome"] != "inconclusive" or look == 3


@pytest.mark.xdist_group("a run in looks")
def test_looks_are_not_continued_by_a_fixed_number(looked: Path) -> None:
    """After looking, another design on the same networks is refused in a sentence; new networks are not."""
    other = ("-k", "regression_training", "--protocols", "he", "--networks", "8", "-n", "0")
    refused = run_claims(looked, chosen=other)
    assert refused.returncode == 1
    assert "got 8 networks for boston-50-he linear mse at seed 0" in refused.stdout
    assert "going on after looking would spend alpha twice" in refused.stdout
    assert "Traceback" not in refused.stdout
    assert run_claims(looked, "--seed", "1", chosen=other).returncode == 0
