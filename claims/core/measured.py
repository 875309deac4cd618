"""Evidence from a measured quantity: how it becomes what `claims.core.verdict` decides on."""

from __future__ import annotations

import math

from claims.core.claim import Claim
from claims.core.verdict import Evidence
from claims.statistics.quantity import Largest, Quantity, Smallest

__all__ = ["measured"]


def measured(
    quantity: Quantity,
    claim: Claim,
    n: int,
    unit: str = "networks",
    *,
    unresolved: int = 0,
    diverged: int = 0,
    note: str = "",
    estimate: float | None = None,
) -> Evidence:
    """Evidence from a quantity: its bounds at the claim's alpha, and how small alpha could be.

    Args:
        quantity: what was measured, in the claim's unit.
        claim: whose region, bounded on one side, and whose alpha.
        n: sampling units.
        unit: what they are.
        unresolved, diverged, note: as in `Evidence`.
        estimate: what to show instead of the quantity's own value.

    Raises:
        ValueError: a region that is bounded on both sides or on neither.
    """
    low, high = claim.region.low, claim.region.high
    if math.isfinite(low) == math.isfinite(high):
        raise ValueError(f"got the region {claim.region} of {claim.id}, wanted one finite edge")
    at_least = math.isfinite(low)

    def support(of: Quantity) -> float:
        return of.at_least(low) if at_least else of.at_most(high)

    def refute(of: Quantity) -> float:
        return of.below(low) if at_least else of.beyond(high)

    part, value = "", quantity.value if estimate is None else estimate
    if isinstance(quantity, Smallest | Largest) and len(quantity.parts) > 1:
        parts = quantity.parts
        refuted = refute(quantity) <= claim.alpha
        part = (
            min(parts, key=lambda k: refute(parts[k]))
            if refuted
            else max(parts, key=lambda k: support(parts[k]))
        )
    return Evidence(
        value if math.isfinite(value) else None,
        (quantity.lower(claim.alpha), quantity.upper(claim.alpha)),
        n,
        p_support=support(quantity),
        p_refute=refute(quantity),
        sampling_unit=unit,
        unresolved=unresolved,
        diverged=diverged,
        part=part,
        note=note,
    )
