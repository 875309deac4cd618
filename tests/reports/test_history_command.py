"""`python -m reports history`: verdicts over time, what moved, and what is refused."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from msgspec.structs import replace

from claims.catalogue import CATALOGUE
from claims.core.verdict import Outcome, Region
from reports import __main__ as commands
from reports.history import NAME, add
from tests.reports.sample_reports import INCONCLUSIVE, PROVED, REFUTED, report, verdict


def show(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, list[str], str]:
    """Status, lines of output and errors of `python -m reports history`."""
    status = commands.main(["history", *map(str, arguments)])
    captured = capsys.readouterr()
    return status, captured.out.splitlines(), captured.err


@pytest.fixture(autouse=True)
def eighty_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    """A terminal of 80 columns."""
    monkeypatch.setenv("COLUMNS", "80")


@pytest.fixture
def weeks(tmp_path: Path) -> Path:
    """Four runs on the CPU, in which E1 is refuted, supported, supported, inconclusive, and one on CUDA."""
    for day, evidence in enumerate((REFUTED, {}, {}, INCONCLUSIVE), start=1):
        made = report(
            *(verdict(**evidence), verdict("H2", "", "raw", **PROVED)),
            finished=f"2026-01-0{day}T09:30:00+00:00",
            commit=f"{day}" * 40,
            dirty=day == 2,
        )
        assert add(made, tmp_path) is None
    other = report(verdict(**REFUTED), backend="cuda", finished="2026-01-05T09:30:00+00:00", commit=None)
    assert add(other, tmp_path) is None
    return tmp_path


def test_verdicts_over_time(weeks: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """By setting and backend, the oldest first; where the outcome moved since the run before is marked."""
    status, lines, _ = show(capsys, "E1", "--report-dir", weeks)
    assert status == 0
    assert lines == [
        f"E1  {CATALOGUE['E1'].statement}",
        "        finished (UTC)    commit    scale  verdict    estimate [interval] margin",
        "",
        "mnist-5k-500-he on cpu  [wanted: <= 0.05]",
        "        2026-01-01 09:30  1111111   quick  refuted    0.17 [0.14, 0.22] > 0.05",
        "FLIP    2026-01-02 09:30  2222222*  quick  supported  0.03 [0.02, 0.04] <= 0.05",
        "        2026-01-03 09:30  3333333   quick  supported  0.03 [0.02, 0.04] <= 0.05",
        "change  2026-01-04 09:30  4444444   quick  inconcl.   0.05 [0.03, 0.2] vs 0.05",
        "",
        "mnist-5k-500-he on cuda  [wanted: <= 0.05]",
        "        2026-01-05 09:30  none      quick  refuted    0.17 [0.14, 0.22] > 0.05",
        "",
        "5 of 5 runs; a star: with local changes",
    ]


def test_the_newest_runs_only(weeks: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """--limit counts runs from the end; what was left out still tells whether an outcome moved."""
    _, lines, _ = show(capsys, "E1", "--report-dir", weeks, "--limit", 2)
    assert [line.split()[0] for line in lines if "quick" in line] == ["change", "2026-01-05"]
    assert lines[-1].startswith("2 of 5 runs")


def test_one_setting_only(weeks: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """--setting names one; an unknown one is refused with those that there are."""
    add(report(verdict("E1", "std")), weeks)
    _, lines, _ = show(capsys, "E1", "--report-dir", weeks, "--setting", "mnist-5k-500-std")
    assert [line for line in lines if " on cpu" in line] == ["mnist-5k-500-std on cpu  [wanted: <= 0.05]"]
    status, _, err = show(capsys, "E1", "--report-dir", weeks, "--setting", "boston")
    assert status == 2
    assert "got the setting 'boston', wanted one of mnist-5k-500-he, mnist-5k-500-std" in err


def test_a_region_that_moved_is_shown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A rule that changed between runs is no change of the networks."""
    add(
        report(verdict(region=Region(high=0.1)), finished="2025-01-01T00:00:00+00:00"),
        tmp_path,
    )
    add(report(), tmp_path)
    _, lines, _ = show(capsys, "E1", "--report-dir", tmp_path)
    assert "mnist-5k-500-he on cpu  [wanted: <= 0.1, then <= 0.05]" in lines


