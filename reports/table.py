"""The verdict table as lines that fit a terminal: the paper's sections, each claim once, a row a setting.

A line is a list of (text, markup) pieces, so that layout is plain text to test
and colour stays the terminal writer's business.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any

from tabulate import tabulate

from claims.catalogue import Kind
from claims.core.verdict import Outcome
from reports.estimates import counted, estimate, p_value
from reports.multiplicity import fell
from reports.outcomes import LOOKS

__all__ = ["SECTIONS", "Line", "Verdicts", "clip", "clip_middle", "heading", "lines", "section"]

Line = list[tuple[str, dict[str, bool]]]
Verdicts = Sequence[dict[str, Any]]

SECTIONS: dict[str, str] = {
    Kind.HYPOTHESIS: "Section 2: hypotheses",
    Kind.THEOREM: "Section 2: theorems",
    Kind.EMPIRICAL: "Section 4: empirical results",
    Kind.METRIC: "Section 3.1: metrics",
    Kind.DISCUSSION: "Section 5: discussion",
}
_SHORT = {
    "not applicable": "n/a",
    "statistical": "stat.",
    "certificate": "cert.",
    "exact at points": "exact",
}
_FELL = "*"
"""After a verdict that does not survive the correction for all rows; `reports.summary` says so below."""

_HARD_SPACE = "\xa0"
_WIDE_FROM, _WHY_FROM, _SETTING_LEAST, _FAILED_MOST = 100, 24, 12, 32
_FIRST_LEAST, _WORD_LEAST = 5, 3
"""Letters kept of a setting's first word, the data set, and of the others."""


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


_WIDE = (_Style(3, {}, p=True, units=True), _Style(3, {}, p=True), _Style(3, _SHORT, p=True))
_WIDE += (_Style(2, _SHORT, p=True), _Style(2, _SHORT, p=True, claim=False))
_NARROW = tuple(_Style(digits, words, claim=False) for digits, words in ((3, {}), (3, _SHORT), (2, _SHORT)))
"""On a narrow terminal p-values come last: shown only where no number and no setting is shorter for them."""


def section(verdict: dict[str, Any]) -> str:
    """The part of the paper that a verdict belongs to."""
    return SECTIONS.get(verdict["kind"], verdict["kind"])


def lines(verdicts: Verdicts, width: int) -> list[Line]:
    """The table, every line at most `width` characters long."""
    header, *rows = _rows(verdicts, width)
    at = header.index("verdict")
    table: list[Line] = [[(header, {"bold": True})]]
    pairs = zip(verdicts, rows, strict=True)
    for title, in_section in groupby(pairs, key=lambda pair: section(pair[0])):
        table += [[], [(title, {"bold": True})]]
        for _, in_claim in groupby(in_section, key=lambda pair: pair[0]["claim"]):
            for i, (verdict, row) in enumerate(in_claim):
                if i == 0:
                    table += [[(text, {})] for text in heading(verdict, width)]
                table.append(_coloured(row, at, LOOKS[verdict["outcome"]].markup))
    return table


def heading(verdict: dict[str, Any], width: int) -> Iterator[str]:
    """The claim, its statement and the paper's reading, in lines that fit."""
    paper = f"[paper: {verdict['paper']}]".replace(" ", _HARD_SPACE)
    text = f"{verdict['claim']}  {verdict['statement']}  {paper}"
    for line in textwrap.wrap(text, width, subsequent_indent="    ", break_on_hyphens=False):
        yield line.replace(_HARD_SPACE, " ")


