"""What changed between verdicts on one claim and setting, and an earlier report to compare a run with."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

import pytest

from claims.catalogue import CATALOGUE
from claims.core.verdict import Outcome, Verdict
from reports import reading
from reports.records import VERSION

__all__ = ["BASELINE", "WORDS", "Baseline", "Change", "change", "key", "rule_changed"]


class Change(StrEnum):
    """A flip is between supported and refuted, a change between any other two outcomes.

    Outcomes of different rules are neither, whatever they are.
    """

    NONE = ""
    RULE = "rule changed"
    CHANGE = "change"
    FLIP = "flip"


WORDS: dict[Change, tuple[str, dict[str, bool]]] = {
    Change.NONE: ("", {}),
    Change.RULE: ("rule", {"cyan": True}),
    Change.CHANGE: ("change", {"yellow": True, "bold": True}),
    Change.FLIP: ("FLIP", {"red": True, "bold": True}),
}
"""Word and colour on a terminal; the flip is in capitals for where there are no colours."""

Dated = tuple[Verdict, int]
"""A verdict, and the version of the report that holds it."""


def key(verdict: Verdict) -> tuple[str, str]:
    """What a verdict is found by in another report."""
    return verdict.claim, verdict.setting


def change(verdicts: Iterable[Dated]) -> Change:
    """How these verdicts on one claim and setting differ."""
    dated = list(verdicts)
    if rule_changed(dated):
        return Change.RULE
    different = {verdict.outcome for verdict, _ in dated}
    if different >= {Outcome.SUPPORTED, Outcome.REFUTED}:
        return Change.FLIP
    return Change.CHANGE if len(different) > 1 else Change.NONE


def rule_changed(verdicts: Sequence[Dated]) -> bool:
    """Whether two of these verdicts were reached by different rules: then outcomes cannot be compared.

    Two rules differ where their texts do, numbers and all. A verdict of version 1 has no text:
    the others' rule is another one if it holds only since a later version.
    """
    texts = {" ".join(verdict.rule.split()) for verdict, _ in verdicts if verdict.rule}
    silent = [version for verdict, version in verdicts if not verdict.rule]
    since = max((verdict.rule_since for verdict, _ in verdicts if verdict.rule), default=1)
    return len(texts) > 1 or any(since > version for version in silent)


@dataclass(frozen=True, slots=True)
class Baseline:
    """The verdicts of an earlier report by claim and setting, and that report's version."""

    verdicts: Mapping[tuple[str, str], Verdict] = field(default_factory=dict)
    version: int = VERSION

    @classmethod
    def read(cls, path: Path) -> Baseline:
        """An earlier verdicts.json; one that cannot be compared with is refused before anything trains.

        Raises:
            pytest.UsageError: it is no report, is empty, or none of its claims is one of the catalogue's.
        """
        wanted = f"wanted a {reading.NAME} written by an earlier run: name that file"
        report = reading.read(path, "--baseline ", wanted)
        if not report.verdicts:
            raise pytest.UsageError(f"got --baseline {path}, which holds no verdict at all, {wanted}")
        known = {verdict.claim for verdict in report.verdicts}
        if not known & set(CATALOGUE):
            raise pytest.UsageError(
                f"got --baseline {path}, whose claims ({', '.join(sorted(known)[:3])}) are none of "
                f"the catalogue's, {wanted}"
            )
        return cls({key(verdict): verdict for verdict in report.verdicts}, report.version)

    def change(self, verdict: Verdict) -> Change:
        """How this run's verdict differs from the earlier one; none where there is no earlier one."""
        before = self.verdicts.get(key(verdict))
        return Change.NONE if before is None else change([(before, self.version), (verdict, VERSION)])

    def moved(self, verdict: Verdict) -> tuple[Outcome, Outcome] | None:
        """The outcome (before, now) where the two differ by one rule; else None."""
        if self.change(verdict) not in (Change.CHANGE, Change.FLIP):
            return None
        return self.verdicts[key(verdict)].outcome, verdict.outcome

    def missing(self, verdicts: Sequence[Verdict]) -> list[Verdict]:
        """Those that the baseline does not have."""
        return [verdict for verdict in verdicts if key(verdict) not in self.verdicts]

    def foreign(self, verdicts: Sequence[Verdict]) -> str | None:
        """What is wrong with a baseline that has none of these verdicts, so that nothing was compared."""
        if not verdicts or len(self.missing(verdicts)) < len(verdicts):
            return None
        return (
            f"got a --baseline that has none of the {len(verdicts)} verdicts of this run, so that nothing "
            "was compared, wanted an earlier report on the same claims and settings: name its verdicts.json"
        )


BASELINE = pytest.StashKey[Baseline]()
"""What --baseline names, read before the run, whose report may be written to the same file."""
