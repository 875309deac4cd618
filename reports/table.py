"""The verdict table on a terminal: a line a setting, its protocol and output in columns, every name whole.

A claim on the training set and the one that asks the same of the test set share their lines; one verdict on
both sets shows both figures. Where the width is short, numbers and words are shortened, and last a name takes
a line of its own.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from claims.catalogue import CATALOGUE
from claims.core.verdict import Outcome
from reports import formats, layout
from reports.formats import STYLES, counted, estimate, p_value, side
from reports.layout import Cells, Line, clip
from reports.records import Row

__all__ = ["FELL", "table"]

FELL = "*"
"""After a verdict that does not survive the correction for all rows."""

_SHORT = {
    "not applicable": "n/a",
    "statistical": "stat.",
    "certificate": "cert.",
    "exact at points": "exact",
}
_SHORTEST = _SHORT | formats.SHORT

_WIDE_FROM, _WHY_FROM = 100, 24

Item = tuple[Row, ...]
"""A line: one verdict, or that on the training set and that on the test set."""


@dataclass(frozen=True, slots=True)
class _Style:
    """One way to shorten the rows; the widest that fits is taken."""

    digits: int
    words: Mapping[str, str]
    p: bool = False
    """Whether there is a column of p-values."""
    units: bool = False
    """Whether n says what it counts."""
    n: bool = True
    """Whether a pair of claims has a column of n."""


_WIDE = (_Style(3, {}, p=True, units=True), _Style(3, {}, p=True))
_NARROW = (
    _Style(3, {}, p=True),
    _Style(3, _SHORT, p=True),
    _Style(3, {}),
    _Style(3, _SHORT),
    _Style(2, _SHORT, p=True),
    _Style(2, _SHORT),
    _Style(2, _SHORTEST),
)
_PAIRS = (*(style for style in _NARROW if not style.p), _Style(2, _SHORTEST, n=False))
"""On a narrow terminal p-values come last: shown only where no number is shorter for them."""


def table(rows: Sequence[Row], width: int, *, reasons: bool = False) -> list[Line]:
    """The table, every line at most `width` characters long; with `reasons` each stands below its row."""
    found: list[Line] = []
    for title, claims in layout.grouped(_items(rows, width), lambda item: item[0]):
        single = [item[0] for _, same in claims for item in same if not _of_both(same, width)]
        header, *lone = _fitted(single, width, why=not reasons)
        strengths = {row.strength for _, same in claims for item in same for row in item}
        how = f", {strengths.pop()}" if len(strengths) == 1 else ""
        found += [[], [(f"{title}{how}", {"bold": True})]]
        found += [_line(header, {name: {"bold": True} for name in header})] if lone else []
        alone = iter(lone)
        for _, same in claims:
            first = same[0]
            found += layout.heading(first[0], width, [row.claim for row in first], needed(first[0]))
            lines = alone
            if _of_both(same, width):
                lines = iter(_beside(same, width))
                found.append(_line(next(lines), {}))
            for item, cells in zip(same, lines, strict=False):
                found += _row(cells, item, width)
                found += _reasons(item, width) if reasons else []
    return [layout.cut(line, width) for line in found]


def needed(row: Row) -> str:
    """What makes the claim true: `share of networks >= 0.85`."""
    low, high = formats.number(row.region.low), formats.number(row.region.high)
    if row.region.margin is None:
        return ""
    edges = {"-inf": f"<= {high}"}.get(low) or {"inf": f">= {low}"}.get(high) or f"in [{low}, {high}]"
    return f"{row.unit} {edges}"


# -- which lines there are ------------------------------------------------------------


def _items(rows: Sequence[Row], width: int) -> list[Item]:
    """The rows in their order; those of a claim on the test set beside the training set's, if all fit."""
    claims: dict[str, list[Row]] = {}
    for row in rows:
        claims.setdefault(row.claim, []).append(row)
    items: dict[str, list[Item]] = {}
    for id, same in claims.items():
        of = CATALOGUE.get(id)
        first = of.beside if of else ""
        pairs = list(zip(claims.get(first, ()), same, strict=False))
        alike = [_place(row) for row in claims.get(first, ())] == [_place(row) for row in same]
        if alike and _of_both(pairs, width):
            items[first] = list(pairs)
        else:
            items[id] = [(row,) for row in same]
    return [item for same in items.values() for item in same]


def _place(row: Row) -> tuple[str, str]:
    return row.setting, row.output


def _of_both(items: Sequence[Item], width: int) -> bool:
    """Whether these lines have a figure of the training set and one of the test set, of two claims or of one
    on both, and have room for them."""
    both = all(len(item) > 1 or item[0].sides for item in items)
    return both and layout.breadth(_beside(items, width)) <= width - 2


# -- their cells ----------------------------------------------------------------------


_ALONE = "alone"
"""The cell of a name that is longer than its column, and stands on a line above."""