def _rows(verdicts: Verdicts, width: int) -> list[str]:
    """Header and rows in aligned columns, by the first style that fits; then settings are clipped."""
    for style in _WIDE if width >= _WIDE_FROM else _NARROW:
        cells = [_cells(verdict, style) for verdict in verdicts]
        text = _aligned(cells, width)
        if _widest(text) <= width:
            cells, text = _with_p(verdicts, style, width, cells, text)
            break
    else:
        setting = max(len(row["setting"]) for row in cells)
        keep = max(_SETTING_LEAST, setting - (_widest(text) - width))
        text = _aligned([row | {"setting": clip_middle(row["setting"], keep)} for row in cells], width)
    spare = width - _widest(text) - 2
    if spare >= _WHY_FROM:
        why = [clip(" ".join(verdict["reason"].split()), spare) for verdict in verdicts]
        text = _aligned([row | {"why": reason} for row, reason in zip(cells, why, strict=True)], width)
    return [clip(line, width) for line in text]


def _with_p(
    verdicts: Verdicts, style: _Style, width: int, cells: list[dict[str, str]], text: list[str]
) -> tuple[list[dict[str, str]], list[str]]:
    """Cells and rows with p-values, too, where they fit without a digit or a letter of a setting less."""
    for words in (style.words, _SHORT):
        more = [_cells(verdict, replace(style, p=True, words=words)) for verdict in verdicts]
        longer = _aligned(more, width)
        if _widest(longer) <= width:
            return more, longer
    return cells, text


def _cells(verdict: dict[str, Any], style: _Style) -> dict[str, str]:
    claim = {"claim": verdict["claim"]} if style.claim else {}
    return claim | {
        "setting": " ".join(verdict["setting"].split()),
        "verdict": style.words.get(verdict["outcome"], verdict["outcome"]) + _FELL * fell(verdict),
        "estimate [interval] margin": _failed(verdict) or estimate(verdict, style.digits),
        **({"p": p_value(verdict.get("p_value"))} if style.p else {}),
        "n": counted(verdict) if style.units else str(verdict["n"]),
        "strength": style.words.get(verdict["strength"], verdict["strength"]),
    }


def _failed(verdict: dict[str, Any]) -> str:
    """The hypothesis that failed, where a claim is not applicable; the row names the data already."""
    if verdict["outcome"] != Outcome.NOT_APPLICABLE:
        return ""
    first = " ".join(verdict["reason"].split(";")[0].split())
    return clip(first.replace(f" on {verdict['dataset']} ", " "), _FAILED_MOST)


def _aligned(cells: list[dict[str, str]], width: int) -> list[str]:
    headers = {"strength": "how"} if width < _WIDE_FROM else {}
    units = any(" " in row["n"] for row in cells)
    text = tabulate(
        [list(row.values()) for row in cells],
        headers=[headers.get(name, name) for name in cells[0]],
        tablefmt="plain",
        disable_numparse=True,
        colalign=["right" if name == "n" and not units else "left" for name in cells[0]],
    )
    return [f"  {line}".rstrip() for line in text.splitlines()]


def _coloured(row: str, at: int, markup: dict[str, bool]) -> Line:
    """The row with its verdict, which starts under the header's, in colour."""
    end = row.find("  ", at)
    end = len(row) if end < 0 else end
    return [(row[:at], {}), (row[at:end], markup), (row[end:], {})]


def _widest(text: list[str]) -> int:
    return max(map(len, text))


def clip(text: str, width: int) -> str:
    """The text, cut at its end where it is too long."""
    return text if len(text) <= width else text[: width - 1] + "…"


def clip_middle(text: str, width: int) -> str:
    """Words shortened, the longest first, then both ends kept: data set in front, protocol at the end.

    "mnist-5k-independent" and "mnist-5k-pooled-independent" stay different in any width that a table has.
    """
    parts = text.split("-")

    def spare(i: int) -> int:
        return len(parts[i]) - (_WORD_LEAST if i else _FIRST_LEAST) if parts[i].isalpha() else 0

    while len("-".join(parts)) > width:
        longest = max(range(len(parts)), key=spare)
        if spare(longest) <= 0:
            break
        parts[longest] = parts[longest][:-1]
    else:
        return "-".join(parts)
    tail = (width - 1) // 2
    return text[: width - 1 - tail] + "…" + text[len(text) - tail :]
