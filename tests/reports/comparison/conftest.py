"""A command to run in an empty folder, and two reports that differ."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from reports import __main__ as commands
from tests.reports.sample_reports import INCONCLUSIVE, PROVED, REFUTED, report, saved, verdict

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """Runs a command in an empty folder on 80 columns; its status, output and errors."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")

    def call(*arguments: object) -> tuple[int, str, str]:
        status = commands.main([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        return status, captured.out, captured.err

    return call


@pytest.fixture
def pair(tmp_path: Path) -> list[Path]:
    """Two backends: E1 flips for he and changes for std, H2 agrees, E4 stands on one side only."""
    ours = report(
        verdict(**REFUTED), verdict("E1", "std", **INCONCLUSIVE), verdict("H2", "", "raw", **PROVED)
    )
    theirs = report(
        *(verdict(), verdict("E1", "std", **REFUTED), verdict("H2", "", "raw", **PROVED), verdict("E4")),
        backend="cuda",
        options={"precision": "tf32"},
    )
    return [saved(tmp_path / "cpu", ours), saved(tmp_path / "cuda-tf32", theirs)]
