"""Which legs of an experiment a claim is judged on, at a scale."""

from __future__ import annotations

from dataclasses import dataclass

from claims.catalogue.experiments import Scale
from claims.core.claim import Leg
from models.experiment import Experiment
from models.second_leg.descent import Descent

__all__ = ["Plan", "planned"]


@dataclass(frozen=True, slots=True)
class Plan:
    """What has to be in the store before a claim is judged.

    Attributes:
        first: the training; None where the experiment is a descent from its initial weights.
        second: the descent; None for a claim about the training, and where the scale has none.
    """

    first: Experiment | None
    second: Descent | None


def planned(spec: Experiment, leg: Leg, scale: Scale) -> Plan:
    """The legs of an experiment that this scale does not leave out."""
    descent = scale.descent(spec)
    if descent is not None and descent.start == "initial":
        return Plan(None, descent)
    return Plan(spec, descent if leg is Leg.END else None)
