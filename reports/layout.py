"""How text is laid out on a terminal: lines of (text, markup) pieces, columns, what fits, what is cut.

The verdict table, comparisons, the history and the live lines share it: a row is a text for each column; rows
are written in one style after another, from full words to letters, and the first that fits is taken.
"""

from __future__ import annotations

import os
import textwrap
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import TextIO, TypeVar

from claims.catalogue.order import SECTIONS
from claims.core.verdict import Verdict

__all__ = [
    *("Cells", "Line", "beside", "breadth", "clip", "clip_middle", "cut", "first_that_fits"),
    *("grouped", "heading", "padded", "plain", "printable", "wrapped", "write"),
]

Line = list[tuple[str, dict[str, bool]]]
"""Pieces of a line with their markup, the keywords that pytest's terminal writer takes."""

Cells = dict[str, str]
"""A row of a table: column -> text."""

_CODES = {"bold": "1", "red": "31", "green": "32", "yellow": "33", "cyan": "36"}
_HARD_SPACE = "\xa0"
_FIRST_LEAST, _WORD_LEAST = 5, 3
"""Letters kept of a name's first word, the data set, and of the others."""

T = TypeVar("T")
S = TypeVar("S")


# -- grouping -------------------------------------------------------------------------


def grouped(
    rows: Iterable[T], verdict_of: Callable[[T], Verdict], title_of: Callable[[T], str] = lambda _: ""
) -> Iterator[tuple[str, list[tuple[str, list[T]]]]]:
    """(section of the paper, [(claim, its rows), ...]) for rows in the paper's order.

    Args:
        rows: of any kind.
        verdict_of: the verdict that a row is about.
        title_of: the heading of a row that does not stand in the section of its claim, else "".
    """
    for title, part in groupby(
        rows,
        key=lambda row: title_of(row) or SECTIONS.get(verdict_of(row).kind, verdict_of(row).kind),
    ):
        claims = groupby(part, key=lambda row: verdict_of(row).claim)
        yield title, [(claim, list(same)) for claim, same in claims]


def heading(verdict: Verdict, width: int, ids: Sequence[str] = (), needed: str = "") -> Iterator[Line]:
    """The claim, its statement, the paper's reading and what would make it true, in lines that fit.

    Args:
        verdict: one of the claim's.
        width: of the terminal.
        ids: of the claims whose lines follow, the verdict's own if none are given.
        needed: `share of networks >= 0.85`.
    """
    whole = [f"[paper: {verdict.paper}]", f"[true: {needed}]" if needed else ""]
    kept = "  ".join(part.replace(" ", _HARD_SPACE) for part in whole if part)
    for line in wrapped(f"{', '.join(ids) or verdict.claim}  {verdict.statement}  {kept}", width):
        yield [(text.replace(_HARD_SPACE, " "), markup) for text, markup in line]


# -- fitting --------------------------------------------------------------------------


def first_that_fits(styles: Sequence[S], laid_out: Callable[[S], T], fits: Callable[[T], bool]) -> T:
    """What is laid out in the first style in which it fits, else in the last."""
    for style in styles:
        if fits(found := laid_out(style)):
            break
    return found


def padded(rows: Sequence[Cells], right: Collection[str] = ()) -> list[Cells]:
    """The rows with every column in one width, to the left except in the columns named."""
    widths = {name: max(len(row[name]) for row in rows) for name in (rows[0] if rows else ())}
    return [
        {
            name: text.rjust(widths[name]) if name in right else text.ljust(widths[name])
            for name, text in row.items()
        }
        for row in rows
    ]


def breadth(rows: Sequence[Cells]) -> int:
    """How long the lines of these rows are, with two blanks between the columns."""
    return len("  ".join(padded(rows)[0].values()))


def beside(cells: Cells, looks: Mapping[str, dict[str, bool]]) -> Line:
    """A row that is padded as a line; `looks` is the markup of some columns."""
    line: Line = []
    for name, cell in cells.items():
        text = cell.rstrip()
        line += [(text, looks.get(name, {})), (" " * (len(cell) - len(text) + 2), {})]
    while line and not line[-1][0].strip():
        line.pop()
    return line


def wrapped(text: str, width: int, markup: dict[str, bool] | None = None, indent: int = 4) -> list[Line]:
    """The text in lines that fit, those after the first indented."""
    parts = textwrap.wrap(text, width, subsequent_indent=" " * indent, break_on_hyphens=False)
    return [[(part, markup or {})] for part in parts]


def clip(text: str, width: int) -> str:
    """The text, cut at its end where it is too long."""
    return text if len(text) <= width else text[: max(0, width - 1)] + "…"


def clip_middle(text: str, width: int, head: int | None = None) -> str:
    """Words shortened, the longest first, then both ends kept: data set in front, protocol at the end.

    `head` letters are kept in front, by default half.

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
    tail = (width - 1) // 2 if head is None else width - 1 - head
    return text[: width - 1 - tail] + "…" + text[len(text) - tail :]


def cut(line: Line, width: int) -> Line:
    """The line without what reaches past the width."""
    if len(plain(line)) <= width:
        return line
    left, kept = width - 1, []
    for text, markup in line:
        kept.append((text[:left], markup))
        left -= len(kept[-1][0])
    return [*kept, ("…", {})]


# -- writing --------------------------------------------------------------------------


def write(lines: Iterable[Line], stream: TextIO) -> None:
    """Write each line, in colours on a terminal that shows them unless NO_COLOR forbids it.

    A character that the stream's encoding lacks is written as its escape.
    """
    forbidden = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
    colour = stream.isatty() and not forbidden
    encoding = getattr(stream, "encoding", None) or "utf-8"
    for line in lines:
        text = _painted(line) if colour else plain(line)
        stream.write(text.encode(encoding, "backslashreplace").decode(encoding).rstrip() + "\n")


def plain(line: Line) -> str:
    """The line's text alone."""
    return "".join(text for text, _ in line)


def _painted(line: Line) -> str:
    pieces = []
    for text, markup in line:
        codes = ";".join(_CODES[name] for name, wanted in markup.items() if wanted)
        pieces.append(f"\x1b[{codes}m{text}\x1b[0m" if codes and text.strip() else text)
    return "".join(pieces)


def printable(text: str) -> str:
    """The text on one line, with nothing in it that a terminal or a browser would act upon.

    White space of any kind becomes a space; control characters, lone surrogates and
    marks that turn the direction of writing become their escapes, `\\x1b`, `\\u202e`.
    """
    return "".join(
        char if char.isprintable() else " " if char.isspace() else char.encode("unicode_escape").decode()
        for char in text
    )
