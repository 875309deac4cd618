"""How each outcome looks: its letter and word in the progress, its colour everywhere on a terminal."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from claims.core.verdict import Outcome
from reports.recording import recorded_verdicts

__all__ = ["LOOKS", "Look", "count", "status"]


@dataclass(frozen=True, slots=True)
class Look:
    """Letter for the progress line, word for `-v`, colour where the terminal has any."""

    letter: str
    word: str
    colour: str

    @property
    def markup(self) -> dict[str, bool]:
        """The keyword that pytest's terminal writer wants."""
        return {self.colour: True}


LOOKS: dict[str, Look] = {
    Outcome.SUPPORTED: Look("S", "SUPPORTED", "green"),
    Outcome.REFUTED: Look("R", "REFUTED", "red"),
    Outcome.INCONCLUSIVE: Look("I", "INCONCLUSIVE", "yellow"),
    Outcome.NOT_APPLICABLE: Look("N", "NOT APPLICABLE", "cyan"),
}


def status(
    report: pytest.CollectReport | pytest.TestReport,
) -> tuple[str, str, tuple[str, dict[str, bool]]] | None:
    """What the progress shows for a test that recorded a verdict, or None to leave it to pytest.

    The category stays "passed": the closing line must still count "N passed",
    because people and tools read it.
    """
    if report.when != "call" or not report.passed or not (verdicts := recorded_verdicts(report)):
        return None
    look = LOOKS[verdicts[-1]["outcome"]]
    return "passed", look.letter, (look.word, look.markup)


def count(outcomes: list[str]) -> dict[str, int]:
    """How often each outcome occurs, in the order of `LOOKS`, zeros left out."""
    return {outcome: outcomes.count(outcome) for outcome in LOOKS if outcome in outcomes}
