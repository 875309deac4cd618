"""Executors: found by file, and a training comes back from wherever it was done."""

from __future__ import annotations

import subprocess
import sys

import pytest

from models.executors.executor import Cluster, executor, executors, on_cluster
from models.executors.local import Executor


def test_executors_are_the_files_that_hold_one():
    """The protocol's file is none; which of them are clusters is known without connecting to any."""
    assert executors() == ["local", "ray", "slurm"]
    assert isinstance(executor("local"), Executor)
    assert not isinstance(executor("local"), Cluster)
    assert [name for name in [*executors(), "cloud"] if on_cluster(name)] == ["ray", "slurm"]


def test_listing_them_imports_none():
    """What they stand on may be heavy, or not installed."""
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            "import sys; from models.executors.executor import executors; executors(); "
            "print([name for name in sys.modules if name.partition('.')[0] in ('numpy', 'torch', 'ray')])",
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "[]"


def test_an_unknown_one_is_refused():
    """The error names those there are, and how to add one."""
    with pytest.raises(ValueError, match=r"got the executor .cloud., wanted one of local, ray, slurm: a new"):
        executor("cloud")


def test_options_that_an_executor_has_not_are_refused():
    """By name, with those it has."""
    with pytest.raises(ValueError, match="got the option 'cpus' of the executor local, wanted none"):
        executor("local", {"cpus": "2"})
    with pytest.raises(
        ValueError, match="got the option 'nodes' of the executor slurm, wanted one of cluster, "
    ):
        executor("slurm", {"nodes": "2"})


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
