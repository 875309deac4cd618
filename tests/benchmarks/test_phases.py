"""Where the time of a run goes: the clock by hand, the plugin on a run of one test."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.phases import PHASES, Clock, read

ROOT = Path(__file__).resolve().parents[2]


def test_time_counts_for_the_innermost_phase_only():
    """Two seconds of loading inside five of training leave three to training."""
    moments: Iterator[float] = iter([10.0, 11.0, 13.0, 15.0, 16.0, 20.0])
    clock = Clock(lambda: next(moments), since=10.0)
    clock.enter("judging")  # at 10
    clock.enter("training")  # at 11
    clock.enter("data")  # at 13
    clock.leave()  # at 15
    clock.leave()  # at 16
    clock.leave()  # at 20
    assert dict(clock.seconds) == {"start": 0.0, "judging": 5.0, "training": 3.0, "data": 2.0}


def test_the_report_is_the_controllers_and_the_rest_the_workers(tmp_path):
    """What the controller does while workers work is no worker's second."""
    (tmp_path / "controller.json").write_text('{"waiting": 50.0, "report": 4.0}')
    (tmp_path / "gw0.json").write_text('{"training": 30.0, "waiting": 1.0, "report": 0.5}')
    (tmp_path / "gw1.json").write_text('{"training": 12.0}')
    found = read(tmp_path)
    assert list(found) == list(PHASES)
    assert {phase: seconds for phase, seconds in found.items() if seconds} == {
        "training": 42.0,
        "waiting": 1.0,
        "report": 4.0,
    }


@pytest.mark.parametrize("workers", ["0", "2"])
def test_a_run_is_accounted_for(workers, tmp_path):
    """A training, its reading by a second run, evidence that is kept; every process writes its account."""
    phases = [tmp_path / "cold", tmp_path / "warm"]
    for folder in phases:
        folder.mkdir()
        subprocess.run(
            [
                *(sys.executable, "-m", "pytest", "claims", "-n", workers, "-p", "benchmarks.phases_plugin"),
                *(
                    "-k",
                    "regression_training_loss and he or full_rank and boston-raw",
                    "-p",
                    "no:cacheprovider",
                ),
                *("--store", str(tmp_path / "store"), "--report-dir", str(tmp_path / "out")),
            ],
            cwd=ROOT,
            env=os.environ | {"PHASES_FOLDER": str(folder)},
            check=True,
            stdout=subprocess.DEVNULL,
        )
    names = {"controller"} | ({"gw0", "gw1"} if workers == "2" else set())
    assert all({path.stem for path in folder.glob("*.json")} == names for folder in phases)
    cold, warm = map(read, phases)
    assert cold["training"] > 0
    assert warm["training"] == 0
    assert min(warm[name] for name in ("start", "import", "collection", "data", "reading", "report")) > 0


@pytest.mark.parametrize("folder", [None, "not-there"])
def test_a_run_without_a_folder_is_refused(folder, monkeypatch):
    """The error names the variable and the cure, before anything is trained."""
    monkeypatch.delenv("PHASES_FOLDER", raising=False)
    if folder:
        monkeypatch.setenv("PHASES_FOLDER", folder)
    command = [sys.executable, "-m", "pytest", "claims", "--collect-only", "-p", "benchmarks.phases_plugin"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == pytest.ExitCode.USAGE_ERROR
    assert f"got PHASES_FOLDER={folder or ''!r}" in done.stderr
    assert "make one and name it" in done.stderr


def test_reading_an_account_watches_nothing():
    """Only pytest's import of the plugin puts a watch on imports."""
    code = "import builtins; plain = builtins.__import__; import benchmarks.whole_job, benchmarks.table"
    subprocess.run(
        [sys.executable, "-c", f"{code}; assert builtins.__import__ is plain"], cwd=ROOT, check=True
    )
