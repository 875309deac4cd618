"""`python -m benchmarks.cluster_model`: what 10^3, 10^5 and 10^7 networks would cost, from what was measured.

Writes the tables of docs/cluster.md from benchmarks/results/cluster.json and driver.json.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from math import ceil
from pathlib import Path
from typing import Any

from tabulate import tabulate

__all__ = ["PAGE", "RESULTS", "SIZES", "WORKERS", "costs", "figures", "made", "page", "tables", "write"]

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "cluster.md"
RESULTS, DRIVER = (ROOT / "benchmarks" / "results" / f"{name}.json" for name in ("cluster", "driver"))
REFERENCE = ROOT / "reports" / "reference" / "cpu" / "verdicts.json"

SIZES = (10**3, 10**5, 10**7)
"""Networks in all."""

WORKERS = 100
"""Tasks at a time; the data set goes to each worker once, as if each were a machine of its own."""

LINK = 125e6
"""Bytes a second of a network of 1 Gbit/s."""

KINDS = ("put", "list", "get", "delete")
TIMED = ("checkpoints", "lease", "progress")
"""What is asked for the more often the longer a training lasts."""

_PLACE = re.compile(r"(<!-- (\w+): made by python -m benchmarks.cluster_model -->\n).*?(<!-- end -->)", re.S)


def costs(measured: dict[str, Any], driver: dict[str, float], scale: str, networks: int) -> dict[str, float]:
    """Of so many networks at a scale, both legs: tasks, bytes, operations, seconds.

    Args:
        measured: results/cluster.json.
        driver: a row of results/driver.json.
        scale: "quick" or "standard".
        networks: in all.
    """
    quick, experiments = measured["quick"], ceil(networks / measured["networks"])
    legs = {leg: leg_of(measured, scale, leg) for leg in ("first", "second")}
    asked = Counter[tuple[str, str]]()
    for part in ("first", "second", "driver"):
        longer = legs[part]["seconds"] / quick[part]["seconds"] if part in legs else 1.0
        for what, kinds in quick[part]["asked"].items():
            if what != "data":  # once a machine, not once an experiment
                for kind, count in kinds.items():
                    asked[what, kind] += count * (longer if what in TIMED else 1.0)
    size = sum(leg["bytes"] for leg in legs.values())
    seconds = sum(leg["seconds"] for leg in legs.values())
    tests = experiments * tests_an_experiment()
    found = {
        "experiments": experiments,
        "tasks": 2 * experiments,
        "orders": 2 * experiments * quick["order"],
        "data sets": WORKERS * measured["data"][scale],
        "runs put": experiments * size,
        "first legs got": experiments * legs["first"]["bytes"],
        "runs got": experiments * size,
        "checkpoints": experiments * asked["checkpoints", "bytes put"],
        "progress": experiments * asked["progress", "bytes put"],
        "progress put": experiments * asked["progress", "put"],
        "training": ceil(experiments / WORKERS) * seconds,
        "own": 2 * experiments * driver["worked"] / driver["tasks"] + tests * measured["pytest"]["seconds"],
        "held": 2 * experiments * driver["held"] / driver["tasks"] + tests * measured["pytest"]["bytes"],
        "fetching": experiments * size / LINK,
        "judging": experiments * quick["read"] + tests * quick["judge"],
    }
    for kind in KINDS:
        found[kind] = experiments * sum(count for (_, of), count in asked.items() if of == kind)
    return found


def leg_of(measured: dict[str, Any], scale: str, leg: str) -> dict[str, float]:
    """Seconds and bytes of a leg of 32 networks at a scale."""
    if scale == "quick":
        return {"seconds": measured["quick"][leg]["seconds"], "bytes": measured["quick"]["bytes"][leg]}
    found: dict[str, float] = measured[scale][leg]
    return found


def tests_an_experiment() -> float:
    """Verdicts that rest on trainings, an experiment, in the reference report."""
    rows = [row for row in json.loads(REFERENCE.read_text())["verdicts"] if row["experiments"]]
    return len(rows) / len({row["setting"] for row in rows})


def size(count: float) -> str:
    """ "3.2 GB"."""
    for unit in ("B", "kB", "MB", "GB", "TB"):
        if count < 1000 or unit == "TB":
            return f"{count:.3g} {unit}" if count < 1000 else f"{count:,.0f} {unit}"
        count /= 1000
    raise AssertionError


def time(seconds: float) -> str:
    """ "12 min"."""
    for unit, of in (("s", 1), ("min", 60), ("h", 3600)):
        if seconds < 100 * of or unit == "h":
            return f"{seconds / of:,.0f} {unit}" if seconds >= 10 * of else f"{seconds / of:.2g} {unit}"
    raise AssertionError


def number(count: float) -> str:
    """ "312,500"; from a million on "12.3 million"."""
    return f"{count:,.0f}" if count < 1e6 else f"{count / 1e6:,.3g} million"


_ROWS = {
    "experiments": ("experiments", number),
    "tasks": ("tasks", number),
    "orders": ("orders, driver to nodes", size),
    "data sets": (f"data set, to {WORKERS} nodes once", size),
    "runs put": ("runs, nodes to store", size),
    "first legs got": ("first legs, store to second legs' nodes, at most", size),
    "checkpoints": ("checkpoints, nodes to store", size),
    "progress": ("progress, nodes to store", size),
    "runs got": ("runs, store to driver", size),
    "put": ("operations: put", number),
    "list": ("operations: list", number),
    "get": ("operations: get", number),
    "delete": ("operations: delete", number),
    "progress put": ("of the puts, progress", number),
    "training": (f"training on {WORKERS} workers", time),
    "own": ("driver: its own work, and pytest's", time),
    "held": ("driver: memory", size),
    "fetching": ("driver: runs over 1 Gbit/s", time),
    "judging": ("driver: reading and judging runs", time),
}


def tables(measured: dict[str, Any], driver: list[dict[str, float]]) -> dict[str, str]:
    """The page's, by name."""
    last = driver[-1]
    columns = [(scale, networks) for scale in ("quick", "standard") for networks in SIZES]
    found = [costs(measured, last, *column) for column in columns]
    head = ["", *(f"{scale}, 10^{len(str(networks)) - 1}" for scale, networks in columns)]
    scales = [[said, *(show(cost[name]) for cost in found)] for name, (said, show) in _ROWS.items()]
    return {
        "constants": _constants(measured, last),
        "operations": _operations(measured["quick"]),
        "scales": tabulate(scales, head, tablefmt="pipe", disable_numparse=True),
    }


