"""Writes down how the planted controls came out, where the page looks for it: controls.json.

A control is a test that says so by a property, `("control", {"claim": "E1", "outcome": "refuted"})`: what it
plants, and the verdict that must come out. `tests/claims` has the marker that records it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest

from reports import provenance
from reports.files import write_whole

__all__ = ["Planted"]


@dataclass(eq=False)  # a plugin must be hashable
class Planted:
    """A pytest plugin that listens to the controls' reports and writes them at the end.

    Args:
        root: of the checkout.
        folder: above the reports of the backends.
    """

    root: Path
    folder: Path
    passed: dict[tuple[str, str, str], bool] = field(default_factory=dict)
    """Node id, claim, planted outcome -> whether the test passed so far."""

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take in one phase of one test; a failure in any phase counts."""
        if report.skipped or not (report.when == "call" or report.failed):
            return
        for name, control in report.user_properties:
            if name == "control":
                key = report.nodeid, control["claim"], control["outcome"]
                self.passed[key] = self.passed.get(key, True) and report.passed

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self) -> None:
        """Write the file, unless no control ran; where it cannot be, the page says they were not run."""
        if not self.passed:
            return
        found = {
            "finished": datetime.now(UTC).isoformat(timespec="seconds"),
            **provenance.checkout(self.root),
            "controls": [
                {"claim": claim, "outcome": outcome, "test": test, "passed": passed}
                for (test, claim, outcome), passed in sorted(self.passed.items())
            ],
        }
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            write_whole(self.folder / "controls.json", json.dumps(found, indent=1) + "\n")
        except OSError:
            return
