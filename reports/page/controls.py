"""The planted controls' outcome, as the harness's own tests wrote it down.

`python -m pytest tests/claims` leaves controls.json in the folder above the report:

    {"finished": "2024-01-01T00:00:00+00:00", "commit": "0123...",
     "controls": [{"claim": "E1", "test": "tests/claims/...::test_x[E1-refuted]", "passed": true}, ...]}
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

__all__ = ["Controls", "read"]

COMMAND = "python -m pytest tests/claims -k controls"


@dataclass(frozen=True, slots=True)
class Controls:
    """What is known of the controls: tests and whether each passed, by claim."""

    tests: Mapping[str, list[tuple[str, bool]]] = field(default_factory=dict)
    finished: str = ""
    commit: str = ""
    problem: str = ""

    def of(self, claim: str) -> str:
        """A sentence on the claim's controls."""
        if self.problem:
            return self.problem
        tests = self.tests.get(claim, [])
        if not tests:
            return "none on record" if self.tests else f"not run here: {COMMAND}"
        failed = [name for name, passed in tests if not passed]
        when = f" (finished {self.finished}" + (f", commit {self.commit[:12]})" if self.commit else ")")
        if failed:
            return f"{len(failed)} of {len(tests)} planted cases came out wrong: {', '.join(failed)}{when}"
        return f"all {len(tests)} planted cases came out as planted{when}"

    def failed(self, claim: str) -> bool:
        """Whether a control of the claim came out wrong, so that its verdicts mean nothing."""
        return not all(passed for _, passed in self.tests.get(claim, []))


def read(path: Path) -> Controls:
    """What the file says; a missing one is no problem, another form is a sentence."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError:
        return Controls()
    try:
        found = json.loads(text)
        tests: dict[str, list[tuple[str, bool]]] = {}
        for control in found["controls"]:
            tests.setdefault(str(control["claim"]), []).append(
                (str(control["test"]), control["passed"] is True)
            )
        return Controls(tests, str(found.get("finished") or ""), str(found.get("commit") or ""))
    except (ValueError, TypeError, KeyError, AttributeError):
        return Controls(problem=f"unreadable in {path.name}, run them again: {COMMAND}")
