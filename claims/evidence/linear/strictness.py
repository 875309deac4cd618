"""Evidence on T5: the saddles of one hidden layer are all strict, and those of deeper networks are not."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import flint

from claims.core.verdict import Evidence, Strength
from claims.evidence.linear.curvature import negative_curvature
from claims.evidence.linear.points import demand_critical
from models.exact.moments import Moments
from models.linear.critical_checks import Checked
from models.linear.exact_hessian import hessian
from models.linear.exact_network import ExactMoments, exact_moments, zeros
from models.linear.witnesses import busiest_path, descent_from_zero

__all__ = ["strictness_evidence"]

WHOLE = 64
"""Largest d_x for which the Hessian at zero weights is computed with all inputs rather than reduced."""


def strictness_evidence(data: ExactMoments, points: Sequence[Checked], of: Moments) -> Evidence:
    """T5: strict saddles for H = 1; for H = 2, 3 a zero Hessian and a path of order H + 1 at zero weights.

    A Hessian block between two layers sums products of all other layers and of residual or products of
    layers, each with at least H - 1 factors: zero at W = 0 for H >= 2, whatever the data. It is computed
    all the same. Where X Y^T = 0, L >= 1/2 tr Y Y^T everywhere, so zero weights are a global minimum.

    Raises:
        ValueError: a point is proved not to be critical, or not to have its value.
    """
    demand_critical(points)
    shallow = negative_curvature(
        data, [k for k in points if k.point.hidden_layers == 1 and not k.point.is_global], "saddles for H = 1"
    )
    checks: list[bool] = []
    texts = []
    path = busiest_path(of)
    for depth in (2, 3):
        size = _zero_hessian(of, data, depth)
        line = descent_from_zero(path, depth) if path and path.cross else None
        falls = line is not None and not any(line[1 : depth + 1]) and line[depth + 1] < 0
        checks += [size is not None, falls]
        shown = "no descent" if line is None else f"L(t) = {_polynomial(line)}"
        texts.append(f"H = {depth}: the Hessian is {'0' if size else 'not 0'} ({size} weights), {shown}")
    share = (shallow.estimate or 0.0) * shallow.n + sum(checks)
    global_zero = path is None or path.cross == 0
    proved = False if global_zero or shallow.proved is False else shallow.proved if all(checks) else None
    tail = "; X Y^T = 0, so zero weights are a global minimum and no saddle" if global_zero else ""
    n = shallow.n + len(checks)
    note = f"{shallow.note}; at zero weights, {'; '.join(texts)}{tail}"
    strength = Strength.PROOF if proved is False else shallow.strength
    return Evidence(share / n, None, n, strength, proved, note=note, sampling_unit="checks at points built")


def _zero_hessian(of: Moments, data: ExactMoments, depth: int) -> int | None:
    """The number of weights if the exact Hessian at zero weights is zero, else None."""
    whole = exact_moments(of) if of.d_x <= WHOLE else data
    sizes = [whole.d_x, *[2] * depth, whole.d_y]
    found = hessian(whole, [zeros(whole.kind, b, a) for a, b in pairwise(sizes)])
    return found.nrows() if all(entry == 0 for entry in found.entries()) else None


def _polynomial(coefficients: Sequence[flint.fmpq]) -> str:
    """The terms that are not zero: "2500 - 7 t^3 + 3/2 t^6"."""
    terms = [f"{c} t^{k}" if k else f"{c}" for k, c in enumerate(coefficients) if c != 0]
    return " + ".join(terms).replace("+ -", "- ")