def _constants(measured: dict[str, Any], driver: dict[str, float]) -> str:
    quick, about = measured["quick"], measured["machine"]
    legs = {(s, leg): leg_of(measured, s, leg) for s in ("quick", "standard") for leg in ("first", "second")}
    both = [
        ["order", *2 * [size(quick["order"])]],
        ["data set, packed", *(size(measured["data"][s]) for s in ("quick", "standard"))],
        *(
            [f"run of a {leg} leg", *(size(legs[s, leg]["bytes"]) for s in ("quick", "standard"))]
            for leg in ("first", "second")
        ),
        *(
            [f"training, {leg} leg", *(time(legs[s, leg]["seconds"]) for s in ("quick", "standard"))]
            for leg in ("first", "second")
        ),
    ]
    at = {name: measured[name] for name in ("sweeping", "board")}
    own = 1e3 * driver["worked"] / driver["tasks"]
    lines = [
        f"Measured on {about['cpu']}, {about['cores']} cores, Python {about['python']}; tasks of "
        f"{measured['networks']} networks 784-500-10, he, squared error, two threads; the machine had other "
        "work besides, so that seconds are at most.",
        "",
        tabulate(both, ["", "quick", "standard"], tablefmt="pipe", disable_numparse=True),
        "",
        f"- driver, at {driver['tasks']:,} tasks: {own:.2f} ms and "
        f"{driver['held'] / driver['tasks']:,.0f} bytes a task; pytest itself "
        f"{1e3 * measured['pytest']['seconds']:.2f} ms and "
        f"{measured['pytest']['bytes']:,.0f} bytes a test; {tests_an_experiment():.1f} tests an experiment",
        f"- to read both legs of a run from the folder and check their digests {quick['read']:.2f} s; to "
        f"judge them by E1 {1e3 * quick['judge']:.1f} ms",
        "- to look through a store's folder, on the node that takes up what another had begun: "
        + ", ".join(f"{1e3 * s:.1f} ms with {int(n):,} runs" for n, s in at["sweeping"].items()),
        "- to read what the nodes say of their progress: "
        + ", ".join(f"{1e3 * s:.1f} ms of {int(n):,}" for n, s in at["board"].items()),
    ]
    return "\n".join(lines)


def _operations(quick: dict[str, Any]) -> str:
    who = {"first": "first leg's node", "second": "second leg's node", "driver": "driver"}
    rows = [
        [who[part], what, *(kinds.get(kind, "") for kind in KINDS)]
        for part in who
        for what, kinds in quick[part]["asked"].items()
    ]
    return tabulate(rows, ["who", "what for", *KINDS], tablefmt="pipe")


def page(text: str, found: dict[str, str]) -> str:
    """The page with these tables in their places."""
    return _PLACE.sub(lambda match: f"{match[1]}\n{found[match[2]]}\n\n{match[3]}", text)


def figures() -> tuple[dict[str, Any], list[dict[str, float]]]:
    """Those that are committed: of tasks, and of the driver by how many there are."""
    return json.loads(RESULTS.read_text()), json.loads(DRIVER.read_text())


def made() -> dict[str, str]:
    """The tables as the committed figures have them."""
    return tables(*figures())


def write() -> None:
    """Fills in the page."""
    PAGE.write_text(page(PAGE.read_text(), made()))


if __name__ == "__main__":
    write()
