"""`python -m benchmarks.cluster [benchmarks/results/cluster.md]`: the same trainings by each executor.

Contenders take one or two trainings at a time, of one thread each: `local` in as many processes, `ray` on
nodes of one CPU, `slurm` as processes of this machine (`cluster=local`). Before the clock runs each trains
something tiny in every place, which is its start-up; a Ray cluster stands before. `busy` is the trainings'
own seconds over those of all places: turns, imports and polling are missing from it, and
other work of the machine is not. Where that is much, only `busy` compares.
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
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tabulate import tabulate

from benchmarks.machine import describe
from models.cluster.elsewhere import expected_seconds
from models.experiment import Experiment
from tests.helpers.specs import changed, mlp

ROOT = Path(__file__).resolve().parents[1]


def experiments(count: int, seconds: float) -> list[Experiment]:
    """So many, each of about so many seconds of a core."""
    one = mlp("mnist-5k", (64,), networks=8, batch=64, epochs=1)
    return [
        changed(one, epochs=max(1, round(seconds / expected_seconds(one))), first=8 * i) for i in range(count)
    ]


def measured(name: str, places: int, count: int, seconds: float, options: dict[str, str]) -> dict[str, float]:
    """One contender, in this process and its cluster: start-up and seconds."""
    started = time.monotonic()
    from data import load
    from models.backend import resolve_backend
    from models.cluster.scheduler import Scheduler, Work
    from models.cluster.task import Task
    from models.executors.executor import executor
    from models.runs.store import RunStore

    chosen = executor(name, options)
    backend = chosen.backend("cpu") if name != "local" else resolve_backend("cpu")
    with tempfile.TemporaryDirectory() as folder:
        store = RunStore(Path(folder), threads=1)

        def train(specs: Sequence[Experiment]) -> None:
            tasks = [Task(spec, store, load(spec.data), backend) for spec in specs]
            if name == "local":
                for task in tasks:
                    chosen.submit(task).result()
                return
            scheduler = Scheduler(places)
            works = [Work(str(i), t.spec.name, lambda t=t: chosen.submit(t)) for i, t in enumerate(tasks)]
            scheduler.add(works)
            for work in works:
                scheduler.wait(work.key)
            scheduler.close()

        train([changed(one, epochs=1) for one in experiments(places, 0.1)])
        up = time.monotonic()
        if name == "local":
            print("up", flush=True)
            sys.stdin.readline()  # the other process is up as well
            up, began = up - started, time.monotonic()
        else:
            up, began = up - started, time.monotonic()
        specs = experiments(count, seconds)
        train(specs)
        took = time.monotonic() - began
        runs = [store.find(spec, load(spec.data), backend) for spec in specs]
        own = sum(run.seconds for run in runs if run is not None)
    if name != "local":
        chosen.shutdown()
    return {"up": up, "took": took, "own": own, "count": len(specs)}


def contender(name: str, places: int, count: int, seconds: float) -> dict[str, Any]:
    """The same in processes of their own."""
    options, close = {}, lambda: None
    if name == "slurm":
        options = {"cluster": "local", "jobs": str(places), "cpus": "1"}
    if name == "ray":
        options, close = _ray(places)
    processes = places if name == "local" else 1
    given = [name, str(places), str(count // processes), str(seconds), json.dumps(options)]
    command = [sys.executable, "-m", "benchmarks.cluster", "--one", *given]
    try:
        started = [
            subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            for _ in range(processes)
        ]
        if name == "local":
            for one in started:
                assert one.stdout is not None
                one.stdout.readline()
        said = []
        for one in started if name == "local" else []:
            assert one.stdin is not None
            one.stdin.write("go\n")
            one.stdin.flush()
        said = [json.loads(one.communicate()[0].splitlines()[-1]) for one in started]
    finally:
        close()
    return {
        "executor": name,
        "places": places,
        "up": max(of["up"] for of in said),
        "took": max(of["took"] for of in said),
        "own": sum(of["own"] for of in said),
        "count": sum(of["count"] for of in said),
    }


def _ray(places: int) -> tuple[dict[str, str], Any]:
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    from ray.cluster_utils import Cluster

    small = {"object_store_memory": 80 * 2**20}
    cluster = Cluster(
        initialize_head=True, head_node_args={"num_cpus": 0, "include_dashboard": False, **small}
    )
    for _ in range(places):
        cluster.add_node(num_cpus=1, **small)
    return {"address": cluster.address}, cluster.shutdown


def busy(row: dict[str, Any]) -> float:
    """Part of all places' time that is in trainings."""
    return row["own"] / (row["places"] * row["took"])


def table(rows: list[dict[str, Any]]) -> str:
    """A row a contender, with its throughput over local's in as many places: the median over the rounds."""
    shown = []
    for name, places in dict.fromkeys((row["executor"], row["places"]) for row in rows):
        own = [row for row in rows if (row["executor"], row["places"]) == (name, places)]
        local = [row for row in rows if (row["executor"], row["places"]) == ("local", places)]
        single = [row for row in rows if (row["executor"], row["places"]) == (name, 1)]

        def mid(of: Sequence[float]) -> float:
            return statistics.median(of)

        shown.append(
            {
                "executor": name,
                "at a time": places,
                "start-up, s": f"{mid([r['up'] for r in own]):.1f}",
                "trainings, s": f"{mid([r['took'] for r in own]):.1f}",
                "one, s": f"{mid([r['own'] / r['count'] for r in own]):.1f}",
                "busy": f"{mid([busy(r) for r in own]):.0%}",
                "busy of local": f"{mid([busy(a) / busy(b) for a, b in zip(own, local, strict=True)]):.2f}",
                "of local": f"{mid([b['took'] / a['took'] for a, b in zip(own, local, strict=True)]):.2f}",
                "of one": f"{mid([b['took'] / a['took'] for a, b in zip(own, single, strict=True)]):.2f}",
            }
        )
    return tabulate(shown, headers="keys", tablefmt="pipe", disable_numparse=True)


def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("result", nargs="?", type=Path)
    parser.add_argument("--count", type=int, default=6, help="trainings, an even number")
    parser.add_argument("--seconds", type=float, default=20.0, help="of a core, a training")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--one", nargs=5)
    given = parser.parse_args(arguments)
    if given.one:
        name, places, count, seconds, options = given.one
        print(json.dumps(measured(name, int(places), int(count), float(seconds), json.loads(options))))
        return
    rows = []
    for _ in range(given.rounds):
        for places in (1, 2):
            for name in ("local", "ray", "slurm"):
                load = os.getloadavg()[0]
                rows.append(contender(name, places, given.count, given.seconds) | {"load": load})
                print(rows[-1], flush=True)
    about = describe("ray", "submitit", "torch")
    loads = [row["load"] for row in rows]
    words = (
        f"{about['cpu']}, {about['cores']} cores, Python {about['python']}, {about['versions']}. "
        f"{given.count} trainings of one thread, {experiments(1, given.seconds)[0].name}; "
        f"{given.rounds} rounds. "
        f"Load of the machine when a contender began: {min(loads):.1f} to {max(loads):.1f}."
    )
    text = f"{words}\n\n{table(rows)}\n"
    print(text)
    if given.result:
        given.result.write_text(f"# Executors side by side\n\n`python -m benchmarks.cluster`\n\n{text}")


if __name__ == "__main__":
    main(sys.argv[1:])
