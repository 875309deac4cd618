"""What Lanczos proves at either end, number by number, on diagonal matrices."""

from __future__ import annotations

import math

import numpy as np
import pytest

from models.curvature.extremes import Operator, extreme_eigenvalues
from models.curvature.krylov import lanczos


def diagonal(eigenvalues: np.ndarray, error: float = 1e-15, norm: float = math.inf) -> Operator:
    """A diagonal matrix by its products, with a bound on their rounding for each entry."""
    return Operator(
        len(eigenvalues), lambda v: eigenvalues * v, lambda v: error * np.abs(eigenvalues * v), norm
    )


def test_one_eigenvalue_an_end_is_enough_to_ask_for():
    """The lowest and the highest, and no others."""
    found = extreme_eigenvalues(diagonal(np.array([-2.0, 1.0, 3.0, 8.0])), count=1)
    assert found.lowest == pytest.approx([-2.0])
    assert found.highest == pytest.approx([8.0])
    assert found.vectors.shape == (2, 4)


@pytest.mark.parametrize(("size", "steps"), [(2000, 120), (500, 60)])
def test_the_random_start_bound_is_printed_with_its_margin(size, steps):
    """epsilon / (1 - 2 epsilon) of the spread seen, for half the failure probability at either end."""
    found = extreme_eigenvalues(diagonal(np.linspace(0.0, 4.0, size)), count=1, steps=steps, tolerance=1e-300)
    epsilon = (math.log(1.648 * math.sqrt(size) / 0.5e-6) / (2 * steps - 1)) ** 2
    seen = lanczos(lambda v: np.linspace(0.0, 4.0, size) * v, size, steps, seed=0).theta
    margin = epsilon / (1 - 2 * epsilon) * (seen[-1] - seen[0])
    assert (
        f"no eigenvalue is further out by {margin:.2g}, except with probability 1e-06" in found.smallest.note
    )


@pytest.mark.parametrize(("steps", "says"), [(13, False), (14, True)])
def test_too_few_steps_for_the_random_start_bound_are_said(steps, says):
    """From epsilon = 1/2 on it says nothing: in 300 dimensions below 14 steps."""
    found = extreme_eigenvalues(diagonal(np.linspace(0.0, 4.0, 300)), count=1, steps=steps, tolerance=1e-300)
    few = f"{steps} steps in 300 dimensions, too few for the random-start bound"
    assert (few in found.smallest.note) is not says
    assert ("no eigenvalue is further out by" in found.smallest.note) is says


def test_an_invariant_subspace_is_no_random_start():
    """Where the Krylov space closes early, the bound does not apply, and the step is named."""
    found = extreme_eigenvalues(diagonal(np.repeat([1.0, 2.0, 5.0], 30)))
    assert "the first invariant subspace at step 3" in found.smallest.note


@pytest.mark.parametrize(("norm", "certified"), [(8.0, True), (8.1, False)])
def test_an_end_is_certified_where_the_norm_meets_the_quotient(norm, certified):
    """-8 is the smallest for sure if ||H|| <= 8, and 3 is not known to be the largest."""
    found = extreme_eigenvalues(diagonal(np.array([-8.0, -1.0, 0.0, 3.0]), 1e-12, norm), count=1)
    assert (found.smallest.certified, found.largest.certified) == (certified, False)
    assert (found.smallest.low, found.largest.high) == (-norm, norm)


def test_proved_ends_carry_the_rounding_of_their_products():
    """Each Rayleigh quotient, widened by the product's error and by what its own sum may have lost."""
    values = np.array([-8.0, -1.0, 0.0, 3.0])
    found = extreme_eigenvalues(diagonal(values, error=1e-6), count=1)
    # v is a unit vector along one axis: |v|.error = 1e-6 |value|, and 3 gamma_6 |value| of the quotient.
    for end, value in ((found.smallest.high, -8.0), (found.largest.low, 3.0)):
        assert abs(end - value) == pytest.approx(1e-6 * abs(value), rel=1e-4)
    assert found.smallest.high > -8.0
    assert found.largest.low < 3.0
    assert found.lowest_residuals[0] == pytest.approx(8e-6, rel=1e-3)


def test_directions_of_negative_curvature_are_counted():
    """As many as are proved at once; one where the residuals are too large for all; none within rounding."""
    values = np.array([-3.0, -2.0, -1.0, 1.0, 2.0, 4.0])
    assert extreme_eigenvalues(diagonal(values)).negative.low == 3
    blurred = extreme_eigenvalues(diagonal(values, error=0.3)).negative
    assert (blurred.low, blurred.high) == (1, 6)
    assert extreme_eigenvalues(diagonal(np.array([-1e-9, 1.0]), error=1.1)).negative.low == 0
