"""`python -m benchmarks.descent [NAME ...]`: seconds to l = 1e-4 of this project's descent and of its peers.

One 784-500-10 network, squared error on a linear output, a thousand digits: from He's initial weights and
from the paper's, of its first and of its last model. Each setting of each peer has a turn with this project's
Levenberg-Marquardt just before it, on one thread; a ratio is of the two seconds of a turn, by the processors'
clock. A peer's turn ends when it arrives, stops, or has had its time. Names are of starts and of peers; what
none of them names keeps the figures that it has in the file. Pin it to a core: `taskset -c 0`.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

os.environ.setdefault(
    "XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
)  # before JAX is imported

import torch
from tabulate import tabulate

from benchmarks.descents import CONTENDERS, OURS, Over, Start, Watch, absent
from benchmarks.machine import describe
from data import load
from models.second_leg.descent import TOLERANCE
from tests.helpers.specs import mlp

__all__ = ["STARTS", "main", "measured", "table", "turn"]

STARTS = {"he": ("he", 0), "std, i = 0": ("std", 0), "std, i = 3": ("std", 3)}
"""Protocol and number of the network; of the paper's protocols the number is the model's i as well."""

TIMES, MOST = 20, 20.0
"""A peer has this many times our seconds, and not more than so many seconds."""

RESULT = Path(__file__).parent / "results" / "descent.json"


def turn(start: Start, name: str, settings: Mapping[str, Any], limit: float) -> dict[str, Any]:
    """What a contender reaches with these settings, and by when."""
    run = CONTENDERS[name].prepare(start, **settings)
    watch = Watch(TOLERANCE * start.baseline, limit)
    ended = "stopped"
    watch.begin()
    try:
        run(watch)
    except Over:
        ended = "arrived" if watch.arrived else "time"
    return {
        "contender": name,
        "settings": dict(settings),
        "ended": ended,
        "start_l": watch.first / start.baseline,
        "l": watch.best / start.baseline,
        "seconds": watch.seconds,
        "counts": watch.counts,
    }


def measured(start: Start, peers: Sequence[str], most: float = MOST) -> list[dict[str, Any]]:
    """A row for each setting of each of these peers that is here, with our seconds just before it."""
    turn(start, OURS, {}, most)  # does not count
    rows = []
    for name in peers:
        if reason := absent(name):
            print(f"{name} sits out, {reason}", file=sys.stderr)
            continue
        for settings in CONTENDERS[name].settings:
            beside = turn(start, OURS, {}, most)
            row = turn(start, name, settings, min(most, TIMES * beside["seconds"]))
            row |= {"beside": beside, "times": row["seconds"] / beside["seconds"], "load": os.getloadavg()[0]}
            print(
                f"{name} {settings}: {row['ended']}, l {row['l']:.2g}, {row['times']:.1f} times", flush=True
            )
            rows.append(row)
    return rows


def best(rows: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    """Of one contender's rows the one that arrived soonest, else the one that came lowest."""
    return min(rows, key=lambda row: (0, row["times"]) if row["ended"] == "arrived" else (1, row["l"]))


def table(starts: Mapping[str, Sequence[Mapping[str, Any]]], style: str = "simple") -> str:
    """A row for each contender and start: the best of its settings."""
    shown = []
    for start, rows in starts.items():
        own = sorted((row["beside"] for row in rows), key=lambda row: row["seconds"])[len(rows) // 2]
        shown.append([start, OURS, "", f"{own['seconds']:.2f}", "", f"{own['l']:.1e}", _counts(own)])
        for name in dict.fromkeys(row["contender"] for row in rows):
            row = best([row for row in rows if row["contender"] == name])
            words = ", ".join(f"{key} {value}" for key, value in row["settings"].items()) or "defaults"
            times = _ENDED[row["ended"]].format(f"{row['times']:.1f}x")
            shown.append(["", name, words, f"{row['seconds']:.1f}", times, f"{row['l']:.1e}", _counts(row)])
    head = ["start", "contender", "settings", "s", "times ours", "l", "what it took"]
    return tabulate(shown, head, tablefmt=style, disable_numparse=True)


_ENDED = {"arrived": "{}", "time": "not in {}", "stopped": "stops at {}"}


def _counts(row: Mapping[str, Any]) -> str:
    return ", ".join(f"{number:,} {name}" for name, number in row["counts"].items())


def main(names: Sequence[str] = (), path: Path = RESULT) -> None:
    """Measures these starts and peers, all by default, prints the table and writes it as JSON.

    Raises:
        ValueError: a name is neither.
    """
    everyone = [name for name in CONTENDERS if name != OURS]
    if wrong := set(names) - {*STARTS, *everyone}:
        raise ValueError(f"got {', '.join(sorted(wrong))}, wanted some of {', '.join([*STARTS, *everyone])}")
    peers = [name for name in everyone if name in names] or everyone
    torch.set_num_threads(1)
    data = load("mnist-1k")
    machine = describe("torch", "numpy", "scipy", "jax", "optimistix", "lineax", "equinox", "jaxopt")
    starts: dict[str, list[dict[str, Any]]] = {}
    for name in [name for name in STARTS if name in names] or STARTS:
        protocol, number = STARTS[name]
        rows = measured(Start(mlp("mnist-1k", (500,), protocol=protocol, networks=4), data, number), peers)
        starts = json.loads(path.read_text(encoding="utf-8"))["starts"] if path.is_file() else {}
        rows += [row for row in starts.get(name, []) if row["contender"] not in peers]
        rows.sort(key=lambda row: everyone.index(row["contender"]))
        starts = {one: (starts | {name: rows})[one] for one in STARTS if one in {*starts, name}}
        found = {"machine": machine, "starts": starts}
        path.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    print(table(starts))


if __name__ == "__main__":
    main(sys.argv[1:])
