"""Why a verdict stays open, and what would decide it: a cause for each row, so that they can be counted."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import msgspec
from msgspec import Meta

__all__ = ["Cause", "Open"]


class Cause(StrEnum):
    """What holds a verdict open.

    NOT_TRAINED, NO_SECOND_LEG: the scale leaves out a training, or the descent after it.
    NO_CERTIFICATE: descents ended, or were ended, where no certificate could be given.
    TOO_SHORT: networks that more training could still turn.
    TOO_FEW: all is settled, and the interval too wide.
    NOT_CLOSED: an exact check or a certificate that came to no end.
    """

    NOT_TRAINED = "not trained"
    NO_SECOND_LEG = "no second leg"
    NO_CERTIFICATE = "no certificate"
    TOO_SHORT = "training too short"
    TOO_FEW = "too few networks"
    NOT_CLOSED = "check did not close"


class Open(msgspec.Struct, frozen=True):
    """Why one verdict is inconclusive.

    Attributes:
        cause: what holds it open.
        remedy: options of the command line that would decide it, or come nearer; "" where none is known.
        costs: core seconds that would take at least, by experiment, where a scale declares them. Verdicts
            share experiments.
        times: else how many times as long as the trainings of this run.
    """

    cause: Cause
    remedy: str = ""
    costs: tuple[tuple[str, Annotated[float, Meta(ge=0.0)]], ...] = ()
    times: Annotated[float, Meta(ge=0.0)] = 0.0

    @property
    def seconds(self) -> float:
        """All of the cost, 0 where it is not known."""
        return sum(cost for _, cost in self.costs)

    def __str__(self) -> str:
        cost = f" ({max(1, round(self.seconds / 60))} core minutes or more)" if self.costs else ""
        return f"{self.cause}: {self.remedy}{cost}" if self.remedy else self.cause
