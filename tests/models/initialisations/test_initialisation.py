"""Initial weights by protocol, and what may and may not change them."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from models.initialisations import initialisation
from models.initialisations.initialisation import normal
from models.networks.network import Parameter
from models.parts.part import find
from models.parts.seeds import generator, minibatch_order
from tests.helpers.specs import initial_weights

PROTOCOLS = [
    ("std", 0, 2.0),
    ("std", 3, 5.0),
    ("var", 0, math.sqrt(2)),
    ("var", 2, 2.0),
    ("he", 0, math.sqrt(2 / 200)),
    ("he", 3, math.sqrt(2 / 200)),
    ("xavier", 0, math.sqrt(2 / 500)),
]


@pytest.mark.parametrize(("protocol", "i", "expected"), PROTOCOLS)
def test_weights_spread_as_the_protocol_says(protocol, i, expected):
    """N(0, sigma_i I), sigma_i = i + 2 as deviation or as variance; He's, or Glorot's; biases are 0."""
    (W, b), _ = initial_weights((200, 300, 2), protocol, [i], [0])
    assert (W.shape, b.shape, W.dtype) == ((1, 200, 300), (1, 300), torch.float64)
    # 60,000 draws: the deviation's standard error is 0.3 %, the mean's 0.4 % of the deviation.
    assert float(W.std()) == pytest.approx(expected, rel=0.015)
    assert abs(float(W.mean())) < 0.02 * expected
    assert float((W.abs() < expected).double().mean()) == pytest.approx(0.6827, abs=0.01)
    assert not b.any()


def test_an_unknown_protocol_is_refused():
    """The error names those there are, and how to add one."""
    with pytest.raises(
        ValueError,
        match="got the kind 'gauss', wanted one of models/initialisations/: he, std, var, xavier;",
    ):
        find("initialisations", "gauss")


def test_a_network_is_drawn_the_same_in_any_ensemble():
    """Its weights depend on its own seed and model index, not on who else is there."""
    alone = initial_weights((5, 4, 3), "std", [1], [72])
    among = initial_weights((5, 4, 3), "std", [0, 3, 1, 1], [70, 71, 72, 73])
    for (W, _), (V, _) in zip(alone, among, strict=True):
        assert torch.equal(W[0], V[2])


def test_a_model_index_scales_and_changes_nothing_else():
    """Networks of one seed are the same draw under every protocol, up to its standard deviation."""
    for (W, _), (V, _) in zip(
        initial_weights((6, 5, 2), "std", [3], [9]), initial_weights((6, 5, 2), "he", [0], [9]), strict=True
    ):
        torch.testing.assert_close(W / 5, V / math.sqrt(2 / W.shape[1]), rtol=1e-14, atol=0)


def test_layers_and_seeds_are_drawn_apart():
    """No two of them share their draws."""
    draws = [
        W[m].numpy().tobytes()
        for W, _ in initial_weights((6, 6, 6), "he", [0] * 12, range(12))
        for m in range(12)
    ]
    assert len(set(draws)) == len(draws) == 2 * 12


def test_drawing_leaves_the_global_generator_alone():
    """Nor does the global generator change what is drawn."""
    torch.manual_seed(0)
    before = torch.get_rng_state()
    first = initial_weights((5, 4), "he", [0], [0])[0][0]
    order = minibatch_order(10, 0, 0)
    assert torch.equal(torch.get_rng_state(), before)
    torch.manual_seed(99)
    assert torch.equal(initial_weights((5, 4), "he", [0], [0])[0][0], first)
    assert torch.equal(minibatch_order(10, 0, 0), order)


def test_the_order_is_a_permutation_of_its_seed_and_epoch():
    """Each epoch has its own, the same whenever it is asked for."""
    orders = {(seed, epoch): minibatch_order(50, epoch, seed) for seed in (0, 1) for epoch in range(4)}
    for (seed, epoch), order in orders.items():
        np.testing.assert_array_equal(np.sort(order.numpy()), np.arange(50))
        assert torch.equal(order, minibatch_order(50, epoch, seed))
    assert len({tuple(order.tolist()) for order in orders.values()}) == len(orders)


@pytest.mark.parametrize(("room", "kept"), [(2**20, 1), (2**10, 0)], ids=["kept", "no room"])
def test_numbers_that_are_remembered_are_those_that_were_drawn(monkeypatch, room, kept):
    """Byte for byte, at any deviation, and what the stream gives next; whoever has them may write on them."""
    monkeypatch.setattr(initialisation, "_REMEMBERED", room)
    monkeypatch.setattr(initialisation, "_numbers", numbers := {})
    about = Parameter((100, 100))
    first = torch.empty(100, 100, dtype=torch.float64).normal_(generator=(stream := generator(5, "W1")))
    later = torch.rand(3, generator=stream)
    for deviation in (1.0, 3.0, 1.0):
        found = normal(about, deviation, stream := generator(5, "W1"))
        assert torch.equal(found, first * deviation)
        assert torch.equal(torch.rand(3, generator=stream), later)
        found.zero_()
        normal(Parameter((4, 4)), 1.0, generator(6, "W1"))  # too few to be worth it
    assert not torch.equal(normal(about, 1.0, generator(6, "W1")), first)
    assert len(numbers) == 2 * kept
