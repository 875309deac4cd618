"""What the benchmark compares is the same work: every contender ends an epoch with the same weights."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.contenders import CONTENDERS, absent
from benchmarks.works import GENERAL
from data import load
from tests.helpers.specs import changed, mlp


def flat(contender) -> np.ndarray:
    """All weights and biases of all its networks."""
    return np.concatenate([w.ravel() for w in contender.weights()])


@pytest.mark.parametrize(("output", "loss"), [("linear", "mse"), ("softmax", "mse"), ("linear", "bce")])
@pytest.mark.parametrize("peer", [name for name in CONTENDERS if name != "engine"])
def test_a_peer_trains_the_same_networks(peer, output, loss):
    """After two epochs of digits the weights are the engine's, to float32 rounding.

    Adam's first steps go by the sign of a gradient, so where it is 0 but for rounding a weight may go
    either way: one weight in twenty is allowed to.
    """
    if reason := absent(peer):
        pytest.skip(reason)
    # 4,000 digits in minibatches of 1,500: the last one of an epoch is smaller.
    spec = mlp("mnist-5k", (6, 5), output, loss, networks=4, batch=1500)
    data = load("mnist-5k")
    ours, theirs = (CONTENDERS[name](spec, data, spec.numbers) for name in ("engine", peer))
    before = flat(ours)
    for contender in (ours, theirs):
        contender.epoch()
        contender.epoch()
    assert [w.shape for w in theirs.weights()] == [w.shape for w in ours.weights()]
    assert np.mean(np.abs(flat(theirs) - flat(ours)) > 2e-5) <= 0.05
    assert np.mean(np.abs(flat(ours) - before) > 2e-3) >= 0.5  # six steps of about 1e-3


@pytest.mark.parametrize("peer", ["vmap", "loop"])
@pytest.mark.parametrize("work", GENERAL[1:], ids=lambda work: work.name)
def test_a_peer_of_the_functional_engine_trains_the_same_networks(work, peer):
    """The same for another optimiser, a penalty and a convolutional network."""
    data = load("mnist-5k")
    spec = changed(work.spec, networks=4, batch=1500)
    if spec.network.kind == "mlp":
        spec = changed(spec, widths=(6,))
    ours, theirs = (CONTENDERS[name](spec, data, spec.numbers) for name in ("functional", peer))
    before = flat(ours)
    for contender in (ours, theirs):
        contender.epoch()
        contender.epoch()
    assert [w.shape for w in theirs.weights()] == [w.shape for w in ours.weights()]
    assert np.mean(np.abs(flat(theirs) - flat(ours)) > 2e-5) <= 0.05
    assert np.mean(np.abs(flat(ours) - before) > 2e-4) >= 0.3


def test_a_peer_that_is_not_installed_says_how(monkeypatch):
    """An absent package is named with the extra that brings it."""
    monkeypatch.setattr("benchmarks.contenders.find_spec", lambda name: None)
    assert absent("jax") == "jax, optax not installed: python -m pip install -e '.[bench]'"
    assert absent("engine") is None
