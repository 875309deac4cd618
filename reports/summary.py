"""The end of a run on the terminal: table, what survives, design, the paper beside us, what changed."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from claims.core.verdict import Outcome
from reports import files, table
from reports.changes import Baseline, Change
from reports.formats import STYLES, count, design, plural, sizes
from reports.layout import Line, grouped, wrapped
from reports.records import Multiplicity, Options, Report, Row

__all__ = ["Ended", "changes", "counts", "designed", "measured", "readings", "show", "survivors"]


@dataclass(frozen=True, slots=True)
class Ended:
    """The report as written, and where; `problem` says why it could not be, `notes` what else went wrong,
    `earlier` is what --baseline named."""

    report: Report
    folder: Path
    problem: str | None = None
    notes: tuple[str, ...] = ()
    earlier: Baseline | None = None


def show(terminal: pytest.TerminalReporter, ended: Ended) -> None:
    """The table and its summary; with -qq the counts only."""
    report, about = ended.report, ended.report.provenance
    width = terminal.config.get_terminal_writer().fullwidth
    brief = terminal.config.get_verbosity() <= -2
    if not brief:
        terminal.write_sep("=", "verdicts")
        _write(terminal, table.lines(report.verdicts, width))
        terminal.write_line("")
        _write(terminal, survivors(report.multiplicity, width))
        _write(terminal, designed(about.options, width))
        terminal.write_line("")
        _write(terminal, readings(report.verdicts, width))
        terminal.write_line("")
        if ended.earlier:
            _write(terminal, changes(report.verdicts, ended.earlier, width))
    _write(terminal, [counts(report.verdicts, len(about.errors), len(about.skipped))])
    if about.interrupted:
        terminal.write_line(f"partial report: {about.interrupted}", yellow=True)
    for note in ended.notes:
        terminal.write_line(note, yellow=True)
    if ended.problem:
        terminal.write_line(ended.problem, red=True)
    elif not brief:
        terminal.write_line(f"{', '.join(files.NAMES)} in {_shortest(ended.folder)}")


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


def survivors(of: Multiplicity, width: int) -> list[Line]:
    """What the star in the table means and how many rows have it; nothing where no row could have it."""
    left = of.decided - of.surviving_bh
    if not of.decided:
        return []
    text = (
        f"{of.decided} decided of {of.rows} rows with a p-value, counted together: "
        f"{of.surviving_bh} survive Benjamini-Hochberg at {of.alpha:g}, {of.surviving_holm} Holm"
    )
    return wrapped(f"{text}; * {left} {'does' if left == 1 else 'do'} not survive" if left else text, width)


def designed(options: Options, width: int) -> list[Line]:
    """How many networks the run was to judge, how its error rate was spent, and what the scale trains on."""
    return [line for text in (design(options), sizes(options)) for line in wrapped(text, width)]


def readings(rows: Sequence[Row], width: int) -> Iterator[Line]:
    """For each claim the paper's own reading and ours, `E1 paper says yes, we measured: he refuted`."""
    for _, claims in grouped(rows, lambda row: row):
        for claim, ours in claims:
            parts = []
            for name, outcomes in measured(ours).items():
                several = len(outcomes) > 1
                said = [f"{n} {outcome}" if several else str(outcome) for outcome, n in outcomes.items()]
                parts.append(f"{name} {' and '.join(said)}")
            yield from wrapped(f"{claim} paper says {ours[0].paper}, we measured: {', '.join(parts)}", width)


def measured(rows: Sequence[Row]) -> dict[str, dict[Outcome, int]]:
    """Number of outcomes by protocol, by data set where nothing trains."""
    names = dict.fromkeys(row.protocol or row.dataset for row in rows)
    return {name: count(r for r in rows if (r.protocol or r.dataset) == name) for name in names}


def changes(rows: Sequence[Row], earlier: Baseline, width: int) -> Iterator[Line]:
    """One line for each outcome that differs from the baseline's, after one that counts them and what was not
    compared: verdicts of another rule, and those that the baseline does not have."""
    moved = [(row, pair) for row in rows if (pair := earlier.moved(row))]
    rules = sum(earlier.change(row) is Change.RULE for row in rows)
    new = len(earlier.missing(rows))
    parts = [f"{rules} judged by another rule"] if rules else []
    parts += [f"{new} of {len(rows)} not in it"] if new else []
    text = f"changed since the baseline: {len(moved) or 'none'}"
    yield from wrapped(f"{text} ({', '.join(parts)})" if parts else text, width, {"bold": True})
    for row, (before, now) in moved:
        yield from wrapped(f"  {row.claim} [{row.setting}] {before} -> {now}", width)
