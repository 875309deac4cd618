"""Convolutional networks as values: what they are called, how large they are, what they refuse."""

from __future__ import annotations

import json
import re

import pytest
import torch
from torch import nn

from models.experiment import Experiment
from models.networks.convolutional import Convolutional
from models.parts.part import kinds

REFUSED = [
    ({"channels": ()}, "got channels (), wanted convolutions of at least one channel each"),
    ({"channels": (3, 0)}, "got channels (3, 0), wanted convolutions of at least one channel each"),
    ({"channels": 3}, "got channels 3, wanted a tuple of whole numbers"),
    ({"kernel": 4}, "got kernel 4, wanted an odd number"),
    ({"kernel": 0}, "got kernel 0, wanted a whole number of at least 1"),
    ({"stride": 0}, "got stride 0, wanted a whole number of at least 1"),
    ({"dropout": 1.0}, "got dropout 1.0, wanted a share below 1"),
    ({"dropout": -0.1}, "got dropout -0.1, wanted a finite number of at least 0"),
]


@pytest.mark.parametrize(("changes", "message"), REFUSED, ids=[message[4:30] for _, message in REFUSED])
def test_a_wrong_network_is_refused(changes, message):
    """The error says what was got and what was wanted."""
    with pytest.raises(ValueError, match=re.escape(message)):
        Convolutional(**({"channels": (3,)} | changes))


def test_it_is_a_kind_found_by_its_file():
    """An experiment with one comes back from its JSON, the same for equal numbers."""
    assert "convolutional" in kinds("networks")
    spec = Experiment("mnist-5k", Convolutional([8, 16.0], dropout=0, batch_norm=1))
    assert Experiment.from_json(json.loads(spec.canonical())) == spec
    assert spec.canonical() == Experiment("mnist-5k", Convolutional((8, 16), batch_norm=True)).canonical()


@pytest.mark.parametrize(
    ("network", "label"),
    [
        (Convolutional((8, 16)), "conv-8-16"),
        (Convolutional((8,), 5, 1, 0.5, True), "conv-8-k5-s1-dropout0.5-bn"),
    ],
)
def test_a_setting_names_what_is_not_the_default(network, label):
    """So that two networks have two names."""
    assert network.label == label


@pytest.mark.parametrize("kernel", [1, 3, 5])
@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize("shape", [(1, 28, 28), (3, 7, 6)])
def test_sizes_are_those_of_torchs_convolution(kernel, stride, shape):
    """Height and width after two convolutions, multiplications a sample, and every parameter's shape."""
    network = Convolutional((4, 5), kernel, stride)
    x, cost = torch.zeros(1, *shape), 0
    for channels, expected in zip((4, 5), network.shapes(shape)[1:], strict=True):
        conv = nn.Conv2d(x.shape[1], channels, kernel, stride, kernel // 2)
        cost += conv(x).numel() * conv.weight[0].numel()
        x = conv(x)
        assert x.shape[1:] == expected
    about = network.parameters(shape, 10)
    assert about["W"].shape == (x.numel(), 10)
    assert about["K2"].shape == (5, 4, kernel, kernel)
    assert (about["K2"].fan_in, about["W"].fan_in) == (4 * kernel**2, x.numel())
    assert network.cost(shape, 10) == cost + x.numel() * 10


def test_batch_norm_takes_the_biases_place():
    """It scales and moves every channel itself."""
    about = Convolutional((4,), batch_norm=True).parameters((1, 6, 6), 3)
    assert [(name, one.role) for name, one in about.items()] == [
        ("K1", "weight"),
        ("s1", "scale"),
        ("t1", "bias"),
        ("W", "weight"),
        ("b", "bias"),
    ]
