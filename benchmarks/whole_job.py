"""`python -m benchmarks.whole_job RESULTS.json`: `pytest claims/ -n auto` cold and warm, and where time goes.

Trains into a store of its own, which is thrown away. The cold run is set beside the floor
of the trainings it does (`benchmarks/floor.py`): their operations at the rate of a large
product and Adam's bytes at the rate of memory, nothing for evaluating, judging, proving
or drawing.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

from benchmarks.floor import Rates, epoch_floor, measure_rates
from benchmarks.machine import describe
from claims.experiments import SCALES
from data import load
from models.experiment import Experiment

__all__ = ["account", "main", "training_floor"]

ROOT = Path(__file__).resolve().parents[1]


def training_floor(specs: list[Experiment], rates: Rates) -> float:
    """Seconds that these experiments' trainings take at least, on all cores."""
    total = 0.0
    for spec in specs:
        data = load(spec.dataset)
        sizes = (data.d_x, *spec.widths, data.d_y)
        total += spec.epochs * epoch_floor(sizes, len(spec.members), data.n_train, spec.batch, rates)
    return total


def experiments_of(report: dict[str, Any], scale: str) -> list[Experiment]:
    """The specs of the runs a report lists, found by name among those of the scale.

    Raises:
        ValueError: a run that the scale does not have.
    """
    from claims import experiments

    networks = [value for value in vars(experiments).values() if isinstance(value, experiments.Network)]
    specs = [SCALES[scale].experiment(network, p) for network in networks for p in ("std", "var", "he")]
    known = {spec.name: spec for spec in specs}
    names = [run["name"] for run in report["provenance"]["experiments"]]
    if unknown := [name for name in names if name not in known]:
        raise ValueError(f"got runs {unknown}, wanted those of scale {scale!r}: {sorted(known)}")
    return [known[name] for name in names]


def account(report: dict[str, Any], wall: float) -> dict[str, Any]:
    """Where a run's time went, from its report: seconds of all workers together but for the wall times."""
    about = report["provenance"]
    trained = {run["key"]: run["seconds"] for run in about["experiments"] if run["trained"]}
    by_file: Counter[str] = Counter()
    for test, seconds in about["durations"]["tests"].items():
        by_file[test.partition("::")[0]] += seconds
    training = sum(trained.values())
    tests = sum(about["durations"]["tests"].values())
    return {
        "wall": wall,
        "pytest_wall": about["durations"]["total"],
        "tests": tests,
        "training": training,
        "proving_judging_reading": tests - training,
        "by_file": {name: round(seconds, 1) for name, seconds in by_file.most_common()},
    }


def _timed(command: list[str]) -> float:
    started = time.perf_counter()
    subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - started


def main(path: str | None = None, scale: str = "quick") -> None:
    """Runs the job twice, prints the account and writes it as JSON to the path, if one is given."""
    rates = measure_rates()
    listing = _timed([sys.executable, "-m", "pytest", "claims", "--collect-only", "-q"])
    importing = _timed([sys.executable, "-c", "import torch"])
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "pytest", "claims", "-n", "auto", "--scale", scale]
        command += ["--store", f"{folder}/store", "--report-dir", f"{folder}/out"]
        runs = {}
        for run in ("cold", "warm"):
            wall = _timed(command)
            (written,) = Path(folder, "out").glob("*/verdicts.json")
            report = json.loads(written.read_text(encoding="utf-8"))
            runs[run] = account(report, wall)
    floor = training_floor(experiments_of(report, scale), rates)
    found = {
        "machine": describe("torch", "numpy", "pytest", "pytest-xdist")
        | {"product_gflops": rates.flops / 1e9, "memory_gb_per_s": rates.bytes / 1e9},
        "scale": scale,
        "workers": os.cpu_count(),
        "collect_only": listing,
        "import_torch": importing,
        "training_floor": floor,
        "cold_over_floor_less_20_s": (runs["cold"]["wall"] - 20) / floor,
        **runs,
    }
    text = json.dumps(found, indent=1)
    print(text)
    if path:
        Path(path).write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
