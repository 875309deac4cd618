"""The files of a report: strict, described by the schema, and never half written."""

from __future__ import annotations

import csv
import io
import json
import math
import os
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from msgspec.structs import asdict, replace

from claims.catalogue import claim
from claims.core.origin import Origin, TrainedRun, merge
from claims.core.verdict import Evidence, decide
from models.checkout import checkout
from reports import files
from reports.collector import Collector, recording
from reports.formats import design, p_value, sizes
from reports.records import VERSION, Report, Row, schema
from tests.reports.sample_options import LOOKS, options
from tests.reports.sample_reports import INCONCLUSIVE, PROVED, verdict
from tests.reports.sample_reports import report as made
from tests.reports.sample_verdicts import recorded_verdict

SCHEMA_FILE = Path(files.__file__).parent / "schema" / "verdicts.schema.json"
SCHEMA = json.loads(SCHEMA_FILE.read_text())


def report(*, complete: bool = True, **evidence: Any) -> Report:
    """A report with one verdict, made without a run."""
    found = {"estimate": 0.04, "interval": (0.01, float("inf")), "n": 12, "note": "a | b"} | evidence
    row = verdict("E1", "he", **found, experiments=("k",))
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


def test_a_real_verdict_satisfies_the_schema() -> None:
    """What `decide` makes of evidence has just the fields that the schema promises."""
    found = Evidence(estimate=0.9, interval=(0.5, 1.0), n=32)
    real = decide(claim("E1"), found, setting="mnist-1k-500-he", dataset="mnist-1k", protocol="he")
    row = Row(**asdict(real), nodeid="t")
    jsonschema.validate(json.loads(files.as_json(made(row))), SCHEMA)


def test_the_report_says_which_version_it_is_and_counts_its_rows(tmp_path: Path) -> None:
    """Version 3, with what survives of all rows together."""
    rows = [verdict(p_value=0.04), verdict("E4", **INCONCLUSIVE), verdict("H2", "", "raw", **PROVED)]
    files.write(made(*rows), tmp_path)
    read = json.loads((tmp_path / "verdicts.json").read_text())
    jsonschema.validate(read, SCHEMA)
    assert read["version"] == VERSION == 3
    of = read["multiplicity"]
    assert [of[k] for k in ("rows", "decided", "surviving_bh", "surviving_holm")] == [2, 1, 0, 0]
    assert [row["survives"] for row in read["verdicts"]] == [False, None, None]


def test_the_schema_is_that_of_the_records() -> None:
    """The published file is written from the declarations: `python -m reports schema` does so."""
    assert SCHEMA_FILE.read_text(encoding="utf-8") == schema()


@pytest.mark.parametrize("key", ["claim", "setting", "outcome", "interval", "region", "rule", "p_value"])
def test_the_schema_wants_every_field(key: str) -> None:
    """A verdict that lacks a promised field is refused."""
    broken = json.loads(files.as_json(report()))
    del broken["verdicts"][0][key]
    with pytest.raises(jsonschema.ValidationError, match=f"'{key}' is a required property"):
        jsonschema.validate(broken, SCHEMA)


def test_a_number_that_is_not_finite_is_null(tmp_path: Path) -> None:
    """What JSON has no word for is written as nothing known."""
    files.write(report(estimate=float("nan")), tmp_path)
    read = json.loads((tmp_path / "verdicts.json").read_text(), parse_constant=pytest.fail)
    assert read["verdicts"][0]["estimate"] is None


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
    assert (row["p_value"], row["p_bh"], row["p_holm"], row["survives"]) == ("0.2", "0.2", "0.2", "")
    assert (row["sampling_unit"], row["rule_since"]) == ("networks", "2")
    assert row["reason"] == "the interval straddles <= 0.05; a | b"


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n"])
def test_a_cell_is_no_formula(start: str) -> None:
    """A text that a spreadsheet would compute is one behind an apostrophe; numbers stay numbers."""
    text = files.csv_text(
        [f"{start}1+1"], [[f"{start}cmd|' /C calc'!A0", -1.5, -2, None, True, (1, 2), math.nan]]
    )
    header, row = csv.reader(io.StringIO(text, newline=""))
    assert header == [f"'{start}1+1"]
    assert row == [f"'{start}cmd|' /C calc'!A0", "-1.5", "-2", "", "True", "1 2", ""]


def test_a_text_of_a_verdict_is_no_formula() -> None:
    """In every column that holds one, entries of tuples too."""
    whole = report()
    (row,) = whole.verdicts
    names = [name for name in Row.__struct_fields__ if isinstance(getattr(row, name), str)]
    changed = {name: "=1" for name in names if name not in ("outcome", "strength")}
    text = files.as_csv(replace(whole, verdicts=(replace(row, failed=("@x",), **changed),)))
    cells = [cell for line in csv.reader(text.splitlines()) for cell in line]
    assert cells.count("'=1") == len(changed) > 10
    assert "'@x" in cells
    assert not [cell for cell in cells if cell.startswith(("=", "@"))]


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    """What is written stays in the folder: a link in its place, or in a file's, is removed."""
    elsewhere, folder = tmp_path / "elsewhere", tmp_path / "out" / "cpu"
    elsewhere.mkdir()
    (elsewhere / "verdicts.md").write_text("mine")
    folder.parent.mkdir()
    folder.symlink_to(elsewhere)
    files.write(report(), folder)
    (folder / "verdicts.md").unlink()
    (folder / "verdicts.md").symlink_to(elsewhere / "verdicts.md")
    files.write(report(), folder)
    assert not (folder / "verdicts.md").is_symlink()
    assert [(path.name, path.read_text()) for path in elsewhere.iterdir()] == [("verdicts.md", "mine")]