@pytest.mark.parametrize("width", [80, 100, 200])
def test_no_line_is_wider_than_the_terminal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, width: int
) -> None:
    """With extreme numbers, long settings and every outcome."""
    monkeypatch.setenv("COLUMNS", str(width))
    extreme = {"estimate": -1.2345e-107, "interval": (-9.8765e-107, 2.34567e112)}
    for outcome in Outcome:
        add(report(verdict(setting="mnist-5k-" + "500-" * 60, outcome=outcome, **extreme)), tmp_path)
    _, lines, _ = show(capsys, "E1", "--report-dir", tmp_path)
    assert max(map(len, lines)) <= width
    assert [line[:8].strip() for line in lines if "quick" in line] == ["", "FLIP", "change", "change"]


def test_an_unknown_claim_is_refused(weeks: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With the claims that are known, those of the history that the catalogue has lost included."""
    add(report(replace(verdict(), claim="X7")), weeks)
    status, _, err = show(capsys, "E99", "--report-dir", weeks)
    assert status == 2
    assert "got the claim 'E99', wanted one of H1, H2," in err
    assert err.rstrip().endswith(", X7")
    assert show(capsys, "X7", "--report-dir", weeks)[1][0] == "X7  no longer in the catalogue"


@pytest.mark.parametrize("limit", ["0", "-1", "two", "1.5"])
def test_a_limit_counts_runs(capsys: pytest.CaptureFixture[str], limit: str) -> None:
    """From 1 on."""
    with pytest.raises(SystemExit, match="2"):
        commands.main(["history", "E1", f"--limit={limit}"])
    assert f"got the limit '{limit}', wanted a whole number of runs from 1 on" in capsys.readouterr().err


def test_an_empty_history_says_how_to_get_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """No file, or no verdict on this claim: that is no error, and reading makes no file."""
    status, lines, _ = show(capsys, "E1", "--report-dir", tmp_path)
    assert status == 0
    where = tmp_path / NAME
    assert lines == [f"no verdict on E1 in {where} yet: python -m pytest claims/ -n auto adds some"]
    assert not list(tmp_path.iterdir())
    add(report(), tmp_path)
    assert "no verdict on E2" in show(capsys, "E2", "--report-dir", tmp_path)[1][0]


def test_a_history_that_cannot_be_read_is_a_usage_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Status 2 and the reason."""
    (tmp_path / NAME).write_text("broken " * 200)
    status, lines, err = show(capsys, "E1", "--report-dir", tmp_path)
    assert (status, lines) == (2, [])
    assert f"python -m reports history: got {tmp_path / NAME}, which is broken or old (" in err


def test_a_run_that_was_changed_is_named(weeks: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The others are shown; no text of the file reaches the terminal as more than text."""
    with closing(sqlite3.connect(weeks / NAME)) as connection:
        connection.execute("UPDATE runs SET scale = char(27) || '[2J' WHERE id = 2")
        connection.commit()
    status, lines, err = show(capsys, "E1", "--report-dir", weeks)
    assert status == 0
    wanted = (
        f"left out of {weeks / NAME}: run 2: does not match its digest, it was changed after it was written\n"
    )
    assert err == wanted
    assert lines[-1].startswith("4 of 4 runs")
    assert not any("\x1b" in line for line in lines)


def test_another_rule_is_no_flip(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Refuted by one rule and supported by the next: marked as such, counted, and explained."""
    for day, more in enumerate(({"rule": "old rule"} | REFUTED, {}, REFUTED), start=1):
        add(report(verdict(**more), finished=f"2026-01-0{day}T09:30:00+00:00"), tmp_path)
    _, lines, _ = show(capsys, "E1", "--report-dir", tmp_path)
    assert [line[:8].strip() for line in lines if "2026-01" in line] == ["", "rule", "FLIP"]
    assert "rule: judged by another rule than the run before (1), no flip" in " ".join(
        " ".join(lines).split()
    )
