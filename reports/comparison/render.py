"""A comparison as lines on a terminal, as Markdown and as a page; the words are the same in all three."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from reports.comparison import Column, Comparison, Difference, tally
from reports.earlier import WORDS, Change
from reports.formats import STYLES, estimate, plural
from reports.layout import (
    Cells,
    Line,
    beside,
    breadth,
    clip,
    clip_middle,
    cut,
    first_that_fits,
    grouped,
    padded,
    sectioned,
    shrunk,
    wrapped,
)
from reports.records import Row
from reports.rendering import markdown as escaped
from reports.rendering import rendered

__all__ = ["LEGEND", "SHOWN", "markdown", "page", "selected", "summary", "terminal", "unlike"]

SHOWN = ("all", "changes", "flips")
"""What `--only` may name."""

LEGEND = {
    "rule": "the rule changed between the reports: the outcomes answer different questions, so that they "
    "neither agree nor flip",
    "flip": "supported in one report, refuted in another",
    "change": "the outcomes differ otherwise: one is inconclusive or not applicable",
    "apart": "two of the intervals do not overlap, so the difference of the estimates exceeds them; "
    "a proof's value is an interval of width zero, inf an open end",
    "unlike": "the verdicts were not reached alike, so that their difference may come from that",
    "-": "the report has no such verdict",
}


def selected(rows: Sequence[Difference], only: str) -> list[Difference]:
    """The rows that `--only` leaves."""
    wanted = {"all": set(Change), "changes": set(Change) - {Change.NONE}, "flips": {Change.FLIP}}[only]
    return [row for row in rows if row.change in wanted]


def unlike(row: Difference) -> str:
    """`n: 12 | 48; region: <= 0.05 | <= 0.1` for the fields that differ, "" where none does."""
    return "; ".join(
        "the statement differs" if field == "statement" else f"{field}: {' | '.join(texts)}"
        for field, texts in row.unlike.items()
    )


def summary(rows: Sequence[Difference], reports: int) -> str:
    """`117 verdicts in 2 reports: 1 flip, 3 changes, 4 apart, 90 with another rule`."""
    number = tally(rows)
    parts = [plural(number["flip"], "flip", "no"), plural(number["change"], "change", "no")]
    parts += [f"{number['apart'] or 'none'} apart"]
    parts += [f"{number['rule']} with another rule"] if number["rule"] else []
    parts += [f"{number['one-sided']} not in every report"] if number["one-sided"] else []
    parts += [f"{number['unlike']} unlike"] if number["unlike"] else []
    return f"{plural(len(rows), 'verdict', 'no')} in {plural(reports, 'report')}: {', '.join(parts)}"


# -- on a terminal --------------------------------------------------------------------

_SHORT = {"not applicable": "n/a", "inconclusive": "inconcl."}
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
    _Style(_SHORT),
    _Style(_SHORT, digits=2),
    _Style({}, beside=False),
    _Style(_SHORT, beside=False),
    _Style(_LETTERS, beside=False, names=False),
)


def terminal(comparison: Comparison, rows: Sequence[Difference], width: int) -> list[Line]:
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
    found += sectioned(
        pairs, lambda of: of[0].any, lambda of: _row(*of, columns=columns, style=style, width=width), width
    )
    found += [[], *wrapped(summary(comparison.rows, len(columns)), width, {"bold": True})]
    if len(rows) < len(comparison.rows):
        found += wrapped(f"shown: {len(rows)} of {len(comparison.rows)} verdicts", width)
    if not style.names:
        found += wrapped(", ".join(f"{letter} {outcome}" for outcome, letter in _LETTERS.items()), width)
    for word, meaning in LEGEND.items():
        found += wrapped(f"{word:<7} {meaning}", width, indent=8)
    return [cut(line, width) for line in found]


def _fitted(rows: Sequence[Difference], reports: int, width: int) -> tuple[_Style, list[Cells]]:
    """The style, and padded: what columns have at least, then for each row its outcomes and estimates."""
    names = [str(i) for i in range(1, reports + 1)]

    def laid_out(style: _Style) -> tuple[_Style, list[Cells]]:
        cells = [{"setting": ""} | {name: " " * (9 if style.names else len(name)) for name in names}]
        for row in rows:
            outcomes, estimates = map(style.outcome, row.verdicts), map(style.estimate, row.verdicts)
            cells.append({"setting": row.any.setting} | dict(zip(names, outcomes, strict=True)))
            cells.append({"setting": ""} | dict(zip(names, estimates, strict=True)))
        return style, padded(shrunk(cells, "setting", width - _MARK, _SETTING_LEAST))

    return first_that_fits(_STYLES, laid_out, lambda found: _MARK + breadth(found[1]) <= width)


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
    *,
    columns: Sequence[Column],
    style: _Style,
    width: int,
) -> Iterator[Line]:
    word, markup = WORDS[row.change]
    looks = {str(i): STYLES[v.outcome].markup for i, v in enumerate(row.verdicts, start=1) if v}
    yield [(f"{word:<{_MARK}}", markup), *beside(outcomes, looks)]
    below = "apart" if row.apart else "changed" if row.change is Change.RULE else ""
    apart = (f"{below:<{_MARK}}", markup if row.change is Change.RULE else {"bold": True})
    if style.beside:
        setting = len(outcomes["setting"])
        region = clip(f"  {row.any.region}", setting).ljust(setting)
        yield [apart, *beside(estimates | {"setting": region}, {})]
    else:
        for i, text in enumerate(_below(row, columns, style, width)):
            yield [(" " * _MARK, {}) if i else apart, (text, {})]
    if text := unlike(row):
        yield from wrapped(f"{'unlike':<{_MARK}}{text}", width, {"yellow": True}, indent=_MARK + 2)


def _below(row: Difference, columns: Sequence[Column], style: _Style, width: int) -> Iterator[str]:
    """The estimates against the margin, each text once with the names of the reports that have it."""
    holders: dict[str, list[str]] = {}
    for i, (verdict, column) in enumerate(zip(row.verdicts, columns, strict=True), start=1):
        if verdict is not None:
            name = clip_middle(column.name, _NAME_MOST) if style.names else str(i)
            holders.setdefault(estimate(verdict, style.digits), []).append(name)
    for text, names in holders.items():
        who = "all" if len(holders) == 1 else ", ".join(names)
        yield clip(f"  {text}  ({who})", width - _MARK)


# -- in a browser ---------------------------------------------------------------------


def markdown(comparison: Comparison, rows: Sequence[Difference]) -> str:
    """A table a claim, a column a report; every text from a report is escaped."""
    headers = ["setting", *(escaped(column.name) for column in comparison.columns), "difference"]
    return _rendered("comparison.md", comparison, rows, headers=headers, cells=_cells)


def _cells(rows: Sequence[Difference]) -> list[list[str]]:
    def cell(row: Row | None) -> str:
        return "-" if row is None else f"{escaped(row.outcome)}<br>{escaped(estimate(row))}"

    return [[escaped(row.any.setting), *map(cell, row.verdicts), _mark(row)] for row in rows]


def _mark(row: Difference) -> str:
    parts = [f"**{row.change.upper()}**" if row.change is Change.FLIP else str(row.change)]
    parts += ["apart" if row.apart else "", f"unlike: {escaped(unlike(row))}" if row.unlike else ""]
    return ", ".join(part for part in parts if part)


def page(comparison: Comparison, rows: Sequence[Difference]) -> str:
    """A page of its own: no script, no request, readable on a phone and on paper."""
    return _rendered("comparison.html", comparison, rows, tally=tally(comparison.rows), unlike=unlike)


def _rendered(name: str, comparison: Comparison, rows: Sequence[Difference], **more: Any) -> str:
    return rendered(
        name,
        comparison=comparison,
        shown=len(rows),
        summary=summary(comparison.rows, len(comparison.columns)),
        sections=list(grouped(rows, lambda row: row.any)),
        legend=LEGEND,
        **more,
    )
