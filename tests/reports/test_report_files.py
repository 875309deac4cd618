"""The files of a report: strict, described by the schema, and never half written."""

from __future__ import annotations

import csv
import json
import os
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from sample_reports import report as made
from sample_reports import verdict

from reports import files, provenance
from reports.collector import Collector

SCHEMA = json.loads((Path(files.__file__).parent / "schema" / "verdicts.schema.json").read_text())


def report(*, complete: bool = True, **evidence: Any) -> dict[str, Any]:
    """A report with one verdict, made without a run."""
    found = {"estimate": 0.04, "interval": (0.01, float("inf")), "n": 12, "note": "a | b"} | evidence
    row = verdict("E1", "he", **found) | {"experiments": ["k"]}
    why = None if complete else "interrupted: 1 of 2 tests finished"
    return made(row, complete=complete, interrupted=why, dirty=True)


def test_the_json_satisfies_the_published_schema(tmp_path: Path) -> None:
    """Strict JSON: an open end of an interval is null, never Infinity."""
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    files.write(report(), tmp_path)
    text = (tmp_path / "verdicts.json").read_text()
    read = json.loads(text, parse_constant=pytest.fail)
    jsonschema.validate(read, SCHEMA)
    assert read["verdicts"][0]["interval"] == [0.01, None]


@pytest.mark.parametrize("key", ["claim", "setting", "statement", "outcome", "strength", "estimate"])
def test_the_schema_wants_every_field(key: str) -> None:
    """A verdict that lacks a promised field is refused."""
    broken = report()
    del broken["verdicts"][0][key]
    with pytest.raises(jsonschema.ValidationError, match=f"'{key}' is a required property"):
        jsonschema.validate(broken, SCHEMA)


def test_a_number_that_is_not_finite_is_refused(tmp_path: Path) -> None:
    """What JSON cannot say is an error here, not a file that no strict parser reads; an older file stays."""
    files.write(report(), tmp_path)
    before = {path.name: path.read_text() for path in tmp_path.iterdir()}
    broken = report()
    broken["verdicts"][0]["estimate"] = float("nan")
    with pytest.raises(ValueError, match="not JSON compliant"):
        files.write(broken, tmp_path)
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == before


def test_a_write_that_fails_leaves_the_old_file_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rename comes last; without it the old files stand and no temporary one is left."""
    files.write(report(), tmp_path)
    before = (tmp_path / "verdicts.json").read_text()

    def full(*_: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(OSError, match="disk full"):
        files.write(report(complete=False), tmp_path)
    assert (tmp_path / "verdicts.json").read_text() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(files.NAMES)


def test_csv_has_a_row_a_verdict(tmp_path: Path) -> None:
    """Every field is a column, the interval two; an open end is empty."""
    files.write(report(), tmp_path)
    (row,) = csv.DictReader((tmp_path / "verdicts.csv").read_text().splitlines())
    assert (row["claim"], row["estimate"], row["low"], row["high"]) == ("E1", "0.04", "0.01", "")
    assert row["reason"] == "the interval straddles <= 0.05; a | b"


def test_markdown_shows_all_of_it() -> None:
    """Sections, the claim, its row with the reason, and the origin; bars inside cells are escaped."""
    text = files.as_markdown(report())
    for part in (
        "## Section 4: empirical results",
        "### E1: 784-500-10, MSE",
        "Paper: yes (section 4.1, figure 1). Unit: L/L0.",
        "0.04 [0.01, inf] vs 0.05",
        r"the interval straddles <= 0.05; a \| b |",
        "with local changes; a CPU; python 3.",
    ):
        assert part in text
    assert "Partial" not in text
    assert "**Partial report: interrupted: 1 of 2 tests finished.**" in files.as_markdown(
        report(complete=False)
    )


@pytest.mark.parametrize(
    ("backend", "option", "precision", "name"),
    [
        ("cpu", "auto", "fp32", "cpu"),
        ("cuda", "auto", "tf32", "cuda-tf32"),
        ("cpu", "cpu", "fp64", "cpu-fp64"),
        (None, "auto", "fp32", "cpu"),
        (None, "cuda", "bf16", "cuda-bf16"),
    ],
)
def test_the_folder_is_named_by_what_trained(
    backend: str | None, option: str, precision: str, name: str
) -> None:
    """What the tests say they trained on counts before what was asked for."""
    about = {"backend": backend, "options": {"backend": option, "precision": precision}}
    assert files.folder_name(about) == name


def test_provenance_of_many_tests_becomes_one() -> None:
    """Lists are united, checksums kept by name, seconds added; the order of arrival leaves no trace."""
    one = {"data": {"a": "1"}, "seeds": [2, 10], "device": "X", "trained": True, "seconds": 1.5, "x": 1}
    two = {
        "data": {"a": "1", "b": "2"},
        "seeds": [1, 2],
        "device": "X",
        "backend": "cpu",
        "experiments": ["k"],
    }
    merged = provenance.merge([one, two])
    assert merged == provenance.merge([two, one])
    assert merged == {
        "device": "X",
        "backend": "cpu",
        "precision": None,
        "seeds": [1, 2, 10],
        "experiments": [RUN | {"key": "k"}],
        "data": {"a": "1", "b": "2"},
        "trained": 1,
        "seconds": 1.5,
        "more": {"x": [1]},
    }


RUN = {"name": None, "trained": False, "resumed_from": None, "seconds": None, "sha256": None}


def test_a_run_that_many_tests_share_is_listed_once() -> None:
    """Trained by one test and read by the others: trained now, its seconds counted once."""
    said = {"name": "n", "resumed_from": 3, "seconds": 2.5, "sha256": "ab"}
    trained = {"experiments": {"k": said | {"trained": True}}}
    read = {"experiments": {"k": said | {"trained": False}, "j": said | {"trained": False}}}
    for entries in ([trained, read, read], [read, read, trained]):
        merged = provenance.merge(entries)
        assert merged["experiments"] == [
            {"key": "j", **said, "trained": False},
            {"key": "k", **said, "trained": True},
        ]
        assert (merged["trained"], merged["seconds"]) == (1, 5.0)


def test_two_checksums_of_one_data_set_both_show() -> None:
    """Workers that read different bytes under one name must not go unnoticed."""
    assert provenance.merge([{"data": {"a": "2"}}, {"data": {"a": "1"}}])["data"] == {"a": "1+2"}


def test_outside_a_checkout_there_is_no_commit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No git folder, or no git at all: the commit is unknown, which is no error."""
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert provenance.checkout(tmp_path) == {"commit": None, "dirty": None}
    monkeypatch.setenv("PATH", "")
    assert provenance.checkout(Path(__file__).parent) == {"commit": None, "dirty": None}


def test_a_test_that_runs_twice_counts_once() -> None:
    """The last verdict of a test stands, and an earlier error of it is forgotten."""
    collector = Collector()
    for estimate, outcome in ((0.0, "failed"), (0.01, "passed"), (0.02, "passed")):
        verdict = report(estimate=estimate)["verdicts"][0]
        collector.pytest_runtest_logreport(
            pytest.TestReport(
                "t",
                ("", 0, ""),
                {},
                outcome,
                None,
                "call",
                user_properties=[("verdict", json.dumps(verdict))],
            )
        )
    assert [verdict["estimate"] for verdict in collector.ordered()] == [0.02]
    assert not collector.errors
