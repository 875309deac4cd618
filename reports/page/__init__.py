"""The page: gathers all that it shows and writes one file; no request, and nothing that is not escaped."""

from __future__ import annotations

import base64
import hashlib
import re
import unicodedata
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from claims.core.verdict import Strength
from reports.files import write_whole
from reports.formats import STYLES, count, counted, design, duration, estimate, p_value, sizes
from reports.multiplicity import fell
from reports.records import Controls, Report, Row

if TYPE_CHECKING:
    from jinja2 import Environment

    from reports.page.gallery import Gallery

__all__ = ["NAME", "anchor", "build", "environment", "render", "visible"]

NAME = "index.html"
_TEMPLATES = Path(__file__).parent / "templates"


def build(report: Report, folder: Path, store: Path, controls: Controls | str) -> Path:
    """Write index.html, and the figures it shows, into the report's folder.

    Args:
        report: as in verdicts.json.
        folder: where verdicts.json lies.
        store: the run store, from which figures are drawn.
        controls: how the planted controls came out, or why that is not known.

    Raises:
        OSError: the folder cannot be written.
    """
    # numpy's and safetensors' time only where a page is made
    from reports.figures.cache import FigureCache
    from reports.page.gallery import gallery

    cache = FigureCache(folder / "figures", store)
    shown = gallery(report.provenance.experiments, cache)
    write_whole(folder / NAME, render(report, shown, controls, cache.forest))
    return folder / NAME


def environment() -> Environment:
    """The templates, which escape every text."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    made = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=visible,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {
        "anchor": anchor,
        "duration": duration,
        "estimate": estimate,
        "counted": counted,
        "p_value": p_value,
    }
    return made


def render(
    report: Report, shown: Gallery, controls: Controls | str, forest: Callable[[Sequence[Row], str], str]
) -> str:
    """The whole page as text; `forest` draws a claim's verdicts as an SVG of that name."""
    from markupsafe import Markup

    from reports.page import sections

    script = (_TEMPLATES / "script.js").read_text(encoding="utf-8")
    about, rows = report.provenance, sections.rows(report)
    return (
        environment()
        .get_template("page.html")
        .render(
            question=sections.QUESTION,
            answer=sections.answer(report.verdicts, report.multiplicity.alpha),
            about=about,
            options=about.options,
            counts=count(report.verdicts),
            rows=rows,
            choices=_choices(report.verdicts),
            datasets=_datasets(list(about.data)),
            sections=sections.sections(report, controls, forest),
            proofs=[row for row in rows if row.verdict.strength is not Strength.STATISTICAL],
            gallery=shown,
            design=design(about.options),
            sizes=sizes(about.options),
            multiplicity=report.multiplicity,
            fallen=sum(map(fell, report.verdicts)),
            reproduce=sections.reproduce(about),
            glyphs={str(outcome): style.glyph for outcome, style in STYLES.items()},
            # The project's own files and matplotlib's SVG, the only texts that are not escaped.
            style=Markup((_TEMPLATES / "style.css").read_text(encoding="utf-8")),
            script=Markup(script),
            script_hash=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
            trusted=Markup,
        )
    )


def _choices(rows: Sequence[Row]) -> dict[str, tuple[str, list[str]]]:
    """The filters above the table: field -> its label, and the values to choose from."""
    return {
        "outcome": ("Verdict", [str(outcome) for outcome in count(rows)]),
        "kind": ("Kind", list(dict.fromkeys(row.kind for row in rows))),
        "protocol": ("Protocol", sorted({row.protocol for row in rows} - {""})),
        "dataset": ("Data set", sorted({row.dataset for row in rows} - {""})),
    }


def _datasets(names: Sequence[str]) -> list[str]:
    """The data sets; the planted ones together."""
    real = [name for name in names if not name.startswith("synthetic")]
    return [*real, "planted sets"] if len(real) < len(names) else real


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
