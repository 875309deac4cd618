"""What a task costs the driver does not depend on how many there are; counted, not timed."""

from __future__ import annotations

import pytest

from benchmarks import driver_simulation
from benchmarks.driver_simulation import calls, simulate


def frozen() -> float:
    return 0.0


@pytest.fixture(scope="module", autouse=True)
def _loaded(tmp_path_factory):
    """What is loaded once is not counted."""
    simulate(10, tmp_path_factory.mktemp("first"), frozen)


def test_the_driver_does_as_much_for_a_task_among_few_as_among_many(tmp_path):
    """Calls of the project's functions, in every thread: gathering, submitting, ending, choosing."""
    few, many = (
        calls(lambda tasks=tasks: simulate(tasks, tmp_path / str(tasks), frozen)) / tasks
        for tasks in (100, 500)
    )
    assert many < 1.15 * few


def test_every_task_is_submitted_once_and_those_that_are_lost_again(tmp_path, monkeypatch):
    """Of 150 experiments in two legs two have both lost once, and one fails with its second leg behind it and
    both of its tests."""
    monkeypatch.setattr(driver_simulation, "FAILING", 150)
    found = simulate(300, tmp_path, frozen)
    assert found["submitted"] == 300 + 2 * 2 - 1
    assert found["failed"] == 2


def test_the_command_writes_a_row_a_size(tmp_path, capsys):
    """From a process of its own; of ten experiments the eighth is lost once, both its legs."""
    page = tmp_path / "driver.md"
    driver_simulation.main(["--tasks", "20", "--to", str(tmp_path)])
    row = page.read_text().splitlines()[-1]
    assert [cell.strip() for cell in row.split("|")[1:4]] == ["20", "22", "0"]
    assert capsys.readouterr().out.strip() == page.read_text().strip()
