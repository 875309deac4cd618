"""The pictures of docs/architecture.md are the code's."""

from __future__ import annotations

import pytest

from docs import architecture
from docs.architecture import PAGE, drawn, flow, graph, main, reduced


def test_the_committed_pictures_are_in_step() -> None:
    """Else: python -m docs.architecture."""
    page = PAGE.read_text()
    assert drawn(page) == page
    assert page.count("```mermaid") == page.count("<!-- drawn: ") == 5


def test_data_flows_from_claim_to_report() -> None:
    """Each step is a function that takes the one and returns the other."""
    found = flow()
    assert found["Training", "Experiment"] == ["claims/catalogue/experiments.py Scale.experiment"]
    assert "models/runs/store.py RunStore.get" in found["Experiment", "Run"]
    assert "claims/evidence/trained/speed.py slowdown" in found["Run", "Evidence"]
    assert found["Evidence", "Verdict"] == ["claims/core/verdict.py decide"]
    assert found["Verdict", "Row"] == ["reports/records.py Row"]
    assert "Report" in {made for _, made in found}


def test_no_step_reaches_back() -> None:
    """What is made of a value is never needed to make it."""
    order = architecture.FLOW
    assert all(order.index(given) < order.index(made) for given, made in flow())


def test_implied_edges_are_left_out() -> None:
    """a -> c is implied by a -> b -> c; b -> d is not."""
    edges = {"a": {"b", "c"}, "b": {"c", "d"}, "c": set()}
    assert reduced(edges) == {"a": {"b"}, "b": {"c", "d"}, "c": set()}


def test_the_graph_has_the_folders_own_imports() -> None:
    """Folders and files of a room; packages on the way to a module are no imports of their own."""
    folders = graph()
    assert "models.exact" in folders["models.linear"]
    assert "models.initialisations" in folders["models"]
    assert folders["data"] == set()
    assert not any("reports" in targets for name, targets in folders.items() if name.startswith("claims"))


def test_an_old_picture_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path, capsys) -> None:
    """--check writes nothing and says the cure; without it the page is mended and its text left alone."""
    page = PAGE.read_text()
    old = tmp_path / "architecture.md"
    old.write_text(page.replace("    claims --> data\n", ""))
    monkeypatch.setattr(architecture, "PAGE", old)
    assert main(["--check"]) == 1
    assert "wanted the code's own: run `python -m docs.architecture`" in capsys.readouterr().err
    assert old.read_text() != page
    assert main([]) == 0
    assert old.read_text() == page
    assert main(["--check"]) == 0


def test_a_picture_that_there_is_not_is_an_error() -> None:
    """Its name is a typing error."""
    with pytest.raises(ValueError, match="got the picture 'foo', wanted one of flow, rooms, models"):
        drawn("<!-- drawn: foo -->\n<!-- end -->")
