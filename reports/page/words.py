"""What the page says: each claim's rows and needs, commands to paste; no markup."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass

from claims.catalogue import CATALOGUE
from claims.catalogue.order import SECTIONS
from claims.core.origin import TrainedRun
from claims.core.verdict import Outcome
from claims.harness.launch.command_line import OPTIONS
from reports.answer import OTHER, Clause
from reports.formats import STYLES
from reports.layout import grouped
from reports.records import Options, Provenance, Report, Row
from reports.rendering import anchor

__all__ = [
    "again",
    "datasets",
    "evidence",
    "judged",
    "placed",
    "prerequisites",
    "reproduce",
    "sections",
    "topic",
]


@dataclass(frozen=True, slots=True)
class PageRow:
    """One verdict, its place on the page, and the runs behind it."""

    verdict: Row
    anchor: str
    experiments: list[TrainedRun]


def placed(report: Report) -> list[PageRow]:
    """Every verdict, in the report's order."""
    runs = {run.key: run for run in report.provenance.experiments}
    found: dict[str, PageRow] = {}
    for row in report.verdicts:
        name = anchor(f"{row.claim}-{row.setting}")
        while name in found:
            name += "-2"
        found[name] = PageRow(row, name, [runs[key] for key in row.experiments if key in runs])
    return list(found.values())


def sections(rows: Sequence[PageRow]) -> list[tuple[str, list[tuple[str, list[PageRow]]]]]:
    """(part of the paper, [(claim, its rows), ...]), the parts in the paper's order."""
    order = list(SECTIONS.values())
    found: dict[str, list[tuple[str, list[PageRow]]]] = {}
    for title, claims in grouped(rows, lambda row: row.verdict):
        found.setdefault(title, []).extend(claims)
    return sorted(found.items(), key=lambda part: order.index(part[0]) if part[0] in order else len(order))


def judged(verdicts: Sequence[Row]) -> dict[Outcome, tuple[list[str], list[str]]]:
    """Each outcome of a claim: where, "500 (std, var)", or "500" where all of it came out so; how, where no
    network was drawn for it."""
    groups: dict[str, list[tuple[str, Row]]] = {}
    trained, one = any(row.protocol for row in verdicts), len({row.dataset for row in verdicts}) == 1
    for row in verdicts:
        name = row.setting.removeprefix(f"{row.dataset}-" if one or not trained else "")
        group, member = (
            (name.removesuffix(f"-{row.protocol}"), row.protocol) if trained else (row.dataset, name)
        )
        groups.setdefault(group, []).append((member, row))
    found: dict[Outcome, tuple[list[str], list[str]]] = {}
    for outcome in STYLES:
        same = {name: [member for member, row in of if row.outcome is outcome] for name, of in groups.items()}
        where = [
            name if members in (list(dict(groups[name])), [name]) else f"{name} ({', '.join(members)})"
            for name, members in same.items()
            if members
        ]
        if trained and where and all(members == next(iter(same.values())) for members in same.values()):
            where = next(iter(same.values()))
        known = [
            row.strength for row in verdicts if row.outcome is outcome and row.decided and not row.sampled
        ]
        if where:
            found[outcome] = where, list(dict.fromkeys(map(str, known)))
    return found


def topic(claim: str) -> str:
    """The part of the answer that a claim belongs to."""
    of = CATALOGUE.get(claim)
    return (of and of.topic) or OTHER


def evidence(clause: Clause) -> str:
    """The claim to look at first: the question itself where it was asked, else the first that is decided."""
    decided = sorted(clause.members, key=lambda member: not member.protocols)
    central = [member for member in clause.members if (of := CATALOGUE.get(member.claim)) and of.central]
    return (central or decided)[0].claim


def datasets(about: Provenance) -> list[str]:
    """The data sets; the planted ones together."""
    real = [name for name in about.data if not name.startswith("synthetic")]
    return [*real, "planted sets"] if len(real) < len(about.data) else real


def prerequisites(verdicts: Sequence[Row], everything: Sequence[Row]) -> dict[str, dict[str, Outcome]]:
    """Hypothesis that the claim of these verdicts needs -> its outcomes by setting on the claim's data.

    On its own variant of the data where that was judged, else on the raw data.
    """
    claim = CATALOGUE.get(verdicts[0].claim)
    found: dict[str, dict[str, Outcome]] = {}
    for id in claim.prerequisites if claim else ():
        chosen = found.setdefault(id, {})
        for row in verdicts:
            same_data = [v for v in everything if v.claim == id and v.dataset == row.dataset]
            exact = [v for v in same_data if f"{row.setting}-".startswith(f"{v.setting}-")]
            raw = [v for v in same_data if v.setting == f"{row.dataset}-raw"]
            chosen |= {v.setting: v.outcome for v in exact or raw or same_data}
    return found


# -- commands -------------------------------------------------------------------------


def again(rows: Sequence[Row], about: Provenance) -> str:
    """The command that judges just these verdicts again, with this run's options.

    Whole test functions where all of their tests in this run belong to these verdicts, else the
    tests one by one.
    """
    mine: dict[str, list[str]] = {}
    for test in dict.fromkeys(row.nodeid for row in rows):
        mine.setdefault(test.partition("[")[0], []).append(test)
    chosen: list[str] = []
    for function, tests in mine.items():
        all_of_it = {test for test in about.durations.tests if test.partition("[")[0] == function}
        chosen += [function] if all_of_it <= set(tests) else tests
    return shlex.join(["python", "-m", "pytest", *chosen, *_options(about.options)])


_NOT_REPEATED = ("claims", "refresh")
"""The command names the tests itself, and reads what the store has."""


def _options(options: Options) -> list[str]:
    """Those that decide what is judged and how, where they are not the defaults."""
    found: list[str] = []
    for one in OPTIONS:
        value = getattr(options, one.name, one.default)
        if one.name in _NOT_REPEATED or value is None or value in ((), one.default):
            continue
        found += [one.flag]
        if value is not True:
            found += [",".join(value) if isinstance(value, tuple) else str(value)]
    return found


def reproduce(about: Provenance) -> list[str]:
    """The commands that make the whole report again, one a line."""
    checkout = [shlex.join(["git", "checkout", about.commit])] if about.commit else []
    return [
        *checkout,
        "python -m pip install -e .",
        shlex.join(["python", "-m", "pytest", *about.options.arguments]),
    ]
