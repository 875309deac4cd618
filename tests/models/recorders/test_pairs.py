"""Agreement and weight differences within quadruples, against loops over pairs and single numbers."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from models.recorders.labels import label_agreement
from models.recorders.pairs import quadruple_pairs, weight_differences
from models.recorders.weights import WEIGHT_THRESHOLD


def test_pairs_stay_within_quadruples():
    """Six a quadruple, in order; networks that fill none have no pair."""
    first = [[0, 1], [0, 2], [0, 3], [1, 2], [1, 3], [2, 3]]
    found = quadruple_pairs(8)
    assert found.dtype == np.int64
    assert found.tolist() == first + [[a + 4, b + 4] for a, b in first]
    assert (quadruple_pairs(1).shape, quadruple_pairs(5).tolist()) == ((0, 2), first)


def test_label_agreement_counts_equal_labels():
    """Each pair's count is that of a loop over the samples."""
    labels = np.random.default_rng(0).integers(0, 3, (8, 40), dtype=np.uint8)
    pairs = quadruple_pairs(8)
    found = label_agreement(labels, pairs)
    assert found.dtype == np.int64
    assert found.tolist() == [
        sum(p == q for p, q in zip(labels[a], labels[b], strict=True)) for a, b in pairs
    ]


def test_label_agreement_counts_beyond_a_byte():
    """Labels are bytes, counts are not."""
    assert label_agreement(np.zeros((2, 70_000), dtype=np.uint8), np.array([[0, 1]])).tolist() == [70_000]


@pytest.mark.parametrize("columns", [10, 1 << 15], ids=["in parts", "at once"])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=["fp32", "fp64"])
def test_weight_differences_equal_a_loop_over_weights(dtype, columns, monkeypatch):
    """Squared distances and counts of the six pairs of four networks, in the order of the pairs."""
    monkeypatch.setattr("models.recorders.pairs._COLUMNS", columns)
    generator = torch.Generator().manual_seed(0)
    networks = list((0.1 * torch.randn(4, 53, generator=generator, dtype=torch.float64)).to(dtype))
    squared, count = weight_differences(networks)
    for place, (a, b) in enumerate(quadruple_pairs(4)):
        gaps = [abs(float(v) - float(w)) for v, w in zip(networks[a], networks[b], strict=True)]
        assert squared[place] == pytest.approx(math.fsum(g * g for g in gaps), rel=1e-5)
        assert count[place] == sum(g > WEIGHT_THRESHOLD for g in gaps)
    assert (squared.dtype, count.dtype) == (np.float64, np.int64)
    assert (count > 0).all()


def test_nearly_equal_weights_keep_their_distance():
    """A distance of 1e-6 between weights of 1000 is not lost to cancellation."""
    weights = torch.full((2, 100), 1000.0, dtype=torch.float64)
    weights[1, 0] += 1e-6
    assert weight_differences(list(weights))[0][0] == pytest.approx(1e-12, rel=1e-4)


def test_networks_without_weights_do_not_differ():
    """Nothing that never moves is no difference."""
    squared, count = weight_differences([torch.ones(0)] * 4)
    assert (squared.tolist(), count.tolist()) == ([0.0] * 6, [0] * 6)


def test_a_gap_of_exactly_the_threshold_is_no_difference():
    """Weights differ when further apart than the threshold."""
    weights = torch.tensor([[0.0, 0.0], [WEIGHT_THRESHOLD, 0.2]], dtype=torch.float64)
    assert weight_differences(list(weights))[1].tolist() == [1]
