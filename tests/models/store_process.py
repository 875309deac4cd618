"""Processes that ask a run store for a run, for the tests that kill them or let them race.

Each line of standard input is JSON, a list of [store, plan]: a process is forked for
each, all at once, and a line tells their exit statuses and what they got. Forking
spares every one of them the import of torch.

A plan holds the spec's changes, `refresh`, `session`, the `pause` after each epoch, and
where to `die` by SIGKILL: `{"epoch": 2}` when that epoch is over, `{"replace": 3}` before
the third rename, `{"write": 2}` halfway through the second file, `{"judged": 5}` when the
networks are judged for the fifth time.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
import traceback
from pathlib import Path
from typing import Any

import numpy as np

from data import Dataset
from models.backend import resolve_backend
from models.engines.mlp import training
from models.experiment import Experiment
from models.runs import store


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
    usual = {"dataset": "tiny", "widths": (6,), "networks": 4, "epochs": 4, "batch": 8}
    return Experiment(**(usual | {"checkpoints": (2,)} | changes))


def dying_at_replace(number: int) -> None:
    rename, calls = os.replace, iter(range(1, 1_000))

    def replace(source: Any, target: Any) -> None:
        if next(calls) == number:
            die()
        rename(source, target)

    store.os.replace = replace


def dying_in_write(number: int) -> None:
    write, calls = store.write, iter(range(1, 1_000))

    def half(path: Path, content: bytes) -> None:
        if next(calls) == number:
            write(path, content[: len(content) // 2])
            die()
        write(path, content)

    store.write = half


def dying_when_judged(number: int) -> None:
    judge, calls = training.Trainer._judge, iter(range(1, 1_000))

    def judged(*arguments: Any) -> Any:
        if next(calls) == number:
            die()
        return judge(*arguments)

    training.Trainer._judge = judged


def ask(root: Path, plan: dict[str, Any]) -> dict[str, Any]:
    death = plan.get("die", {})
    if "replace" in death:
        dying_at_replace(death["replace"])
    if "judged" in death:
        dying_when_judged(death["judged"])
    if "write" in death:
        dying_in_write(death["write"])

    def progress(spec: Experiment, epoch: int, trainer: Any) -> None:
        time.sleep(plan.get("pause", 0))
        if epoch == death.get("epoch"):
            die()

    runs = store.RunStore(
        root,
        refresh=plan.get("refresh", False),
        session=plan.get("session", ""),
        checkpoint_seconds=0,
        progress=progress,
    )
    run = runs.get(experiment(**plan.get("spec", {})), dataset(), resolve_backend("cpu", "fp32"))
    return {"trained": run.trained, "sha256": run.provenance["sha256"], "key": run.key}


def forked(requests: list[tuple[str, dict[str, Any]]]) -> list[dict[str, Any]]:
    children = []
    for root, plan in requests:
        reader, writer = os.pipe()
        child = os.fork()
        if child == 0:
            try:
                os.write(writer, json.dumps(ask(Path(root), plan)).encode())
            except BaseException:
                traceback.print_exc()
            os._exit(0)
        os.close(writer)
        children.append((child, reader))
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
