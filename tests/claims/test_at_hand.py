"""A worker's next test finds the run in memory, and is not told that it was trained for it."""

from __future__ import annotations

import pytest

from claims.at_hand import AtHand
from models.experiment import Experiment
from models.run import Run


@pytest.fixture
def fetched() -> list[int]:
    """Epochs of the experiments that were fetched, in order."""
    return []


@pytest.fixture
def runs(fetched) -> AtHand:
    """Two at hand."""

    def fetch(spec: Experiment) -> Run:
        fetched.append(spec.epochs)
        return Run(spec, {}, key=f"run-{spec.epochs}", trained=True, seconds=3.0)

    return AtHand(fetch, 2)


def of(epochs: int) -> Experiment:
    return Experiment("mnist-5k", (500,), epochs=epochs)


def test_a_run_is_fetched_once(runs, fetched):
    """An equal spec finds it, whoever made the spec."""
    assert runs(of(1)).key == runs(of(1)).key == "run-1"
    assert fetched == [1]


def test_only_the_first_test_is_told_of_training(runs):
    """The report counts a verdict as trained for once; everything else about the run stays."""
    first, second = runs(of(1)), runs(of(1))
    assert (first.trained, second.trained) == (True, False)
    assert (first.seconds, first.key) == (second.seconds, second.key)


def test_what_was_used_longest_ago_is_forgotten(runs, fetched):
    """Using a run keeps it."""
    for epochs in (1, 2, 1, 3, 1, 2):
        runs(of(epochs))
    assert fetched == [1, 2, 3, 2]
