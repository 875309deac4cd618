"""`--fail-on`: findings that a run is told to fail on.

A refuted claim is a finding, not a broken test, so by default it passes. The
change happens in the process that runs the test, as its report is made: so -x,
--lf, --junitxml and the exit status follow without knowing about verdicts.
"""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from reports import baseline
from reports.options import CHANGED
from reports.recording import recorded_verdicts

__all__ = ["FailOn", "is_finding"]

_MARK = "finding"


@dataclass(frozen=True, slots=True)
class FailOn:
    """Which findings fail, and the earlier outcomes to compare with."""

    findings: tuple[str, ...] = ()
    earlier: baseline.Baseline = field(default_factory=baseline.Baseline)

    @classmethod
    def from_options(cls, option: Namespace) -> FailOn:
        """Read `--fail-on` and, where it is asked for, the baseline."""
        earlier = baseline.load(Path(option.baseline)) if CHANGED in option.fail_on else baseline.Baseline()
        return cls(tuple(option.fail_on), earlier)

    def apply(self, report: pytest.TestReport) -> pytest.TestReport:
        """Fail the report of a passed test whose verdict is one of the findings."""
        if self.findings and report.when == "call" and report.passed:
            reasons = [text for verdict in recorded_verdicts(report) if (text := self._why(verdict))]
            if reasons:
                report.outcome = "failed"
                report.longrepr = "\n".join(reasons)
                report.user_properties.append((_MARK, report.longrepr))
        return report

    def _why(self, verdict: Mapping[str, Any]) -> str | None:
        name = f"{verdict['claim']} [{verdict['setting']}]"
        reason = f": {verdict['reason']}" if verdict["reason"] else ""
        if verdict["outcome"] in self.findings:
            return f"{name} {verdict['outcome']} (--fail-on {verdict['outcome']}){reason}"
        if CHANGED in self.findings and (moved := baseline.change(verdict, self.earlier)):
            return f"{name} changed from {moved[0]} to {moved[1]} (--fail-on {CHANGED}){reason}"
        return None


def is_finding(report: pytest.TestReport) -> bool:
    """Whether this failure is a finding turned into one: the test itself judged its claim."""
    return any(name == _MARK for name, _ in report.user_properties)
