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
from reports.page import build
from reports.plots.gathered import gathered
from reports.plots.values import Values
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
    again = earlier.read(tmp_path / "cpu" / earlier.NAME)
    assert again == replace(report, digest=again.digest)


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
    assert [entry.verdict.outcome for entry in history.sound(tmp_path, "E2")[0]] == ["supported", "refuted"]
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
    assert "#field-gradient" in found.values("href")
    assert set(MEANINGS) == set(Kind)


def test_the_same_runs_give_the_same_bytes(tmp_path: Path) -> None:
    """From two stores, so that all of both legs is computed twice."""
    pages = []
    for name in ("one", "two"):
        folder = tmp_path / name
        folder.mkdir()
        built = build(judged(folder / "store"), folder, folder / "store", "not run")
        figures = {path.name: path.read_bytes() for path in (folder / "figures").iterdir()}
        pages.append((built.read_bytes(), figures))
    assert pages[0] == pages[1]
    assert len(pages[0][1]) == 2


def test_a_page_without_second_legs_says_nothing_of_ends(tmp_path: Path) -> None:
    """Neither a section nor a link to one."""
    found = page(samples.report(samples.verdict("E1", "mnist-5k-500-he", Outcome.REFUTED, **HE)), tmp_path)
    assert "ends" not in found.values("id")
    assert "#ends" not in found.values("href")


def test_both_legs_are_one_line_of_the_page(tmp_path: Path) -> None:
    """In the paper's figures and those of pairs; the gradient's has the steps of the descent alone."""
    runs = samples.store_legs(tmp_path, samples.ended())
    found = gathered(
        samples.report(samples.verdict("E3", "s", Outcome.REFUTED), experiments=runs),
        Values(tmp_path),
        tmp_path / "f",
    )

    def axes(key: str) -> set[tuple[int, int]]:
        lines = [line for panel in found.plots[key].views[0].panels for line in panel.lines]
        return {(axis.last, axis.most) for axis in (found.axes[found.series[line].axis] for line in lines)}

    assert axes("figure-1") == axes("figure-2") == axes("field-weight_distance") == {(4, 4)}
    assert axes("field-gradient") == {(0, 4)}


def test_a_descent_from_the_initial_weights_has_its_gradient_drawn(tmp_path: Path) -> None:
    """It has no training whose figures it could continue."""
    second = samples.ended().second
    assert second is not None
    entry = samples.store(tmp_path, of(second, spec=of(second.spec, start="initial")))
    report = samples.report(samples.verdict("E3", "s", Outcome.REFUTED), experiments=(entry,))
    plots = gathered(report, Values(tmp_path), tmp_path / "f").plots
    assert not [key for key in plots if key.startswith("figure-")]
    assert [view.label for view in plots["field-gradient"].views] == [entry.name]
