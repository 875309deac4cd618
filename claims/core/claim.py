"""What a claim is: a statement, its place in the paper, and the rule that decides it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from difflib import get_close_matches
from enum import StrEnum

from claims.core.margins import ALPHA
from claims.core.verdict import Region

__all__ = ["NOT_CLAIMED", "Claim", "Kind", "Leg", "Topic", "nearest"]


NOT_CLAIMED = "not claimed"
"""The paper's reading where the claim is judged on a network of which the paper does not say it."""


class Kind(StrEnum):
    HYPOTHESIS = "hypothesis"
    THEOREM = "theorem"
    EMPIRICAL = "empirical"
    METRIC = "metric"
    DISCUSSION = "discussion"


class Topic(StrEnum):
    """What a claim speaks of: the parts of the answer to whether all local minima are equivalent."""

    LINEAR = "linear networks"
    RELU = "ReLU networks in general"
    TRAINED = "trained networks"
    GENERALISATION = "generalisation"


class Leg(StrEnum):
    """Which part of a run a claim is judged on.

    FIRST: the training as the paper has it, epoch by epoch.
    END: where a full-batch descent from there ends, at a minimum with a certificate; where the scale has no
        such descent, as far as the first leg tells where it goes.
    """

    FIRST = "first"
    END = "end"


@dataclass(frozen=True, slots=True)
class Claim:
    """One claim of the paper.

    Attributes:
        id: as in the verdict table, "E1".
        statement: the claim in one line.
        place: where the paper makes it, in words.
        figures: numbers of the paper's figures that show it.
        kind: hypothesis, theorem, empirical, metric or discussion.
        rule: the decision rule in words.
        region: the estimates for which the claim is true; its finite edge is the margin.
        unit: what the estimate is measured in.
        paper: the paper's own reading: "yes", "no", "assumed", "open".
        silent: output activations of which the paper says nothing here.
        alpha: error rate of each outcome: of "supported" where the claim is false, of "refuted" where it
            holds.
        since: the version of the report since which this rule holds.
        leg: which part of its runs it is judged on.
        prerequisites: ids of the hypotheses without which the claim says nothing.
        topic: the part of the answer that it belongs to, None for one that is beside the question.
        beside: id of the claim that asks the same of the training set: both stand on one line of the table.
        central: whether it is the question itself, asked of its topic: all local minima are global.

    Raises:
        ValueError: an id that cannot be a part of a test's name or of a comma list.
    """

    id: str
    statement: str
    place: str
    kind: Kind
    rule: str
    region: Region
    unit: str
    paper: str
    figures: tuple[int, ...] = ()
    silent: tuple[str, ...] = ()
    alpha: float = ALPHA
    since: int = 1
    leg: Leg = Leg.FIRST
    prerequisites: tuple[str, ...] = ()
    # None of these is a part of the rule, nor of what evidence is kept under.
    beside: str = field(default="", repr=False)
    topic: Topic | None = field(default=None, repr=False)
    central: bool = field(default=False, repr=False)

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[A-Za-z][A-Za-z0-9-]*", self.id):
            raise ValueError(
                f"got the claim id {self.id!r}, wanted a letter, then letters, digits and hyphens, such as X1"
            )

    def reading(self, output: str) -> str:
        """What the paper says of this claim for networks with this output."""
        return NOT_CLAIMED if output in self.silent else self.paper


def nearest(id: str, known: Iterable[str]) -> str:
    """The ids like this one, for an error, or all where none is: "E1, E10"."""
    folded = {other.casefold(): other for other in known}
    close = get_close_matches(id.casefold(), folded, n=3, cutoff=0.5) or folded
    return ", ".join(folded[each] for each in close)
