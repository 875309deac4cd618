"""Which hidden unit of one network corresponds to which of another.

Permuting the units of a hidden layer leaves the function unchanged, so weights
compared position by position (paper, section 3.1) mix a real difference with an
arbitrary order. Units are matched layer by layer on their incoming and outgoing
weights, by the assignment problem, in sweeps until nothing moves (the weight
matching of Ainsworth, Hayase and Srinivasa 2023, "Git Re-Basin", section 3.2).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.optimize import linear_sum_assignment

__all__ = ["aligned_differences", "matching_permutations"]

_SWEEPS = 20
"""With one hidden layer a single sweep is optimal; with more, each sweep only improves the match."""

Layers = Sequence[tuple[np.ndarray, np.ndarray]]


def matching_permutations(a: Layers, b: Layers) -> list[np.ndarray]:
    """For each hidden layer the order [width] of b's units that brings its weights nearest to a's.

    Args:
        a, b: weights [fan_in, fan_out] and biases [fan_out] of each layer of one network each.
    """
    orders = [np.arange(bias.shape[0]) for _, bias in a[:-1]]
    for _ in range(_SWEEPS):
        moved = False
        for layer in range(len(orders)):
            (Wa, ca), (Wb, cb) = a[layer], b[layer]
            Va, Vb = a[layer + 1][0], b[layer + 1][0]
            if layer > 0:
                Wb = Wb[orders[layer - 1]]
            if layer + 1 < len(orders):
                Vb = Vb[:, orders[layer + 1]]
            # The squared distance of two units is a constant less twice this similarity.
            similarity = Wa.T @ Wb + np.outer(ca, cb) + Va @ Vb.T
            order = linear_sum_assignment(similarity, maximize=True)[1]
            moved |= bool((order != orders[layer]).any())
            orders[layer] = order
        if not moved or len(orders) == 1:
            break
    return orders


def aligned_differences(weights: Layers, threshold: float) -> tuple[np.ndarray, np.ndarray]:
    """Euclidean distance [M, M] and count of weights further apart than the threshold [M, M], units aligned.

    Args:
        weights: weights [M, fan_in, fan_out] and biases [M, fan_out] of each layer of the ensemble.
        threshold: as in `models.pairs`.
    """
    members = len(weights[0][0])
    distance, count = np.zeros((members, members)), np.zeros((members, members), dtype=np.int64)
    networks = [[(W[m], bias[m]) for W, bias in weights] for m in range(members)]
    for a in range(members - 1):
        for b in range(a + 1, members):
            orders = matching_permutations(networks[a], networks[b])
            squared, far = 0.0, 0
            for layer, ((Wa, ca), (Wb, cb)) in enumerate(zip(networks[a], networks[b], strict=True)):
                if layer > 0:
                    Wb = Wb[orders[layer - 1]]
                if layer < len(orders):
                    Wb, cb = Wb[:, orders[layer]], cb[orders[layer]]
                for gap in (Wa - Wb, ca - cb):
                    squared += float(np.square(gap, dtype=np.float64).sum())
                    far += int((np.abs(gap) > threshold).sum())
            distance[a, b] = distance[b, a] = squared**0.5
            count[a, b] = count[b, a] = far
    return distance, count
