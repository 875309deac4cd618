"""Verdicts: what a claim's evidence amounts to, decided by one pure function.

The outcomes and strengths are defined in the README ("How to read a verdict").
Numbers go in, a frozen value comes out; nothing here trains, reads or prints.

Each record is declared once, here, as a msgspec struct: JSON, its schema, CSV and the
report's rows follow from the declaration. In JSON a number that is not finite is null;
the open ends of intervals and regions are infinite again once decoded.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import msgspec
from msgspec import Meta
from msgspec.structs import force_setattr

from claims.core.causes import Open

if TYPE_CHECKING:
    from claims.core.claim import Claim

    End = float
else:
    End = float | None  # as JSON has it: null where open

__all__ = ["Evidence", "Failed", "Outcome", "Region", "Side", "Sides", "Strength", "Verdict", "decide"]

Probability = Annotated[float, Meta(ge=0.0, le=1.0)]
Count = Annotated[int, Meta(ge=0)]


class Outcome(StrEnum):
    """What the evidence says about a claim in one setting."""

    SUPPORTED = "supported"
    REFUTED = "refuted"
    INCONCLUSIVE = "inconclusive"
    NOT_APPLICABLE = "not applicable"


class Strength(StrEnum):
    """How the outcome is known.

    PROOF: exact arithmetic, and it covers all that the row speaks of (an exact counterexample does).
    POINTS: exact arithmetic at the points that were built: no statement about all others.
    CERTIFICATE: floating point with an error bound that the sign survives.
    STATISTICAL: bounds over independently drawn networks.
    """

    PROOF = "proof"
    POINTS = "exact at points"
    CERTIFICATE = "certificate"
    STATISTICAL = "statistical"


_DECIDES = {
    Strength.PROOF: "proof",
    Strength.POINTS: "check at the points built",
    Strength.CERTIFICATE: "certificate",
}
"""What speaks for itself, in a sentence."""


class Region(msgspec.Struct, frozen=True):
    """The closed interval [low, high] of estimates for which a claim is true.

    `margin` is the finite edge a reader compares the interval with; for a
    two-sided region it is the upper one.
    """

    low: End = -math.inf
    high: End = math.inf

    def __post_init__(self) -> None:
        low, high = _closed((self.low, self.high))
        force_setattr(self, "low", low)
        force_setattr(self, "high", high)
        if math.isnan(self.low) or math.isnan(self.high) or self.low > self.high:
            raise ValueError(
                f"got the region [{self.low}, {self.high}], wanted low <= high: swap the two ends"
            )

    @property
    def margin(self) -> float | None:
        """The finite edge, or None where the region has none."""
        return next((edge for edge in (self.high, self.low) if math.isfinite(edge)), None)

    def contains(self, interval: tuple[float, float]) -> bool:
        """Whether the whole interval lies inside."""
        return self.low <= interval[0] and interval[1] <= self.high

    def excludes(self, interval: tuple[float, float]) -> bool:
        """Whether the whole interval lies outside."""
        return interval[1] < self.low or interval[0] > self.high

    def __str__(self) -> str:
        if self.low == -math.inf:
            return f"<= {self.high:g}"
        if self.high == math.inf:
            return f">= {self.low:g}"
        return f"[{self.low:g}, {self.high:g}]"


def _closed(ends: tuple[End, End]) -> tuple[float, float]:
    """Both ends as numbers: one that is null in JSON is open."""
    low, high = ends
    return -math.inf if low is None else low, math.inf if high is None else high


class Side(msgspec.Struct, frozen=True):
    """The estimate on one set and its bounds, in the claim's unit."""

    estimate: float
    interval: tuple[float, float]

    def __str__(self) -> str:
        return f"{self.estimate} [{self.interval[0]}, {self.interval[1]}]"


class Sides(msgspec.Struct, frozen=True):
    """What one verdict on the training set and the test set found on each; its own estimate and bounds are
    the least, or the greatest, of the two."""

    train: Side
    test: Side

    def __str__(self) -> str:
        return f"train {self.train}, test {self.test}"


