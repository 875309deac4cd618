"""`python -m benchmarks.whole_job RESULTS.json`: `pytest claims/ -n auto` cold and warm, and where time goes.

Trains into a store of its own, which is thrown away. The cold run is set beside the floor
of the trainings it does (`benchmarks/floor.py`): their operations at the rate of a large
product and Adam's bytes at the rate of memory, nothing for evaluating, judging, proving
or drawing. On a shared machine the rate of memory changes by the minute, so both rates are
measured before and after each run; the floor takes their medians, its range all of them.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import astuple
from pathlib import Path
from typing import Any

from benchmarks.floor import Rates, epoch_floor, measure_rates
from benchmarks.machine import describe
from benchmarks.phases import read
from claims.catalogue.scales import SCALES
from data import load
from models.experiment import Experiment

__all__ = ["account", "against_floor", "experiments_of", "listed", "main", "training_floor"]

ROOT = Path(__file__).resolve().parents[1]


def training_floor(specs: list[Experiment], rates: Rates) -> float:
    """Seconds that these experiments' trainings take at least, on all cores."""
    total = 0.0
    for spec in specs:
        data = load(spec.data)
        sizes = (data.d_x, *spec.network.widths, data.d_y)
        total += spec.budget.epochs * epoch_floor(
            sizes, spec.networks.count, data.n_train, spec.budget.batch, rates
        )
    return total


def experiments_of(report: dict[str, Any], scale: str) -> list[Experiment]:
    """The specs of the runs a report lists, found by name among those of the scale.

    Raises:
        ValueError: a run that the scale does not have.
    """
    from claims.catalogue import experiments

    networks = [value for value in vars(experiments).values() if isinstance(value, experiments.Training)]
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


def _timed(command: list[str], output: Path | None = None, **environ: str) -> float:
    """Seconds of a command; what it prints goes to a file or nowhere."""
    with open(output or os.devnull, "w", encoding="utf-8") as sink:
        started = time.perf_counter()
        subprocess.run(command, cwd=ROOT, check=True, stdout=sink, env=os.environ | environ)
        return time.perf_counter() - started


def _both_runs(scale: str, folder: Path, rates: list[Rates]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The account of a cold and a warm run into this folder, and the second's report; appends rates."""
    command = [sys.executable, "-m", "pytest", "claims", "-n", "auto", "--scale", scale]
    command += ["--store", str(folder / "store"), "--report-dir", str(folder / "out")]
    command += ["-p", "benchmarks.phases_plugin"]
    found: dict[str, Any] = {}
    for run in ("cold", "warm"):
        phases = folder / f"phases of {run}"
        phases.mkdir()
        wall = _timed(command, folder / f"{run}.txt", PHASES_FOLDER=str(phases))
        (written,) = (folder / "out").glob("*/verdicts.json")
        report = json.loads(written.read_text(encoding="utf-8"))
        found[run] = account(report, wall) | {"phases": read(phases)}
        rates.append(measure_rates())
    return found, report


def against_floor(wall: float, specs: list[Experiment], rates: list[Rates]) -> dict[str, Any]:
    """The floor at the median rates, the cold run less 20 s over it, and both at every pair of rates.

    Args:
        wall: seconds of the cold run.
        specs: of the trainings it did.
        rates: measured before and after.
    """
    median = Rates(*(statistics.median(column) for column in zip(*map(astuple, rates), strict=True)))
    floors = [training_floor(specs, each) for each in rates]
    floor = training_floor(specs, median)
    return {
        "rates": [{"product_gflops": r.flops / 1e9, "memory_gb_per_s": r.bytes / 1e9} for r in rates],
        "training_floor": floor,
        "training_floor_range": [min(floors), max(floors)],
        "cold_over_floor_less_20_s": (wall - 20) / floor,
        "cold_over_floor_less_20_s_range": [(wall - 20) / max(floors), (wall - 20) / min(floors)],
    }


def listed(path: Path, found: dict[str, Any]) -> None:
    """Adds a run's wall times, rates and floor to a list on file, for what repetitions tell."""
    rows = json.loads(path.read_text(encoding="utf-8")) if path.exists() else []
    kept = ("rates", "training_floor", "cold_over_floor_less_20_s")
    walls = {f"{run}_wall": found[run]["wall"] for run in ("cold", "warm")}
    ended = {"ended": time.strftime("%Y-%m-%d %H:%M", time.gmtime())}
    rows.append(ended | walls | {name: found[name] for name in kept})
    path.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")


def main(arguments: list[str] | None = None) -> None:
    """Runs the job twice, or reads the report of a cold run; prints the account and writes it as JSON."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.whole_job", description=__doc__)
    parser.add_argument("results", nargs="?", type=Path, help="where to write the JSON")
    parser.add_argument("--scale", default="quick", choices=SCALES)
    parser.add_argument("--folder", type=Path, help="a new folder to keep store, report and output in")
    parser.add_argument("--list", type=Path, help="JSON to which to add this run's times and floor")
    parser.add_argument("--report", type=Path, help="verdicts.json of a cold run that was made: run nothing")
    asked = parser.parse_args(arguments)
    rates = [measure_rates()]
    found: dict[str, Any] = {
        "machine": describe("torch", "numpy", "pytest", "pytest-xdist"),
        "scale": asked.scale,
        "workers": os.cpu_count(),
    }
    if asked.report:
        report = json.loads(asked.report.read_text(encoding="utf-8"))
        found["cold"] = account(report, report["provenance"]["durations"]["total"])
    else:
        found["collect_only"] = _timed([sys.executable, "-m", "pytest", "claims", "--collect-only", "-q"])
        found["import_torch"] = _timed([sys.executable, "-c", "import torch"])
        with tempfile.TemporaryDirectory() as temporary:
            folder = asked.folder or Path(temporary)
            folder.mkdir(parents=True, exist_ok=True)
            runs, report = _both_runs(asked.scale, folder.resolve(), rates)
        found |= runs
    found |= against_floor(found["cold"]["wall"], experiments_of(report, asked.scale), rates)
    text = json.dumps(found, indent=1)
    print(text)
    if asked.results:
        asked.results.write_text(text + "\n", encoding="utf-8")
    if asked.list:
        listed(asked.list, found)


if __name__ == "__main__":
    main()
