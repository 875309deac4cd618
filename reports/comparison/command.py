"""`python -m reports compare`: reports side by side on a terminal, as Markdown and as a page."""

from __future__ import annotations

import argparse
import shutil
import sys
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from claims.core.change import Change
from claims.harness.launch.command_line import comma_list
from reports import earlier, files, layout
from reports.comparison import Column, Comparison, Difference, gather, tally
from reports.earlier import WORDS
from reports.formats import SHORT, STYLES, estimate, plural
from reports.layout import Cells, Line, clip, printable, wrapped
from reports.records import Row
from reports.rendering import markdown as escaped
from reports.rendering import rendered
from reports.table import table

__all__ = ["FAIL_ON", "add_arguments", "run"]

FAIL_ON = ("flip", "change")
SHOWN: dict[str, set[Change]] = {
    "all": set(Change),
    "changes": set(Change) - {Change.NONE},
    "flips": {Change.FLIP},
}
"""What `--only` may name."""

_EVERY = "reports/out/*"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The reports, what to show, where to write it, and what to fail on."""
    parser.add_argument(
        "reports",
        nargs="*",
        default=[_EVERY],
        metavar="REPORT",
        help=f"Folders with a verdicts.json, or such files, in any mix (default: {_EVERY}).",
    )
    parser.add_argument(
        "--only",
        choices=SHOWN,
        default="all",
        help="Rows to show; changes are flips and changed rules, too (default: all).",
    )
    parser.add_argument("--markdown", metavar="FILE", help="Write the comparison as Markdown, too.")
    parser.add_argument("--html", metavar="FILE", help="Write the comparison as a page, too.")
    parser.add_argument(
        "--fail-on",
        type=comma_list("difference", FAIL_ON),
        default=(),
        metavar="LIST",
        help="Exit with status 1 on these, comma separated, of flip, change; a verdict whose rule changed is "
        "neither (default: none).",
    )


def run(arguments: argparse.Namespace) -> int:
    """Compare, show, write; 1 where --fail-on found something.

    Raises:
        pytest.UsageError: no report, a file that is none, nothing to compare for --fail-on,
            or a target that cannot be written.
    """
    asked, fail_on = " ".join(map(printable, arguments.reports)), ",".join(arguments.fail_on)
    found, skipped = earlier.find(arguments.reports)
    for line in skipped:
        print(line, file=sys.stderr)
    if not found:
        raise pytest.UsageError(
            f"got no report in {asked}, wanted at least one: python -m pytest claims/ -n auto writes "
            "reports/out/<backend>"
        )
    if len(found) == 1 and fail_on:
        raise pytest.UsageError(
            f"got one report in {asked} with --fail-on {fail_on}, wanted at least two: "
            "name another one to compare it with"
        )
    comparison = gather(found)
    rows = [row for row in comparison.rows if row.change in SHOWN[arguments.only]]
    width = shutil.get_terminal_size((80, 24)).columns
    alone = len(comparison.columns) == 1
    layout.write(_alone(comparison, width) if alone else _lines(comparison, rows, width), sys.stdout)
    for target, name in ((arguments.markdown, "comparison.md"), (arguments.html, "comparison.html")):
        if target:
            _write(Path(target), _rendered(name, comparison, rows))
    number = tally(comparison.rows)
    failed = [plural(number[kind], kind) for kind in arguments.fail_on if number[kind]]
    if failed:
        sys.stdout.flush()
        print(f"failed: {', '.join(failed)} (--fail-on {fail_on})", file=sys.stderr)
    return 1 if failed else 0


def _alone(comparison: Comparison, width: int) -> list[Line]:
    """One report has nothing to be compared with: its own table, and how to get another."""
    hint = f"one report only, {comparison.columns[0].name}: nothing to compare. Name another, or make one: "
    hint += "python -m tox -e cpu-fp64"
    return [*table([row.any for row in comparison.rows], width), [], *wrapped(hint, width)]


def _write(path: Path, content: str) -> None:
    try:
        files.write_whole(path, content)
    except OSError as error:
        raise pytest.UsageError(
            f"got {printable(str(path))} to write, but that failed ({error.strerror}): "
            "name a file in a folder that exists"
        ) from error
    print(f"wrote {printable(str(path))}")


# -- words ----------------------------------------------------------------------------

LEGEND = {
    "rule": "the rule changed between the reports: the outcomes answer different questions, so that they "
    "neither agree nor flip",
    "flip": "supported in one report, refuted in another",
    "change": "the outcomes differ otherwise: one is inconclusive or not applicable",
    "apart": "two of the intervals do not overlap, so the difference of the estimates exceeds them; "
    "a proof's value is an interval of width zero, on the same data; inf an open end",
    "unlike": "the verdicts were not reached alike, so that their difference may come from that",
    "-": "the report has no such verdict",
}


def _unlike(row: Difference) -> str:
    """`n: 12 | 48; region: <= 0.05 | <= 0.1` for the fields that differ, "" where none does."""
    return "; ".join(
        "the statement differs" if field == "statement" else f"{field}: {' | '.join(texts)}"
        for field, texts in row.unlike.items()
    )


def _summary(rows: Sequence[Difference], reports: int) -> str:
    """`117 verdicts in 2 reports: 1 flip, 3 changes, 4 apart, 90 with another rule`."""
    number = tally(rows)
    parts = [plural(number["flip"], "flip", "no"), plural(number["change"], "change", "no")]
    parts += [f"{number['apart'] or 'none'} apart"]
    parts += [f"{number['rule']} with another rule"] if number["rule"] else []
    parts += [f"{number['one-sided']} not in every report"] if number["one-sided"] else []
    parts += [f"{number['unlike']} unlike"] if number["unlike"] else []
    return f"{plural(len(rows), 'verdict', 'no')} in {plural(reports, 'report')}: {', '.join(parts)}"


def _beyond(row: Difference) -> str:
    """The heading of what comes before the paper's sections."""
    return "Beyond the intervals" if row.apart else ""


