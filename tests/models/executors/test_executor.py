"""Executors: found by file, and a training comes back from wherever it was done."""

from __future__ import annotations

import pytest

from models.executors.executor import executor, executors
from models.executors.local import Executor


def test_executors_are_the_files_that_hold_one():
    """The protocol's file is none."""
    assert executors() == ["local"]
    assert isinstance(executor("local"), Executor)


def test_an_unknown_one_is_refused():
    """The error names those there are, and how to add one."""
    with pytest.raises(ValueError, match=r"got the executor .slurm., wanted one of local: a new one is"):
        executor("slurm")


def test_the_local_one_trains_at_once():
    """The future is done, with what the task gives or raises."""
    assert executor("local").submit(lambda: "trained").result(0) == "trained"

    def failing():
        raise ValueError("no such data")

    with pytest.raises(ValueError, match="no such data"):
        executor("local").submit(failing).result(0)


def test_an_interrupt_is_not_kept():
    """Ctrl-C ends the process that trains, not the future of one training."""

    def interrupted():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        executor("local").submit(interrupted)
