"""Agreement and weight differences of every pair, against loops over pairs and single numbers."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from models.pairs import WEIGHT_THRESHOLD, label_agreement, weight_differences


def test_label_agreement_counts_equal_labels():
    """Each pair's count is that of a loop over the samples."""
    labels = np.random.default_rng(0).integers(0, 3, (5, 40), dtype=np.uint8)
    found = label_agreement(labels)
    assert found.dtype == np.int64
    expected = [[sum(p == q for p, q in zip(a, b, strict=True)) for b in labels] for a in labels]
    assert found.tolist() == expected


def test_label_agreement_counts_beyond_a_byte():
    """Labels are bytes, counts are not."""
    assert label_agreement(np.zeros((2, 70_000), dtype=np.uint8)).tolist() == [[70_000] * 2] * 2


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=["fp32", "fp64"])
def test_weight_differences_equal_a_loop_over_weights(dtype):
    """Squared distances and counts add up over all tensors, and both tables are symmetric."""
    generator = torch.Generator().manual_seed(0)
    shapes = [(4, 6, 5), (4, 5), (4, 5, 3), (4, 3)]
    tensors = [
        (0.1 * torch.randn(shape, generator=generator, dtype=torch.float64)).to(dtype) for shape in shapes
    ]
    squared, count = weight_differences(tensors)
    flat = [[float(w) for tensor in tensors for w in tensor[m].flatten()] for m in range(4)]
    for a in range(4):
        for b in range(4):
            gaps = [abs(v - w) for v, w in zip(flat[a], flat[b], strict=True)]
            assert squared[a, b] == pytest.approx(math.fsum(g * g for g in gaps), rel=1e-5)
            assert count[a, b] == sum(g > WEIGHT_THRESHOLD for g in gaps)
    assert 0 < count[0, 1] < len(flat[0])


def test_nearly_equal_weights_keep_their_distance():
    """A distance of 1e-6 between weights of 1000 is not lost to cancellation."""
    weights = torch.full((2, 100), 1000.0, dtype=torch.float64)
    weights[1, 0] += 1e-6
    assert weight_differences([weights])[0][0, 1] == pytest.approx(1e-12, rel=1e-4)


def test_one_model_has_no_pair():
    """An ensemble of one is at distance 0 from itself."""
    squared, count = weight_differences([torch.ones(1, 3)])
    assert (squared.tolist(), count.tolist()) == ([[0.0]], [[0]])


def test_a_gap_of_exactly_the_threshold_is_no_difference():
    """Weights differ when further apart than the threshold."""
    weights = torch.tensor([[0.0, 0.0], [WEIGHT_THRESHOLD, 0.2]], dtype=torch.float64)
    assert weight_differences([weights])[1].tolist() == [[0, 1], [1, 0]]