def _fitted(rows: Sequence[Row], width: int, *, why: bool) -> list[Cells]:
    """Header and rows by the first style that fits, padded; where none does, long names stand alone."""
    width -= 2  # before every row
    wide = width + 2 >= _WIDE_FROM
    header, *names = _names(rows)

    def laid_out(style: _Style) -> list[Cells]:
        found = [{"setting": name} | cells for name, cells in zip(names, _cells(rows, style), strict=True)]
        titles = {name: name for name in (found or [{}])[0]} | {"setting": header}
        return [titles | ({"strength": "how"} if "strength" in titles and not wide else {}), *found]

    styles = _WIDE + _NARROW if wide else _NARROW
    cells = layout.first_that_fits(styles, laid_out, lambda cells: layout.breadth(cells) <= width)
    units = any(" " in row.get("n", "") for row in cells)
    spare = width - layout.breadth(cells) - 2
    if why and spare >= _WHY_FROM:
        reasons = ["why", *(clip(" ".join(row.reason.split()), spare) for row in rows)]
        cells = [row | {"why": reason} for row, reason in zip(cells, reasons, strict=True)]
    room = width - layout.breadth([row | {"setting": ""} for row in cells])
    long = [row["setting"] if len(row["setting"]) > room else "" for row in cells]
    cells = [row | {"setting": "" if name else row["setting"]} for row, name in zip(cells, long, strict=True)]
    padded = layout.padded(cells, right=() if units else ("n",))
    return [row | ({_ALONE: name} if name else {}) for row, name in zip(padded, long, strict=True)]


def _names(rows: Sequence[Row]) -> list[str]:
    """Header and rows: what tells the rows of a claim apart, whole. Where something trains, its case, the
    protocol of the initial weights and the output, in columns."""
    places = [(row.claim, row.case, row.protocol, row.output) for row in rows]
    split = [bool(place[1]) and places.count(place) == 1 for place in places]
    header = ("setting", "init", "output")
    columns = [header, *(place[1:] for place, in_columns in zip(places, split, strict=True) if in_columns)]
    padded = layout.padded([dict(zip(header, cells, strict=True)) for cells in columns])
    title, *found = ["  ".join(cells.values()).rstrip() for cells in padded]
    left = iter(found)
    names = [" ".join(row.setting.split()) for row in rows]
    rest = [next(left) if in_columns else name for name, in_columns in zip(names, split, strict=True)]
    return [title if found else "setting", *rest]


def _cells(rows: Sequence[Row], style: _Style) -> Iterator[Cells]:
    """How a verdict is known has a column where that differs; else the heading says it."""
    strengths = len({row.strength for row in rows})
    p = style.p and any(row.p_value is not None for row in rows)
    for row in rows:
        yield {
            "verdict": _verdict(row, style),
            "estimate": _estimate(row, style),
            **({"p": p_value(row.p_value)} if p else {}),
            "n": counted(row) if style.units else str(row.n),
            **({"strength": style.words.get(row.strength, row.strength)} if strengths > 1 else {}),
        }


def _verdict(row: Row, style: _Style) -> str:
    return style.words.get(row.outcome, row.outcome) + FELL * row.fell


def _estimate(row: Row, style: _Style) -> str:
    """The estimate and its interval, or the hypotheses without which the claim says nothing."""
    if row.outcome is Outcome.NOT_APPLICABLE:
        return f"{' and '.join(row.failed)} failed" if row.failed else "-"
    return estimate(row, style.digits, margin=False)


_TWO = {"verdict": "training", "estimate": "", "verdict of test": "test", "estimate of test": ""}
_ONE = {name: name for name in ("verdict", "training", "test")}
"""Columns and their titles: of a claim and its twin on the test set, and of one verdict on both sets."""


def _beside(items: Sequence[Item], width: int) -> list[Cells]:
    """Header and rows of lines on both sets."""
    names = _names([item[0] for item in items])
    titles = _TWO if len(items[0]) > 1 else _ONE

    def cells(item: Item, style: _Style) -> Iterator[str]:
        for row in item:
            yield _verdict(row, style)
            if titles is _TWO:
                yield _estimate(row, style)
            elif of := row.sides:
                yield from (side(of.train, style.digits), side(of.test, style.digits))

    def laid_out(style: _Style) -> list[Cells]:
        found = [titles, *(dict(zip(titles, cells(item, style), strict=True)) for item in items)]
        found = [{"setting": name} | row for name, row in zip(names, found, strict=True)]
        counts = ["n", *(str(item[0].n) for item in items)]
        return [row | {"n": n} for row, n in zip(found, counts, strict=True)] if style.n else found

    fitted = layout.first_that_fits(_PAIRS, laid_out, lambda found: layout.breadth(found) <= width - 2)
    return layout.padded(fitted, right=("n",))


# -- their lines ----------------------------------------------------------------------


def _row(cells: Cells, item: Item, width: int) -> Iterator[Line]:
    names = ("verdict", "verdict of test")
    looks = {name: STYLES[row.outcome].markup for name, row in zip(names, item, strict=False)}
    if _ALONE in cells:
        yield from layout.wrapped(f"  {cells[_ALONE]}", width)
    yield _line(cells, looks)


def _line(cells: Cells, looks: Mapping[str, dict[str, bool]]) -> Line:
    return [("  ", {}), *layout.beside({name: cells[name] for name in cells if name != _ALONE}, looks)]


def _reasons(item: Item, width: int) -> Iterable[Line]:
    """Why, in full, and what would decide it."""
    for row in item:
        why = [" ".join(row.reason.split()), f"open for {row.open}" if row.open else ""]
        text = f"{row.claim}: " * (len(item) > 1) + "; ".join(filter(None, why))
        for line in textwrap.wrap(text, width, initial_indent=" " * 6, subsequent_indent=" " * 6):
            yield [(line, {})]
