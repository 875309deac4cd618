"""What the page says about each claim, as data for the templates: no markup, nothing escaped yet."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from claims.catalogue import CATALOGUE
from reports.estimates import counted, estimate, number, p_value
from reports.figures.forest import Forest, forest
from reports.figures.paper import PAPER, figures_of
from reports.multiplicity import fell
from reports.outcomes import count
from reports.page import commands
from reports.page.controls import Controls
from reports.table import SECTIONS, section

__all__ = ["Prerequisite", "Reading", "Row", "Section", "anchor", "rows", "sections"]

Verdicts = Sequence[dict[str, Any]]


def anchor(text: str) -> str:
    """An id for the page: letters, digits, dots, hyphens and underscores only."""
    return re.sub(r"[^A-Za-z0-9_.-]+", "-", text) or "-"


@dataclass(frozen=True, slots=True)
class Row:
    """One verdict, with its numbers as text.

    Attributes:
        n: with what it counts, and the look.
        p, bh, holm: its p-value, and both of it adjusted for all rows; "" where it has none.
        fell: whether it is decided and does not survive the correction.
    """

    verdict: dict[str, Any]
    anchor: str
    claim_anchor: str
    estimate: str
    n: str
    p: str
    bh: str
    holm: str
    fell: bool
    section: str
    experiments: list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Prerequisite:
    """A hypothesis that a claim needs, with its verdicts on the claim's data."""

    claim: str
    statement: str
    anchor: str
    verdicts: list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Reading:
    """Our outcomes under one protocol, or on one data set where nothing trains."""

    name: str
    outcomes: dict[str, int]


@dataclass(frozen=True, slots=True)
class Section:
    """One claim."""

    id: str
    anchor: str
    title: str
    first: dict[str, Any]
    rules: list[str]
    cites: list[str]
    margin: str
    rows: list[Row]
    readings: list[Reading]
    forest: Forest | None
    prerequisites: list[Prerequisite]
    controls: str
    controls_failed: bool
    figures: list[int]
    again: str
    seconds: float


def rows(report: dict[str, Any]) -> list[Row]:
    """Every verdict, in the report's order."""
    runs = {run["key"]: run for run in report["provenance"]["experiments"]}
    found: list[Row] = []
    taken: set[str] = set()
    for verdict in report["verdicts"]:
        name = anchor(f"{verdict['claim']}-{verdict['setting']}")
        while name in taken:
            name += "-2"
        taken.add(name)
        experiments = [runs[key] for key in verdict.get("experiments", ()) if key in runs]
        p, bh, holm = (p_value(verdict[name]) for name in ("p_value", "p_bh", "p_holm"))
        found.append(
            Row(
                verdict,
                name,
                anchor(verdict["claim"]),
                estimate(verdict),
                counted(verdict),
                *(p, bh, holm, fell(verdict), section(verdict), experiments),
            )
        )
    return found


def sections(report: dict[str, Any], controls: Controls) -> list[tuple[str, list[Section]]]:
    """The claims by part of the paper."""
    order = list(SECTIONS.values())
    found = [
        _section(list(group), report, controls)
        for _, group in groupby(rows(report), key=lambda row: row.verdict["claim"])
    ]
    titles = sorted(
        dict.fromkeys(s.title for s in found), key=lambda t: order.index(t) if t in order else len(order)
    )
    return [(title, [s for s in found if s.title == title]) for title in titles]


def _section(group: list[Row], report: dict[str, Any], controls: Controls) -> Section:
    verdicts = [row.verdict for row in group]
    first, about = verdicts[0], report["provenance"]
    durations = about["durations"]["tests"]
    return Section(
        id=first["claim"],
        anchor=group[0].claim_anchor,
        title=group[0].section,
        first=first,
        rules=_each(verdicts, "rule"),
        cites=_each(verdicts, "cites"),
        margin="" if first["margin"] is None else number(first["margin"]),
        rows=group,
        readings=_readings(verdicts),
        forest=forest(verdicts),
        prerequisites=_prerequisites(verdicts, report["verdicts"]),
        controls=controls.of(first["claim"]),
        controls_failed=controls.failed(first["claim"]),
        figures=[n for n in figures_of(first["place"]) if any(n == figure.number for figure in PAPER)],
        again=commands.again(verdicts, about),
        seconds=sum(durations.get(test, 0.0) for test in {v["nodeid"] for v in verdicts}),
    )


def _each(verdicts: Verdicts, field: str) -> list[str]:
    """What these verdicts say in this field, each text once."""
    return list(dict.fromkeys(v[field] for v in verdicts if v[field]))


def _readings(verdicts: Verdicts) -> list[Reading]:
    names = list(dict.fromkeys(v["protocol"] or v["dataset"] for v in verdicts))
    return [
        Reading(name, count([v["outcome"] for v in verdicts if name == (v["protocol"] or v["dataset"])]))
        for name in names
    ]


def _prerequisites(verdicts: Verdicts, everything: Verdicts) -> list[Prerequisite]:
    """Each hypothesis on the claim's data: on its own variant where that was judged, else on the raw data."""
    claim = CATALOGUE.get(verdicts[0]["claim"])
    found = []
    for id in claim.prerequisites if claim else ():
        hypothesis = [v for v in everything if v["claim"] == id]
        chosen: dict[str, str] = {}
        for verdict in verdicts:
            same_data = [v for v in hypothesis if v["dataset"] == verdict["dataset"]]
            exact = [v for v in same_data if f"{verdict['setting']}-".startswith(f"{v['setting']}-")]
            raw = [v for v in same_data if v["setting"] == f"{verdict['dataset']}-raw"]
            chosen |= {v["setting"]: v["outcome"] for v in exact or raw or same_data}
        found.append(Prerequisite(id, CATALOGUE[id].statement, anchor(id), list(chosen.items())))
    return found
