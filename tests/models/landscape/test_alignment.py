"""Matching the hidden units of two networks, against permutations that are known."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from models.landscape.alignment import aligned_differences, matching_permutations

SIZES = {"one hidden layer": (6, 9, 3), "two hidden layers": (6, 9, 8, 3)}


def drawn(seed: int, sizes: tuple[int, ...]) -> list[tuple[np.ndarray, np.ndarray]]:
    """Weights and biases of one network."""
    draw = np.random.default_rng(seed)
    return [(draw.normal(size=(a, b)), draw.normal(size=b)) for a, b in itertools.pairwise(sizes)]


def permuted(network, orders):
    """The same function with the units of each hidden layer in another order."""
    copy = [(W.copy(), b.copy()) for W, b in network]
    for layer, order in enumerate(orders):
        W, b = copy[layer]
        V, c = copy[layer + 1]
        copy[layer], copy[layer + 1] = (W[:, order], b[order]), (V[order], c)
    return copy


def ensemble(*networks):
    """The networks with the ensemble axis first."""
    return [
        tuple(np.stack(tensors) for tensors in zip(*layers, strict=True))
        for layers in zip(*networks, strict=True)
    ]


def every_pair(networks: int) -> np.ndarray:
    """All pairs of so many networks, [P, 2]."""
    return np.array(list(itertools.combinations(range(networks), 2)))


def output(network, x: np.ndarray) -> np.ndarray:
    for W, b in network[:-1]:
        x = np.maximum(x @ W + b, 0)
    return x @ network[-1][0] + network[-1][1]


def distances(weights) -> np.ndarray:
    """Distance of every pair position by position."""
    flat = np.concatenate([t.reshape(len(t), -1) for layer in weights for t in layer], 1)
    return np.sqrt(((flat[:, None] - flat[None]) ** 2).sum(-1))


@pytest.mark.parametrize("sizes", SIZES.values(), ids=SIZES)
@pytest.mark.parametrize("seed", range(5))
def test_a_permuted_copy_is_recognised(sizes, seed):
    """A network and its own permuted copy are the same function, at distance 0 once aligned."""
    network, draw = drawn(seed, sizes), np.random.default_rng(100 + seed)
    orders = [draw.permutation(width) for width in sizes[1:-1]]
    copy = permuted(network, orders)
    x = draw.normal(size=(4, sizes[0]))
    np.testing.assert_allclose(output(copy, x), output(network, x), atol=1e-12)
    found = matching_permutations(network, copy)
    assert [order.tolist() for order in found] == [np.argsort(order).tolist() for order in orders]
    distance, count = aligned_differences(ensemble(network, copy), every_pair(2), 0.1)
    assert distances(ensemble(network, copy))[0, 1] > 1
    assert distance.tolist() == [0]
    assert count.tolist() == [0]


def test_one_hidden_layer_is_matched_at_best():
    """No permutation of five units brings the weights nearer than the one found, nor leaves them further."""
    weights = ensemble(*(drawn(seed, (3, 5, 2)) for seed in range(4)))
    distance, _ = aligned_differences(weights, every_pair(4), 0.1)
    networks = [[(W[m], b[m]) for W, b in weights] for m in range(4)]
    for (a, b), found in zip(every_pair(4), distance, strict=True):
        best = min(
            distances(ensemble(networks[a], permuted(networks[b], [np.array(order)])))[0, 1]
            for order in itertools.permutations(range(5))
        )
        assert found == pytest.approx(best, rel=1e-12)


@pytest.mark.parametrize("sizes", SIZES.values(), ids=SIZES)
def test_alignment_brings_no_pair_further_apart(sizes):
    """Every sweep improves the match, and it starts from the units as they are."""
    weights = ensemble(*(drawn(seed, sizes) for seed in range(6)))
    as_they_stand = distances(weights)[tuple(every_pair(6).T)]
    assert (aligned_differences(weights, every_pair(6), 0.1)[0] <= as_they_stand + 1e-12).all()


def test_counts_are_of_the_aligned_weights():
    """Weights further apart than the threshold are counted after matching."""
    network = drawn(0, (3, 4, 2))
    copy = permuted(network, [np.array([2, 0, 3, 1])])
    copy[1][1][0] += 1.0
    assert aligned_differences(ensemble(network, copy), every_pair(2), 0.5)[1].tolist() == [1]


def test_without_hidden_layers_there_is_nothing_to_match():
    """A linear model's aligned distance is its distance."""
    weights = ensemble(drawn(0, (4, 2)), drawn(1, (4, 2)))
    np.testing.assert_allclose(aligned_differences(weights, every_pair(2), 0.1)[0], distances(weights)[0, 1:])
