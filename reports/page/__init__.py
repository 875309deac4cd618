"""The page: gathers all that it shows and writes one file; no request, and nothing that is not escaped."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from claims.catalogue import CATALOGUE
from claims.catalogue.figures import PAPER
from claims.harness.launch.controls import Controls
from reports.answer import QUESTION, answer, contradictions
from reports.files import write_whole
from reports.formats import count, design, sizes
from reports.records import Report, Row
from reports.rendering import TEMPLATES, rendered

if TYPE_CHECKING:
    from reports.page.gallery import Gallery

__all__ = ["NAME", "build", "render"]

NAME = "index.html"

SCRIPTS = ("script.js",)
"""Of `reports/templates/`, each a script of its own in the page, which its policy names by digest."""


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


def render(
    report: Report, shown: Gallery, controls: Controls | str, forest: Callable[[Sequence[Row], str], str]
) -> str:
    """The whole page as text; `forest` draws a claim's verdicts as an SVG of that name."""
    from markupsafe import Markup

    from models.descent.certificates.meanings import MEANINGS
    from reports.page import words

    scripts = [(TEMPLATES / name).read_text(encoding="utf-8") for name in SCRIPTS]
    about = report.provenance
    return rendered(
        "page.html",
        words=words,
        question=QUESTION,
        answer=answer(report),
        contradictions=contradictions,
        catalogue=CATALOGUE,
        redrawn=[figure.number for figure in PAPER],
        meanings=MEANINGS,
        report=report,
        about=about,
        options=about.options,
        multiplicity=report.multiplicity,
        counts=count(report.verdicts),
        rows=words.placed(report),
        controls=controls,
        forest=forest,
        gallery=shown,
        design=design(about.options),
        sizes=sizes(about.options),
        # The project's own files and matplotlib's SVG, the only texts that are not escaped.
        style=Markup((TEMPLATES / "style.css").read_text(encoding="utf-8")),
        scripts=[Markup(script) for script in scripts],
        script_hashes=[_digest(script) for script in scripts],
        trusted=Markup,
    )


def _digest(script: str) -> str:
    """As a content security policy names an inline script."""
    return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
