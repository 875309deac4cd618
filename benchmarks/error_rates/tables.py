"""The results of the simulation as tables: all of them in a file, a row a claim in the README."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import median
from typing import Any

from tabulate import tabulate

__all__ = ["DESIGNS", "alternatives_tables", "claims_table", "document", "failed", "grouped"]

DESIGNS = ("12", "24", "32", "48", "96", "looks", "as it is")

Row = Mapping[str, Any]


def grouped(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """One row a scenario, its designs inside: {"12": [supported, refuted], ...}."""
    found: dict[tuple, dict[str, Any]] = {}
    for row in rows:
        about = {k: row[k] for k in ("claims", "data", "spread", "place", "holds", "repetitions", "limit")}
        key = tuple(map(str, about.values()))
        designs = found.setdefault(key, about | {"designs": {}})["designs"]
        designs[row["design"]] = [round(row["supported"], 5), round(row["refuted"], 5)]
    return list(found.values())


def _wrong_and_power(scenario: Row, design: str) -> tuple[float, float]:
    supported, refuted = scenario["designs"][design]
    return (refuted, supported) if scenario["holds"] else (supported, refuted)


def failed(scenarios: Sequence[Row]) -> list[tuple[Row, str]]:
    """Cells, as scenario and design, in which the wrong decision comes more often than the limit."""
    return [(s, d) for s in scenarios for d in s["designs"] if _wrong_and_power(s, d)[0] > s["limit"]]


def _by_claim(scenarios: Sequence[Row]) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = {}
    for scenario in scenarios:
        found.setdefault(", ".join(scenario["claims"]), []).append(scenario)
    return found


def claims_table(scenarios: Sequence[Row], style: str = "simple") -> str:
    """A row for each rule: its worst cells in per cent, and how often it decides far from the edge."""
    rows = []
    for ids, of in _by_claim(scenarios).items():
        worst = []
        for holds in (False, True):
            cells = [
                (_wrong_and_power(s, d)[0], d, s) for s in of if s["holds"] is holds for d in s["designs"]
            ]
            if not cells:
                worst.append("")
                continue
            rate, design, scenario = max(cells, key=lambda cell: cell[0])
            worst.append(f"{rate:.1%} ({scenario['data']}, {scenario['spread']}, {design})")
        powers = []
        for holds in (True, False):
            far = [s for s in of if s["holds"] is holds and s["place"] == "far"]
            shown = [d for d in DESIGNS if any(d in s["designs"] for s in far)]
            powers.append(" ".join(f"{median(_wrong_and_power(s, d)[1] for s in far):.0%}" for d in shown))
        rows.append([ids, *worst, *powers, f"{len(of)} x {len(of[0]['designs'])}", len(failed(of))])
    head = ["claims", "false supported, worst", "false refuted, worst", "supports, far", "refutes, far"]
    return tabulate(rows, [*head, "cells", "beyond"], tablefmt=style, disable_numparse=True)


def _whole(scenarios: Sequence[Row]) -> list[str]:
    lines = []
    for ids, of in _by_claim(scenarios).items():
        shown = [d for d in DESIGNS if any(d in s["designs"] for s in of)]
        rows = []
        for s in of:
            cells = [f"{wrong:.1%} / {power:.0%}" for wrong, power in (_wrong_and_power(s, d) for d in shown)]
            truth = f"{s['place']}, {'holds' if s['holds'] else 'fails'}"
            within = "yes" if not failed([s]) else "NO"
            rows.append(
                [s["data"], s["spread"], truth, *cells, s["repetitions"], f"{s['limit']:.1%}", within]
            )
        head = ["data", "spread", "truth", *shown, "runs", "limit", "within"]
        lines += [f"## {ids}", "", tabulate(rows, head, tablefmt="github", disable_numparse=True), ""]
    return lines


def alternatives_tables(weighed: Mapping[str, Sequence[Row]], style: str = "github") -> list[str]:
    """A heading and a table for each question."""
    titles = {
        "means_or_medians": "Welch's t on means, or a median's exact bounds: wrong decisions at the margin",
        "pairs_or_window": "Disjoint pairs, or the fullest window: decisions on all are equal",
        "geometric_mean": "A geometric mean, or a count of networks: decisions on all reach zero",
    }
    lines = []
    for name, rows in weighed.items():
        body = [[f"{v:.1%}" if "_" in k else str(v) for k, v in row.items()] for row in rows]
        head = [key.replace("_", " ") for key in rows[0]]
        lines += [f"## {titles[name]}", "", tabulate(body, head, tablefmt=style, disable_numparse=True), ""]
    return lines


def document(content: Mapping[str, Any]) -> str:
    """Everything, as Markdown."""
    scenarios = content["scenarios"]
    lines = [
        "# How often each rule is wrong",
        "",
        "Made by `python -m benchmarks.error_rates`. Every row is a population whose truth is known, at the",
        "edge of the claim's region or far from it. Every cell says how often the wrong decision came, and",
        "how often the right one, at that number of networks in the fixed design, or in looks. Far from the",
        "edge the second is the rule's power. The limit is alpha and three Monte Carlo standard errors.",
        "",
        claims_table(scenarios, "github"),
        "",
        *_whole(scenarios),
        "# Rules that were weighed",
        "",
        *alternatives_tables(content["alternatives"]),
    ]
    return "\n".join(lines).rstrip() + "\n"
