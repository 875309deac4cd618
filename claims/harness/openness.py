"""What holds an inconclusive verdict open, and which options would decide it at what cost."""

from __future__ import annotations

from collections.abc import Sequence

from claims.catalogue.experiments import Scale
from claims.catalogue.scales import chosen_scale
from claims.core.causes import Cause, Open
from claims.core.claim import Claim, Leg
from claims.core.verdict import Evidence, Outcome, Strength, Verdict
from claims.harness.collection import Specs
from claims.harness.options import Options
from data import entry
from models.experiment import Experiment

__all__ = ["held_open", "kept_open"]

_LARGER = {"quick": "standard", "standard": "paper"}
"""The scale that trains longer. At the paper's own nothing descends on its digits unless it is paid for."""


def kept_open(verdict: Verdict) -> Open | None:
    """Of a verdict on what trains nothing."""
    if verdict.outcome is not Outcome.INCONCLUSIVE:
        return None
    sampled = verdict.strength is Strength.STATISTICAL
    return Open(Cause.TOO_FEW if sampled else Cause.NOT_CLOSED)


def held_open(
    verdict: Verdict,
    evidence: Evidence,
    claim: Claim,
    specs: Specs,
    options: Options,
) -> Open | None:
    """Of a verdict on trained networks.

    Args:
        verdict: what was decided.
        evidence: from what.
        claim: whose.
        specs: the test's experiments.
        options: of the run.
    """
    if verdict.outcome is not Outcome.INCONCLUSIVE:
        return None
    scale = options.sizes
    larger = _LARGER.get(scale.name, "")
    cause, dear = _cause(evidence, claim, specs, scale)
    if cause in (Cause.NOT_TRAINED, Cause.NO_SECOND_LEG):
        prices = tuple((spec.name, price) for spec in dear if (price := _price(scale, spec)) is not None)
        return Open(cause, "--second-legs all", prices) if len(prices) == len(dear) else Open(cause)
    if cause is Cause.TOO_FEW:
        remedy = f"--networks {2 * options.design.networks[-1]} --seed {options.seed + 1}"
        return Open(cause, remedy, times=2.0)
    if not larger or (cause is Cause.NO_CERTIFICATE and larger != "standard"):
        return Open(cause)
    there = chosen_scale(larger, options.data)
    return Open(cause, f"--scale {larger}", times=max(_growth(spec, scale, there) for spec in specs))


def _cause(
    evidence: Evidence, claim: Claim, specs: Specs, scale: Scale
) -> tuple[Cause, Sequence[Experiment]]:
    """And the experiments that it is about."""
    if untrained := [spec for spec in specs if scale.left_out(spec)]:
        return Cause.NOT_TRAINED, untrained
    if claim.leg is Leg.END and (stopped := [spec for spec in specs if scale.descent(spec) is None]):
        return Cause.NO_SECOND_LEG, stopped
    if evidence.unresolved:
        return Cause.NO_CERTIFICATE if claim.leg is Leg.END else Cause.TOO_SHORT, specs
    if evidence.strength is not Strength.STATISTICAL:
        return Cause.NOT_CLOSED, specs
    unbounded = evidence.interval is not None and evidence.interval[1] == float("inf")
    return Cause.TOO_SHORT if unbounded and claim.leg is Leg.FIRST else Cause.TOO_FEW, specs


def _price(scale: Scale, spec: Experiment) -> float | None:
    """Core seconds of what the scale leaves out of an experiment, None where it is not a matter of time."""
    each = scale.price(spec)
    return None if each is None else each * spec.networks.count


def _growth(spec: Experiment, here: Scale, there: Scale) -> float:
    """How many times as long an experiment trains at another scale."""
    if spec.data != here.digits:
        return there.boston / here.boston
    protocol, other = spec.initialisation.kind, entry(there.digits).train / entry(here.digits).train
    epochs = [scale.epochs.get(protocol, scale.epochs["he"]) for scale in (there, here)]
    return other * epochs[0] / epochs[1]
