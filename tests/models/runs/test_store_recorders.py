"""Arrays that a recorder adds: old runs stay, and are trained again where one that is needed is missing."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from models.runs.training import Trained, Training
from tests.models.runs.counted_store import CPU, DATA, SPEC, Counted, assert_sound

NORM = {"gradient_norm": "models.parts.seeds"}
"""An array, and a module of the project that stands for its recorder."""


def adding(*names: str, trained: list[str] | None = None) -> Callable[[Training], Trained]:
    """Trainings that record these arrays besides."""

    def trains(task: Training) -> Trained:
        done = task()
        if trained is not None:
            trained.append(task.spec.name)
        return replace(done, arrays={**done.arrays, **dict.fromkeys(names, np.arange(5.0))})

    return trains


@pytest.fixture
def later(runs) -> Callable[..., Counted]:
    """The store as a later process sees it, with these recorders and what its trainings add."""

    def store(recorders: Mapping[str, str] = NORM, *, adds: tuple[str, ...] = ()) -> Counted:
        options: dict[str, Any] = {"trains": adding(*adds)} if adds else {}
        return Counted(runs.root, checkpoint_seconds=0, recorders=recorders, **options)

    return store


def needing(store: Counted, *needs: str):
    return store.get(SPEC, DATA, CPU, needs)


def recorded(runs: Counted) -> dict[str, str]:
    return json.loads((runs.folder / "run.json").read_text())["recorders"]


def test_a_new_recorder_leaves_old_runs_valid(runs, later, unbroken):
    """What nobody needs of it is no reason to train."""
    runs.run()
    assert not needing(later(), "train_loss").trained
    assert not needing(later(), "train_loss", "weights/4/W1").trained
    assert_sound(runs, unbroken)


def test_an_array_that_is_needed_and_missing_is_trained_for(runs, later):
    """Once; the name stays, and so does every other array, to the bit."""
    before = runs.run()
    store = later(adds=("gradient_norm",))
    assert store.find(SPEC, DATA, CPU, ["gradient_norm"]) is None
    after = needing(store, "gradient_norm")
    assert (after.trained, after.key) == (True, before.key)
    assert set(after.arrays) - set(before.arrays) == {"gradient_norm"}
    assert all(after.arrays[name].tobytes() == array.tobytes() for name, array in before.arrays.items())
    found = needing(later(), "gradient_norm")
    assert (found.trained, found.arrays["gradient_norm"].tolist()) == (False, [0.0, 1.0, 2.0, 3.0, 4.0])
    assert set(recorded(runs)) == {"gradient_norm"}


def test_an_array_whose_recorder_was_changed_is_trained_for(runs, later):
    """By who needs it; others read on."""
    needing(later(adds=("gradient_norm",)), "gradient_norm")
    changed = {"gradient_norm": "models.backend"}
    assert not needing(later(changed), "train_loss").trained
    assert needing(later(changed, adds=("gradient_norm",)), "gradient_norm").trained
    assert not needing(later(changed), "gradient_norm").trained


def test_an_array_that_nothing_records_is_an_error(later):
    """After one training, with what there is."""
    with pytest.raises(ValueError, match=r"got a run of tiny-6-he linear mse without curl, wanted"):
        needing(later(), "curl", "train_loss")


def test_the_store_trains_as_it_is_told(runs, unbroken):
    """The store locks, publishes and reads; it does not train."""
    seen: list[str] = []
    store = Counted(runs.root, trains=adding(trained=seen))
    assert store.run().trained
    assert seen == [SPEC.name]
    assert not store.run().trained
    assert seen == [SPEC.name]
    assert_sound(runs, unbroken)


def test_a_training_that_fails_frees_the_lock(runs):
    """With its own error."""

    def trains(task: Training) -> Trained:
        raise ConnectionError("the node is gone")

    with pytest.raises(ConnectionError, match="the node is gone"):
        Counted(runs.root, trains=trains).run()
    assert runs.run().trained
