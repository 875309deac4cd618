"""The page and the planted controls in whole runs of the harness."""

from __future__ import annotations

import json

import pytest

from claims.harness.launch.controls import Controls, read_controls
from reports.page import NAME
from tests.reports.page_reader import Page


def test_a_run_writes_the_page(harness: pytest.Pytester) -> None:
    """Beside verdicts.json, and the terminal says so; with -qq only the counts are printed."""
    result = harness.runpytest_inprocess("-p", "reports.page.plugin")
    result.stdout.fnmatch_lines(["index.html, verdicts.json, verdicts.md, verdicts.csv in *"])
    found = Page((harness.path / "reports/out/cpu" / NAME).read_text(encoding="utf-8"))
    assert "4 verdicts" in found.text
    quiet = harness.runpytest_inprocess("-p", "reports.page.plugin", "-qq")
    quiet.stdout.no_fnmatch_line("*index.html*")


def test_workers_build_it_once(harness: pytest.Pytester) -> None:
    """Only the controller has the verdicts."""
    result = harness.runpytest_inprocess("-p", "reports.page.plugin", "-n", "2")
    result.stdout.fnmatch_lines(["index.html, verdicts.json, *"])
    assert (harness.path / "reports/out/cpu" / NAME).is_file()


def test_a_page_that_fails_costs_no_verdict(harness: pytest.Pytester) -> None:
    """The reason is printed and the run fails; verdicts.json is what it was."""
    (harness.path / "reports/out/cpu" / NAME).mkdir(parents=True)
    result = harness.runpytest_inprocess("-p", "reports.page.plugin")
    result.stdout.fnmatch_lines(["the page could not be built: IsADirectoryError: *"])
    assert result.ret == 1
    assert len(json.loads((harness.path / "reports/out/cpu/verdicts.json").read_text())["verdicts"]) == 4


def test_nothing_is_written_where_a_link_leads(harness: pytest.Pytester) -> None:
    """Neither a backend's folder nor a report's files: links give way to what they stood for."""
    elsewhere, out = harness.path / "elsewhere", harness.path / "reports" / "out"
    elsewhere.mkdir()
    out.mkdir(parents=True)
    (out / "cpu").symlink_to(elsewhere)
    assert harness.runpytest_inprocess("-p", "reports.page.plugin").ret == 0
    for name in (NAME, "verdicts.json", "verdicts.csv", "verdicts.md"):
        (out / "cpu" / name).unlink()
        (out / "cpu" / name).symlink_to(elsewhere / name)
    assert harness.runpytest_inprocess("-p", "reports.page.plugin").ret == 0
    assert (out / "cpu" / NAME).is_file()
    assert not (out / "cpu").is_symlink()
    assert list(elsewhere.iterdir()) == []


CONTROL_TESTS = """
import pytest

@pytest.mark.parametrize(
    ("claim", "outcome"),
    [("E1", "supported"), *((id, "refuted") for id in ("E1", "E10-groups", "E10", "N1"))],
)
def test_planted(claim, outcome, record_property):
    record_property("control", {"claim": claim, "outcome": outcome})
    assert (claim, outcome) != ("E1", "refuted")

@pytest.mark.parametrize("case", ["E2-supported"])
def test_other(case):
    pass
"""


@pytest.mark.parametrize("workers", ["0", "2"])
def test_the_controls_are_written_down(harness: pytest.Pytester, workers: str) -> None:
    """By claim, with what failed; the page of the next run of the claims reads them."""
    folder = harness.mkpydir("tests").joinpath("claims")
    folder.mkdir()
    (folder / "test_planted_controls.py").write_text(CONTROL_TESTS)
    harness.runpytest_inprocess("-p", "reports.page.plugin", "-n", workers, "tests/claims")
    found = read_controls(harness.path / "reports/out/controls.json")
    assert isinstance(found, Controls)
    assert found.digest
    assert {(control.claim, control.outcome, control.passed) for control in found.controls} == {
        ("E1", "supported", True),
        ("E1", "refuted", False),
        *((id, "refuted", True) for id in ("E10-groups", "E10", "N1")),
    }
    harness.runpytest_inprocess("-p", "reports.page.plugin", "test_claims.py")
    text = Page((harness.path / "reports/out/cpu" / NAME).read_text(encoding="utf-8")).text
    assert (
        "1 of 2 planted cases came out wrong: tests/claims/test_planted_controls.py::test_planted[E1-ref"
        in text
    )


def test_without_verdicts_there_is_no_page(harness: pytest.Pytester) -> None:
    """An earlier page stays as it is."""
    result = harness.runpytest_inprocess("-p", "reports.page.plugin", "-k", "nothing")
    result.stdout.no_fnmatch_line("*index.html*")
    assert not (harness.path / "reports").exists()
