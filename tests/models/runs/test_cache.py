"""A worker's next test finds the run in memory, and is not told that it was trained for it."""

from __future__ import annotations

import numpy as np
import pytest

from models.experiment import Experiment
from models.runs.cache import RUNS, Recent, RunCache
from models.runs.run import Run
from tests.helpers.specs import mlp


@pytest.fixture
def fetched() -> list[int]:
    """Epochs of the experiments that were fetched, in order."""
    return []


@pytest.fixture
def runs(fetched) -> RunCache:
    """Two at hand."""

    def fetch(spec: Experiment) -> Run:
        fetched.append(spec.budget.epochs)
        return Run(spec, {}, key=f"run-{spec.budget.epochs}", trained=True, seconds=3.0)

    return RunCache(fetch, 2)


def of(epochs: int, **more: int) -> Experiment:
    return mlp("mnist-1k", (500,), epochs=epochs, **more)


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


def test_networks_of_another_look_are_another_run(runs, fetched):
    """The first twelve networks are no answer to the next twelve."""
    for first in (0, 12, 0, 12):
        runs(of(1, networks=12, first=first))
    assert fetched == [1, 1]


def test_as_many_are_kept_as_a_comparison_needs():
    """D1 compares four runs, and the next test finds all of them."""
    times = []
    hand = RunCache(lambda spec: times.append(spec.budget.epochs) or Run(spec, {}))
    for epochs in [*range(1, RUNS + 1)] * 2:
        hand(of(epochs))
    assert times == list(range(1, RUNS + 1))
    assert RUNS >= 4


@pytest.fixture
def reads() -> list[str]:
    return []


def test_the_last_runs_that_fit_are_kept(reads: list[str]) -> None:
    """Of 100 bytes each, two fit into 250; who is asked for again counts as the last."""
    recent = Recent(250)

    def get(name: str) -> Run:
        def read() -> Run:
            reads.append(name)
            second = Run(of(1), {"loss": np.zeros(40, dtype=np.uint8)}, "second")
            return Run(of(1), {"loss": np.zeros(60, dtype=np.uint8)}, name, second=second)

        found = recent.get(name, read)
        assert found.key == name
        return found

    assert get("a") is get("a")
    for name in ("b", "a", "c", "a", "b"):
        get(name)
    assert reads == ["a", "b", "c", "b"]
    recent.clear()
    get("b")
    assert reads[4:] == ["b"]


def test_one_that_does_not_fit_is_handed_out_and_not_kept(reads: list[str]) -> None:
    recent = Recent(50)

    def read() -> Run:
        reads.append("large")
        return Run(of(1), {"loss": np.zeros(60, dtype=np.uint8)}, "large")

    assert recent.get("large", read).key == recent.get("large", read).key == "large"
    assert len(reads) == 2
