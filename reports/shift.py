"""How outcomes of one claim and setting differ: a flip, another change, another rule, or not at all."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from claims.core.verdict import Outcome

__all__ = ["WORDS", "Shift", "shift"]


class Shift(StrEnum):
    """A flip is between supported and refuted, a change between any other two outcomes.

    Outcomes of different rules are neither, whatever they are.
    """

    NONE = ""
    RULE = "rule changed"
    CHANGE = "change"
    FLIP = "flip"


WORDS: dict[Shift, tuple[str, dict[str, bool]]] = {
    Shift.NONE: ("", {}),
    Shift.RULE: ("rule", {"cyan": True}),
    Shift.CHANGE: ("change", {"yellow": True, "bold": True}),
    Shift.FLIP: ("FLIP", {"red": True, "bold": True}),
}
"""Word and colour on a terminal; the flip is in capitals for where there are no colours."""


def shift(outcomes: Iterable[str]) -> Shift:
    """A flip where one supports and one refutes, else a change where two differ."""
    different = set(outcomes)
    if different >= {Outcome.SUPPORTED, Outcome.REFUTED}:
        return Shift.FLIP
    return Shift.CHANGE if len(different) > 1 else Shift.NONE
