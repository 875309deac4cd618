"""The functional engine gives a network the same bytes: threads, company, a stop in between."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from models.engines.trainer import Trainer
from models.networks.convolutional import Convolutional
from tests.helpers.specs import changed
from tests.models.engines.ordinary_models import assert_same_bytes, trained
from tests.models.ordinary_networks import IMAGES, KINDS, experiment
from tests.models.runs.counted_store import CPU

EVERY_KIND = pytest.mark.parametrize("spec", KINDS.values(), ids=KINDS)


@EVERY_KIND
@pytest.mark.parametrize("epoch", [1, 3])
def test_a_stopped_training_goes_on_with_the_same_bytes(spec, epoch):
    """Weights, running means, the optimiser's state, and the random numbers of its next step."""
    spec = changed(spec, checkpoints=(0, 2))
    stopped = Trainer(spec, IMAGES, CPU, 1)
    for _ in range(epoch):
        stopped.run_epoch()
    # As a checkpoint's file gives it back: an array has at least one axis.
    state = {name: np.ascontiguousarray(array) for name, array in stopped.state().items()}
    resumed = Trainer(spec, IMAGES, CPU, 1, state=state)
    assert resumed.epoch == epoch
    while not resumed.finished:
        resumed.run_epoch()
    unbroken = trained(spec, IMAGES, CPU)
    assert_same_bytes(unbroken.result(), resumed.result())
    assert_same_bytes(unbroken.state(), resumed.state())


def test_a_state_of_another_network_is_refused():
    """A checkpoint that does not fit raises what the store takes as a reason to begin anew."""
    state = Trainer(experiment(Convolutional((3,))), IMAGES, CPU, 1).state()
    with pytest.raises(RuntimeError):
        Trainer(experiment(Convolutional((4,))), IMAGES, CPU, 1, state=state)
    with pytest.raises(KeyError):
        Trainer(experiment(Convolutional((3, 4))), IMAGES, CPU, 1, state=state)


@EVERY_KIND
def test_bytes_do_not_depend_on_threads(spec):
    """One to three threads, and however many torch was given."""
    first = trained(spec, IMAGES, CPU, 1)
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(3)
        for threads in (2, 3):
            other = trained(spec, IMAGES, CPU, threads)
            assert_same_bytes(first.result(), other.result())
            assert_same_bytes(first.state(), other.state())
        assert torch.get_num_threads() == 3
    finally:
        torch.set_num_threads(before)


@EVERY_KIND
@pytest.mark.parametrize("protocol", ["he", "std"])
def test_a_network_does_not_depend_on_its_company(spec, protocol):
    """Networks 4 to 7 alone have the bytes that they have among twelve."""
    few = changed(spec, networks=4, first=4, protocol=protocol)
    alone = trained(few, IMAGES, CPU).result()
    among = trained(changed(few, networks=12, first=0), IMAGES, CPU, 2).result()
    kept = [name for name in alone if name.startswith("weights/")]
    assert kept
    for name in (*kept, "initial_seeds", "order_seeds"):
        assert among[name][4:8].tobytes() == alone[name].tobytes(), name
    for name in ("train_loss", "test_loss", "train_predictions", "test_predictions", "early_train_loss"):
        assert among[name][:, 4:8].tobytes() == alone[name].tobytes(), name
    for name in ("weight_distance", "weights_differ", "train_agreement", "early_train_agreement"):
        assert among[name][:, 6:12].tobytes() == alone[name].tobytes(), name


def test_one_network_alone_trains_as_among_others():
    """To rounding: batched products of one network may add in another order than those of four."""
    spec = experiment(Convolutional((3, 4), dropout=0.3, batch_norm=True))
    alone = Trainer(spec, IMAGES, CPU, 1, numbers=[5])
    while not alone.finished:
        alone.run_epoch()
    among = trained(spec, IMAGES, CPU).parameters()
    for name, tensor in alone.parameters().items():
        torch.testing.assert_close(tensor[0], among[name][5], rtol=0, atol=1e-10)
    assert alone.result()["weight_distance"].shape == (5, 0)


def test_a_network_that_leaves_the_numbers_is_alone():
    """Its neighbours in the group keep their bytes."""
    spec = KINDS["convolutional"]
    sound, sick = (Trainer(spec, IMAGES, CPU, 1) for _ in range(2))
    sick.engine.groups[0].networks.parameters["W"][2] = torch.inf
    for trainer in (sound, sick):
        while not trainer.finished:
            trainer.run_epoch()
    others = [0, 1, 3, 4, 5, 6, 7]
    assert sick.result()["diverged_at"].tolist() == [-1, -1, 1, -1, -1, -1, -1, -1]
    for name, tensor in sound.parameters().items():
        assert torch.equal(tensor[others], sick.parameters()[name][others]), name
