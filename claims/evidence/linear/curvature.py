"""Evidence on T4, that a middle product of full rank means negative curvature: v^T H v at saddles built."""

from __future__ import annotations

from collections.abc import Sequence

import flint

from claims.core.verdict import Evidence
from claims.evidence.linear.points import ENTRIES, decimal, demand_critical, number, share, weight_count
from models.linear.critical_checks import Checked
from models.linear.exact_hessian import hessian, inertia
from models.linear.exact_network import ExactMoments

__all__ = ["curvature_evidence", "negative_curvature"]


def curvature_evidence(data: ExactMoments, points: Sequence[Checked]) -> Evidence:
    """T4: the share of saddles with rank(W_H ... W_2) = p that have a proved negative v^T H v.

    Raises:
        ValueError: a point is proved not to be critical, or not to have its value.
    """
    demand_critical(points)
    saddles = [k for k in points if not k.point.is_global and k.point.middle_rank == k.point.narrowest]
    return negative_curvature(data, saddles, "saddles with rank(W_H ... W_2) = p")


def negative_curvature(data: ExactMoments, saddles: Sequence[Checked], what: str) -> Evidence:
    """The share with a proved negative v^T H v; where none was found, small exact Hessians settle it."""
    good, refuted = [], 0
    for k in saddles:
        good.append(k.is_strict)
        if not k.is_strict and k.stationary and data.kind is flint.fmpq_mat and weight_count(k) <= ENTRIES:
            good[-1] = inertia(hessian(data, k.point.weights))[0] > 0
            refuted += not good[-1]
    weakest = max(
        (2 * k.down.coefficient for k in saddles if k.down and k.is_strict), key=number, default=None
    )
    note = f"v^T H v < 0 at {sum(good)} of {len(saddles)} {what}"
    note += "" if weakest is None else f", at most {decimal(weakest)}"
    note += f"; {refuted} have no negative eigenvalue, by the exact inertia" if refuted else ""
    return share(data, good, bool(refuted), note)
