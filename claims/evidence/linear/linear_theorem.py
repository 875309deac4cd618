"""Evidence on T1, T3, T4 and T5, conclusions of the deep linear theorem: exact, or certified in balls.

Critical points come checked (`claims.evidence.linear.linear_points`); the three claims about them read
off what was found. Points are built out of a continuum, so what holds at all of them is "exact at points"
and no proof of a statement about all; one exact counterexample is a proof of its contrary. T1 asks for
witnesses only, and needs, like the second half of T5, a single path through the network: exact on any
data."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import flint

from claims.core.verdict import Evidence, Strength
from models.exact.moments import Moments
from models.linear.critical_checks import Checked
from models.linear.exact_hessian import hessian, inertia
from models.linear.exact_network import ExactMoments, Scalar, exact_moments, zeros
from models.linear.witnesses import busiest_path, descent_from_zero, witnesses

__all__ = [
    "DEPTHS",
    "convexity_evidence",
    "rank_evidence",
    "saddle_evidence",
    "strictness_evidence",
]

DEPTHS = (1, 2, 3)
"""Hidden layers H for which T1 is asked."""

WHOLE = 64
"""Largest d_x for which the Hessian at zero weights is computed with all inputs rather than reduced."""

ENTRIES = 80
"""Largest number of weights for which a missing negative direction is settled by the exact inertia."""


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
        a, b, middle = (_decimal(value) for value in witness.losses)
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


def saddle_evidence(data: ExactMoments, points: Sequence[Checked]) -> Evidence:
    """T3: the share of the built critical points that are proved critical and, unless global, saddles.

    Global is what has the value L* of `models.linear.critical.optimum`, whatever a point calls itself. A
    critical point above L* with a definite Hessian, by its exact inertia, is an extremum and refutes.

    Raises:
        ValueError: a point is proved not to be critical, or not to have its value.
    """
    _demand_critical(points)
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
    return _share(data, good, bool(extreme), note)


def rank_evidence(data: ExactMoments, points: Sequence[Checked]) -> Evidence:
    """T4: the share of saddles with rank(W_H ... W_2) = p that have a proved negative v^T H v.

    Raises:
        ValueError: a point is proved not to be critical, or not to have its value.
    """
    _demand_critical(points)
    saddles = [k for k in points if not k.point.is_global and k.point.middle_rank == k.point.narrowest]
    return _negative(data, saddles, "saddles with rank(W_H ... W_2) = p")


def strictness_evidence(data: ExactMoments, points: Sequence[Checked], of: Moments) -> Evidence:
    """T5: strict saddles for H = 1; for H = 2, 3 a zero Hessian and a path of order H + 1 at zero weights.

    A Hessian block between two layers sums products of all other layers and of residual or products of
    layers, each with at least H - 1 factors: zero at W = 0 for H >= 2, whatever the data. It is computed
    all the same. Where X Y^T = 0, L >= 1/2 tr Y Y^T everywhere, so zero weights are a global minimum.

    Raises:
        ValueError: a point is proved not to be critical, or not to have its value.
    """
    _demand_critical(points)
    shallow = _negative(
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


def _times(of: Moments) -> str:
    """The factor of integer moments, for the reader of the three before it."""
    return f", all three times {of.factor}" if of.factor != 1 else ""


def _zero_hessian(of: Moments, data: ExactMoments, depth: int) -> int | None:
    """The number of weights if the exact Hessian at zero weights is zero, else None."""
    whole = exact_moments(of) if of.d_x <= WHOLE else data
    sizes = [whole.d_x, *[2] * depth, whole.d_y]
    found = hessian(whole, [zeros(whole.kind, b, a) for a, b in pairwise(sizes)])
    return found.nrows() if all(entry == 0 for entry in found.entries()) else None


def _negative(data: ExactMoments, saddles: Sequence[Checked], what: str) -> Evidence:
    """The share with a proved negative v^T H v; where none was found, small exact Hessians settle it."""
    good, refuted = [], 0
    for k in saddles:
        good.append(k.is_strict)
        if not k.is_strict and k.stationary and data.kind is flint.fmpq_mat and _weights(k) <= ENTRIES:
            good[-1] = inertia(hessian(data, k.point.weights))[0] > 0
            refuted += not good[-1]
    weakest = max(
        (2 * k.down.coefficient for k in saddles if k.down and k.is_strict), key=_number, default=None
    )
    note = f"v^T H v < 0 at {sum(good)} of {len(saddles)} {what}"
    note += "" if weakest is None else f", at most {_decimal(weakest)}"
    note += f"; {refuted} have no negative eigenvalue, by the exact inertia" if refuted else ""
    return _share(data, good, bool(refuted), note)


def _share(data: ExactMoments, good: Sequence[bool], refuted: bool, note: str) -> Evidence:
    """What holds at every point is known of these points alone; one exact counterexample is a proof."""
    exact = data.kind is flint.fmpq_mat
    if not good:
        note, proved, strength = f"no point was built; {note}", None, Strength.POINTS
    elif refuted:
        proved, strength = False, Strength.PROOF
    else:
        how = "exactly" if exact else "in ball arithmetic"
        note = f"checked {how} at the {len(good)} points built: {note}"
        proved, strength = True if all(good) else None, Strength.POINTS if exact else Strength.CERTIFICATE
    share = sum(good) / len(good) if good else None
    return Evidence(share, None, len(good), strength, proved, note=note, sampling_unit="points built")


def _demand_critical(points: Sequence[Checked]) -> None:
    wrong = [k for k in points if k.stationary is False or k.value_holds is False]
    if not wrong:
        return
    widths = "-".join(str(layer.nrows()) for layer in wrong[0].point.weights[:-1])
    raise ValueError(
        f"got {len(wrong)} of {len(points)} points that are not critical or have another loss than said (the "
        f"first: S = {wrong[0].point.chosen}, hidden widths {widths}, gradient entries up to "
        f"{_decimal(wrong[0].steepest)}), wanted critical points, for the theorem is about no others: build "
        "and check them with the same moments"
    )


def _is_extremum(data: ExactMoments, k: Checked) -> bool:
    """Whether the exact Hessian at a critical point is definite, so that it is a minimum or a maximum."""
    if not k.stationary or data.kind is not flint.fmpq_mat or _weights(k) > ENTRIES:
        return False
    negative, null, positive = inertia(hessian(data, k.point.weights))
    return not null and not (negative and positive)


def _weights(k: Checked) -> int:
    return sum(layer.nrows() * layer.ncols() for layer in k.point.weights)


def _is_least(k: Checked) -> bool:
    """Whether the value is L*: the same rational, or overlapping balls."""
    value, least = k.point.value, k.point.least
    if least is None:
        return False
    return value.overlaps(least) if isinstance(least, flint.arb) else value == least


def _is_above(k: Checked) -> bool:
    """Whether the value is proved to lie above L*."""
    return k.point.least is not None and bool(k.point.value > k.point.least)


def _shapes(points: Sequence[Checked]) -> str:
    widths = {tuple(layer.nrows() for layer in k.point.weights[:-1]) for k in points}
    ordered = sorted(widths, key=lambda w: (len(w), w))
    return "hidden widths " + ", ".join("-".join(map(str, w)) for w in ordered)


def _polynomial(coefficients: Sequence[flint.fmpq]) -> str:
    """The terms that are not zero: "2500 - 7 t^3 + 3/2 t^6"."""
    terms = [f"{c} t^{k}" if k else f"{c}" for k, c in enumerate(coefficients) if c != 0]
    return " + ".join(terms).replace("+ -", "- ")


def _number(value: Scalar | int) -> float:
    """The nearest float of a rational, or of a ball's centre; for the reader only."""
    return float(value.mid()) if isinstance(value, flint.arb) else int(value.p) / int(value.q)


def _decimal(value: Scalar) -> str:
    return f"{_number(value):.6g}"
