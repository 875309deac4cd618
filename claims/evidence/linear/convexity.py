"""Evidence on T1, that the deep linear loss is neither convex nor concave: witnesses, exact on any data.

A single path through the network is enough to bend the loss either way.
"""

from __future__ import annotations

from collections.abc import Sequence

from claims.core.verdict import Evidence, Strength
from claims.evidence.linear.points import decimal
from models.exact.moments import Moments
from models.linear.witnesses import busiest_path, witnesses

__all__ = ["DEPTHS", "convexity_evidence"]

DEPTHS = (1, 2, 3)
"""Hidden layers H for which T1 is asked."""


def convexity_evidence(of: Moments, depths: Sequence[int] = DEPTHS) -> Evidence:
    """T1: the share of witnesses, one above and one below for each depth, that hold exactly.

    Refuted where the loss is convex by its form: without hidden layers (its Hessian is X X^T for every
    label), or where X = 0 (it is constant). Otherwise a missing witness leaves the claim open.
    """
    path = busiest_path(of)
    if path is None:
        return _witnessed(0, depths, False, "X = 0: the loss is constant")
    held = {depth: [w for w in witnesses(path, depth) if w.holds] for depth in depths}
    total = sum(len(found) for found in held.values())
    proved = True if total == 2 * len(depths) else False if 0 in depths else None
    sides = []
    for witness in held[depths[-1]]:
        a, b, middle = (decimal(value) for value in witness.losses)
        ends = " and ".join(f"({', '.join(map(str, along))})" for along in (witness.first, witness.second))
        sides.append(f"{witness.side}: {ends}, losses {a} and {b}, midpoint {middle}")
    note = (
        f"{total} of {2 * len(depths)} witnesses for H = {', '.join(map(str, depths))}; one path, input "
        f"{path.given} to label {path.label} (counted from 0), G = {path.gram}, C = {path.cross}, "
        f"tr YY^T = {of.label_square}{_times(of)}; with H = {depths[-1]} "
        + "; ".join(sides)
        + ("; without hidden layers the loss is convex" if 0 in depths else "")
    )
    return _witnessed(total, depths, proved, note)


def _witnessed(total: int, depths: Sequence[int], proved: bool | None, note: str) -> Evidence:
    n = 2 * len(depths)
    return Evidence(total / n, None, n, Strength.PROOF, proved, note=note, sampling_unit="witnesses")


def _times(of: Moments) -> str:
    """The factor of integer moments, for the reader of the three before it."""
    return f", all three times {of.factor}" if of.factor != 1 else ""
