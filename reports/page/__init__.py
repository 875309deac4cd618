"""The page: gathers all that it shows and writes one file; no request, and nothing that is not escaped."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

from claims.catalogue import CATALOGUE
from claims.catalogue.figures import PAPER
from claims.harness.launch.controls import Controls
from models.runs.remote.place import Place
from reports.answer import QUESTION, answer, contradictions
from reports.files import write_whole
from reports.formats import count, design, sizes
from reports.records import Report
from reports.rendering import TEMPLATES, rendered
from reports.summary import outlook

if TYPE_CHECKING:
    from reports.plots.records import Plots

__all__ = ["NAME", "build", "render"]

NAME = "index.html"

SCRIPTS = ("chart.js", "script.js")
"""Of `reports/templates/`, each a script of its own in the page, which its policy names by digest."""

STYLES = ("style.css", "chart.css")


def build(report: Report, folder: Path, store: Path | Place, controls: Controls | str) -> Path:
    """Write index.html, and the tables of what it plots, into the report's folder.

    Args:
        report: as in verdicts.json.
        folder: where verdicts.json lies.
        store: the run store, from which plots are drawn, by its folder or its place.
        controls: how the planted controls came out, or why that is not known.

    Raises:
        OSError: the folder cannot be written.
    """
    # numpy's and safetensors' time only where a page is made
    from reports.plots.gathered import TABLES, gathered
    from reports.plots.values import Values

    plots = gathered(report, Values(store), folder / TABLES)
    write_whole(folder / NAME, render(report, plots, controls))
    return folder / NAME


def render(report: Report, plots: Plots, controls: Controls | str) -> str:
    """The whole page as text."""
    from markupsafe import Markup

    from models.descent.certificates.meanings import MEANINGS
    from reports.page import words
    from reports.page.judging import judging
    from reports.plots.records import embedded, ends

    scripts = [(TEMPLATES / name).read_text(encoding="utf-8") for name in SCRIPTS]
    about = report.provenance
    return rendered(
        "page.html",
        words=words,
        question=QUESTION,
        answer=answer(report),
        contradictions=contradictions,
        outlook=outlook,
        catalogue=CATALOGUE,
        paper=PAPER,
        redrawn=[figure.number for figure in PAPER],
        meanings=MEANINGS,
        report=report,
        about=about,
        options=about.options,
        multiplicity=report.multiplicity,
        counts=count(report.verdicts),
        rows=words.placed(report),
        controls=controls,
        plots=plots,
        plots_data=Markup(embedded(plots)),
        ends=ends,
        judging=judging,
        design=design(about.options),
        sizes=sizes(about.options),
        # The project's own files, and data in which nothing can end a script: the only texts not escaped.
        style=Markup("".join((TEMPLATES / name).read_text(encoding="utf-8") for name in STYLES)),
        scripts=[Markup(script) for script in scripts],
        script_hashes=[_digest(script) for script in scripts],
    )


def _digest(script: str) -> str:
    """As a content security policy names an inline script."""
    return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
