"""The end of a session: the report is written, findings fail, and GitHub's job summary gets the table."""

from __future__ import annotations

import os
from argparse import Namespace
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import pytest

from claims.core.verdict import Verdict
from claims.harness.launch.command_line import Option, check_folder, comma_list
from reports import files, history
from reports.collector import FINDING, Collector, describe, recorded
from reports.earlier import BASELINE, NAME, Baseline, read
from reports.records import Provenance
from reports.summary import Ended

__all__ = ["OPTIONS", "check", "conclude", "out", "summarise", "with_findings"]


# -- options --------------------------------------------------------------------------

CHANGED = "changed"
FINDINGS = ("refuted", "inconclusive", CHANGED)

OPTIONS = (
    Option(
        "report_dir",
        None,
        "Where <backend>/verdicts.json, .md and .csv go",
        shown="reports/out in the root folder",
        more={"metavar": "DIR"},
    ),
    Option(
        "fail_on",
        (),
        f"Findings that fail their test, comma separated, of {', '.join(FINDINGS)}; changed needs --baseline",
        shown="none",
        more={"type": comma_list("finding", FINDINGS), "metavar": "LIST"},
    ),
    Option(
        "baseline",
        None,
        "An earlier verdicts.json to compare the outcomes with",
        shown="none",
        more={"metavar": "FILE"},
    ),
)


def check(option: Namespace) -> None:
    """Refuse a folder that cannot be written, and a gate without what it compares with.

    Raises:
        pytest.UsageError: what was got, what was wanted, and the cure.
    """
    if option.report_dir is not None:
        check_folder("--report-dir", Path(option.report_dir), written=True)
    if CHANGED in option.fail_on and option.baseline is None:
        raise pytest.UsageError(
            "got --fail-on changed without --baseline, wanted an earlier report to compare with: "
            "add --baseline FILE, a verdicts.json of an earlier run"
        )


# -- findings -------------------------------------------------------------------------


def with_findings(report: pytest.TestReport, config: pytest.Config) -> pytest.TestReport:
    """The report of one phase of a test; of a passed test whose verdict --fail-on names, failed."""
    if config.option.fail_on and report.when == "call" and report.passed:
        earlier = config.stash.get(BASELINE, None) or Baseline()
        reasons = [_finding(one.verdict, config.option.fail_on, earlier) for one in recorded(report)]
        if any(reasons):
            report.outcome = "failed"
            report.longrepr = "\n".join(filter(None, reasons))
            report.user_properties.append((FINDING, report.longrepr))
    return report


def _finding(verdict: Verdict, fail_on: Sequence[str], earlier: Baseline) -> str:
    """What --fail-on says of this verdict, if anything."""
    name = f"{verdict.claim} [{verdict.setting}]"
    reason = f": {verdict.reason}" if verdict.reason else ""
    if verdict.outcome in fail_on:
        return f"{name} {verdict.outcome} (--fail-on {verdict.outcome}){reason}"
    if CHANGED in fail_on and (moved := earlier.moved(verdict)):
        return f"{name} changed from {moved[0]} to {moved[1]} (--fail-on {CHANGED}){reason}"
    return ""


# -- the report -----------------------------------------------------------------------


def conclude(session: pytest.Session, collector: Collector) -> Ended | None:
    """Write the report, unless no verdict was reached: an earlier report is worth more than an empty one."""
    if not collector.found or not any(collector.found.values()):
        return None
    config = session.config
    about = describe(config, collector, _interruption(session, collector))
    report = files.compose(about, collector.rows())
    parent = out(config)
    folder = _folder(parent / about.folder, about)
    earlier = config.stash.get(BASELINE, None)
    try:
        files.write(report, folder)
    except OSError as error:
        session.exitstatus = max(session.exitstatus, pytest.ExitCode.TESTS_FAILED)
        return Ended(report, folder, f"the report could not be written: {error}", earlier=earlier)
    unlike = earlier.foreign(report.verdicts) if earlier else None
    if unlike:  # a comparison that compared nothing must not pass
        session.exitstatus = pytest.ExitCode.USAGE_ERROR
    asides = (history.add(report, parent), summarise(folder / "verdicts.md", os.environ), unlike)
    return Ended(report, folder, None, tuple(filter(None, asides)), earlier)


def _folder(usual: Path, about: Provenance) -> Path:
    """Where the report goes: one that was interrupted beside a complete one and not in its place."""
    with suppress(pytest.UsageError):
        if about.interrupted and read(usual / NAME).provenance.complete:
            return usual.with_name(f"{usual.name}-partial")
    return usual


def out(config: pytest.Config) -> Path:
    """The folder above the reports of the backends."""
    return Path(config.option.report_dir or config.rootpath / "reports" / "out")


def _interruption(session: pytest.Session, collector: Collector) -> str | None:
    """Why the run ended before its last test, or None where it did not."""
    done, wanted = len(collector.finished), session.testscollected
    if done >= wanted:
        return None
    stopped = [why for why in (session.shouldfail, session.shouldstop) if isinstance(why, str)]
    return f"{(stopped or ['interrupted'])[0]}: {done} of {wanted} tests finished"


# -- GitHub Actions -------------------------------------------------------------------

GITHUB_VARIABLE = "GITHUB_STEP_SUMMARY"
GITHUB_LIMIT = 1024 * 1024
"""Bytes of a step's summary; GitHub shows nothing at all of a longer one."""

_CUT = "\n\n**Cut here, because GitHub shows at most 1 MiB: the rest is in verdicts.md of the report.**\n"


def summarise(markdown: Path, environ: Mapping[str, str]) -> str | None:
    """Append the Markdown file to the job's summary; a sentence where that went wrong.

    Outside GitHub Actions nothing happens. What the step wrote before stays, and counts
    towards the limit.
    """
    if not (target := environ.get(GITHUB_VARIABLE)):
        return None
    try:
        text = markdown.read_text(encoding="utf-8")
        with open(target, "ab") as file:
            room = GITHUB_LIMIT - file.tell() - 1
            file.write(b"\n" * bool(file.tell()) + _fitting(text, room))
    except OSError as error:
        return f"the job's summary could not be written: {error}"
    return None


def _fitting(text: str, room: int) -> bytes:
    """The text in at most so many bytes: whole, or whole lines and a sentence, or nothing."""
    whole, end = text.encode(), _CUT.encode()
    if len(whole) <= room:
        return whole
    head, newline, _ = whole[: max(0, room - len(end))].rpartition(b"\n")
    return head + end if newline else b""
