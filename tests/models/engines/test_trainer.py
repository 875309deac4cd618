"""The ensemble engine against one ordinary torch.nn model a member."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from data import Dataset
from models.objectives.objective import LOSSES, OUTPUTS
from tests.helpers.specs import initial_weights
from tests.models.engines.ordinary_models import assert_equals_reference, started, trained

COMBINATIONS = [(output, loss) for output in OUTPUTS for loss in LOSSES]
WIDTHS = [(7,), (6, 5)]


# -- correctness ----------------------------------------------------------------------


@pytest.mark.parametrize("widths", WIDTHS, ids=lambda w: "-".join(map(str, w)))
@pytest.mark.parametrize(("output", "loss"), COMBINATIONS)
def test_run_equals_one_ordinary_model_a_member(output, loss, widths, digits, tiny, fp64):
    """Weights equal autograd's and Adam's to 1e-10 after every epoch, and so does all that is recorded."""
    spec = tiny(output=output, loss=loss, widths=widths, learning_rate=0.01, checkpoints=(0, 1, 2, 3))
    assert_equals_reference(spec, digits, fp64)


@pytest.mark.parametrize("protocol", ["std", "var"])
@pytest.mark.parametrize(("output", "loss"), [("softmax", "mse"), ("linear", "mse"), ("linear", "ce")])
def test_wide_initial_weights_equal_ordinary_models_too(output, loss, protocol, digits, tiny, fp64):
    """The paper's protocols, whose logits are in the hundreds, train as ordinary models do."""
    spec = tiny(output=output, loss=loss, protocol=protocol, widths=(6, 5), checkpoints=(0, 1, 2, 3))
    assert_equals_reference(spec, digits, fp64)


@pytest.mark.parametrize("widths", [(), (7,), (6, 5)], ids=["none", "7", "6-5"])
def test_regression_equals_ordinary_models(widths, houses, tiny, fp64):
    """A table with one target trains alike, and records no labels."""
    spec = tiny(data="houses", widths=widths, learning_rate=0.01, checkpoints=(0, 1, 2, 3))
    assert_equals_reference(spec, houses, fp64)
    assert "train_accuracy" not in started(spec, houses, fp64).result()


def test_shards_equal_ordinary_models(digits, tiny, fp64, small_shards):
    """Cutting the ensemble into shards changes no member."""
    spec = tiny(networks=8, checkpoints=(0, 1, 2, 3))
    assert len(started(spec, digits, fp64).engine.shards) == 8
    assert_equals_reference(spec, digits, fp64)


@pytest.mark.parametrize("threads", [1, 8], ids=["in turn", "two threads each"])
def test_networks_that_leave_out_zeros_equal_ordinary_models(threads, tiny, fp64, small_shards, monkeypatch):
    """Inputs that a minibatch does not use take no part in its products and are updated all the same."""
    monkeypatch.setattr("models.engines.mlp.inputs._WORTH", 0)
    draw = np.random.default_rng(3)
    pixels = (draw.integers(1, 256, (70, 40)) * (draw.random((70, 40)) < np.linspace(0.02, 0.9, 40))).astype(
        np.uint8
    )
    labels = draw.integers(0, 4, 70, dtype=np.uint8)
    data = Dataset(
        "sparse", "classification", pixels[:50], labels[:50], pixels[50:], labels[50:], 4, "0", "a test"
    )
    spec = tiny(data="sparse", widths=(6, 5), batch=4, checkpoints=(0, 1, 2, 3), learning_rate=0.01)
    (part, other) = started(spec, data, fp64).engine.shards[0].parts
    assert part.reader.tail + other.reader.tail > 0
    assert_equals_reference(spec, data, fp64, threads)


def test_data_without_idle_inputs_equal_ordinary_models(houses, tiny, fp64):
    """Nothing is left out where every input is used."""
    used = [0, 1, 3, 4, 5]
    full = replace(
        houses, name="full", raw_train=houses.raw_train[:, used], raw_test=houses.raw_test[:, used]
    )
    assert_equals_reference(tiny(data="full", checkpoints=(0, 1, 2, 3)), full, fp64)


def test_a_cross_entropy_needs_labels(houses, tiny, fp64):
    """A regression under a cross entropy is refused: its targets are no probabilities."""
    with pytest.raises(ValueError, match="got loss 'bce' on houses, which is a regression: wanted mse"):
        started(tiny(data="houses", loss="bce"), houses, fp64)


def test_more_classes_than_a_byte_tells_apart_are_refused(digits, tiny, fp64):
    """Labels are recorded in a byte: a 256th class would be taken for another one."""
    many = replace(digits, classes=256)
    with pytest.raises(
        ValueError, match="got tiny with 256 classes, wanted at most 255: labels are recorded"
    ):
        started(tiny(), many, fp64)


