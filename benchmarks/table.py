"""Tables of measured figures, for the terminal and for benchmarks/README.md.

`python -m benchmarks.table` writes the tables of the results on file into benchmarks/README.md.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tabulate import tabulate

from benchmarks import descent, seed_correlation
from benchmarks.error_rates.tables import claims_table
from benchmarks.phases import PHASES

__all__ = [
    "filled",
    "functional_table",
    "job_table",
    "main",
    "phases_table",
    "repeated_table",
    "start_up_table",
    "training_table",
]

HERE = Path(__file__).parent
PEERS = ("jax", "vmap", "loop")
RATIOS = ("times_faster_than", "times_less_work_than")
_PLACE = re.compile(r"(<!-- (\w+): made by python -m benchmarks.table -->\n).*?(<!-- end -->)", re.DOTALL)


def training_table(figures: Sequence[Mapping[str, Any]], style: str = "simple") -> str:
    """A row a work: ms a network and epoch of the engine, how many times as long and as much processor time
    each peer takes, share of the floor, and how many processes wanted a core when it was measured."""
    rows = []
    for row in figures:
        each = 1e3 / row["models"]
        recording = row["seconds"].get("engine, recording")
        rows.append(
            [
                row["work"],
                row["models"],
                row["batch"],
                f"{row['seconds']['engine'] * each:.3g}",
                *(" ".join(_times(row[ratio].get(peer)) for ratio in RATIOS) for peer in PEERS),
                f"{row['of_floor']:.0%}",
                "" if recording is None else f"{recording * each:.3g}",
                f"{row['load']:.0f}",
            ]
        )
    head = ["work", "networks", "batch", "ms", *PEERS, "of floor", "recording, ms", "load"]
    return tabulate(rows, head, tablefmt=style, disable_numparse=True)


def functional_table(figures: Sequence[Mapping[str, Any]], style: str = "simple") -> str:
    """A row a work: ms a network and epoch of the functional engine, and how many times as long and as much
    processor time the others take."""
    others = ("vmap", "loop", "engine")
    rows = [
        [
            row["general work"],
            row["models"],
            row["batch"],
            f"{row['seconds']['functional'] * 1e3 / row['models']:.3g}",
            *(" ".join(_times(row[ratio].get(other)) for ratio in RATIOS) for other in others),
            f"{row['load']:.0f}",
        ]
        for row in figures
    ]
    head = ["work", "networks", "batch", "ms", "vmap", "loop", "mlp engine", "load"]
    return tabulate(rows, head, tablefmt=style, disable_numparse=True)


def _times(ratio: float | None) -> str:
    return "" if ratio is None else f"{ratio:.2f}x"


def start_up_table(figures: Mapping[str, Mapping[str, float]], style: str = "simple") -> str:
    """A row for each contender, seconds and MiB."""
    keys = ("import", "build", "first_epoch", "second_epoch")
    rows = [
        [name, *(f"{row[key]:.2f}" for key in keys), f"{row['peak_mib']:.0f}"]
        for name, row in figures.items()
    ]
    head = ["seconds", "import", "build", "first epoch", "second epoch", "peak MiB"]
    return tabulate(rows, head, tablefmt=style, disable_numparse=True)


def job_table(jobs: Mapping[str, Mapping[str, Any]], style: str = "simple") -> str:
    """A row for each run of the whole job: wall time, and seconds of all workers by what they did."""
    rows = [
        [name, f"{job['wall']:.1f}", f"{job['training']:.0f}", f"{job['proving_judging_reading']:.1f}"]
        for name, job in jobs.items()
    ]
    head = ["", "wall, s", "training, worker s", "proving, judging, reading, worker s"]
    return tabulate(rows, head, tablefmt=style, disable_numparse=True)


def phases_table(accounts: Mapping[str, Mapping[str, float]], style: str = "simple") -> str:
    """A row for each phase of a run, a column for each run, seconds of all workers."""
    rows = [[words, *(f"{of[phase]:.1f}" for of in accounts.values())] for phase, words in PHASES.items()]
    return tabulate(rows, ["worker s", *accounts], tablefmt=style, disable_numparse=True)


def repeated_table(runs: Sequence[Mapping[str, Any]], style: str = "simple") -> str:
    """A row for each repetition of the job: its rates from least to largest, its floor, and how far above."""
    rows = [
        [
            run["ended"],
            f"{run['cold_wall']:.1f}",
            *(
                _range([of[name] for of in run["rates"]], ".0f")
                for name in ("product_gflops", "memory_gb_per_s")
            ),
            f"{run['training_floor']:.0f}",
            f"{run['cold_over_floor_less_20_s']:.2f}",
        ]
        for run in runs
    ]
    head = ["ended", "cold, s", "GFLOP/s", "GB/s", "floor, s", "(cold - 20 s) / floor"]
    return tabulate(rows, head, tablefmt=style, disable_numparse=True)


def _read(name: str) -> Any:
    return json.loads((HERE / "results" / name).read_text(encoding="utf-8"))


def _machine(about: Mapping[str, Any]) -> str:
    versions = ", ".join(f"{name} {number}" for name, number in about["versions"].items())
    return f"{about['cpu']}, {about['cores']} cores, Python {about['python']}, {versions}"


def _range(values: Sequence[float], style: str) -> str:
    low, high = format(min(values), style), format(max(values), style)
    return low if low == high else f"{low} to {high}"


def _training() -> str:
    results = _read("training.json")
    found = [bench["extra_info"] for bench in results["benchmarks"]]
    works = training_table([row for row in found if "work" in row], "github")
    starts = start_up_table({row["contender"]: row for row in found if "contender" in row}, "github")
    about = results["machine_info"]
    rates = f"products {about['product_gflops']:.0f} GFLOP/s, memory {about['memory_gb_per_s']:.0f} GB/s"
    return f"{_machine(about)}; {rates}.\n\n{works}\n\n{starts}\n"


def _functional() -> str:
    results = _read("functional.json")
    table = functional_table([bench["extra_info"] for bench in results["benchmarks"]], "github")
    return f"{_machine(results['machine_info'])}.\n\n{table}\n"


def _job() -> str:
    before, after, paper = (_read(f"whole_job{name}.json") for name in ("_before", "", "_paper"))
    runs = {
        "cold, before": before["cold"],
        "cold, after": after["cold"],
        "warm, before": before["warm"],
        "warm, after": after["warm"],
        "`--scale paper`, cold": paper["cold"],
    }
    floor = (
        f"At the paper's scale the floor of the trainings is {paper['training_floor'] / 60:.0f} minutes, and "
        f"the run less 20 s {paper['cold_over_floor_less_20_s']:.2f} times that. `--collect-only` takes "
        f"{after['collect_only']:.1f} s, `import torch` {after['import_torch']:.1f} s."
    )
    accounts = {name: job["phases"] for name, job in runs.items() if "phases" in job}
    parts = [
        f"{_machine(after['machine'])}.",
        job_table(runs, "github"),
        floor,
        phases_table(accounts, "github"),
        repeated_table(_read("whole_job_repeated.json"), "github"),
    ]
    return "\n\n".join(parts) + "\n"


def _profile() -> str:
    found = _read("profile.json")
    names = list(dict.fromkeys(name for of in found.values() for name in of))
    rows = [
        [
            f"`{name}`" if "::" in name else name,
            *(f"{of[name]:.1f}" if name in of else "" for of in found.values()),
        ]
        for name in names
    ]
    return tabulate(rows, ["ms a model and epoch", *found], tablefmt="github", disable_numparse=True) + "\n"


def _error_rates() -> str:
    return claims_table(_read("error_rates.json")["scenarios"], "github") + "\n"


def _seed_correlation() -> str:
    found = _read("seed_correlation.json")
    return f"{_machine(found['machine'])}.\n\n{seed_correlation.table(found['summary'], 'github')}\n"


def _descent() -> str:
    found = _read("descent.json")
    loads = [row["load"] for rows in found["starts"].values() for row in rows]
    table = descent.table(found["starts"], "github")
    return f"{_machine(found['machine'])}; load {_range(loads, '.0f')}.\n\n{table}\n"


def filled(text: str) -> str:
    """A page with the tables of the results on file in their places."""
    tables = {
        "training": _training,
        "functional": _functional,
        "whole_job": _job,
        "descent": _descent,
        "profile": _profile,
        "error_rates": _error_rates,
        "seed_correlation": _seed_correlation,
    }
    return _PLACE.sub(lambda place: f"{place[1]}\n{tables[place[2]]()}\n{place[3]}", text)


def main() -> None:
    """Writes the tables into benchmarks/README.md."""
    page = HERE / "README.md"
    page.write_text(filled(page.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
