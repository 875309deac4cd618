"""Least squares over a box, beside scipy's."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import lsq_linear

from models.descent.certificates.local.box import box_least_squares


@pytest.mark.parametrize(("q", "n"), [(3, 8), (8, 3), (20, 20), (40, 30), (1, 1)])
def test_the_residual_is_bvls_s(q, n):
    """Solutions inside, on faces and at corners; where n > q they are not unique and the residual is."""
    for seed in range(20):
        draw = np.random.default_rng(seed)
        A, s = draw.normal(size=(q, n)), draw.uniform(-0.5, 1.5, n)
        b = -A @ s
        found = box_least_squares(A, b)
        assert ((found >= 0) & (found <= 1)).all()
        expected = lsq_linear(A, -b, (0.0, 1.0), method="bvls", tol=1e-14).x
        assert np.linalg.norm(A @ found + b) == pytest.approx(np.linalg.norm(A @ expected + b), abs=1e-6)


def test_a_consistent_system_is_solved_to_rounding():
    """Badly scaled, with the solution inside the box."""
    draw = np.random.default_rng(0)
    A, s = draw.normal(size=(30, 12)) * np.logspace(0, -5, 12), draw.uniform(0.2, 0.8, 12)
    assert np.linalg.norm(A @ box_least_squares(A, -A @ s) - A @ s) < 1e-13
