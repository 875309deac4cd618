"""What a claim is: a statement, its place in the paper, and the rule that decides it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from claims.margins import ALPHA
from claims.verdict import Region

__all__ = ["Claim", "Convergence", "Kind"]


class Kind(StrEnum):
    HYPOTHESIS = "hypothesis"
    THEOREM = "theorem"
    EMPIRICAL = "empirical"
    METRIC = "metric"
    DISCUSSION = "discussion"
    FUTURE_WORK = "future work"


class Convergence(StrEnum):
    """Which outcomes need an optimiser that has settled.

    END_STATE: the claim is about where training ends, so neither outcome stands without convergence.
    REACHES: reaching the region is enough to support; only "does not reach" needs convergence.
    TRAJECTORY: the claim is about the epochs that were run, or about no training at all.
    """

    END_STATE = "end state"
    REACHES = "reaches"
    TRAJECTORY = "trajectory"


@dataclass(frozen=True, slots=True)
class Claim:
    """One claim of the paper.

    Attributes:
        id: as in the verdict table, "E1".
        statement: the claim in one line.
        place: where the paper makes it.
        kind: hypothesis, theorem, empirical, metric, discussion or future work.
        rule: the decision rule in words.
        region: the estimates for which the claim is true; its finite edge is the margin.
        unit: what the estimate is measured in.
        paper: the paper's own reading: "yes", "no", "assumed", "open".
        n: independent models asked for, 0 for a proof.
        alpha: error rate of the verdict.
        convergence: which outcomes need a converged optimiser.
        prerequisites: ids of the hypotheses without which the claim says nothing.
    """

    id: str
    statement: str
    place: str
    kind: Kind
    rule: str
    region: Region
    unit: str
    paper: str
    n: int = 0
    alpha: float = ALPHA
    convergence: Convergence = Convergence.TRAJECTORY
    prerequisites: tuple[str, ...] = ()
    rule_since: int = 1

    def blocked_by_nonconvergence(self, *, supported: bool) -> bool:
        """Whether an unconverged optimiser forbids this outcome."""
        return self.convergence is Convergence.END_STATE or (
            self.convergence is Convergence.REACHES and not supported
        )
