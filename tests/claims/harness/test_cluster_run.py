"""Claims whose networks are trained by jobs: one process judges, and verdicts are those of one machine."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from xml.etree import ElementTree

import psutil
import pytest

from data import load
from data.packed import packed_digest
from tests.claims.harness.test_claims_run import ROOT, digests, report, run_claims, verdicts

pytest.importorskip("submitit")
pytestmark = pytest.mark.xdist_group("a run by jobs")  # one worker makes what they share, and makes it once

_FEW = ("--protocols", "he", "--networks", "8", "--backend", "cpu")
SLICE = ("--claims", "E9,T1", "-k", "boston or synthetic", *_FEW)
"""Boston's two legs, and exact claims, which train nothing and are computed."""

SETTINGS = 2
"""Of T1, each with a task of its own."""


def run(folder: Path, *options: str, jobs: Path, chosen: tuple[str, ...] = SLICE):
    """`run_claims` with jobs of this machine, whose files lie in a folder of their own."""
    return run_claims(folder, *on_jobs(jobs), *options, chosen=chosen)


def on_jobs(folder: Path) -> tuple[str, ...]:
    given = {"cluster": "local", "folder": folder, "cpus": "1"}
    return ("--executor", "slurm", *(f"--executor-option={name}={value}" for name, value in given.items()))


def submitted(jobs: Path) -> int:
    """Trainings that were."""
    return len(list(jobs.glob("orders/*.json")))


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The slice, trained in the process that judges."""
    folder = tmp_path_factory.mktemp("here")
    finished = run_claims(folder, "-n", "0", chosen=SLICE)
    assert finished.returncode == 0, finished.stdout + finished.stderr
    return folder


@pytest.fixture(scope="module")
def jobs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where orders and results lie."""
    return tmp_path_factory.mktemp("jobs")


@pytest.fixture(scope="module")
def cold(tmp_path_factory: pytest.TempPathFactory, jobs: Path) -> tuple[Path, str]:
    """The slice trained by jobs, with workers asked for; and what the terminal said."""
    folder = tmp_path_factory.mktemp("jobs-run")
    finished = run(folder, "-n", "2", "--junitxml", str(folder / "tests.xml"), jobs=jobs)
    assert finished.returncode == 0, finished.stdout + finished.stderr
    return folder, finished.stdout


def test_verdicts_are_those_of_one_machine(here: Path, cold: tuple[Path, str], jobs: Path) -> None:
    """Row by row, from runs of the same bytes; both legs were jobs, and so was what is computed."""
    assert verdicts(cold[0]) == verdicts(here)
    assert digests(cold[0]) == digests(here)
    assert len(digests(here)) == 4
    assert submitted(jobs) == 2 + SETTINGS


def test_one_process_judges_and_what_trains_nothing_comes_first(cold: tuple[Path, str]) -> None:
    """-n is dropped; the test that waits for a run is the last."""
    assert "created: " not in cold[1]
    assert "2 workers" not in cold[1]
    ran = [one.get("name") for one in ElementTree.parse(cold[0] / "tests.xml").iter("testcase")]
    assert [name.partition("[")[2].partition("-")[0] for name in ran] == ["T1"] * SETTINGS + ["E9"]


def test_a_verdict_says_where_its_runs_were_trained(cold: tuple[Path, str]) -> None:
    """By jobs of this call: node, device, versions."""
    found = report(cold[0])["provenance"]
    assert found["trained"] == 1
    for one in found["experiments"]:
        assert one["trained"]
        assert one["node"]
        assert one["device"].startswith("cpu ")
        assert one["versions"]["torch"]


def test_a_warm_call_submits_nothing(cold: tuple[Path, str], jobs: Path) -> None:
    """Not even the question which device the nodes have."""
    before, asked = verdicts(cold[0]), len(list(jobs.glob("results/*")))
    finished = run(cold[0], jobs=jobs)
    assert finished.returncode == 0, finished.stdout + finished.stderr
    assert len(list(jobs.glob("results/*"))) == asked
    assert verdicts(cold[0]) == before
    assert not any(one["trained"] for one in report(cold[0])["provenance"]["experiments"])


