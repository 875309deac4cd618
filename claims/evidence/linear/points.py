"""The critical points that T3, T4 and T5 are judged on, built and checked once, and what is said of them.

Points are built out of a continuum, so what holds at all of them is "exact at points" and no proof of a
statement about all; one exact counterexample is a proof of its contrary.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache

import flint

from claims.core.verdict import Evidence, Strength
from claims.evidence.linear.preparation import prepared
from claims.evidence.sources import source
from data import Planted
from models.exact.moments import Moments
from models.linear.critical import critical_points
from models.linear.critical_checks import Checked, check_point
from models.linear.exact_network import ExactMoments, Matrix, Scalar, exact_moments, identity
from models.linear.exact_spectrum import (
    BITS,
    Spectrum,
    ball_spectrum,
    best_map,
    fitted_moments,
    kernel,
    rational_spectrum,
)

__all__ = [
    "DIGITS",
    "ENTRIES",
    "SMALL",
    "check_all",
    "checked",
    "decimal",
    "demand_critical",
    "number",
    "on_critical_points",
    "on_points_and_moments",
    "share",
    "weight_count",
]

SMALL = ((1,), (2,), (3,), (4,), (2, 2), (3, 4), (2, 3, 2), (3, 2, 4))
"""Hidden widths on planted data and Boston: bottlenecks, square, wider than the labels."""

DIGITS = ((10,), (4, 5), (3, 4, 3))
"""Hidden widths on MNIST: all 1,024 sets of ten eigenvalues, and two bottlenecks with every middle rank."""


ENTRIES = 80
"""Largest number of weights for which a missing negative direction is settled by the exact inertia."""


@cache
def checked(name: str, preparation: str) -> tuple[ExactMoments, tuple[Checked, ...]]:
    """The moments and all critical points of one data set, checked; computed once a process.

    Planted data and data with one label are treated whole and over the rationals, others reduced to
    [d_y, d_y] (`models.linear.exact_spectrum`) and in balls.
    """
    data_set, of = source(name), prepared(name, preparation)
    if isinstance(data_set, Planted):
        return check_all(exact_moments(of), data_set.reflection.T.tolist(), SMALL)
    if of.d_y == 1:
        return check_all(exact_moments(of), [[1]], SMALL)
    data = fitted_moments(of, balls=True)
    with flint.ctx.workprec(BITS):
        spectrum = ball_spectrum(data.gram)
        return data, _points(data, spectrum, identity(data.kind, data.d_y), DIGITS, ())


def on_critical_points(
    evidence: Callable[[ExactMoments, Sequence[Checked]], Evidence], name: str, preparation: str
) -> Evidence:
    """Evidence on all critical points of one data set."""
    return evidence(*checked(name, preparation))


def on_points_and_moments(
    evidence: Callable[[ExactMoments, Sequence[Checked], Moments], Evidence], name: str, preparation: str
) -> Evidence:
    """Evidence on all critical points of one data set and on its moments."""
    return evidence(*checked(name, preparation), prepared(name, preparation))


def check_all(
    data: ExactMoments,
    vectors: Sequence[Sequence[int]],
    grid: Sequence[tuple[int, ...]],
    turned: tuple[int, int] | None = None,
) -> tuple[ExactMoments, tuple[Checked, ...]]:
    """Every critical point for integer eigenvectors of Sigma, checked over the rationals.

    Args:
        data: rational moments; X X^T may be singular.
        vectors: d_y orthogonal integer eigenvectors of Sigma.
        grid: hidden widths.
        turned: two places in the decreasing order with one eigenvalue, whose eigenvectors are rotated first.
    """
    Z = best_map(data)
    spectrum = rational_spectrum(Z * data.cross, vectors)
    spectrum = spectrum.rotated(*turned) if turned else spectrum
    return data, _points(data, spectrum, Z, grid, kernel(data))


def _points(
    data: ExactMoments,
    spectrum: Spectrum,
    Z: Matrix,
    grid: Sequence[tuple[int, ...]],
    unseen: Sequence[Matrix],
) -> tuple[Checked, ...]:
    found = []
    for widths in grid:
        for closed in range(len(widths)):
            # In balls a changed basis turns exact zeros into intervals, and higher orders need the zeros.
            canonical = data.kind is flint.arb_mat and closed > 0
            points = critical_points(
                data, spectrum, Z, widths, closed=closed, unseen=unseen, canonical=canonical
            )
            found += [check_point(data, point) for point in points]
    return tuple(found)


def demand_critical(points: Sequence[Checked]) -> None:
    wrong = [k for k in points if k.stationary is False or k.value_holds is False]
    if not wrong:
        return
    widths = "-".join(str(layer.nrows()) for layer in wrong[0].point.weights[:-1])
    raise ValueError(
        f"got {len(wrong)} of {len(points)} points that are not critical or have another loss than said (the "
        f"first: S = {wrong[0].point.chosen}, hidden widths {widths}, gradient entries up to "
        f"{decimal(wrong[0].steepest)}), wanted critical points, for the theorem is about no others: build "
        "and check them with the same moments"
    )


def share(data: ExactMoments, good: Sequence[bool], refuted: bool, note: str) -> Evidence:
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


def weight_count(k: Checked) -> int:
    return sum(layer.nrows() * layer.ncols() for layer in k.point.weights)


def number(value: Scalar) -> float:
    """The nearest float of a rational, or of a ball's centre; for the reader only."""
    return float(value.mid()) if isinstance(value, flint.arb) else int(value.p) / int(value.q)


def decimal(value: Scalar) -> str:
    """Six significant digits, for the reader."""
    return f"{number(value):.6g}"
