"""What two trained models have in common: labels and weights, for every pair of an ensemble (section 3.1)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

__all__ = ["WEIGHT_THRESHOLD", "label_agreement", "weight_differences"]

WEIGHT_THRESHOLD = 0.1
"""Two weights differ when they are further apart than this; the paper names no value.

It is the spread of He's initial weights at the input of the paper's networks
(sqrt(2 / 784) = 0.05), doubled, so that it separates something in every protocol.
"""

_COLUMNS = 1 << 15
"""Weights compared at once: a megabyte for an ensemble of twelve, and counts that float32 holds exactly."""


def label_agreement(predictions: np.ndarray) -> np.ndarray:
    """Samples labelled identically by each pair, [M, M] int64, from labels [M, m]."""
    return np.stack([(predictions == row).sum(1) for row in predictions]).astype(np.int64)


def weight_differences(parameters: Sequence[Tensor]) -> tuple[np.ndarray, np.ndarray]:
    """For each pair: squared Euclidean distance [M, M] and weights further apart than the threshold [M, M].

    Distances are float64, counts int64.

    Args:
        parameters: tensors with the ensemble axis first, [M, ...]; distances add up over them.
    """
    members = parameters[0].shape[0]
    later = np.triu_indices(
        members, 1
    )  # pairs (a, b) with a < b, in the order in which they are formed below
    squared, count = np.zeros((members, members)), np.zeros((members, members), dtype=np.int64)
    for tensor in parameters:
        for rows in tensor.reshape(members, -1).split(_COLUMNS, 1):
            norms, far = [], []
            for a in range(members - 1):
                # One member against all later ones: the differences of a pair are
                # formed directly, since a Gram matrix would cancel near-equal weights.
                gap = rows[a + 1 :] - rows[a]
                norms.append(torch.linalg.vector_norm(gap, dim=1))
                # 1 beyond the threshold, else 0, as numbers: booleans take three times as long.
                far.append(gap.abs_().sub_(WEIGHT_THRESHOLD).sign_().clamp_(min=0).sum(1))
            if norms:
                squared[later] += torch.cat(norms).cpu().double().square().numpy()
                count[later] += torch.cat(far).cpu().numpy().astype(np.int64)
    return squared + squared.T, count + count.T
