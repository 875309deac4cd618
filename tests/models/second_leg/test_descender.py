"""The second leg: what it records, that its bytes follow from its spec, and that it goes on where it was
stopped."""

from __future__ import annotations

import gc

import numpy as np
import pytest
import torch

from models.backend import Backend, resolve_backend
from models.descent.multilayer import Layered
from models.engines.trainer import Trainer
from models.optimisers.adam import Adam
from models.optimisers.levenberg_marquardt import LevenbergMarquardt
from models.runs.run import Run
from models.second_leg.descender import Descender
from models.second_leg.descent import Descent, spec_of
from tests.helpers.specs import changed, mlp


def spec_on(data, networks=8, start="trained", steps=8, **more):
    experiment = mlp(data.name, (6,), networks=networks, epochs=3, batch=16)
    return Descent(experiment, start=start, steps=steps, **more)


def trained(spec, data):
    """Weights at the end of the experiment's training, and the trainer."""
    trainer = Trainer(spec.experiment, data, resolve_backend("cpu"))
    while not trainer.finished:
        trainer.run_epoch()
    return {name: part.numpy() for name, part in trainer.parameters().items()}, trainer


def descended(spec, data, weights=None, threads=None):
    descender = Descender(spec, data, resolve_backend("cpu"), threads, weights)
    while not descender.finished:
        descender.run_epoch()
    return descender.result()


def assert_same(one, other):
    assert one.keys() == other.keys()
    for name in one:
        assert one[name].dtype == other[name].dtype, name
        np.testing.assert_array_equal(one[name], other[name], err_msg=name)


def test_the_second_leg_begins_where_the_first_ended_and_never_rises(digits):
    """Row 0 is the end of training; every later row is lower or the same, network by network."""
    spec = spec_on(digits)
    weights, trainer = trained(spec, digits)
    arrays = descended(spec, digits, weights)
    np.testing.assert_allclose(arrays["train_loss"][0], trainer.losses[-1], rtol=1e-5)
    assert (np.diff(arrays["train_loss"], axis=0) <= 1e-12).all()
    assert (arrays["train_loss"][-1] < arrays["train_loss"][0]).all()
    rows = len(arrays["train_loss"])
    assert arrays["train_predictions"].shape == (rows, 8, digits.n_train)
    assert arrays["weight_distance"].shape == (rows, 12)
    assert arrays[f"weights/{rows - 1}/W1"].shape == (8, 12, 6)
    assert arrays["certificate_kind"].shape == (8,)
    run = Run(spec, arrays)
    assert run.last == rows - 1
    assert [W.shape for W, _ in run.weights()] == [(8, 12, 6), (8, 6, 4)]


def test_a_network_that_has_ended_holds_its_last_values(digits):
    """Networks end after steps of their own; rows after that repeat."""
    arrays = descended(spec_on(digits, start="initial", steps=6), digits)
    for m, steps in enumerate(arrays["steps"]):
        np.testing.assert_array_equal(arrays["train_loss"][steps:, m], arrays["train_loss"][steps, m])
        np.testing.assert_array_equal(arrays["products"][steps:, m], arrays["products"][steps, m])
    assert arrays["steps"].max() == len(arrays["train_loss"]) - 1 <= 6


def test_bytes_do_not_depend_on_threads_nor_on_other_quadruples(digits):
    """One thread or two, four networks or eight."""
    spec = spec_on(digits, start="initial")
    both = descended(spec, digits, threads=2)
    assert_same(descended(spec, digits, threads=1), both)
    four = descended(spec.of_networks(0, 4), digits)
    rows = len(four["train_loss"])
    np.testing.assert_array_equal(four["train_loss"], both["train_loss"][:rows, :4])
    np.testing.assert_array_equal(four["certificate_kind"], both["certificate_kind"][:4])


@pytest.mark.parametrize("stop", [1, 3, 6])
def test_what_was_stopped_goes_on_with_the_same_bytes(digits, stop):
    """A state between two rounds, taken up by another process' descender."""
    spec = spec_on(digits, start="initial")
    first = Descender(spec, digits, resolve_backend("cpu"), 1)
    for _ in range(stop):
        first.run_epoch()
    second = Descender(spec, digits, resolve_backend("cpu"), 2)
    second.load({name: value.copy() for name, value in first.state().items()})
    assert second.epoch == first.epoch
    assert second.progress == first.progress
    while not second.finished:
        second.run_epoch()
    assert_same(second.result(), descended(spec, digits))


