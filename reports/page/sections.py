"""What the page says: the answer in a sentence, each claim with its rows, commands to paste; no markup."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from msgspec.structs import replace

from claims.catalogue import CATALOGUE
from claims.catalogue.figures import PAPER
from claims.core.origin import TrainedRun
from claims.core.verdict import Outcome
from claims.harness.launch.command_line import OPTIONS
from reports.formats import number
from reports.layout import SECTIONS, grouped
from reports.multiplicity import decided, stands
from reports.page import anchor
from reports.records import Controls, Options, Provenance, Report, Row
from reports.summary import measured

__all__ = [
    "QUESTION",
    "PageRow",
    "Prerequisite",
    "Section",
    "again",
    "answer",
    "reproduce",
    "rows",
    "sections",
]


Forest = Callable[[Sequence[Row], str], str]
"""Draws a claim's verdicts as an SVG of that name."""


@dataclass(frozen=True, slots=True)
class PageRow:
    """One verdict, its place on the page, and the runs behind it."""

    verdict: Row
    anchor: str
    experiments: list[TrainedRun]


@dataclass(frozen=True, slots=True)
class Prerequisite:
    """A hypothesis that a claim needs, with its outcomes by setting on the claim's data."""

    claim: str
    statement: str
    anchor: str
    verdicts: dict[str, Outcome]


@dataclass(frozen=True, slots=True)
class Section:
    """One claim."""

    id: str
    anchor: str
    first: Row
    rules: list[str]
    cites: list[str]
    margin: str
    rows: list[PageRow]
    readings: dict[str, dict[Outcome, int]]
    forest: str
    prerequisites: list[Prerequisite]
    controls: str
    controls_failed: bool
    figures: list[int]
    again: str
    seconds: float


def rows(report: Report) -> list[PageRow]:
    """Every verdict, in the report's order."""
    runs = {run.key: run for run in report.provenance.experiments}
    found: list[PageRow] = []
    taken: set[str] = set()
    for row in report.verdicts:
        name = anchor(f"{row.claim}-{row.setting}")
        while name in taken:
            name += "-2"
        taken.add(name)
        found.append(PageRow(row, name, [runs[key] for key in row.experiments if key in runs]))
    return found


def sections(report: Report, controls: Controls | str, forest: Forest) -> list[tuple[str, list[Section]]]:
    """The claims by part of the paper."""
    order = list(SECTIONS.values())
    found: dict[str, list[Section]] = {}
    for title, claims in grouped(rows(report), lambda row: row.verdict):
        found.setdefault(title, []).extend(_section(same, report, controls, forest) for _, same in claims)
    return sorted(found.items(), key=lambda pair: order.index(pair[0]) if pair[0] in order else len(order))


def _section(group: list[PageRow], report: Report, controls: Controls | str, forest: Forest) -> Section:
    verdicts = [row.verdict for row in group]
    first, about = verdicts[0], report.provenance
    said, failed = _controls(first.claim, controls)
    return Section(
        id=first.claim,
        anchor=anchor(first.claim),
        first=first,
        rules=list(dict.fromkeys(row.rule for row in verdicts if row.rule)),
        cites=list(dict.fromkeys(row.cites for row in verdicts if row.cites)),
        margin="" if first.margin is None else number(first.margin),
        rows=group,
        readings=measured(verdicts),
        forest=forest(verdicts, f"{anchor(first.claim)}-forest"),
        prerequisites=_prerequisites(verdicts, report.verdicts),
        controls=said,
        controls_failed=failed,
        figures=[number for number in first.figures if any(number == figure.number for figure in PAPER)],
        again=again(verdicts, about),
        seconds=sum(about.durations.tests.get(test, 0.0) for test in {row.nodeid for row in verdicts}),
    )


def _prerequisites(verdicts: Sequence[Row], everything: Sequence[Row]) -> list[Prerequisite]:
    """Each hypothesis on the claim's data: on its own variant where that was judged, else on the raw data."""
    claim = CATALOGUE.get(verdicts[0].claim)
    found = []
    for id in claim.prerequisites if claim else ():
        chosen: dict[str, Outcome] = {}
        for row in verdicts:
            same_data = [v for v in everything if v.claim == id and v.dataset == row.dataset]
            exact = [v for v in same_data if f"{row.setting}-".startswith(f"{v.setting}-")]
            raw = [v for v in same_data if v.setting == f"{row.dataset}-raw"]
            chosen |= {v.setting: v.outcome for v in exact or raw or same_data}
        found.append(Prerequisite(id, CATALOGUE[id].statement, anchor(id), chosen))
    return found


COMMAND = "python -m pytest tests/claims -k controls"


