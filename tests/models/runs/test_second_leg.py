"""The run store keeps descents like trainings: made once, from the first leg's run, resumed after a kill."""

from __future__ import annotations

import dataclasses
import signal
import warnings

import numpy as np
import pytest

from models.runs.run import from_initial, join, two_legs
from models.runs.stored import stored
from tests.models.runs.counted_store import CPU, DATA, again
from tests.models.runs.store_process import descent, experiment

FIRST = experiment(networks=8)
SECOND = descent(FIRST)


@pytest.fixture
def second(runs):
    """The second leg's run, and with it the first's."""
    return runs.get(SECOND, DATA, CPU)


def test_a_descent_is_made_once_and_trains_what_it_starts_from(runs, second):
    """Asking for the second leg alone trains the first; then both are in the store."""
    later = again(runs)
    assert not later.get(SECOND, DATA, CPU).trained
    first = later.get(FIRST, DATA, CPU)
    assert not first.trained
    np.testing.assert_allclose(second.arrays["train_loss"][0], first.arrays["train_loss"][-1], rtol=1e-5)
    assert len(list(runs.root.glob("*/run.json"))) == 2
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = stored(runs.root, second.key)
    assert found.spec == SECOND
    assert not any(name.startswith("weights/") for name in found.arrays)


@pytest.mark.parametrize("death", [{"epoch": 1}, {"epoch": 3}, {"write": 1}, {"replace": 2}])
def test_a_killed_descent_goes_on_with_the_same_bytes(death, runs, tmp_path, forked):
    """SIGKILL inside the second leg, or while it is written; the first leg is not trained again."""
    again(runs).get(FIRST, DATA, CPU)
    (killed,) = forked(runs.root, {"descent": True, "die": death})
    assert killed["status"] == -signal.SIGKILL
    (first,) = forked(tmp_path / "unbroken", {"descent": True})
    (resumed,) = forked(runs.root, {"descent": True})
    assert (resumed["told"]["resumed_from"] is not None) == (death in ({"epoch": 3}, {"replace": 2}))
    assert resumed["told"] | {"resumed_from": None} == first["told"]
    assert not again(runs).get(FIRST, DATA, CPU).trained


def test_looks_are_joined_leg_by_leg(runs, second):
    """Networks 0 to 3 and 4 to 7 descend apart and are one run afterwards, whatever steps each needed."""
    parts = [runs.get(SECOND.of_networks(start, 4), DATA, CPU) for start in (0, 4)]
    joined = join(parts)
    assert joined.spec == SECOND
    assert joined.last == second.last == max(part.last for part in parts)
    assert joined.arrays.keys() == second.arrays.keys()
    for name in second.arrays:
        np.testing.assert_array_equal(joined.arrays[name], second.arrays[name], err_msg=name)


def test_two_legs_belong_together(runs, second):
    """A run carries the descent from where it ended, and no other."""
    first = runs.get(FIRST, DATA, CPU)
    assert two_legs(first, second).second is second
    other = dataclasses.replace(first, spec=experiment(networks=8, epochs=5))
    with pytest.raises(ValueError, match="wanted one from where"):
        two_legs(other, second)


def test_a_descent_from_initial_weights_has_a_first_leg_of_no_epoch(runs):
    """Its only row is that of the initial weights; nothing was trained for it."""
    run = from_initial(runs.get(dataclasses.replace(SECOND, start="initial"), DATA, CPU))
    assert run.spec == FIRST
    assert run.last == 0
    assert run.second.last > 0
    np.testing.assert_array_equal(run.normalised_loss()[0], run.second.normalised_loss()[0])
    assert len(list(runs.root.glob("*/run.json"))) == 1
