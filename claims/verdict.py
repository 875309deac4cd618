"""Verdicts: what a claim's evidence amounts to, decided by one pure function.

The outcomes and strengths are defined in the README ("How to read a verdict").
Numbers go in, a frozen value comes out; nothing here trains, reads or prints.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

__all__ = ["Evidence", "Outcome", "Region", "Strength", "Verdict", "conjunction", "decide"]


class Outcome(StrEnum):
    """What the evidence says about a claim in one setting."""

    SUPPORTED = "supported"
    REFUTED = "refuted"
    INCONCLUSIVE = "inconclusive"
    NOT_APPLICABLE = "not applicable"


class Strength(StrEnum):
    """How the outcome is known: exact arithmetic on all there is or at the points that were built, bounded
    floating point, or an interval over models."""

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

    def violation(self, interval: tuple[float, float]) -> float:
        """How far the interval's worse end reaches past the region (negative: how far inside it stays)."""
        # An open edge is never passed, and inf - inf would be NaN.
        below = self.low - interval[0] if math.isfinite(self.low) else -math.inf
        above = interval[1] - self.high if math.isfinite(self.high) else -math.inf
        return max(below, above)

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
        interval: its confidence interval (simultaneous where a claim has several parts) or error bound.
        n: independent sampling units behind it.
        strength: how it is known.
        proved: for a proof or certificate, whether the statement came out true or false.
        converged: False where the optimiser had not settled, so that a longer run could change the answer.
        diverged: models whose loss left the finite numbers or blew up; counted, never dropped.
        part: what this is evidence about, where a claim has several parts ("test loss, model 3").
        note: a sentence for the reader.
        sampling_unit: what n counts.
        cites: a proof in words that it leans on, and where that stands.
    """

    estimate: float | None
    interval: tuple[float, float] | None
    n: int
    strength: Strength = Strength.STATISTICAL
    proved: bool | None = None
    converged: bool = True
    diverged: int = 0
    part: str = ""
    note: str = ""
    sampling_unit: str = "networks"
    cites: str = ""

    def __post_init__(self) -> None:
        if self.interval is not None and self.interval[0] > self.interval[1]:
            raise ValueError(
                f"got the interval {self.interval}, wanted its lower end first: swap the two ends"
            )


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
    n: int
    protocol: str
    dataset: str
    reason: str
    paper: str
    place: str
    kind: str
    sampling_unit: str = "networks"
    cites: str = ""

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
        }


def conjunction(region: Region, parts: Sequence[Evidence]) -> Evidence:
    """The evidence on "every part lies in the region", reported through the part that binds.

    The parts' intervals must hold simultaneously. The whole is inside the region
    if and only if every part is, and outside as soon as one part is, so the part
    that decides is: one wholly outside and converged, else one outside, else one
    unknown or astride the edge, else the one nearest to the edge. Among equals
    the one reaching furthest binds. Inside as a whole, it has converged only if
    every part has.
    """
    if not parts:
        raise ValueError(
            "got no parts, wanted at least one piece of evidence: the claim has nothing to judge"
        )

    def rank(part: Evidence) -> tuple[int, float]:
        if part.interval is None or any(math.isnan(end) for end in part.interval):
            return (1, math.inf)
        reach = region.violation(part.interval)
        if region.excludes(part.interval):
            return (3 if part.converged else 2, reach)
        return (0 if region.contains(part.interval) else 1, reach)

    binding = max(parts, key=rank)
    return replace(
        binding,
        converged=all(part.converged for part in parts) if rank(binding)[0] == 0 else binding.converged,
        n=max(part.n for part in parts),
        diverged=max(part.diverged for part in parts),
    )


def decide(
    claim: Any,
    evidence: Evidence,
    *,
    setting: str,
    dataset: str,
    protocol: str = "",
    failed_prerequisites: Sequence[str] = (),
) -> Verdict:
    """Turn evidence into a verdict by the claim's own rule, fixed before any run.

    The whole interval inside the claim's region supports it, wholly outside
    refutes it, anything else is inconclusive. A proof or certificate speaks for
    itself. Evidence from an optimiser that did not converge never refutes, and
    supports only a claim whose rule says that reaching the region is enough
    (`claim.convergence`); a diverged model blocks "supported".

    Args:
        claim: a `claims.catalogue.Claim`.
        evidence: what was found.
        setting: what distinguishes this verdict among the claim's others, such as "mnist-5k-500-std".
        dataset: name of the data set.
        protocol: initialisation protocol, or "" where nothing trains.
        failed_prerequisites: one sentence for each hypothesis that failed on this data.
    """
    outcome, why = _outcome(claim, evidence, failed_prerequisites)
    reason = "; ".join(text for text in (why, evidence.note) if text)
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
        n=evidence.n,
        protocol=protocol,
        dataset=dataset,
        reason=reason,
        paper=claim.paper,
        place=claim.place,
        kind=str(claim.kind),
        sampling_unit=evidence.sampling_unit,
        cites=evidence.cites,
    )


def _outcome(claim: Any, evidence: Evidence, failed: Sequence[str]) -> tuple[Outcome, str]:
    if failed:
        return Outcome.NOT_APPLICABLE, "; ".join(failed)
    if evidence.strength is not Strength.STATISTICAL:
        if evidence.proved is None:
            return Outcome.INCONCLUSIVE, f"the {_DECIDES[evidence.strength]} did not close"
        return (Outcome.SUPPORTED if evidence.proved else Outcome.REFUTED), ""
    subject = f"{evidence.part}: " if evidence.part else ""
    if evidence.interval is None or any(math.isnan(end) for end in evidence.interval):
        return Outcome.INCONCLUSIVE, f"{subject}no interval could be formed"
    inside, outside = claim.region.contains(evidence.interval), claim.region.excludes(evidence.interval)
    if not inside and not outside:
        unsettled = "" if evidence.converged else ", and the optimiser did not converge"
        return Outcome.INCONCLUSIVE, f"{subject}the interval straddles {claim.region}{unsettled}"
    if not evidence.converged and claim.blocked_by_nonconvergence(supported=inside):
        return Outcome.INCONCLUSIVE, f"{subject}the optimiser did not converge"
    if inside and evidence.diverged:
        return Outcome.INCONCLUSIVE, f"{subject}{evidence.diverged} of the models diverged"
    text = f"{subject}whole interval {'inside' if inside else 'outside'} {claim.region}"
    return (Outcome.SUPPORTED if inside else Outcome.REFUTED), text
