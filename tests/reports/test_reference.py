"""The committed report is whole, and is what its page says it is."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from claims.catalogue import CATALOGUE
from claims.catalogue.scales import SCALES
from docs.reference import MOST
from reports import files
from reports.earlier import read
from reports.records import VERSION, Report

FOLDER = Path(files.__file__).parent / "reference"


@pytest.fixture(scope="module")
def report() -> Report:
    return read(FOLDER / "cpu" / "verdicts.json")


def test_it_is_a_complete_run(report: Report) -> None:
    """The data of its scale, a clean checkout, no error and nothing interrupted. The catalogue may have gone
    on since: a report of an earlier version is read as such, and claims may have been added."""
    about = report.provenance
    assert (about.complete, about.dirty, about.errors, about.interrupted) == (True, False, (), None)
    judged = {row.claim for row in report.verdicts}
    assert len(judged) > 30
    if report.version == VERSION:
        assert judged <= set(CATALOGUE)
        assert set(SCALES[about.options.scale].sizes) <= set(about.data)
    assert about.options.scale in SCALES
    assert {run.name.split("-")[0] for run in about.experiments if run.name} == {"mnist", "boston"}


def test_its_page_stands_alone() -> None:
    """It holds pictures, links to nothing that is not beside it, and is as small as it is remade."""
    page = (FOLDER / "cpu" / "index.html").read_text(encoding="utf-8")
    links = re.findall(r'(?:href|src)="(?!#|https?:|data:)([^"]+)"', page)
    assert {"verdicts.json", "verdicts.csv", "verdicts.md"} <= set(links)
    assert not [link for link in links if not (FOLDER / "cpu" / link).is_file()]
    assert "<svg" in page or "data-plot=" in page
    assert sum(path.stat().st_size for path in FOLDER.rglob("*")) < MOST


def test_its_page_names_the_commit_and_the_command(report: Report) -> None:
    """README.md says how it was made, and from which commit."""
    text = (FOLDER / "README.md").read_text(encoding="utf-8")
    about = report.provenance
    assert str(about.commit) in text
    assert "python -m pytest " + " ".join(about.options.arguments) in text


def test_it_names_no_folder_of_the_machine_it_was_made_on() -> None:
    """Nothing in it points outside a checkout."""
    for path in FOLDER.rglob("*"):
        if path.is_file():
            assert not re.search(r"/(?:tmp|root|home|work)/", path.read_text(encoding="utf-8")), path


def test_no_weights_are_committed() -> None:
    """JSON, Markdown, CSV and the page, nothing else."""
    endings = {path.suffix for path in FOLDER.rglob("*") if path.is_file()}
    assert endings == {".json", ".md", ".csv", ".html"}
