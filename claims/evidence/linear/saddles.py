"""Evidence on T3, that every critical point is a global minimum or a saddle: read off the checked points."""

from __future__ import annotations

from collections.abc import Sequence

import flint

from claims.core.verdict import Evidence
from claims.evidence.linear.points import ENTRIES, demand_critical, share, weight_count
from models.linear.critical_checks import Checked
from models.linear.exact_hessian import hessian, inertia
from models.linear.exact_network import ExactMoments

__all__ = ["saddle_evidence"]


def saddle_evidence(data: ExactMoments, points: Sequence[Checked]) -> Evidence:
    """T3: the share of the built critical points that are proved critical and, unless global, saddles.

    Global is what has the value L* of `models.linear.critical.optimum`, whatever a point calls itself. A
    critical point above L* with a definite Hessian, by its exact inertia, is an extremum and refutes.

    Raises:
        ValueError: a point is proved not to be critical, or not to have its value.
    """
    demand_critical(points)
    least = [_is_least(k) for k in points]
    good = [
        k.stationary is True
        and k.value_holds is True
        and (lowest if k.point.is_global else k.is_saddle and _is_above(k))
        for k, lowest in zip(points, least, strict=True)
    ]
    extreme = [k for k in points if not k.is_saddle and _is_above(k) and _is_extremum(data, k)]
    saddles = [k for k in points if not k.point.is_global]
    false = sum(k.point.is_global and not lowest for k, lowest in zip(points, least, strict=True))
    orders = {n: sum(k.down is not None and k.down.order == n for k in saddles) for n in (2, 3, 4)}
    note = (
        f"{len(points)} critical points ({_shapes(points)}), {len(points) - len(saddles)} of them global "
        f"minima; {sum(k.is_saddle for k in saddles)} of {len(saddles)} others fall and rise along lines, "
        + ", ".join(f"{count} at order {n}" for n, count in orders.items() if count)
        + (f"; {false} are called global without the value L*" if false else "")
        + (f"; {len(extreme)} have a definite Hessian above L*, by the exact inertia" if extreme else "")
    )
    return share(data, good, bool(extreme), note)


def _is_extremum(data: ExactMoments, k: Checked) -> bool:
    """Whether the exact Hessian at a critical point is definite, so that it is a minimum or a maximum."""
    if not k.stationary or data.kind is not flint.fmpq_mat or weight_count(k) > ENTRIES:
        return False
    negative, null, positive = inertia(hessian(data, k.point.weights))
    return not null and not (negative and positive)


def _is_least(k: Checked) -> bool:
    """Whether the value is L*: the same rational, or overlapping balls."""
    value, least = k.point.value, k.point.least
    if least is None:
        return False
    return bool(value.overlaps(least) if isinstance(least, flint.arb) else value == least)


def _is_above(k: Checked) -> bool:
    """Whether the value is proved to lie above L*."""
    return k.point.least is not None and bool(k.point.value > k.point.least)


def _shapes(points: Sequence[Checked]) -> str:
    widths = {tuple(layer.nrows() for layer in k.point.weights[:-1]) for k in points}
    ordered = sorted(widths, key=lambda w: (len(w), w))
    return "hidden widths " + ", ".join("-".join(map(str, w)) for w in ordered)
