"""Reports on runs with second legs: valid, compared and looked back on as any other, drawn and tabled."""

from __future__ import annotations

import json
from dataclasses import replace as of
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator
from msgspec.structs import replace

from claims.core.verdict import Outcome
from models.descent.certificates.certificate import Kind
from models.descent.certificates.meanings import MEANINGS
from reports import earlier, files, history
from reports.comparison import gather, tally
from reports.figures.cache import FigureCache
from reports.page import build
from reports.page.gallery import gallery
from reports.records import Report, schema
from tests.reports import page_samples as samples
from tests.reports.page_reader import Page, page

HE = {"protocol": "he"}


def judged(root: Path) -> Report:
    """A report of one verdict on where training ended; its runs are in the store `root`."""
    runs = samples.store_legs(root, samples.ended())
    keys = tuple(run.key for run in runs)
    row = samples.verdict("E2", "mnist-5k-500-he", Outcome.REFUTED, experiments=keys, **HE)
    return samples.report(row, experiments=runs)


# -- for programs ---------------------------------------------------------------------


def test_the_json_is_as_the_schema_says(tmp_path: Path) -> None:
    """With the spreads and the kinds of a second leg; what is read is what was written."""
    report = judged(tmp_path)
    found = json.loads(files.as_json(report))
    Draft202012Validator(json.loads(schema())).validate(found)
    (ended,) = [run["descent"] for run in found["provenance"]["experiments"] if run["descent"]]
    assert ended["certificates"] == {"local minimum": 7, "stationary at a kink": 1}
    assert ended["loss"] == pytest.approx([9, 10, 11])
    assert ended["steps"] == [4, 4, 4]
    files.write(report, tmp_path / "cpu")
    assert earlier.read(tmp_path / "cpu" / earlier.NAME) == report


def test_a_report_from_before_second_legs_compares_with_one_that_has_them(tmp_path: Path) -> None:
    """By claim and setting, as ever: the outcome flips; the history and a baseline take both."""
    after = judged(tmp_path / "store")
    (row,) = after.verdicts
    was = replace(row, outcome=Outcome.SUPPORTED, experiments=row.experiments[:1])
    before = samples.report(was, experiments=after.provenance.experiments[:1])
    for name, report in (("before", before), ("after", after)):
        files.write(report, tmp_path / name)
        assert history.add(report, tmp_path) is None
    comparison = gather([tmp_path / name / earlier.NAME for name in ("before", "after")])
    assert tally(comparison.rows)["flip"] == 1
    assert [entry.verdict.outcome for entry in history.entries(tmp_path, "E2")] == ["supported", "refuted"]
    baseline = earlier.Baseline.read(tmp_path / "before" / earlier.NAME)
    assert baseline.moved(row) == ("supported", "refuted")


# -- for people -----------------------------------------------------------------------


def test_the_page_says_where_training_ended(tmp_path: Path) -> None:
    """A row an experiment; each claim's row that rests on it has a link to it; a sentence for each kind."""
    path = build(judged(tmp_path / "store"), tmp_path, tmp_path / "store", "not run")
    text = path.read_text(encoding="utf-8")
    section = Page(text[text.index('<section id="ends"') : text.index('<section id="provenance"')]).text
    for part in (
        "mnist-5k-500-he linear mse",
        "7 local minimum",
        "1 stationary at a kink",
        "10 9 to 11",
        "levenberg-marquardt 0.0001",
        "1.5 s",
        *MEANINGS.values(),
    ):
        assert part in section
    found = Page(text)
    (end,) = [id for id in found.values("id") if id.startswith("end-")]
    assert list(found.values("href")).count(f"#{end}") == 1
    assert "#gradient-1" in found.values("href")
    assert set(MEANINGS) == set(Kind)


def test_the_same_runs_give_the_same_bytes(tmp_path: Path) -> None:
    """From two stores, so that all figures of both legs are drawn twice."""
    pages = []
    for name in ("one", "two"):
        folder = tmp_path / name
        folder.mkdir()
        built = build(judged(folder / "store"), folder, folder / "store", "not run")
        figures = {path.name: path.read_bytes() for path in (folder / "figures").iterdir()}
        pages.append((built.read_bytes(), figures))
    assert pages[0] == pages[1]
    assert len(pages[0][1]) == 8


def test_a_page_without_second_legs_says_nothing_of_ends(tmp_path: Path) -> None:
    """Neither a section nor a link to one."""
    found = page(samples.report(samples.verdict("E1", "mnist-5k-500-he", Outcome.REFUTED, **HE)), tmp_path)
    assert "ends" not in found.values("id")
    assert "#ends" not in found.values("href")


def test_both_legs_are_one_figure_from_the_store(tmp_path: Path) -> None:
    """In the paper's figure and those of pairs, under one name; the gradient's has a place of its own."""
    shown = gallery(samples.store_legs(tmp_path, samples.ended()), FigureCache(tmp_path / "f", tmp_path))
    figures = [view.figure for place in shown.paper for view in place.views]
    more = dict(shown.more)
    figures += [
        view.figure for place in more["Distances between weights (section 3.1)"] for view in place.views
    ]
    assert [figure is not None and figure.svg.count("full-batch descent<") for figure in figures] == [6, 2, 2]
    (place,) = more["Norm of the full-batch gradient along the descents"]
    assert place.anchor == "gradient-1"
    assert [view.label for view in place.views] == ["he"]


def test_a_second_leg_that_cannot_be_read_leaves_a_reason(tmp_path: Path) -> None:
    """Half of what the report rests on is not shown as if it were all."""
    runs = samples.store_legs(tmp_path, samples.ended())
    (tmp_path / runs[1].key / "run.safetensors").unlink()
    place = gallery(runs, FigureCache(tmp_path / "f", tmp_path)).paper[0]
    assert [view.figure and runs[1].key in view.figure.problem for view in place.views] == [True]


def test_a_descent_from_the_initial_weights_has_its_gradient_drawn(tmp_path: Path) -> None:
    """It has no training whose figures it could continue."""
    second = samples.ended().second
    assert second is not None
    entry = samples.store(tmp_path, of(second, spec=of(second.spec, start="initial")))
    shown = gallery([entry], FigureCache(tmp_path / "f", tmp_path))
    assert [view for place in shown.paper for view in place.views] == []
    ((_, (place,)),) = shown.more
    assert place.heading.endswith(", squared error, levenberg-marquardt from the initial weights")
