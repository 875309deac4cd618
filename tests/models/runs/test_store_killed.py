"""A run that is killed goes on where it stopped, with the same bytes."""

from __future__ import annotations

import signal

import pytest

from tests.models.runs.counted_store import Counted, again, assert_sound

# The renames of a training of 4 epochs: checkpoints 1 to 3, then the run itself; the
# files written: those checkpoints, then the run's three. The networks are judged twice
# before the first epoch, then after 1, 2, 3, 4 steps and twice at its end, after 6 and 8
# steps and twice at the second's, after 11 in the third.
DEATHS = {
    "before the first epoch": ({"epoch": 0}, None),
    "before any checkpoint": ({"epoch": 1}, None),
    "after a checkpoint": ({"epoch": 2}, 1),
    "in the last epoch": ({"epoch": 4}, 3),
    "inside the first epoch": ({"judged": 5}, None),
    "inside the second epoch": ({"judged": 10}, 1),
    "inside the third epoch": ({"judged": 13}, 2),
    "writing the first checkpoint": ({"write": 1}, None),
    "writing a later checkpoint": ({"write": 3}, 2),
    "naming a checkpoint": ({"replace": 2}, 1),
    "writing the tensors": ({"write": 4}, 3),
    "writing run.json": ({"write": 5}, 3),
    "writing timing.json": ({"write": 6}, 3),
    "publishing": ({"replace": 4}, 3),
}


@pytest.mark.parametrize(("death", "epoch"), DEATHS.values(), ids=DEATHS)
def test_a_killed_run_resumes_with_the_same_bytes(death, epoch, runs, unbroken, forked):
    """After SIGKILL anywhere the next goes on from the last checkpoint and ends as an unbroken run."""
    (killed,) = forked(runs.root, {"die": death})
    assert killed["status"] == -signal.SIGKILL
    assert not runs.folder.exists()
    run = runs.run()
    assert (run.trained, run.resumed_from) == (True, epoch)
    assert runs.epochs == list(range(epoch or 0, 5))
    assert_sound(runs, unbroken)
    assert not (runs.root / "set-aside").exists()


def test_a_run_killed_twice_resumes_twice(runs, unbroken, forked):
    """Each resumption adds to the checkpoints of the one before, and the time spent adds up."""
    for epoch in (2, 4):
        forked(runs.root, {"die": {"epoch": epoch}})
    run = runs.run()
    assert run.resumed_from == 3
    assert run.seconds > 0
    assert again(runs).run().resumed_from == 3
    assert_sound(runs, unbroken)


def test_only_the_last_checkpoint_is_kept(runs):
    """A run in progress keeps one checkpoint, whatever its epochs."""
    seen = []
    runs.progress = lambda spec, epoch, trainer: seen.append(
        sorted(path.name[:12] for path in runs.partial.glob("*"))
    )
    runs.run()
    assert seen == [[], [], ["epoch-000001"], ["epoch-000002"], ["epoch-000003"]]


def test_checkpoints_wait_their_time(tmp_path):
    """Short epochs share a checkpoint: none is written before its time has come."""
    runs = Counted(tmp_path, checkpoint_seconds=3600)
    seen = []
    runs.progress = lambda spec, epoch, trainer: seen.append(runs.partial.exists())
    runs.run()
    assert not any(seen)
