"""Each tolerance is what its formula says, and a point on either side of it comes out on that side."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from models.curvature.classification import Kind, classify
from models.curvature.objective import Objective
from models.curvature.spectrum import dense_spectrum
from tests.models.curvature.planted_losses import point, quadratic, separable

CENTRES = {"0": (0.0, 0.0), "length-2": (0.0, 2.0), "length-half": (0.0, 0.5)}
"""Points w, of lengths max(||w||, 1) = 1, 2 and 1."""

LENGTH = {"0": 1.0, "length-2": 2.0, "length-half": 1.0}


def tilted(at: str, slope: float, *diagonal: float) -> tuple[Objective, torch.Tensor]:
    """A quadratic about the centre, tilted along x by the slope, which is the gradient there."""
    centre = point(*CENTRES[at])
    return quadratic(torch.diag(point(*diagonal)), centre, slope=slope), centre


@pytest.mark.parametrize("at", CENTRES)
@pytest.mark.parametrize("scale", [1.0, 50.0])
@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_a_gradient_counts_from_its_tolerance_on(at, scale, sign):
    """gradient_tolerance scale / length, 1e-6 by default: just above is not stationary, just below is."""
    limit = 1e-6 * scale / LENGTH[at]
    for factor, kind in ((1.01, Kind.NOT_STATIONARY), (0.99, Kind.LOCAL_MINIMUM)):
        answer = classify(*tilted(at, sign * factor * limit, 3.0, 2.0), scale=scale)
        assert answer.kind is kind, str(answer)
        assert answer.certified
        assert answer.gradient_tolerance == pytest.approx(limit, rel=1e-12)
        assert answer.gradient == pytest.approx(factor * limit, rel=1e-9)
        assert f"gradient {answer.gradient:.1e} against {limit:.1e}; " in answer.sentence
    answer = classify(*tilted(at, 5e-4, 3.0, 2.0), scale=scale, gradient_tolerance=1e-3)
    assert answer.gradient_tolerance == pytest.approx(1e-3 * scale / LENGTH[at], rel=1e-12)


@pytest.mark.parametrize("largest", [1.0, 20.0])
@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_an_eigenvalue_counts_from_its_tolerance_on(largest, sign):
    """curvature_tolerance times the largest absolute eigenvalue, 1e-6 by default; of either sign."""
    t = 1e-6 * largest
    for factor, nullity in ((1.01, 0), (0.99, 1)):
        answer = classify(*tilted("0", 0.0, sign * largest, sign * factor * t), scale=1.0)
        assert answer.curvature_tolerance == pytest.approx(t, rel=1e-9)
        assert answer.nullity == nullity
        assert answer.kind is (Kind.LOCAL_MINIMUM if sign > 0 else Kind.STRICT_SADDLE)
    assert classify(
        *tilted("0", 0.0, largest, 1.0), scale=1.0, curvature_tolerance=1e-2
    ).curvature_tolerance == pytest.approx(1e-2 * largest, rel=1e-9)


@pytest.mark.parametrize("at", CENTRES)
def test_a_gradient_left_over_raises_the_tolerance(at):
    """By 4 ||g|| / length, where the point is stationary; elsewhere eigenvalues count as they are."""
    for slope, floor in ((1e-7, 4e-7 / LENGTH[at]), (1e-3, 0.0)):
        answer = classify(*tilted(at, slope, 1e-2, 1e-3), scale=1.0)
        assert answer.curvature_tolerance == pytest.approx(max(1e-8, floor), rel=1e-9)


def test_the_bound_on_the_eigenvalues_raises_the_tolerance():
    """To twice the bound: within it no sign is proved."""
    objective = Objective(
        2, (lambda w: w[0] ** 2 + w[1] ** 2,), lambda w: (lambda v: 1e10 * (v * v).sum(),), 20
    )
    answer = classify(objective, point(0.0, 0.0), scale=1.0)
    bound = dense_spectrum(objective, point(0.0, 0.0)).bound
    assert bound > 1e-6
    assert answer.curvature_tolerance == pytest.approx(max(2e-6, 2 * bound), rel=1e-12)


@pytest.mark.parametrize("at", CENTRES)
@pytest.mark.parametrize(("sign", "scale"), [(1.0, 1.0), (-1.0, 1.0), (1.0, 50.0)])
def test_all_eigenvalues_count_as_zero_within_the_flat_tolerance(at, sign, scale):
    """curvature_tolerance scale / length^2: H = 0 to tolerance, and every eigenvalue is a null one."""
    flat = 1e-6 * scale / LENGTH[at] ** 2
    for factor, silent in ((0.99, True), (1.01, False)):
        size = factor * flat
        objective, centre = tilted(at, 0.0, sign * size, 0.0)
        answer = classify(objective, centre, scale=scale)
        assert answer.curvature_tolerance == pytest.approx(size if silent else 1e-6 * size, rel=1e-6)
        assert answer.nullity == (2 if silent else 1)


@pytest.mark.parametrize(("size", "kind"), [(0.99e-6, Kind.DEGENERATE), (1.01e-6, Kind.LOCAL_MINIMUM)])
def test_a_hessian_within_the_flat_tolerance_is_degenerate(size, kind):
    """Where no sign of the smallest eigenvalue is proved: x^2 alone, on either side of 1e-6."""
    answer = classify(*tilted("0", 0.0, size, 0.0), scale=1.0)
    assert (answer.kind, answer.smallest.sign) == (kind, None if answer.smallest.bound else 0)
    if kind is Kind.DEGENERATE:
        assert f"|eigenvalues| <= {size:.1e}" in answer.sentence
    assert answer.descent is not None


BIG = 4_500


def spread(low: float, high: float) -> torch.Tensor:
    """A diagonal beyond the dense limit, all `high` but for one entry."""
    diagonal = torch.full((BIG,), high, dtype=torch.float64)
    diagonal[17] = low
    return diagonal


def origin() -> torch.Tensor:
    return torch.zeros(BIG, dtype=torch.float64)


def test_the_tolerances_beyond_the_dense_limit():
    """The same formulas by Lanczos: relative to the largest, and 4 ||g|| / length where stationary."""
    for slope, floor in ((0.0, 0.0), (5e-7, 2e-6), (1e-3, 0.0)):
        answer = classify(separable(spread(0.5, 1.0), slope), origin(), scale=1.0)
        assert answer.curvature_tolerance == pytest.approx(max(1e-6, floor), rel=1e-6)
        assert answer.kind is (Kind.NOT_STATIONARY if slope > 1e-6 else Kind.INCONCLUSIVE)


@pytest.mark.parametrize(
    ("low", "slope", "kind", "text"),
    [
        (-1e-3, 0.0, Kind.STRICT_SADDLE, "v^T H v < 0 for a unit vector v"),
        (-1e-8, 0.0, Kind.STRICT_SADDLE, "below the tolerance of 1.0e-06, but negative"),
        (-1e-8, 1e-8, Kind.INCONCLUSIVE, "the gradient left over may have made it"),
        (0.5, 0.0, Kind.INCONCLUSIVE, "no negative curvature found, and none excluded"),
    ],
)
def test_negative_curvature_beyond_the_dense_limit(low, slope, kind, text):
    """A proved sign decides there as well, unless a gradient may have made it."""
    answer = classify(separable(spread(low, 1.0), slope), origin(), scale=1.0)
    assert answer.kind is kind, str(answer)
    assert answer.certified == (kind is not Kind.INCONCLUSIVE)
    assert text in answer.sentence
    assert answer.nullity is None


@pytest.mark.parametrize(("size", "kind"), [(0.9e-6, Kind.DEGENERATE), (1.1e-6, Kind.INCONCLUSIVE)])
def test_a_small_norm_beyond_the_dense_limit_is_degenerate(size, kind):
    """H = 0 to tolerance by the bound on its norm, and not a hair above it."""
    answer = classify(separable(spread(size, size)), origin(), scale=1.0)
    assert answer.kind is kind, str(answer)


def test_small_negative_curvature_beyond_the_dense_limit_is_no_zero_hessian():
    """Within the flat tolerance, but proved to be negative, with no gradient to have made it."""
    answer = classify(separable(spread(-0.5e-6, 0.9e-6)), origin(), scale=1.0)
    assert (answer.kind, answer.certified) == (Kind.STRICT_SADDLE, True), str(answer)


def test_the_estimates_of_an_unbounded_gradient_certify_nothing():
    """Without a majorant "not stationary" and "saddle" are what the numbers suggest, and no more."""
    hyperbolic = Objective(2, (lambda w: w[0].cosh() - w[1].cosh(),))
    away = classify(hyperbolic, point(1.0, 0.0))
    assert (away.kind, away.certified) == (Kind.NOT_STATIONARY, False)
    saddle = classify(hyperbolic, point(0.0, 0.0))
    assert saddle.kind is Kind.INCONCLUSIVE
    assert saddle.sentence.endswith("strict saddle if the estimated errors were bounds")


@pytest.mark.parametrize(
    ("diagonal", "words"),
    [
        ((-1.0, -2.0), "2, certified (dense, eigenvalues within"),
        ((1.0, -2.0), "1, certified (dense, eigenvalues within"),
    ],
)
def test_a_maximum_is_told_from_a_saddle(diagonal, words):
    """Only where every eigenvalue is proved to be negative."""
    answer = classify(*tilted("0", 0.0, *diagonal))
    assert words in answer.sentence
    assert ("every eigenvalue is negative: a maximum" in answer.sentence) == (max(diagonal) < 0)


def test_a_gradient_is_judged_with_its_rounding():
    """The limit must lie outside g plus and minus the bound on its rounding, or nothing is said."""
    for noise, kinds in ((0.1, (Kind.LOCAL_MINIMUM, Kind.NOT_STATIONARY)), (0.9, (Kind.INCONCLUSIVE,) * 2)):
        for slope, kind in zip((0.5e-6, 1.5e-6), kinds, strict=True):
            # gamma_20 times this is the bound.
            bound = noise * 1e-6 / (20 * 2.0**-53)
            objective = Objective(
                2,
                (lambda w, slope=slope: 0.5 * (w * w).sum() + slope * w[0],),
                lambda w, bound=bound: (lambda v: 0.5 * (v * v).sum() + bound * v[0],),
                20,
            )
            answer = classify(objective, point(0.0, 0.0), scale=1.0)
            assert answer.kind is kind, str(answer)


def test_the_seed_reaches_scale_lanczos_and_probes():
    """Another seed draws other points, the same one the same, and none is seed 0."""
    flat = Objective(
        3,
        (lambda w: w[0] ** 2 + w[1] ** 3 + w[2] ** 3,),
        lambda w: (lambda v: v[0] ** 2 + v[1] ** 3 + v[2] ** 3,),
        20,
    )
    first, again, other = (classify(flat, point(0.0, 0.0, 0.0), seed=s) for s in (0, 0, 1))
    assert str(first) == str(again) == str(classify(flat, point(0.0, 0.0, 0.0)))
    assert first.gradient_tolerance != other.gradient_tolerance
    assert not np.array_equal(first.descent.point.numpy(), other.descent.point.numpy())


@pytest.mark.parametrize("length", [1.0, 3.0])
@pytest.mark.parametrize(("distance", "moves"), [(1.9e-3, True), (2.0e-3, False)])
def test_the_critical_point_beside_is_within_the_smallest_ball(distance, moves, length):
    """A sign within the tolerance, a gradient not 0: what lies within length / 512 is taken, and no more."""
    centre = point(0.0, length)
    bowl = quadratic(torch.diag(point(1.0, 1e-7)), centre)
    w = centre - point(0.0, distance * length)
    answer = classify(bowl, w, scale=10.0)
    assert answer.kind is Kind.LOCAL_MINIMUM
    assert answer.moved == pytest.approx(distance * length if moves else 0.0, rel=1e-6)
    assert ("positive definite, below the tolerance" in answer.sentence) == moves


@pytest.mark.parametrize(("limit", "dense"), [(2, True), (1, False)])
def test_the_dense_limit_itself_is_dense(monkeypatch, limit, dense):
    """As many parameters as the limit allows have their whole spectrum, one more have its ends."""
    monkeypatch.setattr("models.curvature.classification.DENSE_LIMIT", limit)
    answer = classify(*tilted("0", 0.0, 3.0, 2.0), scale=1.0)
    assert answer.kind is (Kind.LOCAL_MINIMUM if dense else Kind.INCONCLUSIVE)
    assert answer.nullity == (0 if dense else None)
