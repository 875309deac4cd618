"""The end of a run: the report is written, then shown."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from reports import baseline, files, github, history, provenance, summary, table
from reports.collector import Collector

__all__ = ["Ending", "conclude", "interruption", "show"]


@dataclass(frozen=True, slots=True)
class Ending:
    """The report as written, and where; `problem` says why it could not be, `notes` what else went wrong,
    `earlier` is what --baseline named."""

    report: dict[str, Any]
    folder: Path
    problem: str | None
    notes: tuple[str, ...] = ()
    earlier: baseline.Baseline | None = None


def conclude(session: pytest.Session, collector: Collector) -> Ending | None:
    """Write the report, unless no verdict was reached: an earlier report is worth more than an empty one."""
    if not collector.verdicts:
        return None
    config = session.config
    about = provenance.describe(config, collector, interruption(session, collector))
    report = files.compose(about, collector.ordered())
    parent = Path(config.option.report_dir or config.rootpath / "reports" / "out")
    folder = parent / files.folder_name(about)
    earlier = config.stash.get(baseline.EARLIER, None)
    try:
        files.write(report, folder)
    except OSError as error:
        session.exitstatus = max(session.exitstatus, pytest.ExitCode.TESTS_FAILED)
        return Ending(report, folder, f"the report could not be written: {error}", earlier=earlier)
    unlike = baseline.foreign(report["verdicts"], earlier) if earlier else None
    if unlike:  # a comparison that compared nothing must not pass
        session.exitstatus = pytest.ExitCode.USAGE_ERROR
    asides = (history.add(report, parent), github.summarise(folder / "verdicts.md", os.environ), unlike)
    return Ending(report, folder, None, tuple(filter(None, asides)), earlier)


def interruption(session: pytest.Session, collector: Collector) -> str | None:
    """Why the run ended before its last test, or None where it did not."""
    done, wanted = len(collector.finished), session.testscollected
    if done >= wanted:
        return None
    stopped = next(
        (why for why in (session.shouldfail, session.shouldstop) if isinstance(why, str)), "interrupted"
    )
    return f"{stopped}: {done} of {wanted} tests finished"


def show(terminal: pytest.TerminalReporter, ending: Ending) -> None:
    """The table and its summary; with -qq the counts only."""
    config, verdicts, about = terminal.config, ending.report["verdicts"], ending.report["provenance"]
    width = config.get_terminal_writer().fullwidth
    brief = config.get_verbosity() <= -2
    if not brief:
        terminal.write_sep("=", "verdicts")
        _write(terminal, table.lines(verdicts, width))
        terminal.write_line("")
        _write(terminal, summary.survivors(ending.report["multiplicity"], width))
        _write(terminal, summary.designed(about["options"], width))
        terminal.write_line("")
        _write(terminal, summary.readings(verdicts, width))
        terminal.write_line("")
        if ending.earlier:
            _write(terminal, summary.changes(verdicts, ending.earlier, width))
    _write(terminal, [summary.counts(verdicts, len(about["errors"]), len(about["skipped"]))])
    if about["interrupted"]:
        terminal.write_line(f"partial report: {about['interrupted']}", yellow=True)
    for note in ending.notes:
        terminal.write_line(note, yellow=True)
    if ending.problem:
        terminal.write_line(ending.problem, red=True)
    elif not brief:
        terminal.write_line(f"{', '.join(files.NAMES)} in {_shortest(ending.folder)}")


def _write(terminal: pytest.TerminalReporter, lines: Any) -> None:
    for line in lines:
        for text, markup in line:
            terminal.write(text, **markup)
        terminal.write_line("")


def _shortest(folder: Path) -> str:
    """Relative to here where that is shorter, so that the line fits and can be pasted."""
    try:
        return min(str(folder), os.path.relpath(folder), key=len)
    except ValueError:  # another drive
        return str(folder)
