"""The kinds of point, and a point's kind as a value; `classification` defines and decides them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from models.curvature.answers import Count, Eigenvalue
from models.curvature.probe import Descent

__all__ = ["Kind", "PointKind"]


class Kind(StrEnum):
    """The kinds of point; `classify` defines them."""

    STRICT_SADDLE = "strict saddle"
    LOCAL_MINIMUM = "local minimum to tolerance"
    DEGENERATE = "degenerate"
    NOT_STATIONARY = "not stationary"
    INCONCLUSIVE = "inconclusive"


@dataclass(frozen=True, eq=False)
class PointKind:
    """A point and its kind.

    Attributes:
        kind: see `classify`.
        certified: whether the numbers it rests on are bounded; False for "inconclusive", and for "not
            stationary" where the gradient's rounding has no bound.
        gradient: ||g|| at the point given, Euclidean.
        gradient_tolerance: at most this counts as 0, in the same unit.
        curvature_tolerance: eigenvalues within this of 0 count as 0.
        smallest: eigenvalue of the Hessian, at a distance of `moved` from the point given.
        largest: eigenvalue of the Hessian there.
        index: how many eigenvalues are negative.
        nullity: how many are 0 to the tolerance; None beyond the dense limit.
        descent: what the probes found; None where none were needed.
        moved: distance from the point given to the critical point beside it at which the Hessian was taken;
            0 where it was taken at the point itself.
        sentence: all of it for people.
    """

    kind: Kind
    certified: bool
    gradient: float
    gradient_tolerance: float
    curvature_tolerance: float
    smallest: Eigenvalue
    largest: Eigenvalue
    index: Count
    nullity: int | None
    descent: Descent | None
    moved: float
    sentence: str

    def __str__(self) -> str:
        return f"{self.kind}: {self.sentence}"