def test_markdown_shows_all_of_it() -> None:
    """Sections, the claim, its row with the reason, and the origin; bars inside cells are escaped."""
    text = files.as_markdown(report())
    for part in (
        "## Section 4: empirical results",
        "### E1: 784-500-10, MSE",
        "Paper: yes (section 4.1, figure 1). Unit: L/L0.",
        "0.04 [0.01, inf] vs 0.05",
        "Rule: share of networks whose L/L0 comes to 0.05, exact binomial bound at 0.05",
        "Fixed design: 32 networks, share 0.85, alpha 0.05. Quick scale: mnist-5k 1000 training and 4000 "
        "test samples, boston 404 and 102. Of 0 decided rows among 1 with a p-value, 0 survive Benjamini and",
        "| 0.2 | 0.2  | 0.2    | 12 networks | statistical |",
        r"the interval straddles <= 0.05; a \| b |",
        "with local changes; a CPU; python 3.",
    ):
        assert part in text
    assert "Partial" not in text
    assert "**Partial report: interrupted: 1 of 2 tests finished.**" in files.as_markdown(
        report(complete=False)
    )


def test_markdown_says_what_does_not_survive() -> None:
    """In the row's own words, with the look and the proof in words that it leans on."""
    row = verdict(p_value=0.04, look="2 of 4", cites="a proof in words")
    text = files.as_markdown(made(row, verdict("E4", **INCONCLUSIVE)))
    assert "| supported, does not survive | 0.03 [0.02, 0.04] <= 0.05 | 0.04 | 0.08 | 0.08 " in " ".join(
        text.split()
    )
    assert "32 networks, look 2 of 4" in text
    assert "Leans on: a proof in words" in text
    assert "Of 1 decided rows among 2 with a p-value, 0 survive" in text


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({}, "fixed design: 32 networks, share 0.85, alpha 0.05"),
        (
            {"design": LOOKS},
            "looks at 12, 24, 48, 96 networks, share 0.9, alpha 0.05 spent as 0.1, 0.2, 0.3, 0.4",
        ),
    ],
    ids=["fixed", "looks"],
)
def test_the_design_in_words(changed: dict[str, Any], said: str) -> None:
    """How many networks and how the error rate is spent."""
    assert design(options(**changed)) == said


def test_the_scale_in_words() -> None:
    """What it trains and tests on."""
    assert sizes(options(scale_sizes={})) == "quick scale"
    said = "quick scale: mnist-5k 1000 training and 4000 test samples, boston 404 and 102"
    assert sizes(options()) == said


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""),
        (0.0, "<1e-4"),
        (0.99e-4, "<1e-4"),
        (1.2e-4, "0.0001"),
        (0.00123, "0.0012"),
        (0.3, "0.3"),
        (1.0, "1"),
    ],
)
def test_p_values_are_short(value: float | None, text: str) -> None:
    """At most six characters."""
    assert p_value(value) == text
    assert len(text) <= 6


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
    about = made(options={"backend": option, "precision": precision}, backend=backend).provenance
    assert about.folder == name


def test_provenance_of_many_tests_becomes_one() -> None:
    """Lists are united, checksums kept by name, seconds added; the order of arrival leaves no trace."""
    run = TrainedRun(key="k", trained=True, seconds=1.5)
    one = Origin(data={"a": "1"}, seeds=(2, 10), device="X", experiments=(run,))
    two = Origin(data={"a": "1", "b": "2"}, seeds=(1, 2), device="X", backend="cpu")
    merged = merge([one, two])
    assert merged == merge([two, one])
    assert merged == {
        "device": "X",
        "backend": "cpu",
        "precision": None,
        "seeds": (1, 2, 10),
        "experiments": (run,),
        "data": {"a": "1", "b": "2"},
        "trained": 1,
        "seconds": 1.5,
    }


def test_a_run_that_many_tests_share_is_listed_once() -> None:
    """Trained by one test and read by the others: trained now, its seconds counted once."""
    read = [TrainedRun(key=key, name="n", resumed_from=3, seconds=2.5, sha256="ab") for key in "kj"]
    now = replace(read[0], trained=True)
    trained, later = Origin(experiments=(now,)), Origin(experiments=tuple(read))
    for origins in ([trained, later, later], [later, later, trained]):
        merged = merge(origins)
        assert merged["experiments"] == (read[1], now)
        assert (merged["trained"], merged["seconds"]) == (1, 5.0)


def test_two_checksums_of_one_data_set_both_show() -> None:
    """Workers that read different bytes under one name must not go unnoticed."""
    origins = [Origin(data={"a": "2"}), Origin(data={"a": "1"})]
    assert merge(origins)["data"] == {"a": "1+2"}


def test_outside_a_checkout_there_is_no_commit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No git folder, or no git at all: the commit is unknown, which is no error."""
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert checkout(tmp_path) == {"commit": None, "dirty": None}
    monkeypatch.setenv("PATH", "")
    assert checkout(Path(__file__).parent) == {"commit": None, "dirty": None}


def test_a_test_that_runs_twice_counts_once() -> None:
    """The last verdict of a test stands, and an earlier error of it is forgotten."""
    collector = Collector()
    for estimate, outcome in ((0.0, "failed"), (0.01, "passed"), (0.02, "passed")):
        said = recorded_verdict("E1", "mnist-5k-500-he", protocol="he", estimate=estimate)
        collector.pytest_runtest_logreport(
            pytest.TestReport(
                "t",
                ("", 0, ""),
                {},
                outcome,
                None,
                "call",
                user_properties=[recording(said, {})],
            )
        )
    assert [row.estimate for row in collector.rows()] == [0.02]
    assert not collector.errors