class Evidence(msgspec.Struct, frozen=True):
    """What one experiment or proof found, before anything is decided.

    Args:
        estimate: the point estimate, in the claim's unit; None for a proof without a number.
        interval: its bounds, each one-sided at the claim's alpha, or an error bound.
        n: independent sampling units behind it.
        strength: how it is known.
        proved: for a proof or certificate, whether the statement came out true or false.
        p_support: smallest alpha at which the bounds support the claim; None for proofs.
        p_refute: smallest alpha at which they refute it.
        sampling_unit: what n counts: "networks", "disjoint pairs", "points built".
        unresolved: units that a longer training could still turn either way; each bound counts them against
            itself, so they widen the interval and decide nothing.
        diverged: networks whose loss left the finite numbers or blew up; unresolved, counted, never dropped.
        part: the part that binds, where a claim has several ("test labels").
        note: a sentence for the reader.
        cites: a proof in words that the evidence leans on.
        inapplicable: why the claim says nothing here: a prerequisite that the run itself fails.
        sides: the parts by themselves, where they are the training set and the test set.
    """

    estimate: float | None
    interval: tuple[float, float] | None
    n: int
    strength: Strength = Strength.STATISTICAL
    proved: bool | None = None
    p_support: float | None = None
    p_refute: float | None = None
    sampling_unit: str = "networks"
    unresolved: int = 0
    diverged: int = 0
    part: str = ""
    note: str = ""
    cites: str = ""
    inapplicable: str = ""
    sides: Sides | None = None

    def __post_init__(self) -> None:
        if self.interval is not None and self.interval[0] > self.interval[1]:
            raise ValueError(
                f"got the interval {self.interval}, wanted its lower end first: swap the two ends"
            )

    @property
    def p_value(self) -> float | None:
        """The smallest alpha at which either decision would be taken. One of the two must be wrong, so this
        falls to alpha or below with a wrong one in at most alpha of all runs."""
        known = [p for p in (self.p_support, self.p_refute) if p is not None]
        return min(known, default=None)


class Failed(msgspec.Struct, frozen=True):
    """A prerequisite that fails on the data: its id, and the sentence that says so with its figure."""

    claim: str
    sentence: str


class Verdict(msgspec.Struct, frozen=True):
    """The outcome of one claim in one setting, with everything needed to doubt it.

    Attributes:
        claim, statement, unit, rule, paper, place, kind, figures, region, alpha: the claim's own.
        setting: tells a claim's verdicts apart: data set, architecture, protocol.
        estimate, interval, strength, n, sampling_unit, cites: of the evidence.
        margin: the region's finite edge.
        p_value: smallest alpha at which either decision is taken, for all looks together; None for proofs.
        look: which look of a sequential design, "2 of 4".
        protocol: of the initial weights, "" where nothing trains.
        reason: why this outcome, and the evidence's note.
        rule_since: the version of the report since which the rule holds.
        failed: ids of the prerequisites that fail on the data.
        case: the setting without what has a name of its own: variant, data set and network; "" where nothing
            trains.
        output: of those networks, or their loss where that is not the mean squared error: "softmax", "bce".
        open: why an inconclusive verdict is that, and what would decide it.
        sides: of the evidence: its parts on the training set and on the test set, where it is about both.
    """

    claim: Annotated[str, Meta(min_length=1)]
    setting: str
    statement: Annotated[str, Meta(min_length=1)]
    outcome: Outcome
    strength: Strength
    estimate: float | None
    unit: str
    interval: tuple[End, End] | None
    margin: float | None
    region: Region
    alpha: Probability
    p_value: Probability | None
    n: Count
    sampling_unit: str
    look: str
    protocol: str
    dataset: str
    reason: str
    rule: str
    rule_since: Count
    cites: str
    paper: str
    place: str
    kind: str
    figures: tuple[int, ...] = ()
    failed: tuple[str, ...] = ()
    case: str = ""
    output: str = ""
    open: Open | None = None
    sides: Sides | None = None

    def __post_init__(self) -> None:
        if self.interval is None:
            return
        low, high = _closed(self.interval)
        if low > high:
            raise ValueError(
                f"got the interval [{low}, {high}], wanted its lower end first: swap the two ends"
            )
        force_setattr(self, "interval", (low, high))

    @property
    def sampled(self) -> bool:
        """Whether it is a statement about networks of which some were drawn: then its p-value counts."""
        return self.strength is Strength.STATISTICAL


