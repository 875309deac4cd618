"""CITATION.cff says what pyproject.toml says, and the papers are the same wherever they are named."""

from __future__ import annotations

import tomllib
from typing import Any

import pytest

from docs.sources import ROOT

yaml = pytest.importorskip("yaml", reason="pre-commit brings it")


@pytest.fixture(scope="module")
def citation() -> dict[str, Any]:
    return dict(yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8")))


def test_it_has_the_fields_of_the_format(citation: dict[str, Any]) -> None:
    """Those that version 1.2.0 requires, and a type, title and authors for each paper."""
    assert citation["cff-version"] == "1.2.0"
    for entry in (citation, *citation["references"]):
        assert entry["type"]
        assert entry["title"]
        assert all(author.get("name") or author["family-names"] for author in entry["authors"])
    assert citation["message"]


def test_it_says_what_the_project_says(citation: dict[str, Any]) -> None:
    """Name, version, licence and description are pyproject.toml's; the authors are those of the licence."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert citation["title"] == project["name"]
    assert citation["version"] == project["version"]
    assert citation["license"] == project["license"]
    assert citation["abstract"].replace('"', "'") == project["description"]
    (author,) = citation["authors"]
    assert author["name"].lower() in (ROOT / "LICENSE").read_text(encoding="utf-8").lower()


@pytest.mark.parametrize("page", ["README.md", "docs/papers.md"])
def test_pages_name_the_same_papers(citation: dict[str, Any], page: str) -> None:
    """Titles and authors, and the address of the one that has an address."""
    text = " ".join((ROOT / page).read_text(encoding="utf-8").split())
    for paper in citation["references"]:
        assert paper["title"] in text
        assert all(author["family-names"] in text for author in paper["authors"])
    theorem = citation["references"][0]
    assert theorem["url"] in text
    assert f"https://arxiv.org/abs/{theorem['identifiers'][0]['value'].removeprefix('arXiv:')}" in text
