"""Verdicts: what a claim's evidence amounts to, decided by one pure function.

The outcomes and strengths are defined in the README ("How to read a verdict").
Numbers go in, a frozen value comes out; nothing here trains, reads or prints.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

__all__ = ["Evidence", "Outcome", "Region", "Strength", "Verdict", "decide"]


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


@dataclass(frozen=True, slots=True)
class Region:
    """The closed interval [low, high] of estimates for which a claim is true.

    `margin` is the finite edge a reader compares the interval with; for a
    two-sided region it is the upper one.
    """

    low: float = -math.inf
    high: float = math.inf

    def __post_init__(self) -> None:
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


@dataclass(frozen=True, slots=True)
class Evidence:
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


@dataclass(frozen=True, slots=True)
class Verdict:
    """The outcome of one claim in one setting, with everything needed to doubt it."""

    claim: str
    setting: str
    statement: str
    outcome: Outcome
    strength: Strength
    estimate: float | None
    unit: str
    interval: tuple[float, float] | None
    margin: float | None
    region: str
    alpha: float
    p_value: float | None
    n: int
    sampling_unit: str
    look: str
    protocol: str
    dataset: str
    reason: str
    rule: str
    rule_since: int
    cites: str
    paper: str
    place: str
    kind: str

    def as_json(self) -> dict[str, Any]:
        """Plain JSON values; a number that is not finite becomes None or an open interval end (None)."""

        def plain(value: float | None) -> float | None:
            return None if value is None or not math.isfinite(value) else float(value)

        interval = None if self.interval is None else [plain(end) for end in self.interval]
        fields = {name: getattr(self, name) for name in self.__slots__}
        return fields | {
            "outcome": str(self.outcome),
            "strength": str(self.strength),
            "estimate": plain(self.estimate),
            "interval": interval,
            "margin": plain(self.margin),
            "p_value": plain(self.p_value),
        }


def decide(
    claim: Any,
    evidence: Evidence,
    *,
    setting: str,
    dataset: str,
    protocol: str = "",
    paper: str = "",
    look: str = "",
    spent: float = 1.0,
    failed_prerequisites: Sequence[str] = (),
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
        failed_prerequisites: one sentence for each hypothesis that failed on this data.
    """
    outcome, why = _outcome(claim, evidence, failed_prerequisites)
    p_value = evidence.p_value
    if outcome is Outcome.NOT_APPLICABLE or evidence.strength is not Strength.STATISTICAL:
        p_value = None
    return Verdict(
        claim=claim.id,
        setting=setting,
        statement=claim.statement,
        outcome=outcome,
        strength=evidence.strength,
        estimate=evidence.estimate,
        unit=claim.unit,
        interval=evidence.interval,
        margin=claim.region.margin,
        region=str(claim.region),
        alpha=claim.alpha,
        p_value=None if p_value is None else min(1.0, p_value / spent),
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
    )


def _outcome(claim: Any, evidence: Evidence, failed: Sequence[str]) -> tuple[Outcome, str]:
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
