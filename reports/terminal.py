"""Lines of (text, markup) pieces on a stream: in colour on a terminal, plain everywhere else."""

from __future__ import annotations

import os
import textwrap
from collections.abc import Iterable, Mapping
from typing import TextIO

from reports.table import Line

__all__ = ["in_colour", "plain", "printable", "wrapped", "write"]

_CODES = {"bold": "1", "red": "31", "green": "32", "yellow": "33", "cyan": "36"}


def write(lines: Iterable[Line], stream: TextIO) -> None:
    """Write each line; a character that the stream's encoding lacks is written as its escape."""
    colour = in_colour(stream, os.environ)
    encoding = getattr(stream, "encoding", None) or "utf-8"
    for line in lines:
        text = _painted(line) if colour else plain(line)
        stream.write(text.encode(encoding, "backslashreplace").decode(encoding).rstrip() + "\n")


def in_colour(stream: TextIO, environ: Mapping[str, str]) -> bool:
    """Whether the stream is a terminal that shows colours and NO_COLOR does not forbid them."""
    return stream.isatty() and not environ.get("NO_COLOR") and environ.get("TERM") != "dumb"


def plain(line: Line) -> str:
    """The line's text alone."""
    return "".join(text for text, _ in line)


def _painted(line: Line) -> str:
    pieces = []
    for text, markup in line:
        codes = ";".join(_CODES[name] for name, wanted in markup.items() if wanted)
        pieces.append(f"\x1b[{codes}m{text}\x1b[0m" if codes and text.strip() else text)
    return "".join(pieces)


def wrapped(text: str, width: int, markup: dict[str, bool] | None = None, indent: int = 4) -> list[Line]:
    """The text in lines that fit, those after the first indented."""
    parts = textwrap.wrap(text, width, subsequent_indent=" " * indent, break_on_hyphens=False)
    return [[(part, markup or {})] for part in parts]


def printable(text: str) -> str:
    """The text on one line, with nothing in it that a terminal or a browser would act upon.

    White space of any kind becomes a space; control characters, lone surrogates and
    marks that turn the direction of writing become their escapes, `\\x1b`, `\\u202e`.
    """
    return "".join(
        char if char.isprintable() else " " if char.isspace() else char.encode("unicode_escape").decode()
        for char in text
    )
