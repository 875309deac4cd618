"""Cold start, import time and peak memory: every contender in a process of its own."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.contenders import CONTENDERS, absent

ROOT = Path(__file__).resolve().parents[1]


@pytest.mark.parametrize("name", CONTENDERS)
def test_start_up(name: str, benchmark, start_up_figures):
    """Seconds from nothing to a trained epoch of sixteen 784-500-10 networks, and the memory it took."""
    if reason := absent(name):
        pytest.skip(reason)
    runs: list[dict[str, float]] = []

    def fresh() -> None:
        command = [sys.executable, "-m", "benchmarks.fresh_process", name, "500", "16"]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
        runs.append(json.loads(done.stdout))

    benchmark.pedantic(fresh, rounds=3)
    figures = {key: statistics.median(run[key] for run in runs) for key in runs[0]}
    benchmark.extra_info |= {"contender": name, **figures}
    start_up_figures[name] = figures
    assert figures["peak_mib"] > 0


def test_importing_what_lists_the_tests(benchmark):
    """`pytest --collect-only` in a fresh process."""
    command = [sys.executable, "-m", "pytest", "claims", "--collect-only", "-q", "-p", "no:cacheprovider"]

    def collect() -> str:
        return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout

    assert "tests collected" in benchmark.pedantic(collect, rounds=3, warmup_rounds=1)