def test_idle_inputs_keep_their_initial_weights(digits, tiny, fp32):
    """Weights of inputs that are always 0 are in the results, unchanged, and the others moved."""
    spec = tiny(epochs=2, checkpoints=(0,))
    trainer = trained(spec, digits, fp32)
    idle = [0, 5, 11]  # pixel 3 is 0 in training only: it moves nothing either, but takes part in testing
    before, after = (trainer.result()[f"weights/{epoch}/W1"] for epoch in (0, 2))
    assert after.shape == (4, 12, 7)
    np.testing.assert_array_equal(after[:, [*idle, 3]], before[:, [*idle, 3]])
    assert (after != before).any((0, 2)).tolist() == [i not in (*idle, 3) for i in range(12)]
    seeds = trainer.result()["initial_seeds"]
    initial = initial_weights((12, 7, 4), "he", spec.groups, seeds)[0][0].float().numpy()
    np.testing.assert_array_equal(before, initial)
    np.testing.assert_array_equal(trainer.parameters()["W1"].numpy(), after)


def test_a_run_has_one_row_an_epoch_and_one_before(digits, tiny, fp32):
    """Shapes are [T + 1, M, ...]; without checkpoints only the last weights are kept."""
    result = trained(tiny(epochs=2), digits, fp32).result()
    shapes = {key: value.shape for key, value in result.items()}
    assert shapes == {
        **{f"{side}_{name}": (3, 4) for side in ("train", "test") for name in ("loss", "accuracy")},
        **{f"{side}_agreement": (3, 6) for side in ("train", "test")},
        "train_predictions": (3, 4, 53),
        "test_predictions": (3, 4, 20),
        "weight_distance": (3, 6),
        "weights_differ": (3, 6),
        "pairs": (6, 2),
        "early_steps": (6,),  # 1, 2, 3, 4, 8 and 11 of twelve steps; 6 is an epoch's end
        "early_train_loss": (6, 4),
        "early_train_agreement": (6, 6),
        "steps_per_epoch": (1,),
        "initial_seeds": (4,),
        "order_seeds": (4,),
        "baseline": (2,),
        "largest_class": (2,),
        "diverged_at": (4,),
        "weights/2/W1": (4, 12, 7),
        "weights/2/b1": (4, 7),
        "weights/2/W2": (4, 7, 4),
        "weights/2/b2": (4, 4),
    }


def test_baseline_is_the_loss_of_the_training_mean(digits, tiny, fp64):
    """L0 on train and test is the loss of the training targets' mean as a constant."""
    constant = digits.targets_train.astype(float).mean(0)
    expected = [
        0.5 * np.square(y - constant).sum(1).mean() for y in (digits.targets_train, digits.targets_test)
    ]
    np.testing.assert_allclose(started(tiny(), digits, fp64).result()["baseline"], expected, rtol=1e-12)


# -- divergence -----------------------------------------------------------------------


def test_a_member_that_leaves_the_numbers_is_counted_and_alone(digits, tiny, fp32):
    """A member whose weights overflow is NaN from then on; the others train as if it were not there."""
    spec = tiny(networks=8)
    sound, sick = started(spec, digits, fp32), started(spec, digits, fp32)
    for trainer in (sound, sick):
        trainer.run_epoch()
    sick.engine.shards[0].weights.layers[0][0][2] = 1e38
    for trainer in (sound, sick):
        while not trainer.finished:
            trainer.run_epoch()
    a, b = sound.result(), sick.result()
    others = [0, 1, 3, 4, 5, 6, 7]
    assert b["diverged_at"].tolist() == [-1, -1, 2, -1, -1, -1, -1, -1]
    assert not np.isfinite(b["train_loss"][2:, 2]).any()
    for name in ("train_loss", "test_loss", "train_accuracy", "train_predictions"):
        assert b[name][:, others].tobytes() == a[name][:, others].tobytes()
    apart = (a["pairs"] != 2).all(1)
    for name in ("weights_differ", "weight_distance", "train_agreement"):
        np.testing.assert_array_equal(b[name][:, apart], a[name][:, apart])
    np.testing.assert_array_equal(b["weights/3/W1"][others], a["weights/3/W1"][others])


@pytest.mark.parametrize(
    ("losses", "diverged_at"),
    [
        ([1.0, 0.5, 0.1], -1),
        ([1.0, 9.9, 9.9], -1),
        ([1.0, 0.5, 11.0], 2),
        ([1.0, 20.0, 30.0], 1),
        ([1.0, 20.0, 0.5], -1),
        ([1.0, math.nan, math.nan], 1),
        ([1.0, math.inf, 0.5], 1),
        ([math.inf, math.inf, math.inf], 0),
    ],
    ids=[
        "falls",
        "rises less",
        "ends high",
        "climbs",
        "overcomes a spike",
        "nan",
        "was infinite",
        "from the start",
    ],
)
def test_divergence_is_leaving_the_numbers_or_ending_ten_times_up(losses, diverged_at, digits, tiny, fp64):
    """The epoch counted is the first bad one; a finite spike that was overcome is none."""
    trainer = started(tiny(epochs=2), digits, fp64, numbers=[0])
    trainer.history.rows = {"train_loss": [np.array([loss]) for loss in losses]}
    assert trainer.result()["diverged_at"].tolist() == [diverged_at]


def test_labels_of_a_network_that_outputs_zeros(digits, tiny, fp64):
    """A ReLU output that is 0 everywhere labels everything as the first class, as torch's argmax does."""
    trainer = started(tiny(output="relu", epochs=1), digits, fp64)
    for _, bias in trainer.engine.shards[0].weights.layers[-1:]:
        bias -= 1000
    assert not trainer.engine.view().predictions("train").any()