def test_a_refresh_trains_again(cold: tuple[Path, str], jobs: Path) -> None:
    """Every run once, to the same bytes."""
    before, runs = submitted(jobs), digests(cold[0])
    finished = run(cold[0], "--refresh", jobs=jobs)
    assert finished.returncode == 0, finished.stdout + finished.stderr
    assert submitted(jobs) == before + 2 + SETTINGS
    assert digests(cold[0]) == runs
    assert all(one["trained"] for one in report(cold[0])["provenance"]["experiments"])


def test_a_set_that_is_damaged_fails_its_tests_only(tmp_path: Path, jobs: Path) -> None:
    """With the node's message and no traceback."""
    damaged = tmp_path / "store" / "data" / f"{packed_digest(load('boston'))}.safetensors"
    damaged.parent.mkdir(parents=True)
    damaged.write_bytes(b"no set")
    finished = run(tmp_path, jobs=jobs)
    assert finished.returncode == 1
    assert "1 passed" in finished.stdout
    assert "2 failed" in finished.stdout
    assert "got 6 bytes that are no packed data set" in finished.stdout
    assert "Traceback" not in finished.stdout
    assert ".py:" not in finished.stdout.partition("FAILURES")[2].partition("short test summary")[0]
    assert len(verdicts(tmp_path)) == 1


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ("nodes=2", "got the option 'nodes' of the executor slurm, wanted one of cluster, folder"),
        ("time_limit=never", "got time_limit=never, wanted seconds above 0: time_limit=3600"),
    ],
)
def test_options_that_are_none_are_refused_before_anything_trains(
    option: str, message: str, tmp_path: Path
) -> None:
    """As an error of the command line."""
    finished = run(tmp_path, "--executor-option", option, jobs=tmp_path / "jobs")
    assert finished.returncode == pytest.ExitCode.USAGE_ERROR
    assert message in " ".join((finished.stdout + finished.stderr).split())
    assert not (tmp_path / "jobs" / "orders").exists()


def test_an_interrupt_cancels_the_jobs(tmp_path: Path, jobs: Path) -> None:
    """Ctrl-C while a job trains: it is ended, and what was judged is written as a partial report."""
    chosen = ("--claims", "E1,T1", "-k", "E1 or synthetic", "--protocols", "he", "--networks", "96")
    command = [sys.executable, "-m", "pytest", "claims/", "-v", "-p", "no:cacheprovider", *chosen]
    command += [
        "--store",
        str(tmp_path / "store"),
        "--report-dir",
        str(tmp_path / "reports"),
        "--backend",
        "cpu",
        "--data",
        "mnist-5k",
    ]
    with subprocess.Popen(
        [*command, *on_jobs(jobs)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
        env={name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")},
        start_new_session=True,
    ) as process:
        late = threading.Timer(100, process.kill)
        try:
            assert process.stdout is not None
            late.start()
            assert any("SUPPORTED" in line for line in process.stdout)
            _soon(lambda: list(tmp_path.glob("store/progress/*/*.progress")))
            own = psutil.Process(process.pid).children(recursive=True)
            assert any("models.cluster.node" in child.cmdline() for child in own)
            process.send_signal(signal.SIGINT)
            text = process.communicate(timeout=60)[0]
        finally:
            late.cancel()
            process.kill()  # one that did not obey would be waited for to the end of its trainings
    assert process.returncode == pytest.ExitCode.INTERRUPTED, text
    _soon(lambda: not any(child.is_running() and child.status() != "zombie" for child in own))
    assert not list(tmp_path.glob("store/progress/*/*"))
    (written,) = tmp_path.glob("reports/*/verdicts.json")
    found = json.loads(written.read_text())
    assert not found["provenance"]["complete"]
    assert {row["claim"] for row in found["verdicts"]} == {"T1"}


def _soon(condition) -> None:
    end = time.monotonic() + 100
    while not condition():
        assert time.monotonic() < end, "it never came to that"
        time.sleep(0.05)
