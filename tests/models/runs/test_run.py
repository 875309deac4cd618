"""A run's numbers on the scale of the claims, and runs of consecutive networks joined into one."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from models.runs.run import Run, join
from tests.helpers.specs import changed
from tests.models.engines.ordinary_models import trained


@pytest.fixture
def run(digits, houses, tiny, fp64):
    """Trains networks `first` to `first + networks` on digits or houses."""

    def of(first: int = 0, networks: int = 4, key: str = "", **changes: object) -> Run:
        spec = tiny(first=first, networks=networks, **changes)
        data = {"tiny": digits, "houses": houses}[spec.data]
        arrays = trained(spec, data, fp64).result()
        provenance = {"sha256": f"digest {first}", "backend": "cpu"}
        return Run(spec, arrays, key=key or f"key-{first}", provenance=provenance, seconds=2.0)

    return of


# -- what it means ----------------------------------------------------------------------


def test_losses_are_in_units_of_the_constant_predictors(run):
    """Each side by its own."""
    found = run()
    for side, unit in zip(("train", "test"), found.arrays["baseline"], strict=True):
        assert np.array_equal(found.normalised_loss(side), found.arrays[f"{side}_loss"] / unit)
    assert np.array_equal(found.normalised_loss(), found.normalised_loss("train"))


def test_agreement_is_a_fraction_of_the_samples(run):
    """Of 53 training and 20 test samples."""
    found = run()
    assert (found.samples(), found.samples("test")) == (53, 20)
    for side in ("train", "test"):
        told = found.arrays[f"{side}_predictions"]
        expected = [(told[:, a] == told[:, b]).mean(1) for a, b in found.arrays["pairs"]]
        np.testing.assert_allclose(found.agreement(side), np.transpose(expected))
    assert np.array_equal(found.agreement(), found.agreement("train"))


def test_accuracy_at_chance_is_the_largest_class(run, digits):
    """Of the training and of the test labels; a regression has none."""
    expected = [np.bincount(y).max() / len(y) for y in (digits.y_train, digits.y_test)]
    assert run().arrays["largest_class"].tolist() == expected
    assert np.isnan(run(data="houses").arrays["largest_class"]).all()


def test_fine_records_are_in_the_order_of_their_steps(run):
    """Epoch ends and the grid inside the first epochs, each step once, in the same units as by epoch."""
    found = run()
    assert found.steps_per_epoch == 6
    loss, steps = found.fine_loss()
    agreement, same_steps = found.fine_agreement()
    assert steps.tolist() == same_steps.tolist() == [0, 1, 2, 3, 4, 6, 8, 11, 12, 16, 18]
    assert (loss.shape, agreement.shape) == ((11, 4), (11, 6))
    ends = np.searchsorted(steps, np.arange(4) * 6)
    assert np.array_equal(loss[ends], found.normalised_loss())
    assert np.array_equal(agreement[ends], found.agreement())
    inside = np.searchsorted(steps, found.arrays["early_steps"])
    unit = found.arrays["baseline"][0]
    assert np.array_equal(loss[inside], found.arrays["early_train_loss"] / unit)
    assert np.array_equal(agreement[inside], found.arrays["early_train_agreement"] / 53)


def test_diverged_networks_are_counted(run):
    """An epoch of 0 counts too: -1 stands for never."""
    found = run()
    assert found.diverged == 0
    lost = replace(found, arrays={**found.arrays, "diverged_at": np.array([-1, 0, 3, -1])})
    assert lost.diverged == 2


def test_groups_are_the_models_i(run):
    """Under std network k is of model k % 4, whatever number the first one has."""
    assert run(4, 8, protocol="std").groups.tolist() == [0, 1, 2, 3] * 2
    assert run().groups.tolist() == [0, 0, 0, 0]


def test_weights_at_the_end_or_at_a_checkpoint(run):
    """Layer by layer; an epoch that was not kept is named beside those that were."""
    found = run(checkpoints=(1,), widths=(7, 5))
    assert [W.shape for W, _ in found.weights()] == [(4, 12, 7), (4, 7, 5), (4, 5, 4)]
    assert [b.shape for _, b in found.weights()] == [(4, 7), (4, 5), (4, 4)]
    assert found.weights(1)[2][0] is found.arrays["weights/1/W3"]
    assert found.weights()[0][1] is found.arrays["weights/3/b1"]
    with pytest.raises(KeyError, match=r"got epoch 2, wanted one of the kept checkpoints \[1, 3\]"):
        found.weights(2)
    with pytest.raises(KeyError, match=r"got epoch 0, wanted"):
        found.weights(0)


def test_a_run_is_short_to_print(run):
    """Arrays do not fill the terminal."""
    assert repr(run()) == "Run(tiny-7-he linear mse, 4 networks, 3 epochs)"


# -- joined -----------------------------------------------------------------------------


@pytest.mark.parametrize("protocol", ["he", "std"])
@pytest.mark.parametrize("cuts", [(0, 4, 12), (0, 8, 12), (0, 4, 8, 12)], ids=str)
def test_a_joined_run_is_the_run_of_all_networks(run, protocol, cuts):
    """What three trainings leave, joined, is what one training of all twelve networks leaves: every array,
    to rounding, since the shards of a larger ensemble may sum in another order."""
    parts = [run(a, b - a, protocol=protocol, checkpoints=(1,)) for a, b in pairwise(cuts)]
    whole, joined = run(0, 12, protocol=protocol, checkpoints=(1,)), join(parts)
    assert joined.spec == whole.spec
    assert joined.arrays.keys() == whole.arrays.keys()
    for name, expected in whole.arrays.items():
        found = joined.arrays[name]
        assert (found.shape, found.dtype) == (expected.shape, expected.dtype), name
        np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-9, err_msg=name)
    for name in ("normalised_loss", "agreement"):
        assert getattr(joined, name)().shape == getattr(whole, name)().shape
    assert np.array_equal(joined.groups, whole.groups)


def test_a_joined_regression_has_no_labels_either(run):
    """Losses, pairs and weights are joined without them."""
    joined, whole = join([run(0, data="houses"), run(4, data="houses")]), run(0, 8, data="houses")
    assert joined.arrays.keys() == whole.arrays.keys()
    np.testing.assert_allclose(joined.normalised_loss(), whole.normalised_loss(), rtol=1e-9)
    assert np.isnan(joined.arrays["largest_class"]).all()


def test_later_parts_need_not_begin_at_zero(run):
    """Networks 4 to 11 are joined from where they begin."""
    assert join([run(4), run(8)]).spec.numbers == tuple(range(4, 12))


def test_one_part_is_itself(run):
    """Nothing is copied, and it is its own part."""
    alone = run()
    assert join([alone]) is alone
    assert alone.parts == (alone,)


def test_a_joined_run_says_what_it_was_joined_from(run):
    """The parts as they lie in the store; trained if any of them was, and the time of all."""
    first, second = run(0), replace(run(4), trained=True, seconds=3.5)
    joined = join([first, second])
    assert joined.parts == (first, second)
    assert (joined.key, joined.provenance["sha256"]) == ("key-0+key-4", "digest 0+digest 4")
    assert joined.provenance["backend"] == "cpu"
    assert (joined.trained, joined.seconds) == (True, 5.5)
    assert not join([first, run(4)]).trained
    assert join([replace(first, provenance=None), replace(second, provenance=None)]).provenance == {
        "sha256": ""
    }


@pytest.mark.parametrize(
    "change",
    [{"first": 8}, {"first": 0}, {"seed": 1}, {"epochs": 2}, {"output": "softmax"}, {"checkpoints": (1,)}],
    ids=str,
)
def test_runs_that_do_not_follow_one_another_are_refused(run, change):
    """A gap, an overlap, or another experiment: both specs are in the message."""
    first = run()
    other = Run(changed(first.spec, **({"first": 4} | change)), {})
    with pytest.raises(ValueError, match=r"got \{.*\}, wanted \{.*\}: runs are joined in the order of"):
        join([first, other])
    with pytest.raises(ValueError, match="without a gap"):
        join([other, first])
