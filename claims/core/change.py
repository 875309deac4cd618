"""How verdicts on one claim and setting differ: by outcome, or by the rule that was applied."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import StrEnum

from claims.core.verdict import Outcome, Verdict

__all__ = ["Change", "change", "key"]


class Change(StrEnum):
    """A flip is between supported and refuted, a change between any other two outcomes.

    Outcomes of different rules are neither, whatever they are.
    """

    NONE = ""
    RULE = "rule changed"
    CHANGE = "change"
    FLIP = "flip"


def key(verdict: Verdict) -> tuple[str, str]:
    """What a verdict is found by in another report."""
    return verdict.claim, verdict.setting


def change(verdicts: Iterable[Verdict]) -> Change:
    """How these verdicts on one claim and setting differ."""
    found = list(verdicts)
    if _another_rule(found):
        return Change.RULE
    different = {verdict.outcome for verdict in found}
    if different >= {Outcome.SUPPORTED, Outcome.REFUTED}:
        return Change.FLIP
    return Change.CHANGE if len(different) > 1 else Change.NONE


def _another_rule(verdicts: Sequence[Verdict]) -> bool:
    """Whether two of these were reached by different rules: then their outcomes cannot be compared.

    Two rules differ where their texts do, numbers and all. A verdict of version 1 has no text: its rule is
    another than one that holds only since a later version.
    """
    texts = {" ".join(verdict.rule.split()) for verdict in verdicts if verdict.rule}
    silent = [verdict.rule_since for verdict in verdicts if not verdict.rule]
    since = max((verdict.rule_since for verdict in verdicts if verdict.rule), default=1)
    return len(texts) > 1 or since > min(silent, default=since)
