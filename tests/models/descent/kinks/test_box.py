"""Quadratic programmes in a box, beside scipy's."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.optimize import lsq_linear

from models.descent.kinks.box import box_minimum


@pytest.mark.parametrize("rank", [3, 12, 40])
@pytest.mark.parametrize("seed", range(4))
def test_the_minimum_is_scipy_s(rank, seed):
    """Of a least-squares problem with twelve bounded variables, of full and of lesser rank."""
    draw = np.random.default_rng(seed)
    rows, target = draw.normal(size=(rank, 12)), draw.normal(size=rank) * 3
    low, high = -draw.uniform(0, 1, 12), draw.uniform(0, 1, 12)
    expected = lsq_linear(rows, target, (low, high), method="bvls", tol=1e-14)
    A, b, low, high = (torch.from_numpy(v) for v in (rows.T @ rows, -rows.T @ target, low, high))
    x = box_minimum(A, b, low, high, torch.zeros(12, dtype=torch.float64))
    assert ((x >= low) & (x <= high)).all()
    value = float(0.5 * x @ A @ x + b @ x + 0.5 * target @ target)
    assert value == pytest.approx(expected.cost, rel=1e-9, abs=1e-12)


def test_no_variables_are_no_trouble():
    """An empty programme has an empty answer."""
    none = torch.zeros(0, dtype=torch.float64)
    assert box_minimum(none.view(0, 0), none, none, none, none).shape == (0,)