def _controls(claim: str, found: Controls | str) -> tuple[str, bool]:
    """A sentence on the claim's planted controls, and whether one came out wrong: then its verdicts mean
    nothing."""
    if isinstance(found, str):
        return f"{found}, run them again: {COMMAND}", False
    mine = [control for control in found.controls if control.claim == claim]
    if not mine:
        return "none on record" if found.controls else f"not run here: {COMMAND}", False
    wrong = [control.test for control in mine if not control.passed]
    when = f" (finished {found.finished}" + (f", commit {found.commit[:12]})" if found.commit else ")")
    if wrong:
        return f"{len(wrong)} of {len(mine)} planted cases came out wrong: {', '.join(wrong)}{when}", True
    return f"all {len(mine)} planted cases came out as planted{when}", False


# -- the answer -----------------------------------------------------------------------

QUESTION = "Are all local minima of a neural network equivalent?"
SAYS_YES = ("yes", "assumed")
"""Readings of the paper that a supported verdict agrees with, and a refuted one contradicts."""

_WEIGHTS = {
    "he": "with He's initial weights",
    "std": "with the paper's at standard deviation i + 2",
    "var": "with the paper's at variance i + 2",
}


def answer(verdicts: Sequence[Row], alpha: float) -> str:
    """One sentence: the verdict on local minima themselves, then on what the paper says of trained networks.

    N1 asks whether every local minimum is global, which proofs decide; without it the
    trained networks' final losses (E2) speak. After that the share of the paper's
    statements that hold, for each protocol of the initial weights, on trained networks.
    A sampled verdict counts as decided only where it survives Holm's correction for all
    rows: then the chance that anything in the sentence is wrong is at most alpha.
    """
    verdicts = [replace(row, outcome=_outcome(row, alpha)) for row in verdicts]
    if not verdicts:
        return "No claim was judged in this run."
    return f"{_lead(verdicts)}; {trained}." if (trained := _trained(verdicts)) else f"{_lead(verdicts)}."


def _lead(verdicts: Sequence[Row]) -> str:
    minima = [v for v in verdicts if v.claim == "N1"]
    refuted = [v for v in minima if v.outcome == Outcome.REFUTED]
    if refuted:
        strengths = {"proof": "proved", "exact at points": "shown exactly", "certificate": "certified"}
        how = " and ".join(dict.fromkeys(strengths.get(v.strength, "measured") for v in refuted))
        on = _list(sorted({v.dataset for v in refuted}))
        return f"No: ReLU networks have local minima that are not global ({how} on {on}, claim N1)"
    if minima and all(v.outcome == Outcome.SUPPORTED for v in minima):
        return "Yes, as far as claim N1 was judged: every local minimum examined is global"
    equal = [v.outcome for v in verdicts if v.claim == "E2"]
    if Outcome.REFUTED in equal:
        return "Not in these runs: trained networks end at different losses (claim E2)"
    if equal and set(equal) == {Outcome.SUPPORTED}:
        return (
            "In these runs trained networks end at equal losses (claim E2), which does not settle the theory"
        )
    if equal:
        return "Open: whether trained networks end at equal losses stays undecided (claim E2)"
    return f"Open: this run judged {_list(sorted({v.claim for v in verdicts}))} only"


def _trained(verdicts: Sequence[Row]) -> str:
    said = []
    for protocol in dict.fromkeys([*_WEIGHTS, *sorted({v.protocol for v in verdicts} - {""})]):
        words = _WEIGHTS.get(protocol, f"under {protocol}")
        ours = [v.outcome for v in verdicts if v.protocol == protocol and v.paper in SAYS_YES]
        if ours:
            held, fell = ours.count(Outcome.SUPPORTED), ours.count(Outcome.REFUTED)
            left = len(ours) - held - fell
            said.append(f"{held} hold, {fell} fail and {left} stay open {words}")
    if not said:
        return ""
    rows = sum(v.p_holm is not None for v in verdicts)
    rule = f" (decided is what survives Holm's correction for all {rows} sampled rows)" if rows else ""
    return f"of the paper's statements about trained networks{rule}, {'; '.join(said)}"


def _outcome(row: Row, alpha: float) -> Outcome:
    """What the headline takes a verdict for: open where it would not survive Holm's correction."""
    return row.outcome if not decided(row) or stands(row, alpha) else Outcome.INCONCLUSIVE


def _list(words: Sequence[str]) -> str:
    return " and ".join([", ".join(words[:-1]), words[-1]]) if len(words) > 1 else words[0]


# -- commands -------------------------------------------------------------------------


def again(rows: Sequence[Row], about: Provenance) -> str:
    """The command that judges just these verdicts again, with this run's options.

    Whole test functions where all of their tests in this run belong to these verdicts, else the
    tests one by one.
    """
    mine = list(dict.fromkeys(row.nodeid for row in rows))
    by_function: dict[str, list[str]] = {}
    for test in mine:
        by_function.setdefault(test.partition("[")[0], []).append(test)
    everything = about.durations.tests
    chosen: list[str] = []
    for function, tests in by_function.items():
        others = [test for test in everything if test.partition("[")[0] == function and test not in tests]
        chosen += tests if others else [function]
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
