"""The grid of steps inside the first epochs."""

from __future__ import annotations

import numpy as np
import pytest

from models.recorders.early import early_steps


@pytest.mark.parametrize(
    ("steps_per_epoch", "epochs", "expected"),
    [
        (32, 12, [1, 2, 3, 4, 6, 8, 11, 16, 23, 45, 91]),
        (32, 1, [1, 2, 3, 4, 6, 8, 11, 16, 23]),
        (13, 400, [1, 2, 3, 4, 6, 8, 11, 16, 23, 32, 45]),
        (6, 3, [1, 2, 3, 4, 8, 11, 16]),
        (3, 2, [1, 2, 4]),
        (1, 10, []),
    ],
)
def test_the_grid_is_geometric_and_leaves_out_the_ends_of_epochs(steps_per_epoch, epochs, expected):
    """round(2^(k / 2)) without repeats, below four epochs or the run's end, no multiple of an epoch."""
    found = early_steps(steps_per_epoch, epochs)
    assert (found.dtype, found.tolist()) == (np.int64, expected)
