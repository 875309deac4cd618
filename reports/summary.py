"""The end of a run on the terminal: the table, the answer, what contradicts the paper, what stays open."""

from __future__ import annotations

import os
import shlex
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from claims.catalogue.experiments import PROTOCOLS
from claims.core.change import Change
from claims.core.verdict import Outcome
from reports import files
from reports.answer import Standing, answer, contradictions, listed
from reports.earlier import UNSEALED, Baseline
from reports.formats import STYLES, count, design, plural, sizes
from reports.layout import Line, plain, wrapped
from reports.records import Report, Row
from reports.rendering import rendered
from reports.table import FELL, table

__all__ = ["Ended", "caption", "changes", "counts", "ending", "outlook", "show"]

_MOST = 15
"""Lines from the end of the table to pytest's own last one, where a terminal has 80 columns."""


@dataclass(frozen=True, slots=True)
class Ended:
    """The report as written, and where; `problem` says why it could not be, `notes` what else went wrong,
    `earlier` is what --baseline named; `page` is where the page was built, `page_problem` why it was not."""

    report: Report
    folder: Path
    problem: str | None = None
    notes: tuple[str, ...] = ()
    earlier: Baseline | None = None
    page: Path | None = None
    page_problem: str = ""


def show(terminal: pytest.TerminalReporter, ended: Ended) -> None:
    """The table between how to read it and the answer; with -qq the counts only."""
    report, about = ended.report, ended.report.provenance
    width = terminal.config.get_terminal_writer().fullwidth
    verbosity = terminal.config.get_verbosity()
    brief = verbosity <= -2
    counted = counts(report.verdicts, len(about.errors), len(about.skipped))
    if not brief:
        terminal.write_sep("=", "verdicts")
        _write(terminal, [counted, *caption(report, width)])
        _write(terminal, table(report.verdicts, width, reasons=verbosity > 0))
        if ended.earlier:
            _write(terminal, [[], *changes(report.verdicts, ended.earlier, width)])
    notes = _notes(ended, brief)
    taken = sum(-(-len(plain(line)) // width) for line in notes)
    end = [counted] if brief else ending(report, width, _MOST - taken)
    _write(terminal, [[]] if not brief and len(end) < _MOST - taken else [])
    _write(terminal, end)
    _write(terminal, notes)


def _notes(ended: Ended, brief: bool) -> list[Line]:
    """What went wrong, what is not in the report, and where it lies; the terminal wraps them, so that a path
    can be copied."""
    about = ended.report.provenance
    partial = f"partial report: {about.interrupted}" if about.interrupted else ""
    part = f"a part of the whole: {about.selection}" if about.selection else ""
    names = [*([ended.page.name] if ended.page else []), *files.NAMES]
    written = "" if ended.problem or brief else f"{', '.join(names)} in {_shortest(ended.folder)}"
    yellow, red = {"yellow": True}, {"red": True}
    texts = [(text, yellow) for text in (partial, part, *ended.notes)]
    texts += [(text, red) for text in (ended.problem or "", ended.page_problem)]
    return [[(text, markup)] for text, markup in [*texts, (written, {})] if text]


def _write(terminal: pytest.TerminalReporter, lines: Iterable[Line]) -> None:
    for line in lines:
        for text, markup in line:
            terminal.write(text, **markup)
        terminal.write_line("")


def _shortest(folder: Path) -> str:
    """Relative to here where that is shorter, so that the line fits and can be pasted."""
    try:
        return min(str(folder), os.path.relpath(folder), key=len)
    except ValueError:  # another drive
        return str(folder)


def counts(rows: Sequence[Row], errors: int = 0, skipped: int = 0) -> Line:
    """`14 verdicts: 3 supported, 8 refuted, 3 inconclusive; 1 error, 2 skipped`."""
    line: Line = [(f"{plural(len(rows), 'verdict')}: ", {"bold": True})]
    for i, (outcome, number) in enumerate(count(rows).items()):
        line += [(", " if i else "", {}), (f"{number} {outcome}", STYLES[outcome].markup)]
    parts = [plural(errors, "error")] if errors else []
    parts += [f"{skipped} skipped"] if skipped else []
    return [*line, ("; " + ", ".join(parts), {})] if parts else line


def caption(report: Report, width: int) -> list[Line]:
    """What stands above the table: the design, the data, and how rows are counted together."""
    options = report.provenance.options
    text = rendered(
        "caption.txt",
        of=report.multiplicity,
        star=FELL,
        design=design(options),
        sizes=sizes(options),
        note=answer(report).note,
    )
    return [line for paragraph in text.splitlines() for line in wrapped(paragraph, width)]


def ending(report: Report, width: int, most: int) -> list[Line]:
    """The answer, the disagreements with the paper, what holds verdicts open, and the command to run next.

    Where that takes more than so many lines, claims are counted rather than named: first those that do not
    apply, then the open ones, and so on.
    """
    heads = outlook(report).items()
    rest = [line for head, text in heads for line in _led(f"{head}: {text}" if text else head, width)]
    named = list(Standing)
    while True:
        said = [clause.naming(*named) for clause in answer(report).clauses]
        found = [line for text in said for line in _led(text, width)]
        if not named or len(found) + len(rest) <= most:
            return [*found, *rest]
        named.pop()


def outlook(report: Report) -> dict[str, str]:
    """What contradicts the paper, what holds verdicts open, the command to run next, each under its head."""
    rows = report.verdicts
    protocols = [name for name in PROTOCOLS if any(row.protocol == name for row in rows)]
    found = {"Against the paper": f"{listed(contradictions(rows), protocols) or 'nothing'}."}
    if causes := _causes(rows):
        head, _, named = causes.partition(": ")
        found[head] = named
    if command := _next(report):
        found["Next"] = command
    return found


def _led(text: str, width: int) -> Iterator[Line]:
    """In lines that fit, with what stands before the colon in bold."""
    for i, line in enumerate(wrapped(text, width, indent=2)):
        head, colon, rest = line[0][0].partition(":")
        yield [(head + colon, {"bold": True}), (rest, {})] if colon and not i else line


def _causes(rows: Sequence[Row]) -> str:
    """`84 open: no second leg 58, too few networks 4`: what holds them open, the commonest first."""
    held = [row.open for row in rows if row.outcome is Outcome.INCONCLUSIVE]
    causes = Counter(str(of.cause) for of in held if of)
    commonest = causes.most_common(3)
    if rest := causes.total() - sum(number for _, number in commonest):
        commonest.append(("other", rest))
    named = ", ".join(f"{cause} {number}" for cause, number in commonest)
    return f"{len(held)} open" + (f": {named}" if named else "") if held else ""


def _next(report: Report) -> str:
    """This run's command with the options that would decide most of what is open, and for how many."""
    remedies = Counter(row.open.remedy for row in report.verdicts if row.open and row.open.remedy)
    if not remedies:
        return ""
    remedy, number = remedies.most_common(1)[0]
    spent = {run.key: run.seconds or 0.0 for run in report.provenance.experiments}
    costs: dict[str, float] = {}  # of what verdicts share, once
    for row in report.verdicts:
        if row.open and row.open.remedy == remedy:
            costs |= dict(row.open.costs)
            if row.open.times:
                costs |= {key: row.open.times * spent.get(key, 0.0) for key in row.experiments}
    seconds = sum(costs.values())
    arguments = report.provenance.options.arguments or ("claims/",)
    cost = f", {max(1, round(seconds / 60))}+ core min" if seconds else ""
    return f"{shlex.join(['python', '-m', 'pytest', *arguments])} {remedy}  # for {number}{cost}"


def changes(rows: Sequence[Row], earlier: Baseline, width: int) -> Iterator[Line]:
    """One line for each outcome that differs from the baseline's, after one that counts them and what was not
    compared: verdicts of another rule, and those that the baseline does not have."""
    moved = [(row, pair) for row in rows if (pair := earlier.moved(row))]
    rules = sum(earlier.change(row) is Change.RULE for row in rows)
    new = earlier.missing(rows)
    parts = [f"{rules} judged by another rule"] if rules else []
    parts += [f"{new} of {len(rows)} not in it"] if new else []
    parts += [] if earlier.sealed else [f"it {UNSEALED}"]
    text = f"changed since the baseline: {len(moved) or 'none'}"
    yield from wrapped(f"{text} ({', '.join(parts)})" if parts else text, width, {"bold": True})
    for row, (before, now) in moved:
        yield from wrapped(f"  {row.claim} [{row.setting}] {before} -> {now}", width)
