"""The end of a run on the terminal: the verdict table for its width, what survives, design, what changed."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from claims.core.change import Change
from claims.core.verdict import Outcome
from reports import files, layout
from reports.earlier import Baseline
from reports.formats import STYLES, count, counted, design, estimate, p_value, plural, sizes
from reports.layout import Cells, Line, clip, wrapped
from reports.records import Report, Row
from reports.rendering import rendered

__all__ = ["Ended", "below", "changes", "counts", "measured", "show", "table"]


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
    """The table and its summary; with -qq the counts only."""
    report, about = ended.report, ended.report.provenance
    width = terminal.config.get_terminal_writer().fullwidth
    brief = terminal.config.get_verbosity() <= -2
    if not brief:
        terminal.write_sep("=", "verdicts")
        _write(terminal, [*table(report.verdicts, width), [], *below(report, width), []])
        if ended.earlier:
            _write(terminal, changes(report.verdicts, ended.earlier, width))
    _write(terminal, [counts(report.verdicts, len(about.errors), len(about.skipped))])
    partial = f"partial report: {about.interrupted}" if about.interrupted else ""
    for text in filter(None, (partial, *ended.notes)):
        terminal.write_line(text, yellow=True)
    written = "" if ended.problem or brief else f"{', '.join(files.NAMES)} in {_shortest(ended.folder)}"
    page = f"{ended.page.name} beside them, for a browser" if ended.page and not brief else ""
    for problem, text in ((ended.problem, written), (ended.page_problem, page)):
        if problem or text:
            terminal.write_line(problem or text, red=bool(problem))


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


def below(report: Report, width: int) -> list[Line]:
    """What follows the table: what its star means, if a row could have one; the design; the paper and we."""
    options = report.provenance.options
    text = rendered(
        "summary.txt",
        of=report.multiplicity,
        design=design(options),
        sizes=sizes(options),
        sections=layout.grouped(report.verdicts, lambda row: row),
        measured=measured,
    )
    return [line for paragraph in text.splitlines() for line in wrapped(paragraph, width) or [[]]]


def measured(rows: Sequence[Row]) -> dict[str, dict[Outcome, int]]:
    """Number of outcomes by protocol, by data set where nothing trains."""
    names = dict.fromkeys(row.protocol or row.dataset for row in rows)
    return {name: count(r for r in rows if (r.protocol or r.dataset) == name) for name in names}


def changes(rows: Sequence[Row], earlier: Baseline, width: int) -> Iterator[Line]:
    """One line for each outcome that differs from the baseline's, after one that counts them and what was not
    compared: verdicts of another rule, and those that the baseline does not have."""
    moved = [(row, pair) for row in rows if (pair := earlier.moved(row))]
    rules = sum(earlier.change(row) is Change.RULE for row in rows)
    new = earlier.missing(rows)
    parts = [f"{rules} judged by another rule"] if rules else []
    parts += [f"{new} of {len(rows)} not in it"] if new else []
    text = f"changed since the baseline: {len(moved) or 'none'}"
    yield from wrapped(f"{text} ({', '.join(parts)})" if parts else text, width, {"bold": True})
    for row, (before, now) in moved:
        yield from wrapped(f"  {row.claim} [{row.setting}] {before} -> {now}", width)


# -- the table ------------------------------------------------------------------------

_SHORT = {
    "not applicable": "n/a",
    "statistical": "stat.",
    "certificate": "cert.",
    "exact at points": "exact",
}
_FELL = "*"
"""After a verdict that does not survive the correction for all rows; `survivors` says so below."""

_WIDE_FROM, _WHY_FROM, _SETTING_LEAST, _FAILED_MOST = 100, 24, 12, 32


@dataclass(frozen=True, slots=True)
class _Style:
    """One way to shorten the rows; the widest that fits is taken."""

    digits: int
    words: dict[str, str]

    p: bool = False
    """Whether there is a column of p-values."""
    units: bool = False
    """Whether n says what it counts."""
    claim: bool = False
    """Whether each row repeats its claim, which stands above its rows."""


_WIDE = (
    _Style(3, {}, p=True, units=True, claim=True),
    _Style(3, {}, p=True, claim=True),
    _Style(3, _SHORT, p=True, claim=True),
    _Style(2, _SHORT, p=True, claim=True),
    _Style(2, _SHORT, p=True),
)
_NARROW = (
    _Style(3, {}, p=True),
    _Style(3, _SHORT, p=True),
    _Style(3, {}),
    _Style(3, _SHORT),
    _Style(2, _SHORT, p=True),
    _Style(2, _SHORT),
)
"""On a narrow terminal p-values come last: shown only where no number and no setting is shorter for them."""


def table(rows: Sequence[Row], width: int) -> list[Line]:
    """The table, every line at most `width` characters long."""
    header, *cells = _fitted(rows, width)
    found = [
        [(f"  {'  '.join(header.values()).rstrip()}", {"bold": True})],
        *layout.sectioned(
            zip(rows, cells, strict=True),
            lambda pair: pair[0],
            lambda pair: [[("  ", {}), *layout.beside(pair[1], {"verdict": STYLES[pair[0].outcome].markup})]],
            width,
        ),
    ]
    return [layout.cut(line, width) for line in found]


def _fitted(rows: Sequence[Row], width: int) -> list[Cells]:
    """Header and rows by the first style that fits, padded; where none does, settings are clipped."""
    width -= 2  # before every row
    wide = width + 2 >= _WIDE_FROM

    def laid_out(style: _Style) -> list[Cells]:
        header = {name: name for name in _cells(rows[0], style)} if rows else {"verdict": "verdict"}
        header |= {} if wide else {"strength": "how"}
        return [header, *(_cells(row, style) for row in rows)]

    cells = layout.first_that_fits(
        _WIDE if wide else _NARROW, laid_out, lambda cells: layout.breadth(cells) <= width
    )
    if rows:
        cells = layout.shrunk(cells, "setting", width, _SETTING_LEAST)
    spare = width - layout.breadth(cells) - 2
    if spare >= _WHY_FROM:
        why = ["why", *(clip(" ".join(row.reason.split()), spare) for row in rows)]
        cells = [row | {"why": reason} for row, reason in zip(cells, why, strict=True)]
    units = any(" " in row.get("n", "") for row in cells)
    return layout.padded(cells, right=() if units else ("n",))


def _cells(row: Row, style: _Style) -> Cells:
    claim = {"claim": row.claim} if style.claim else {}
    return claim | {
        "setting": " ".join(row.setting.split()),
        "verdict": style.words.get(row.outcome, row.outcome) + _FELL * row.fell,
        "estimate [interval] margin": _failed(row) or estimate(row, style.digits),
        **({"p": p_value(row.p_value)} if style.p else {}),
        "n": counted(row) if style.units else str(row.n),
        "strength": style.words.get(row.strength, row.strength),
    }


def _failed(row: Row) -> str:
    """The hypotheses that failed, where a claim is not applicable for them."""
    if row.outcome is not Outcome.NOT_APPLICABLE:
        return ""
    failed = f"{' and '.join(row.failed)} failed" if row.failed else row.reason.split(";")[0]
    return failed if row.failed else clip(failed, _FAILED_MOST)
