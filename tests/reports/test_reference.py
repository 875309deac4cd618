"""The committed report of the paper-scale run is whole, and is what its page says it is."""

from __future__ import annotations

import json
import re
from pathlib import Path

import jsonschema
import pytest

from claims.catalogue import CATALOGUE
from reports import files

FOLDER = Path(files.__file__).parent / "reference"
SCHEMA = json.loads((Path(files.__file__).parent / "schema" / "verdicts.schema.json").read_text())


@pytest.fixture(scope="module")
def report() -> dict:
    return json.loads((FOLDER / "cpu" / "verdicts.json").read_text(encoding="utf-8"))


def test_it_is_a_complete_run_at_the_papers_scale(report):
    """Every claim, full MNIST, a clean checkout, no error and nothing interrupted."""
    jsonschema.validate(report, SCHEMA)
    about = report["provenance"]
    assert (about["options"]["scale"], about["complete"], about["dirty"]) == ("paper", True, False)
    assert (about["errors"], about["interrupted"]) == ([], None)
    assert {verdict["claim"] for verdict in report["verdicts"]} == set(CATALOGUE)
    assert "mnist" in about["data"]
    assert {run["name"].split("-")[0] for run in about["experiments"]} == {"mnist", "boston"}


def test_every_figure_has_its_data(report):
    """SVG and CSV come in pairs, three for each run on digits, and the page shows them."""
    drawn = {path.stem for path in (FOLDER / "cpu" / "figures").glob("*.svg")}
    assert drawn == {path.stem for path in (FOLDER / "cpu" / "figures").glob("*.csv")}
    assert len(drawn) > 2 * len(report["provenance"]["experiments"])
    page = (FOLDER / "cpu" / "index.html").read_text(encoding="utf-8")
    assert all(f'href="figures/{name}.csv"' in page for name in drawn)


def test_its_page_names_the_commit_and_the_command(report):
    """README.md says how it was made, and from which commit."""
    text = (FOLDER / "README.md").read_text(encoding="utf-8")
    about = report["provenance"]
    assert about["commit"] in text
    assert "python -m pytest " + " ".join(about["options"]["arguments"]) in text


def test_it_names_no_folder_of_the_machine_it_was_made_on():
    """Nothing in it points outside a checkout."""
    for path in FOLDER.rglob("*"):
        if path.is_file():
            assert not re.search(r"/(?:tmp|root|home|work)/", path.read_text(encoding="utf-8")), path


def test_no_weights_are_committed():
    """JSON, Markdown, CSV, SVG and the page, nothing else."""
    endings = {path.suffix for path in FOLDER.rglob("*") if path.is_file()}
    assert endings == {".json", ".md", ".csv", ".svg", ".html"}