def decide(
    claim: Claim,
    evidence: Evidence,
    *,
    setting: str,
    dataset: str,
    protocol: str = "",
    paper: str = "",
    look: str = "",
    spent: float = 1.0,
    failed_prerequisites: Sequence[Failed] = (),
    case: str = "",
    output: str = "",
) -> Verdict:
    """Turn evidence into a verdict by the claim's own rule, fixed before any run.

    The whole interval inside the claim's region supports it, wholly outside refutes
    it, anything else is inconclusive. A proof or certificate speaks for itself. A
    network whose training could still change the answer is in the interval already.

    Args:
        claim: a `claims.core.claim.Claim`, what is judged, with the alpha of this look.
        evidence: what was found.
        setting: what distinguishes this verdict among the claim's others, such as "mnist-1k-500-std".
        dataset: name of the data set.
        protocol: initialisation protocol, or "" where nothing trains.
        paper: the paper's reading in this setting, where it is not the claim's.
        look: which look of a sequential design, "2 of 4".
        spent: the share of the design's alpha that this look has, for the p-value.
        failed_prerequisites: the hypotheses that failed on this data.
        case, output: as a verdict has them.
    """
    outcome, why = _outcome(claim, evidence, [of.sentence for of in failed_prerequisites])
    p_value = evidence.p_value
    if outcome is Outcome.NOT_APPLICABLE or evidence.strength is not Strength.STATISTICAL:
        p_value = None
    interval = evidence.interval
    return Verdict(
        claim=claim.id,
        setting=setting,
        statement=claim.statement,
        outcome=outcome,
        strength=evidence.strength,
        estimate=_number(evidence.estimate),
        unit=claim.unit,
        interval=None if interval is None else (float(interval[0]), float(interval[1])),
        margin=claim.region.margin,
        region=claim.region,
        alpha=claim.alpha,
        p_value=None if p_value is None else min(1.0, float(p_value) / spent),
        n=evidence.n,
        sampling_unit=evidence.sampling_unit,
        look=look,
        protocol=protocol,
        dataset=dataset,
        reason="; ".join(text for text in (why, evidence.note) if text),
        rule=claim.rule,
        rule_since=claim.since,
        cites=evidence.cites,
        paper=paper or claim.paper,
        place=claim.place,
        kind=str(claim.kind),
        figures=claim.figures,
        failed=tuple(of.claim for of in failed_prerequisites),
        case=case,
        output=output,
        sides=evidence.sides,
    )


def _number(value: float | None) -> float | None:
    """A Python float, whatever NumPy made of it."""
    return None if value is None else float(value)


def _outcome(claim: Claim, evidence: Evidence, failed: Sequence[str]) -> tuple[Outcome, str]:
    if failed or evidence.inapplicable:
        return Outcome.NOT_APPLICABLE, "; ".join(failed) or evidence.inapplicable
    if evidence.strength is not Strength.STATISTICAL:
        if evidence.proved is None:
            return Outcome.INCONCLUSIVE, f"the {_DECIDES[evidence.strength]} did not close"
        return (Outcome.SUPPORTED if evidence.proved else Outcome.REFUTED), ""
    subject = f"{evidence.part}: " if evidence.part else ""
    if evidence.interval is None or any(math.isnan(end) for end in evidence.interval):
        return Outcome.INCONCLUSIVE, f"{subject}no interval could be formed"
    if claim.region.contains(evidence.interval):
        return Outcome.SUPPORTED, f"whole interval inside {claim.region}"
    if claim.region.excludes(evidence.interval):
        return Outcome.REFUTED, f"{subject}whole interval outside {claim.region}"
    unsettled = (
        f": {evidence.unresolved} of {evidence.n} {evidence.sampling_unit} had not converged"
        if (evidence.unresolved)
        else ""
    )
    return Outcome.INCONCLUSIVE, f"{subject}the interval straddles {claim.region}{unsettled}"
