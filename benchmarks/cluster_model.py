"""`python -m benchmarks.cluster_model`: what 10^3, 10^5 and 10^7 networks would cost, from what was measured.

Writes the tables of docs/cluster.md from benchmarks/results/cluster_costs.json and driver.json.
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
RESULTS, DRIVER = (ROOT / "benchmarks" / "results" / f"{name}.json" for name in ("cluster_costs", "driver"))
REFERENCE = ROOT / "reports" / "reference" / "cpu" / "verdicts.json"

SIZES = (10**3, 10**5, 10**7)
"""Networks in all."""

WORKERS = 100
"""Tasks at a time; the data set goes to each worker once, as if each were a machine of its own."""

LINK = 125e6
"""Bytes a second of a network of 1 Gbit/s."""

KINDS = ("put", "list", "get", "delete")
TIMED = ("checkpoints", "lease", "progress")
"""What is asked for again and again while a training lasts."""

_PLACE = re.compile(r"(<!-- (\w+): made by python -m benchmarks.cluster_model -->\n).*?(<!-- end -->)", re.S)


def costs(measured: dict[str, Any], driver: dict[str, float], scale: str, networks: int) -> dict[str, float]:
    """Of so many networks at a scale, both legs: tasks, bytes, operations, seconds.

    Args:
        measured: results/cluster_costs.json.
        driver: a row of results/driver.json.
        scale: "quick" or "standard".
        networks: in all.
    """
    one, experiments = measured["experiment"], ceil(networks / measured["networks"])
    legs: dict[str, dict[str, float]] = measured["legs"][scale]
    asked = Counter[tuple[str, str]]()
    for part in ("first", "second", "driver"):
        for what, kinds in one[part]["asked"].items():
            if what not in ("data", *TIMED):  # data are got once a machine, not once an experiment
                asked.update({(what, kind): count for kind, count in kinds.items()})
    for leg in legs:
        asked.update(timed(measured, leg, legs[leg]["seconds"]))
    size = sum(leg["bytes"] for leg in legs.values())
    seconds = sum(leg["seconds"] for leg in legs.values())
    tests = experiments * tests_an_experiment()
    found = {
        "experiments": experiments,
        "tasks": 2 * experiments,
        "orders": 2 * experiments * one["order"],
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
        "judging": experiments * one["read"] + tests * one["judge"],
    }
    for kind in KINDS:
        found[kind] = experiments * sum(count for (_, of), count in asked.items() if of == kind)
    return found


def timed(measured: dict[str, Any], leg: str, seconds: float) -> dict[tuple[str, str], float]:
    """What a leg of so many seconds asks for at most that is asked for again and again, and its bytes."""
    pauses, of = measured["pauses"], measured["experiment"][leg]["asked"]
    states = seconds / pauses[f"{leg} checkpoints"]
    size = {what: of[what]["bytes put"] / of[what]["put"] for what in ("checkpoints", "progress")}
    words = 2 + seconds / pauses["progress"]
    return {
        ("checkpoints", "put"): states,
        ("checkpoints", "list"): 2 + states,
        ("checkpoints", "delete"): states,
        ("checkpoints", "bytes put"): states * size["checkpoints"],
        ("lease", "put"): 2 + seconds / pauses["lease"],
        ("lease", "list"): 2,
        ("lease", "delete"): 1,
        ("progress", "put"): words,
        ("progress", "bytes put"): words * size["progress"],
    }


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
        "operations": _operations(measured["experiment"]),
        "scales": tabulate(scales, head, tablefmt="pipe", disable_numparse=True),
    }


def _constants(measured: dict[str, Any], driver: dict[str, float]) -> str:
    one, about, pauses = measured["experiment"], measured["machine"], measured["pauses"]
    both = [["data set, packed", *map(size, measured["data"].values())]]
    for what, show in (("bytes", size), ("seconds", time)):
        for leg in ("first", "second"):
            legs = (scale[leg][what] for scale in measured["legs"].values())
            both.append([f"{leg} leg, {'run' if what == 'bytes' else 'training'}", *map(show, legs)])
    rest = [
        ["order", size(one["order"])],
        *(
            [f"checkpoint, {leg} leg", size(asked["bytes put"] / asked["put"])]
            for leg in ("first", "second")
            for asked in [one[leg]["asked"]["checkpoints"]]
        ),
        *([f"least pause, {what}", f"{pause:.0f} s"] for what, pause in pauses.items()),
        [
            f"driver, of {driver['tasks']:,} tasks",
            f"{1e3 * driver['worked'] / driver['tasks']:.2f} ms a task",
        ],
        ["", f"{driver['held'] / driver['tasks']:,.0f} bytes a task"],
        ["pytest itself", f"{1e3 * measured['pytest']['seconds']:.2f} ms a test"],
        ["", f"{measured['pytest']['bytes']:,.0f} bytes a test"],
        ["tests an experiment", f"{tests_an_experiment():.1f}"],
        ["both legs' runs, read and checked", f"{one['read']:.2f} s"],
        ["judged by E1", f"{1e3 * one['judge']:.1f} ms"],
        *(
            [what.format(f"{int(count):,}"), f"{1e3 * seconds:.1f} ms"]
            for what, of in (
                ("a store's folder of {} runs, looked through", "sweeping"),
                ("progress of {} nodes, read from a folder", "board"),
            )
            for count, seconds in measured[of].items()
        ),
    ]
    return "\n\n".join(
        [
            f"Measured on {about['cpu']}, {about['cores']} cores, Python {about['python']}; tasks of "
            f"{measured['networks']} networks 784-500-10, he, squared error.",
            tabulate(both, ["", *measured["legs"]], tablefmt="pipe", disable_numparse=True),
            tabulate(rest, ["", ""], tablefmt="pipe", disable_numparse=True),
        ]
    )


def _operations(one: dict[str, Any]) -> str:
    who = {"first": "first leg's node", "second": "second leg's node", "driver": "driver"}
    rows = [
        [who[part], what, *(kinds.get(kind, "") for kind in KINDS)]
        for part in who
        for what, kinds in one[part]["asked"].items()
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
