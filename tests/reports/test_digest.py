"""A report bears a digest of all it says: a figure that was changed is an error wherever it is read."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from docs.reference import main as remake
from reports import __main__ as commands
from reports import files, load
from reports.earlier import UNSEALED, Baseline
from reports.layout import plain
from reports.summary import changes
from tests.reports.sample_reports import report, saved, verdict

CHANGED = "does not match its own digest: it was changed after it was written, wanted a verdicts.json written"


@pytest.fixture
def written(tmp_path: Path) -> Path:
    return saved(tmp_path / "cpu", report(verdict(), verdict("E4"))) / "verdicts.json"


def altered(path: Path, **edits: Any) -> Path:
    """The same file with other entries at its top, or without those that are None."""
    found = json.loads(path.read_text()) | edits
    path.write_text(json.dumps({name: of for name, of in found.items() if of is not None}))
    return path


def with_another_figure(path: Path) -> Path:
    rows = json.loads(path.read_text())["verdicts"]
    rows[0]["estimate"] = 0.0399
    return altered(path, verdicts=rows)


def test_anyone_can_check_it(written: Path) -> None:
    """As the schema says: of the rest on one line with its keys sorted."""
    found = json.loads(written.read_text())
    digest = found.pop("digest")
    text = json.dumps(found, sort_keys=True, separators=(",", ":"))
    assert hashlib.sha256(text.encode()).hexdigest() == digest


def test_a_changed_figure_is_an_error_at_every_door(
    written: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Comparison, baseline, Python and the reference, which stays as it is."""
    other = saved(tmp_path / "other", report(verdict(), verdict("E4")))
    assert commands.main(["compare", str(other), str(with_another_figure(written))]) == 2
    assert f"got {written}, which {CHANGED}" in capsys.readouterr().err
    with pytest.raises(pytest.UsageError, match=f"got --baseline {written}, which {CHANGED} by an"):
        Baseline.read(written)
    with pytest.raises(ValueError, match=CHANGED):
        load(written)
    assert remake(["--from", str(written.parent), "--to", str(tmp_path / "reference")]) == 1
    assert CHANGED in capsys.readouterr().err
    assert not (tmp_path / "reference").exists()


@pytest.mark.parametrize("digest", ["0" * 64, "", 3, None])
def test_another_digest_is_one_too(written: Path, digest: Any) -> None:
    """Whatever stands in its place."""
    written.write_text(json.dumps(json.loads(written.read_text()) | {"digest": digest}))
    with pytest.raises(ValueError, match="digest"):
        load(written)


def test_blanks_and_order_are_no_change(written: Path) -> None:
    """A tool that formats JSON takes nothing away."""
    before = load(written)
    found = json.loads(written.read_text())
    written.write_text(json.dumps(found, indent=7, sort_keys=True))
    assert load(written) == before


def test_a_report_without_one_is_read_and_that_is_said(
    written: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """As runs wrote them before: beside a comparison, below a table with a baseline."""
    altered(written, digest=None)
    other = saved(tmp_path / "other", report(verdict(), verdict("E4")))
    page = tmp_path / "c.html"
    assert commands.main(["compare", str(other), str(written), "--html", str(page)]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert f"mind: cpu {UNSEALED}" in said
    assert f"other {UNSEALED}" not in said
    assert f"cpu {UNSEALED}" in page.read_text()
    rows = load(other).verdicts
    for path, wanted in ((written, True), (other / "verdicts.json", False)):
        text = " ".join(plain(line).strip() for line in changes(rows, Baseline.read(path), 80))
        assert (f"changed since the baseline: none (it {UNSEALED})" == text) is wanted


def test_what_is_written_again_has_its_own(written: Path, tmp_path: Path) -> None:
    """Of what it says now, not the one that was read."""
    found = load(written)
    files.write(replace(found, verdicts=found.verdicts[1:]), tmp_path / "new")
    assert load(tmp_path / "new").digest not in (None, found.digest)
