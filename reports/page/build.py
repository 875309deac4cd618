"""Gathers all that the page shows and writes it: one file, no request, nothing that is not escaped."""

from __future__ import annotations

import base64
import hashlib
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from claims.core.verdict import Strength
from reports.design import design, sizes
from reports.files import write_whole
from reports.outcomes import count
from reports.page import commands, controls
from reports.page.answer import QUESTION, answer
from reports.page.gallery import Gallery, gallery
from reports.page.sections import anchor, rows, sections

__all__ = ["NAME", "build", "render", "visible"]

NAME = "index.html"
TEMPLATES = Path(__file__).parent / "templates"
GLYPHS = {"supported": "●", "refuted": "▲", "inconclusive": "◐", "not applicable": "○"}
"""Beside each outcome, so that it can be told without colour."""


def build(report: dict[str, Any], folder: Path, store: Path) -> Path:
    """Write index.html, and the figures it shows, into the report's folder.

    Args:
        report: as in verdicts.json.
        folder: where verdicts.json lies.
        store: the run store, from which figures are drawn.

    Raises:
        OSError: the folder cannot be written.
    """
    from reports.figures.shelf import Shelf  # numpy's and safetensors' time only where a page is made

    shown = gallery(report["provenance"]["experiments"], Shelf(folder / "figures", store))
    write_whole(folder / NAME, render(report, shown, controls.read(folder.parent / "controls.json")))
    return folder / NAME


def render(report: dict[str, Any], shown: Gallery, planted: controls.Controls) -> str:
    """The whole page as text."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined
    from markupsafe import Markup

    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=visible,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"anchor": anchor, "duration": duration}
    script = (TEMPLATES / "script.js").read_text(encoding="utf-8")
    about, verdicts = report["provenance"], report["verdicts"]
    ours = rows(report)
    return environment.get_template("page.html").render(
        question=QUESTION,
        answer=answer(verdicts, report["multiplicity"]["alpha"]),
        about=about,
        counts=count([v["outcome"] for v in verdicts]),
        rows=ours,
        choices=_choices(verdicts),
        datasets=_datasets(about["data"]),
        sections=sections(report, planted),
        proofs=[row for row in ours if row.verdict["strength"] != Strength.STATISTICAL],
        gallery=shown,
        design=design(about["options"]),
        sizes=sizes(about["options"]),
        multiplicity=report["multiplicity"],
        fallen=sum(row.fell for row in ours),
        reproduce=commands.reproduce(about),
        glyphs=GLYPHS,
        # The project's own files and matplotlib's SVG, the only texts that are not escaped.
        style=Markup((TEMPLATES / "style.css").read_text(encoding="utf-8")),
        script=Markup(script),
        script_hash=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
        trusted=Markup,
    )


@dataclass(frozen=True, slots=True)
class _Choice:
    """A filter above the table."""

    name: str
    label: str
    values: list[str]


def _choices(verdicts: Sequence[dict[str, Any]]) -> list[_Choice]:
    filters = {"outcome": "Verdict", "kind": "Kind", "protocol": "Protocol", "dataset": "Data set"}
    found = []
    for name, label in filters.items():
        values = list(dict.fromkeys(v[name] for v in verdicts if v[name]))
        order = list(GLYPHS) if name == "outcome" else values if name == "kind" else sorted(values)
        found.append(_Choice(name, label, [value for value in order if value in values]))
    return found


def _datasets(names: Mapping[str, str]) -> list[str]:
    """The data sets; the planted ones together."""
    real = [name for name in names if not name.startswith("synthetic")]
    return [*real, "planted sets"] if len(real) < len(names) else real


def duration(seconds: float | None) -> str:
    """`0.4 s`, `75 s`, `12 min`, `3.5 h`."""
    if seconds is None:
        return "unknown"
    if seconds < 120:
        return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"


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
