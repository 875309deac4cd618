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
    """For each hidden layer the order [width] of b's units that brings its weights near to a's.

    With one hidden layer, the nearest. With more, the sweeps start from a match on
    incoming weights alone, which undoes any permutation exactly; they never end
    further away than the units as they stand.

    Args:
        a, b: weights [fan_in, fan_out] and biases [fan_out] of each layer of one network each.
    """
    as_they_stand = [np.arange(bias.shape[0]) for _, bias in a[:-1]]
    if len(as_they_stand) < 2:
        return _swept(a, b, as_they_stand)
    incoming: list[np.ndarray] = []
    for layer in range(len(as_they_stand)):
        incoming.append(_best_order(_incoming_similarity(a, b, incoming, layer)))
    orders = _swept(a, b, incoming)
    if _similarity(a, b, orders) < _similarity(a, b, as_they_stand):
        return _swept(a, b, as_they_stand)
    return orders


def _swept(a: Layers, b: Layers, start: list[np.ndarray]) -> list[np.ndarray]:
    """Rematches one layer at a time, the others held, until nothing moves."""
    orders = list(start)
    for _ in range(_SWEEPS):
        moved = False
        for layer in range(len(orders)):
            Va, Vb = a[layer + 1][0], b[layer + 1][0]
            if layer + 1 < len(orders):
                Vb = Vb[:, orders[layer + 1]]
            order = _best_order(_incoming_similarity(a, b, orders, layer) + Va @ Vb.T)
            moved |= bool((order != orders[layer]).any())
            orders[layer] = order
        if not moved or len(orders) == 1:
            break
    return orders


def _incoming_similarity(a: Layers, b: Layers, orders: list[np.ndarray], layer: int) -> np.ndarray:
    # The squared distance of two units is a constant less twice their similarity.
    (Wa, ca), (Wb, cb) = a[layer], b[layer]
    if layer > 0:
        Wb = Wb[orders[layer - 1]]
    return Wa.T @ Wb + np.outer(ca, cb)


def _best_order(similarity: np.ndarray) -> np.ndarray:
    return linear_sum_assignment(similarity, maximize=True)[1]


def _similarity(a: Layers, b: Layers, orders: list[np.ndarray]) -> float:
    total = 0.0
    for (Wa, ca), (Wb, cb) in zip(a, _reordered(b, orders), strict=True):
        total += float(np.vdot(Wa, Wb)) + float(ca @ cb)
    return total


def _reordered(network: Layers, orders: list[np.ndarray]) -> list[tuple[np.ndarray, np.ndarray]]:
    """The same function with the units of each hidden layer in this order."""
    result = []
    for layer, (W, bias) in enumerate(network):
        if layer > 0:
            W = W[orders[layer - 1]]
        if layer < len(orders):
            W, bias = W[:, orders[layer]], bias[orders[layer]]
        result.append((W, bias))
    return result


def aligned_differences(
    weights: Layers, pairs: np.ndarray, threshold: float
) -> tuple[np.ndarray, np.ndarray]:
    """Euclidean distance [P] and count of weights further apart than the threshold [P], units aligned.

    Args:
        weights: weights [M, fan_in, fan_out] and biases [M, fan_out] of each layer of the ensemble.
        pairs: of networks [P, 2].
        threshold: as in `models.recorders.pairs`.
    """
    distance, count = np.zeros(len(pairs)), np.zeros(len(pairs), dtype=np.int64)
    for place, pair in enumerate(pairs):
        a, b = ([(W[m], bias[m]) for W, bias in weights] for m in pair)
        squared, far = 0.0, 0
        for (Wa, ca), (Wb, cb) in zip(a, _reordered(b, matching_permutations(a, b)), strict=True):
            for gap in (Wa - Wb, ca - cb):
                squared += float(np.square(gap, dtype=np.float64).sum())
                far += int((np.abs(gap) > threshold).sum())
        distance[place], count[place] = squared**0.5, far
    return distance, count
