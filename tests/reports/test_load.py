"""`reports.load`: a report in Python, and as a table of pandas."""

from __future__ import annotations

import csv
import math
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace

from claims.core.verdict import Outcome, Side, Sides
from reports import files, load
from reports.records import Row
from tests.reports.sample_reports import report, verdict

pytest.importorskip("pandas", reason="to_pandas needs it")

ROOT = Path(files.__file__).parents[1]


REPORT = report(verdict("E1"), verdict("E1", "std"), verdict("H4", interval=None))
"""An interval that is closed, and none."""


@pytest.fixture
def written(tmp_path: Path) -> Path:
    files.write(REPORT, tmp_path)
    return tmp_path


def test_a_folder_or_a_file(written: Path) -> None:
    """Either names the report, which is the one that was written."""
    found = load(written)
    assert found == load(str(written / "verdicts.json")) == replace(REPORT, digest=found.digest)


def test_what_is_no_report_is_a_value_error(tmp_path: Path) -> None:
    """It says what was got, what was wanted, and what writes one."""
    with pytest.raises(ValueError, match=r"got .*absent, which cannot be read .*, wanted a verdicts.json"):
        load(tmp_path / "absent")
    (tmp_path / "verdicts.json").write_text("{}")
    with pytest.raises(ValueError, match="which is no report"):
        load(tmp_path)


def test_a_row_a_verdict_and_a_column_a_field(written: Path) -> None:
    """The interval is two columns; words are words, numbers are numbers."""
    found = load(written)
    table = found.to_pandas()
    assert list(table.claim) == ["E1", "E1", "H4"]
    assert list(table) == [*(n for n in Row.__struct_fields__ if n != "interval"), "low", "high"]
    assert len(table) == len(found.verdicts)
    for row, (_, line) in zip(found.verdicts, table.iterrows(), strict=True):
        assert (line.claim, line.outcome, line.region) == (row.claim, str(row.outcome), str(row.region))
        low, high = row.interval or (math.nan, math.nan)
        assert (line.low, line.high) == (low, high) or (math.isnan(line.low) and math.isnan(low))
    assert set(table.outcome) <= {str(each) for each in Outcome}
    assert table.low.dtype == table.high.dtype == float


def test_figures_of_two_sets_are_words() -> None:
    """In the table as in the CSV file; nothing where a verdict is about one."""
    both = Sides(Side(1.0, (0.8, 1.0)), Side(0.5, (0.25, 0.75)))
    made = report(verdict("E1"), verdict("M2", sides=both))
    words = "train 1.0 [0.8, 1.0], test 0.5 [0.25, 0.75]"
    assert list(made.to_pandas().sides.fillna("")) == ["", words]
    assert [row["sides"] for row in csv.DictReader(files.as_csv(made).splitlines())] == ["", words]


def test_a_report_without_verdicts_is_an_empty_table() -> None:
    """With its columns."""
    empty = msgspec.structs.replace(REPORT, verdicts=()).to_pandas()
    assert (len(empty), "claim" in empty) == (0, True)


def test_reading_needs_neither_torch_nor_pandas() -> None:
    """They are imported only when asked for."""
    code = (
        "import sys\nfrom reports import load\nload('reports/reference/cpu')\n"
        "print([n for n in ('torch', 'pandas', 'matplotlib') if n in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.stdout == "[]\n", done.stderr