def test_movement_is_measured_from_the_initial_weights(digits):
    """By hand on the arrays of a descent that starts there."""
    spec = spec_on(digits, start="initial", networks=4)
    start = Descender(spec, digits, resolve_backend("cpu")).parameters()
    arrays = descended(spec, digits)
    last = len(arrays["train_loss"]) - 1
    pairs = [
        (a.numpy().reshape(4, -1), arrays[f"weights/{last}/{k}"].reshape(4, -1)) for k, a in start.items()
    ]
    w0, w = (np.concatenate(side, 1) for side in zip(*pairs, strict=True))
    moved = np.linalg.norm(w - w0, axis=1) / np.linalg.norm(w0, axis=1)
    np.testing.assert_allclose(arrays["moved"], moved, rtol=1e-12)
    x = digits.x_train
    active = [
        np.einsum("nd,mdh->mnh", x, W1) + b1[:, None] > 0
        for W1, b1 in (
            (start["W1"].numpy(), start["b1"].numpy()),
            (arrays[f"weights/{last}/W1"], arrays[f"weights/{last}/b1"]),
        )
    ]
    np.testing.assert_allclose(arrays["flips"], (active[0] ^ active[1]).mean((1, 2)))


def test_regression_has_no_labels(houses):
    """A table of real targets descends as well."""
    spec = Descent(mlp(houses.name, (5,), networks=4, epochs=1, batch=16), start="initial", steps=8)
    arrays = descended(spec, houses)
    assert "train_predictions" not in arrays
    assert (arrays["train_loss"][-1] < arrays["train_loss"][0]).all()


def test_a_spec_is_its_json(digits):
    """Both legs are read back from what a run says that it is of."""
    spec = spec_on(digits, tolerance=1e-3, steps=5)
    assert spec_of(spec.as_json()) == spec
    assert Descent.from_json(spec.canonical()) == spec
    assert spec_of(spec.experiment.as_json()) == spec.experiment
    with pytest.raises(ValueError, match="wanted the JSON of a descent"):
        Descent.from_json({"experiment": spec.experiment.as_json()} | {"speed": 3})


def test_what_cannot_descend_is_refused(digits):
    """Each with what was got, what was wanted and the cure."""
    experiment = mlp(digits.name, (6,), networks=4)
    with pytest.raises(ValueError, match="full-batch ones"):
        Descent(experiment, (Adam(),))
    with pytest.raises(ValueError, match="at least one full-batch optimiser"):
        Descent(experiment, ())
    with pytest.raises(ValueError, match="start"):
        Descent(experiment, start="somewhere")
    with pytest.raises(ValueError, match="wanted these where it starts"):
        Descender(Descent(experiment), digits, resolve_backend("cpu"))
    few = {name: part[:2] for name, part in trained(Descent(experiment), digits)[0].items()}
    with pytest.raises(ValueError, match="got weights"):
        Descender(Descent(experiment), digits, resolve_backend("cpu"), weights=few)


def test_a_training_s_optimiser_is_no_full_batch_one(digits):
    """The engines decline it by name."""
    experiment = changed(mlp(digits.name, (6,)), epochs=1)
    from dataclasses import replace

    full = replace(experiment, optimiser=LevenbergMarquardt())
    with pytest.raises(ValueError, match="full-batch optimiser, which descends"):
        Trainer(full, digits, resolve_backend("cpu"))


def test_a_device_without_float64_is_refused(digits):
    """Ends of descents are judged in float64, which mps does not have."""
    with pytest.raises(ValueError, match="mps, which has no float64"):
        Descender(spec_on(digits, start="initial"), digits, Backend("mps", "a device"))


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA GPU on this machine")
def test_cuda_ends_at_the_same_kinds_of_points(digits):
    """On a GPU a descent rounds in another way and certifies the same."""
    spec = spec_on(digits, start="initial")
    found = [Descender(spec, digits, resolve_backend(kind)) for kind in ("cpu", "cuda")]
    for one in found:
        while not one.finished:
            one.run_epoch()
    ends = [one.result() for one in found]
    np.testing.assert_allclose(ends[1]["train_loss"][0], ends[0]["train_loss"][0], rtol=1e-9)
    assert (np.diff(ends[1]["train_loss"], axis=0) <= 1e-12).all()
    np.testing.assert_array_equal(ends[1]["certificate_kind"], ends[0]["certificate_kind"])


def test_nothing_of_a_quadruple_that_has_ended_stays(digits):
    """No linearisation is left, without a search for cycles: a wide network's holds tens of megabytes."""
    descender = Descender(spec_on(digits, start="initial"), digits, resolve_backend("cpu"), threads=1)
    gc.collect()
    gc.disable()
    try:
        while not descender.finished:
            descender.run_epoch()
        left = [one for one in gc.get_objects() if type(one) is Layered]
    finally:
        gc.enable()
    assert not left
