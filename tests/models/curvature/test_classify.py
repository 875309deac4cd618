"""Points of known kind come out as that kind; a saddle is never called a minimum."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from models.curvature.classification import Kind, classify
from models.curvature.objective import Objective, network
from models.curvature.products import losses
from models.curvature.spectrum import dense_spectrum


def zeros(n: int) -> torch.Tensor:
    return torch.zeros(n, dtype=torch.float64)


def point(*values: float) -> torch.Tensor:
    return torch.tensor(values, dtype=torch.float64)


def polynomial(loss, twin) -> Objective:
    """A polynomial of two variables and its majorant."""
    return Objective(2, (loss,), lambda w: (twin,), 20)


def test_random_point_at_depth_3_is_not_stationary(planted):
    """A random point is not stationary, and its extreme eigenvalues have the signs of the exact Hessian."""
    objective = planted.objective((4, 3, 4, 3))
    w = torch.from_numpy(np.random.default_rng(0).normal(size=36))
    answer = classify(objective, w)
    truth = np.linalg.eigvalsh(torch.autograd.functional.hessian(lambda u: losses(objective, u), w).numpy())
    assert answer.kind is Kind.NOT_STATIONARY
    assert answer.certified
    assert (answer.smallest.sign, answer.largest.sign) == (np.sign(truth[0]), np.sign(truth[-1])) == (-1, 1)
    assert answer.smallest.eigenvalue == pytest.approx(truth[0], rel=1e-9)
    assert answer.largest.eigenvalue == pytest.approx(truth[-1], rel=1e-9)


def test_zero_weights_at_depth_2_are_a_strict_saddle(planted):
    """The Hessian pairs W_1 with W_2 by X Y^T, so its eigenvalues are plus and minus singular values."""
    answer = classify(planted.objective((4, 3, 3)), zeros(21))
    singular = np.linalg.svd(planted.cross)[1]
    assert answer.kind is Kind.STRICT_SADDLE
    assert answer.smallest.eigenvalue == pytest.approx(-singular[0], abs=answer.smallest.bound)
    assert (answer.index.low, answer.index.high) == (9, 9 + 3)
    assert "certified" in answer.sentence


def test_zero_weights_at_depth_3_are_degenerate(planted):
    """H = 0 exactly: never a minimum, and the descent of third order is shown."""
    answer = classify(planted.objective((4, 3, 4, 3)), zeros(36))
    assert answer.kind is Kind.DEGENERATE
    assert (answer.smallest.eigenvalue, answer.smallest.bound, answer.nullity) == (0.0, 0.0, 36)
    assert (answer.smallest.sign, answer.largest.sign) == (0, 0)
    assert answer.descent.found
    assert answer.descent.certified
    assert "H = 0 to tolerance" in answer.sentence
    # To third order, a ball of half the radius holds an eighth of the drop.
    assert answer.descent.drops[-2] / answer.descent.drops[-1] == pytest.approx(8.0, rel=0.2)


def test_trained_minimum_keeps_its_null_space(planted, trained):
    """Two thirds of the eigenvalues are 0 to tolerance at a trained minimum, and it is called a minimum."""
    objective = planted.objective((4, 3, 4, 3))
    assert float(losses(objective, trained)) == pytest.approx(planted.minimum(3), rel=1e-9)
    answer = classify(objective, trained)
    assert (answer.kind, answer.certified, answer.nullity) == (Kind.LOCAL_MINIMUM, True, 24)
    assert not answer.descent.found
    assert "24 of 36 are 0" in answer.sentence


PADDED = {
    "top": ((4, 2, 2, 3), (0,), Kind.DEGENERATE),
    "top-wide": ((4, 3, 4, 3), (0,), Kind.DEGENERATE),
    "top-two": ((4, 3, 3, 3), (0, 1), Kind.DEGENERATE),
    "top-depth-4": ((4, 2, 2, 2, 3), (0,), Kind.DEGENERATE),
    "not-the-top": ((4, 3, 3, 3), (1,), Kind.STRICT_SADDLE),
    "depth-2": ((4, 2, 3), (0,), Kind.STRICT_SADDLE),
    "global": ((4, 2, 2, 3), (0, 1), Kind.LOCAL_MINIMUM),
    "none-depth-2": ((4, 2, 3), (), Kind.STRICT_SADDLE),
}


@pytest.mark.parametrize("case", PADDED)
def test_zero_padded_critical_points(planted, case):
    """With S leading eigenvectors but not all, a net of depth 3 has a silent Hessian: still no minimum."""
    sizes, subset, kind = PADDED[case]
    objective = planted.objective(sizes)
    answer = classify(objective, planted.padded(sizes, subset))
    assert answer.kind is kind, answer.sentence
    if kind is Kind.DEGENERATE:
        assert answer.smallest.eigenvalue - answer.smallest.bound >= -1e-9
        assert answer.descent.found
        lowest = float(losses(objective, answer.descent.point))
        assert lowest < float(losses(objective, planted.padded(sizes, subset)))


PLANTED = {
    "strict-minimum": (lambda w: w[0] ** 2 + 3 * w[1] ** 2 - w[0] * w[1], Kind.LOCAL_MINIMUM),
    "maximum": (lambda w: -(w[0] ** 2) - 3 * w[1] ** 2, Kind.STRICT_SADDLE),
    "quartic-minimum": (lambda w: w[0] ** 4 + w[1] ** 2, Kind.LOCAL_MINIMUM),
    "valley-of-minima": (lambda w: (w[1] - w[0] ** 2) ** 2, Kind.LOCAL_MINIMUM),
    "cubic-saddle": (lambda w: w[0] ** 3 + w[1] ** 2, Kind.DEGENERATE),
    "quartic-saddle": (lambda w: -(w[0] ** 4) + w[1] ** 2, Kind.DEGENERATE),
    "curved-saddle": (lambda w: (w[1] - w[0] ** 2) * (w[1] - 3 * w[0] ** 2), Kind.DEGENERATE),
    "narrow-curved-saddle": (lambda w: (w[1] - w[0] ** 2) * (w[1] - 1.2 * w[0] ** 2), Kind.DEGENERATE),
    "monkey-saddle": (lambda w: w[0] ** 3 - 3 * w[0] * w[1] ** 2, Kind.DEGENERATE),
    "flat-quartic": (lambda w: (w[0] ** 2 + w[1] ** 2) ** 2, Kind.DEGENERATE),
}


@pytest.mark.parametrize("case", PLANTED)
def test_planted_polynomials(case):
    """Minima, maxima and saddles of several orders at 0, also curved ones that no line through 0 shows."""
    loss, kind = PLANTED[case]
    answer = classify(polynomial(loss, lambda w: 9 * (w.sum() ** 2 + w.sum() ** 3 + w.sum() ** 4)), zeros(2))
    assert answer.kind is kind, answer.sentence
    if case == "maximum":
        assert "a maximum" in answer.sentence
    if case in ("monkey-saddle", "flat-quartic"):
        assert answer.descent.found == (case == "monkey-saddle")


def test_a_better_basin_at_a_distance_is_no_saddle():
    """A minimum along a valley that leads to a lower basin is a minimum: only small balls count."""
    valley = polynomial(
        lambda w: w[0] ** 4 - 16 * w[0] ** 5 + w[1] ** 2,
        lambda w: 16 * (w.sum() ** 5 + w.sum() ** 4 + w.sum() ** 2),
    )
    answer = classify(valley, zeros(2))
    assert answer.kind is Kind.LOCAL_MINIMUM
    assert len(answer.descent.radii)


def test_a_noisy_gradient_is_not_stationary(planted):
    """A minimum moved by 1e-3 is not stationary; moved by 1e-10 it still is one."""
    w = planted.padded((4, 2, 2, 3), (0, 1))
    noise = torch.from_numpy(np.random.default_rng(8).normal(size=len(w)))
    objective = planted.objective((4, 2, 2, 3))
    assert classify(objective, w + 1e-3 * noise).kind is Kind.NOT_STATIONARY
    assert classify(objective, w + 1e-10 * noise).kind is Kind.LOCAL_MINIMUM


def test_without_a_bound_the_answer_is_inconclusive():
    """An objective with no bound on its rounding gets no certificate, but hears what the numbers suggest."""
    answer = classify(Objective(2, (lambda w: w[0].cosh() + w[1].cosh(),)), zeros(2))
    assert (answer.kind, answer.certified) == (Kind.INCONCLUSIVE, False)
    assert answer.sentence.endswith("local minimum to tolerance if the estimated errors were bounds")


def test_a_gradient_within_its_own_rounding_is_left_open():
    """Where rounding alone could make the gradient, stationarity is not decided."""
    noisy = Objective(2, (lambda w: (w * w).sum(),), lambda w: (lambda v: 1e15 * v.sum(),), 20)
    answer = classify(noisy, zeros(2))
    assert answer.kind is Kind.INCONCLUSIVE
    assert "leaves open" in answer.sentence


def test_dead_relu_network_is_a_minimum_to_tolerance():
    """All units dead, the output bias at the label mean: a local minimum with all but one direction flat."""
    x, y = point(1.0, 2.0, 3.0)[:, None], point(0.0, 1.0, 4.0)[:, None]
    w = point(-1.0, -2.0, -1.0, -1.0, 0.3, -0.2, float(y.mean()))
    answer = classify(network((1, 2, 1), x, y), w)
    assert (answer.kind, answer.nullity) == (Kind.LOCAL_MINIMUM, 6)


BIG = 4_500


@pytest.mark.parametrize(
    ("signs", "kind"),
    [((1.0, -1.0), Kind.STRICT_SADDLE), ((1.0, 2.0), Kind.INCONCLUSIVE), ((0.0, 0.0), Kind.DEGENERATE)],
    ids=["negative", "positive", "zero"],
)
def test_beyond_the_dense_limit(signs, kind):
    """Negative curvature is proved by one vector, its absence by nothing, H = 0 by a bound on the norm."""
    scale = torch.full((BIG,), signs[0], dtype=torch.float64)
    scale[17] = signs[1]
    objective = Objective(
        BIG, (lambda w: (scale * w * w).sum(),), lambda w: (lambda v: (scale.abs() * v * v).sum(),), BIG + 20
    )
    answer = classify(objective, zeros(BIG))
    assert answer.kind is kind, answer.sentence
    assert answer.nullity is None


def test_nan_is_named():
    """A diverged point is an error with its cure, not a kind."""
    with pytest.raises(ValueError, match=r"got 2 numbers that are not finite.*earlier checkpoint"):
        classify(Objective(2, (lambda w: (w * w).sum(),)), point(float("nan"), float("inf")))


def test_answers_are_the_same_twice(planted, trained):
    """The same point gives the same sentence, probes and all."""
    objective = planted.objective((4, 3, 4, 3))
    assert str(classify(objective, trained)) == str(classify(objective, trained))


def test_dense_spectrum_counts_and_sums(planted):
    """Index, nullity and trace of a Hessian known in closed form: singular values with both signs, thrice."""
    spectrum = dense_spectrum(planted.objective((4, 3, 3)), zeros(21))
    assert len(spectrum.null(1e-9)) == 3
    assert spectrum.below(-1e-9).low == spectrum.below(-1e-9).high == 9
    assert spectrum.trace.low <= 0.0 <= spectrum.trace.high
    assert not spectrum.index.certified
    assert "inconclusive: between 9 and 12" in str(spectrum.index)