def _pairs(comparison: Comparison) -> str:
    """`paired: 180 of 197 verdicts, 42 of them on other data (mnist-1k | mnist-5k)`; the reasons for the
    others follow."""
    of = [row for row in comparison.rows if row.paired]
    moved = [" | ".join(row.data) for row in of if len(row.data) > 1]
    text = f"paired: {len(of)} of {plural(len(comparison.rows), 'verdict')}"
    text += f", {len(moved)} of them on other data ({', '.join(dict.fromkeys(moved))})" if moved else ""
    return f"{text}; not paired:" if comparison.unpaired else text


# -- on a terminal --------------------------------------------------------------------

_LETTERS: dict[str, str] = {outcome: style.letter for outcome, style in STYLES.items()}
_MARK, _SETTING_LEAST, _NAME_MOST = 8, 12, 24


@dataclass(frozen=True, slots=True)
class _Style:
    """How cells are written; the first style that fits is taken, the last one whether or not it does."""

    words: dict[str, str]
    digits: int = 3
    beside: bool = True
    """Whether estimates stand in the cells rather than in lines below."""
    names: bool = True
    """Whether columns bear their names rather than numbers."""

    def outcome(self, row: Row | None) -> str:
        return "-" if row is None else self.words.get(row.outcome, row.outcome)

    def estimate(self, row: Row | None) -> str:
        """With its interval; the margin stands once, under the setting."""
        return "" if row is None or not self.beside else estimate(row, self.digits, margin=False)


_STYLES = (
    _Style({}),
    _Style(SHORT),
    _Style(SHORT, digits=2),
    _Style({}, beside=False),
    _Style(SHORT, beside=False),
    _Style(_LETTERS, beside=False, names=False),
)


def _lines(comparison: Comparison, rows: Sequence[Difference], width: int) -> list[Line]:
    """What is compared, the rows (all of them or a selection), the counts, and what the words mean.

    Cells stand side by side with the estimate below the outcome where the width allows
    it; with more reports the outcomes alone do, and the estimates are listed below them,
    those that read alike on one line. No line is longer than `width` characters.
    """
    columns = comparison.columns
    style, (floor, *cells) = _fitted(rows, len(columns), width)
    found: list[Line] = [[("comparing", {"bold": True})]]
    for i, column in enumerate(columns, start=1):
        name = column.name if style.names else f"{i}  {column.name}"
        found += wrapped(f"  {name}: {column.about}; {column.path}", width, indent=6)
    for text in comparison.cautions:
        found += wrapped(f"mind: {text}", width, {"yellow": True})
    found += [[], *_header(columns, style, floor)] if rows else []
    pairs = zip(rows, cells[::2], cells[1::2], strict=True)
    for title, claims in layout.grouped(pairs, lambda of: of[0].any, lambda of: _beyond(of[0])):
        found += [[], [(title, {"bold": True})]]
        for _, same in claims:
            found += layout.heading(same[0][0].any, width)
            found += [line for of in same for line in _row(*of, columns, style, width)]
    found += [[], *wrapped(_summary(comparison.rows, len(columns)), width, {"bold": True})]
    for text in (_pairs(comparison), *map(str, comparison.unpaired)):
        found += wrapped(text, width)
    if len(rows) < len(comparison.rows):
        found += wrapped(f"shown: {len(rows)} of {len(comparison.rows)} verdicts", width)
    if not style.names:
        found += wrapped(", ".join(f"{letter} {outcome}" for outcome, letter in _LETTERS.items()), width)
    for word, meaning in LEGEND.items():
        found += wrapped(f"{word:<7} {meaning}", width, indent=8)
    return [layout.cut(line, width) for line in found]


