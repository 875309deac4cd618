"""The verdict table, laid out for the width of the terminal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from claims.core.verdict import Outcome
from reports.formats import STYLES, counted, estimate, p_value
from reports.layout import Line, aligned, clip, clip_middle, cut, first_that_fits, grouped, heading
from reports.multiplicity import fell
from reports.records import Row

__all__ = ["lines"]

_SHORT = {
    "not applicable": "n/a",
    "statistical": "stat.",
    "certificate": "cert.",
    "exact at points": "exact",
}
_FELL = "*"
"""After a verdict that does not survive the correction for all rows; `reports.summary` says so below."""

_WIDE_FROM, _WHY_FROM, _SETTING_LEAST, _FAILED_MOST = 100, 24, 12, 32

Cells = list[dict[str, str]]
"""Column -> text of each row; the header first."""


@dataclass(frozen=True, slots=True)
class _Style:
    """One way to shorten the rows; the widest that fits is taken."""

    digits: int
    words: dict[str, str]

    p: bool = False
    """Whether there is a column of p-values."""
    units: bool = False
    """Whether n says what it counts."""
    claim: bool = True
    """Whether each row repeats its claim, which stands above its rows."""


_WIDE = (
    _Style(3, {}, p=True, units=True),
    _Style(3, {}, p=True),
    _Style(3, _SHORT, p=True),
    _Style(2, _SHORT, p=True),
    _Style(2, _SHORT, p=True, claim=False),
)
_NARROW = tuple(_Style(digits, words, claim=False) for digits, words in ((3, {}), (3, _SHORT), (2, _SHORT)))
"""On a narrow terminal p-values come last: shown only where no number and no setting is shorter for them."""


def lines(rows: Sequence[Row], width: int) -> list[Line]:
    """The table, every line at most `width` characters long."""
    header, *cells = _padded(_fitted(rows, width))
    found: list[Line] = [[("  " + "  ".join(header.values()).rstrip(), {"bold": True})]]
    for title, claims in grouped(zip(rows, cells, strict=True), lambda pair: pair[0]):
        found += [[], [(title, {"bold": True})]]
        for _, same in claims:
            found += heading(same[0][0], width)
            found += [_coloured(*pair) for pair in same]
    return [cut(line, width) for line in found]


def _coloured(row: Row, cells: dict[str, str]) -> Line:
    """The row with its verdict in colour."""
    line: Line = []
    for name, cell in cells.items():
        text = cell.rstrip() if name == "verdict" else cell
        line += [("  ", {}), (text, STYLES[row.outcome].markup if name == "verdict" else {})]
        line += [(" " * (len(cell) - len(text)), {})] if len(text) < len(cell) else []
    return [*line[:-1], (line[-1][0].rstrip(), line[-1][1])]


def _fitted(rows: Sequence[Row], width: int) -> Cells:
    """Header and rows by the first style that fits; then settings are clipped."""
    styles = _WIDE if width >= _WIDE_FROM else _NARROW

    def laid_out(style: _Style) -> Cells:
        header = {name: name for name in _cells(rows[0], style)} if rows else {"verdict": "verdict"}
        header |= {"strength": "how"} if width < _WIDE_FROM else {}
        return [header, *(_cells(row, style) for row in rows)]

    def fits(cells: Cells) -> bool:
        return _width(cells) <= width

    cells = first_that_fits(styles, laid_out, fits)
    if not fits(cells):
        longest = max(len(row["setting"]) for row in cells)
        keep = max(_SETTING_LEAST, longest - (_width(cells) - width))
        cells = [row | {"setting": clip_middle(row["setting"], keep)} for row in cells]
    else:
        style = next(style for style in styles if laid_out(style) == cells)
        with_p = [replace(style, p=True, words=words) for words in (style.words, _SHORT)]
        cells = next(filter(fits, map(laid_out, with_p)), cells)
    spare = width - _width(cells) - 2
    if spare >= _WHY_FROM:
        why = ["why", *(clip(" ".join(row.reason.split()), spare) for row in rows)]
        cells = [row | {"why": reason} for row, reason in zip(cells, why, strict=True)]
    return cells


def _cells(row: Row, style: _Style) -> dict[str, str]:
    claim = {"claim": row.claim} if style.claim else {}
    return claim | {
        "setting": " ".join(row.setting.split()),
        "verdict": style.words.get(row.outcome, row.outcome) + _FELL * fell(row),
        "estimate [interval] margin": _failed(row) or estimate(row, style.digits),
        **({"p": p_value(row.p_value)} if style.p else {}),
        "n": counted(row) if style.units else str(row.n),
        "strength": style.words.get(row.strength, row.strength),
    }


def _failed(row: Row) -> str:
    """The hypotheses that failed, where a claim is not applicable for them."""
    if row.outcome is not Outcome.NOT_APPLICABLE:
        return ""
    return (
        f"{' and '.join(row.failed)} failed" if row.failed else clip(row.reason.split(";")[0], _FAILED_MOST)
    )


def _padded(cells: Cells) -> Cells:
    units = any(" " in row.get("n", "") for row in cells)
    names = list(cells[0])
    right = [] if units or "n" not in names else [names.index("n")]
    padded = aligned([list(row.values()) for row in cells], right)
    return [dict(zip(names, row, strict=True)) for row in padded]


def _width(cells: Cells) -> int:
    return sum(2 + len(cell) for cell in _padded(cells)[0].values())
