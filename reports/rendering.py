"""What people read is rendered from templates: the page, a comparison, Markdown; here is what they share."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

from tabulate import tabulate

from reports.formats import STYLES, counted, duration, estimate, number, p_value, shown

if TYPE_CHECKING:
    from jinja2 import Environment

__all__ = ["TEMPLATES", "anchor", "github_table", "markdown", "rendered", "visible"]

TEMPLATES = Path(__file__).parent / "templates"

_SPECIAL = re.compile(r"([\\`*_\[\]<>|~#])")


def rendered(name: str, **shown: Any) -> str:
    """The template of this name with what it shows; in HTML every text is escaped.

    Templates know, as filters or by name, how numbers and outcomes are written (`reports.formats`).
    """
    return _environment(html=name.endswith(".html")).get_template(name).render(**shown)


@cache
def _environment(*, html: bool) -> Environment:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=html,
        undefined=StrictUndefined,
        finalize=visible if html else None,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=not html,
    )
    formats = (anchor, counted, duration, estimate, markdown, number, p_value, shown)
    made.filters |= {function.__name__: function for function in formats}
    made.globals |= {"median": median, "table": github_table}
    made.globals |= {"glyphs": {str(of): style.glyph for of, style in STYLES.items()}}
    return made


def anchor(text: str) -> str:
    """An id for the page: letters, digits, dots, hyphens and underscores only."""
    return re.sub(r"[^A-Za-z0-9_.-]+", "-", text) or "-"


def visible(value: Any) -> Any:
    """Text with its control characters and marks of direction written out, so that none can hide or reorder.

    Escaping leaves them as they are; a right-to-left override in a file name would turn
    the text beside it around.
    """
    if not isinstance(value, str) or hasattr(value, "__html__"):
        return "" if value is None else value
    if value.isascii() and value.isprintable():
        return value
    return "".join(
        f"\\u{ord(c):04x}" if unicodedata.category(c) in ("Cc", "Cf", "Cs") and c not in "\n\t" else c
        for c in value
    )


def markdown(text: str) -> str:
    """The text with nothing in it that Markdown or HTML would act upon."""
    return _SPECIAL.sub(r"\\\1", text.replace("&", "&amp;"))


def github_table(headers: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table of GitHub's Markdown; a bar in a cell is escaped, white space is one blank."""
    escaped = [[" ".join(re.sub(r"(?<!\\)\|", r"\\|", cell).split()) for cell in row] for row in rows]
    return tabulate(escaped, headers=headers, tablefmt="github", disable_numparse=True)
