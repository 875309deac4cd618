"""Processes that ask a run store for a run, for the tests that kill them or let them race.

Each line of standard input is JSON, a list of [store, plan]: a process is forked for
each, all at once, and a line tells their exit statuses and what they got. Forking
spares every one of them the import of torch.

A plan holds the spec's changes, whether the `descent` is asked for, `refresh`, `session`, how many
processes must have asked for the lock before training goes on (`meet`), and where to `die` by
SIGKILL: `{"epoch": 2}` when that epoch is over, `{"replace": 3}` before the third rename,
`{"write": 2}` halfway through the second file, `{"judged": 5}` when the networks are judged for
the fifth time. With an object store, `url` names it, `environment` finds it, `folder` in the store's is the
one in front, and `sees` [epoch, ending, number] holds the training there until the object store has so many
objects in the run's folder of this ending.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from data import Dataset
from models.backend import resolve_backend
from models.engines.mlp import engine
from models.experiment import Experiment
from models.optimisers.levenberg_marquardt import LevenbergMarquardt
from models.runs import content, files
from models.runs.remote import opened
from models.runs.remote.lease import PATIENCE
from models.second_leg.descent import Descent
from tests.helpers.specs import mlp


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def dataset() -> Dataset:
    """40 + 10 images of 9 pixels in 3 classes."""
    draw = np.random.default_rng(0)
    pixels, labels = draw.integers(0, 256, (50, 9), dtype=np.uint8), draw.integers(0, 3, 50, dtype=np.uint8)
    return Dataset(
        "tiny", "classification", pixels[:40], labels[:40], pixels[40:], labels[40:], 3, "c0ffee", "a test"
    )


def experiment(**changes: Any) -> Experiment:
    usual = {"data": "tiny", "widths": (6,), "networks": 4, "epochs": 4, "batch": 8}
    return mlp(**(usual | {"checkpoints": (2,)} | changes))


def descent(spec: Experiment) -> Descent:
    """The second leg, of eight networks so that it has two quadruples."""
    return Descent(spec.of_networks(0, 8), (LevenbergMarquardt(),), steps=4)


def dying_at_replace(number: int) -> None:
    rename, calls = os.replace, iter(range(1, 1_000))

    def replace(source: Any, target: Any) -> None:
        if next(calls) == number:
            die()
        rename(source, target)

    os.replace = replace


def dying_in_write(number: int) -> None:
    write, calls = files.write, iter(range(1, 1_000))

    def half(path: Path, content: bytes) -> None:
        if next(calls) == number:
            write(path, content[: len(content) // 2])
            die()
        write(path, content)

    files.write = half


def dying_when_judged(number: int) -> None:
    judge, calls = engine.Engine._judge, iter(range(1, 1_000))

    def judged(*arguments: Any) -> Any:
        if next(calls) == number:
            die()
        return judge(*arguments)

    engine.Engine._judge = judged


def meeting(number: int, arrived: tuple[int, int]) -> Callable[[], None]:
    """Says when this process asks for the lock; what is returned waits, once, for so many to have asked."""
    reader, writer = arrived
    FileLock = content.FileLock

    class Lock(FileLock):
        def acquire(self, *arguments: Any, **options: Any) -> Any:
            os.write(writer, b".")
            return super().acquire(*arguments, **options)

    content.FileLock = Lock
    missing = iter(range(number))

    def wait() -> None:
        for _ in missing:
            os.read(reader, 1)

    return wait


def ask(root: Path, plan: dict[str, Any], arrived: tuple[int, int]) -> dict[str, Any]:
    death = plan.get("die", {})
    if "replace" in death:
        dying_at_replace(death["replace"])
    if "judged" in death:
        dying_when_judged(death["judged"])
    if "write" in death:
        dying_in_write(death["write"])

    wait = meeting(plan.get("meet", 0), arrived)

    descends = plan.get("descent", False)

    def progress(spec: Any, epoch: int, trainer: Any) -> None:
        wait()
        if sees and epoch == sees[0]:
            folder, last = f"{runs.key(spec, dataset(), cpu)}{sees[1]}/", time.monotonic() + 120
            while len(runs.remote.names(folder)) < sees[2]:
                if time.monotonic() > last:
                    raise TimeoutError(
                        f"got {runs.remote.names(folder)}, wanted {sees[2]} objects in {folder}"
                    )
                time.sleep(0.02)
        if epoch == death.get("epoch") and isinstance(spec, Descent) is descends:
            die()

    os.environ.update(plan.get("environment", {}))
    root = root / plan.get("folder", "")
    sees, cpu = plan.get("sees"), resolve_backend("cpu")
    runs = opened.open_store(
        plan.get("url", root),
        cache=root,
        patience=plan.get("patience", PATIENCE),
        refresh=plan.get("refresh", False),
        session=plan.get("session", ""),
        checkpoint_seconds=0,
        progress=progress,
    )
    spec = experiment(**plan.get("spec", {}))
    run = runs.get(descent(spec) if descends else spec, dataset(), cpu)
    found = {"trained": run.trained, "resumed_from": run.resumed_from, "key": run.key}
    return found | {"sha256": run.provenance["sha256"]}


def forked(requests: list[tuple[str, dict[str, Any]]]) -> list[dict[str, Any]]:
    children = []
    arrived = os.pipe()
    for root, plan in requests:
        reader, writer = os.pipe()
        child = os.fork()
        if child == 0:
            try:
                os.write(writer, json.dumps(ask(Path(root), plan, arrived)).encode())
            except BaseException:
                traceback.print_exc()
            os._exit(0)
        os.close(writer)
        children.append((child, reader))
    for end in arrived:
        os.close(end)
    answers = []
    for child, reader in children:
        with os.fdopen(reader) as pipe:
            told = pipe.read()
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        answers.append({"status": status, "told": json.loads(told) if told else None})
    return answers


if __name__ == "__main__":
    for line in sys.stdin:
        print(json.dumps(forked(json.loads(line))), flush=True)
