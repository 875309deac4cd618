"""A comparison as lines that fit a terminal.

Cells stand side by side with the estimate below the outcome where the width
allows it; with more reports the outcomes alone do, and the estimates are listed
below them, those that read alike on one line.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from reports import table
from reports.comparison.cells import Row
from reports.comparison.columns import Column, Comparison
from reports.comparison.remarks import LEGEND, summary, unlike
from reports.estimates import estimate
from reports.outcomes import LOOKS
from reports.shift import WORDS, Shift
from reports.table import Line
from reports.terminal import wrapped

__all__ = ["lines"]

_SHORT = {"not applicable": "n/a", "inconclusive": "inconcl."}
_LETTERS = {outcome: look.letter for outcome, look in LOOKS.items()}
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


_STYLES = (
    _Style({}),
    _Style(_SHORT),
    _Style(_SHORT, digits=2),
    _Style({}, beside=False),
    _Style(_SHORT, beside=False),
    _Style(_LETTERS, beside=False, names=False),
)


@dataclass(frozen=True, slots=True)
class _Layout:
    """A style with the widths it needs: the setting's, and one for each report."""

    style: _Style
    setting: int
    cells: tuple[int, ...]

    @property
    def width(self) -> int:
        return _MARK + self.setting + sum(2 + cell for cell in self.cells)


def lines(comparison: Comparison, rows: Sequence[Row], width: int) -> list[Line]:
    """What is compared, the rows (all of them or a selection), the counts, and what the words mean.

    No line is longer than `width` characters.
    """
    layout = _layout(comparison.columns, rows, width)
    found = [*_columns(comparison.columns, layout.style, width)]
    found += [
        line for text in comparison.cautions for line in wrapped(f"mind: {text}", width, {"yellow": True})
    ]
    if rows:
        found += [[], *_header(comparison.columns, layout)]
    for title, in_section in groupby(rows, key=lambda row: table.section(dict(row.any))):
        found += [[], [(title, {"bold": True})]]
        for _, in_claim in groupby(in_section, key=lambda row: row.any["claim"]):
            same = list(in_claim)
            found += [[(text, {})] for text in table.heading(dict(same[0].any), width)]
            for row in same:
                found += _row(row, comparison.columns, layout, width)
    found += [[], *wrapped(summary(comparison.rows, len(comparison.columns)), width, {"bold": True})]
    if len(rows) < len(comparison.rows):
        found += wrapped(f"shown: {len(rows)} of {len(comparison.rows)} verdicts", width, {})
    if not layout.style.names:
        letters = ", ".join(f"{letter} {outcome}" for outcome, letter in _LETTERS.items())
        found += wrapped(letters, width)
    for word, meaning in LEGEND.items():
        found += wrapped(f"{word:<7} {meaning}", width, {}, indent=8)
    return [_cut(line, width) for line in found]


def _layout(columns: Sequence[Column], rows: Sequence[Row], width: int) -> _Layout:
    setting = max((len(row.any["setting"]) for row in rows), default=_SETTING_LEAST)
    for style in _STYLES:
        cells = tuple(_cell_width(rows, i, style) for i in range(len(columns)))
        whole = _Layout(style, setting, cells)
        keep = max(min(_SETTING_LEAST, setting), setting - max(0, whole.width - width))
        layout = _Layout(style, keep, cells)
        if layout.width <= width:
            break
    return layout


def _cell_width(rows: Sequence[Row], i: int, style: _Style) -> int:
    verdicts = [row.verdicts[i] for row in rows]
    texts = [_outcome(verdict, style) for verdict in verdicts]
    texts += [_beside(verdict, style) for verdict in verdicts] if style.beside else []
    return max([9 if style.names else len(str(i + 1)), *map(len, texts)])


def _outcome(verdict: Any, style: _Style) -> str:
    return "-" if verdict is None else style.words.get(verdict["outcome"], verdict["outcome"])


def _beside(verdict: Any, style: _Style) -> str:
    """The estimate and its interval; the margin stands once, under the setting."""
    return "" if verdict is None else estimate(verdict | {"margin": None}, style.digits)


def _columns(columns: Sequence[Column], style: _Style, width: int) -> Iterator[Line]:
    yield [("comparing", {"bold": True})]
    for i, column in enumerate(columns, start=1):
        name = column.name if style.names else f"{i}  {column.name}"
        yield from wrapped(f"  {name}: {column.about}; {column.path}", width, {}, indent=6)


def _header(columns: Sequence[Column], layout: _Layout) -> Iterator[Line]:
    """The columns' names, each broken within its own width."""
    names = [column.name if layout.style.names else str(i) for i, column in enumerate(columns, start=1)]
    broken = [textwrap.wrap(name, cell) for name, cell in zip(names, layout.cells, strict=True)]
    for i in range(max(map(len, broken))):
        first = " " * _MARK + ("" if i else "setting").ljust(layout.setting)
        parts = [part[i] if i < len(part) else "" for part in broken]
        text = first + "".join(
            "  " + part.ljust(cell) for part, cell in zip(parts, layout.cells, strict=True)
        )
        yield [(text.rstrip(), {"bold": True})]


def _row(row: Row, columns: Sequence[Column], layout: _Layout, width: int) -> Iterator[Line]:
    style = layout.style
    word, markup = WORDS[row.shift]
    line: Line = [(f"{word:<{_MARK}}", markup)]
    line.append((table.clip_middle(row.any["setting"], layout.setting).ljust(layout.setting), {}))
    for verdict, cell in zip(row.verdicts, layout.cells, strict=True):
        text = _outcome(verdict, style)
        line += [("  ", {}), (text, {} if verdict is None else LOOKS[verdict["outcome"]].markup)]
        line.append((" " * (cell - len(text)), {}))
    yield line
    below = "apart" if row.apart else "changed" if row.shift is Shift.RULE else ""
    apart = (f"{below:<{_MARK}}", markup if row.shift is Shift.RULE else {"bold": True})
    if style.beside:
        region = table.clip(f"  {row.any['region']}", layout.setting).ljust(layout.setting)
        cells = zip(row.verdicts, layout.cells, strict=True)
        yield [apart, (region + "".join("  " + _beside(v, style).ljust(cell) for v, cell in cells), {})]
    else:
        for i, text in enumerate(_below(row, columns, style, width)):
            yield [(" " * _MARK, {}) if i else apart, (text, {})]
    if text := unlike(row):
        yield from wrapped(f"{'unlike':<{_MARK}}{text}", width, {"yellow": True}, indent=_MARK + 2)


def _below(row: Row, columns: Sequence[Column], style: _Style, width: int) -> Iterator[str]:
    """The estimates against the margin, each text once with the names of the reports that have it."""
    holders: dict[str, list[str]] = {}
    for i, (verdict, column) in enumerate(zip(row.verdicts, columns, strict=True), start=1):
        if verdict is not None:
            name = table.clip_middle(column.name, _NAME_MOST) if style.names else str(i)
            holders.setdefault(estimate(verdict, style.digits), []).append(name)
    for text, names in holders.items():
        who = "all" if len(holders) == 1 else ", ".join(names)
        yield table.clip(f"  {text}  ({who})", width - _MARK)


def _cut(line: Line, width: int) -> Line:
    """The line without what reaches past the width."""
    if sum(len(text) for text, _ in line) <= width:
        return line
    left, kept = width - 1, []
    for text, markup in line:
        kept.append((text[:left], markup))
        left -= len(kept[-1][0])
    return [*kept, ("…", {})]
