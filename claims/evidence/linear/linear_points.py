"""The critical points that T3, T4 and T5 are judged on: which widths on which data; checked once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache

import flint

from claims.core.verdict import Evidence
from claims.evidence.linear import hypotheses
from data import Planted
from models.exact.moments import Moments
from models.linear.critical import critical_points
from models.linear.critical_checks import Checked, check_point
from models.linear.exact_network import ExactMoments, Matrix, exact_moments, identity
from models.linear.exact_spectrum import (
    BITS,
    Spectrum,
    ball_spectrum,
    best_map,
    fitted_moments,
    kernel,
    rational_spectrum,
)

__all__ = ["DIGITS", "SMALL", "check_all", "checked", "on_critical_points", "on_points_and_moments"]

SMALL = ((1,), (2,), (3,), (4,), (2, 2), (3, 4), (2, 3, 2), (3, 2, 4))
"""Hidden widths on planted data and Boston: bottlenecks, square, wider than the labels."""

DIGITS = ((10,), (4, 5), (3, 4, 3))
"""Hidden widths on MNIST: all 1,024 sets of ten eigenvalues, and two bottlenecks with every middle rank."""


@cache
def checked(name: str, preparation: str) -> tuple[ExactMoments, tuple[Checked, ...]]:
    """The moments and all critical points of one data set, checked; computed once a process.

    Planted data and data with one label are treated whole and over the rationals, others reduced to
    [d_y, d_y] (`models.linear.exact_spectrum`) and in balls.
    """
    source, of = hypotheses.source(name), hypotheses.prepared(name, preparation)
    if isinstance(source, Planted):
        return check_all(exact_moments(of), source.reflection.T.tolist(), SMALL)
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
    return evidence(*checked(name, preparation), hypotheses.prepared(name, preparation))


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