def _fitted(rows: Sequence[Difference], reports: int, width: int) -> tuple[_Style, list[Cells]]:
    """The style, and padded: what columns have at least, then for each row its outcomes and estimates."""
    names = [str(i) for i in range(1, reports + 1)]

    def laid_out(style: _Style) -> tuple[_Style, list[Cells]]:
        least = {name: " " * (9 if style.names else len(name)) for name in names}
        cells = [{"setting": " " * _SETTING_LEAST} | least]
        for row in rows:
            outcomes, estimates = map(style.outcome, row.verdicts), map(style.estimate, row.verdicts)
            cells.append({"setting": row.any.setting} | dict(zip(names, outcomes, strict=True)))
            cells.append({"setting": ""} | dict(zip(names, estimates, strict=True)))
        room = max(_SETTING_LEAST, width - _MARK - layout.breadth([cell | {"setting": ""} for cell in cells]))
        fit = [cell | {"setting": cell["setting"] * (len(cell["setting"]) <= room)} for cell in cells]
        return style, layout.padded(fit)

    return layout.first_that_fits(_STYLES, laid_out, lambda found: _MARK + layout.breadth(found[1]) <= width)


def _header(columns: Sequence[Column], style: _Style, floor: Cells) -> Iterator[Line]:
    """The columns' names, each broken within its own width."""
    shown = [column.name if style.names else str(i) for i, column in enumerate(columns, start=1)]
    names = dict(zip(floor, ["setting", *shown], strict=True))
    broken = {name: textwrap.wrap(names[name], len(cell)) for name, cell in floor.items()}
    for i in range(max(map(len, broken.values()))):
        parts = {name: "".join(part[i : i + 1]).ljust(len(floor[name])) for name, part in broken.items()}
        yield [(" " * _MARK + "  ".join(parts.values()).rstrip(), {"bold": True})]


def _row(
    row: Difference,
    outcomes: Cells,
    estimates: Cells,
    columns: Sequence[Column],
    style: _Style,
    width: int,
) -> Iterator[Line]:
    word, markup = WORDS[row.change]
    looks = {str(i): STYLES[v.outcome].markup for i, v in enumerate(row.verdicts, start=1) if v}
    mark = (f"{word:<{_MARK}}", markup)
    if not outcomes["setting"].strip():  # it is longer than its column, and stands above
        for part in textwrap.wrap(row.any.setting, width - _MARK, break_on_hyphens=False):
            yield [mark, (part, {})]
            mark = (" " * _MARK, {})
    yield [mark, *layout.beside(outcomes, looks)]
    below = "apart" if row.apart else "changed" if row.change is Change.RULE else ""
    apart = (f"{below:<{_MARK}}", markup if row.change is Change.RULE else {"bold": True})
    if style.beside:
        setting = len(outcomes["setting"])
        region = clip(f"  {row.any.region}", setting).ljust(setting)
        yield [apart, *layout.beside(estimates | {"setting": region}, {})]
    else:
        for i, text in enumerate(_below(row, columns, style, width)):
            yield [(" " * _MARK, {}) if i else apart, (text, {})]
    if text := _unlike(row):
        yield from wrapped(f"{'unlike':<{_MARK}}{text}", width, {"yellow": True}, indent=_MARK + 2)


def _below(row: Difference, columns: Sequence[Column], style: _Style, width: int) -> Iterator[str]:
    """The estimates against the margin, each text once with the names of the reports that have it."""
    holders: dict[str, list[str]] = {}
    for i, (verdict, column) in enumerate(zip(row.verdicts, columns, strict=True), start=1):
        if verdict is not None:
            name = layout.clip_middle(column.name, _NAME_MOST) if style.names else str(i)
            holders.setdefault(estimate(verdict, style.digits, sides=False), []).append(name)
    for text, names in holders.items():
        who = "all" if len(holders) == 1 else ", ".join(names)
        yield clip(f"  {text}  ({who})", width - _MARK)


# -- in a browser ---------------------------------------------------------------------


def _rendered(name: str, comparison: Comparison, rows: Sequence[Difference]) -> str:
    """As Markdown, a table a claim, a column a report, every text from a report escaped; or as a page of its
    own: no script, no request, readable on a phone and on paper."""
    return rendered(
        name,
        comparison=comparison,
        shown=len(rows),
        summary=_summary(comparison.rows, len(comparison.columns)),
        tally=tally(comparison.rows),
        pairs=_pairs(comparison),
        sections=list(layout.grouped(rows, lambda row: row.any, _beyond)),
        legend=LEGEND,
        unlike=_unlike,
        headers=["setting", *(escaped(column.name) for column in comparison.columns), "difference"],
        cells=lambda same: [
            [escaped(row.any.setting), *map(_cell, row.verdicts), _mark(row)] for row in same
        ],
    )


def _cell(row: Row | None) -> str:
    return "-" if row is None else f"{escaped(row.outcome)}<br>{escaped(estimate(row))}"


def _mark(row: Difference) -> str:
    parts = [f"**{row.change.upper()}**" if row.change is Change.FLIP else str(row.change)]
    parts += ["apart" if row.apart else "", f"unlike: {escaped(_unlike(row))}" if row.unlike else ""]
    return ", ".join(filter(None, parts))
