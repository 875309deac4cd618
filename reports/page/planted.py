"""Writes down how the planted controls came out, where the page looks for it: controls.json.

A control is a test in tests/claims whose parameters begin with the id of its claim
("[E1-refuted]"), or that says so with record_property("control", "N1").
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest

from claims.catalogue import CATALOGUE
from reports import provenance
from reports.files import write_whole

__all__ = ["Planted", "claim_of"]

FOLDER = "tests/claims/"


def claim_of(report: pytest.TestReport) -> str | None:
    """The claim whose control this is, or None for any other test."""
    said = dict(report.user_properties).get("control")
    if said in CATALOGUE:
        return said
    parameters = re.search(r"\[(.*)\]$", report.nodeid)
    if not report.nodeid.startswith(FOLDER) or not parameters:
        return None
    begins = [id for id in CATALOGUE if f"{parameters[1]}-".startswith(f"{id}-")]
    return max(begins, key=len, default=None)


@dataclass(eq=False)  # a plugin must be hashable
class Planted:
    """A pytest plugin that listens to the controls' reports and writes them at the end.

    Args:
        root: of the checkout.
        folder: above the reports of the backends.
    """

    root: Path
    folder: Path
    outcomes: dict[str, tuple[str, bool]] = field(default_factory=dict)
    """Node id -> claim, whether it passed so far."""

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take in one phase of one test; a failure in any phase counts."""
        if (report.when == "call" or report.failed) and not report.skipped and (claim := claim_of(report)):
            _, before = self.outcomes.get(report.nodeid, (claim, True))
            self.outcomes[report.nodeid] = claim, before and report.passed

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self) -> None:
        """Write the file, unless no control ran; where it cannot be, the page says they were not run."""
        if not self.outcomes:
            return
        found = {
            "finished": datetime.now(UTC).isoformat(timespec="seconds"),
            **provenance.checkout(self.root),
            "controls": [
                {"claim": claim, "test": test, "passed": passed}
                for test, (claim, passed) in sorted(self.outcomes.items())
            ],
        }
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            write_whole(self.folder / "controls.json", json.dumps(found, indent=1) + "\n")
        except OSError:
            return
