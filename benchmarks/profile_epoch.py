"""`python -m benchmarks.profile_epoch [WIDTHS [BATCH]]`: where an epoch's time goes, training and recording.

Thirty-two networks on 4,000 digits on one thread; prints JSON: milliseconds a network and epoch in each of
torch's operations itself, and in all of them with Python between.
"""

from __future__ import annotations

import json
import sys
import time

import torch
from torch.profiler import ProfilerActivity, profile

from data import load
from models.backend import resolve_backend
from models.engines.threads import unrecorded
from models.engines.trainer import Trainer
from tests.helpers.specs import mlp

__all__ = ["main", "profiled"]

SHOWN = 12


def profiled(widths: tuple[int, ...], batch: int) -> dict[str, float]:
    """Milliseconds a model and epoch by operation, largest first; "all" is on the clock, unprofiled."""
    spec = mlp("mnist-5k", widths, batch=batch)
    trainer = Trainer(spec, load("mnist-5k"), resolve_backend("cpu"), threads=1)
    # The profiler sees the calling thread only.
    trainer.engine.threads.each = lambda work, items: [unrecorded(work, item) for item in items]  # type: ignore[method-assign]
    torch.set_flush_denormal(True)
    trainer.run_epoch()
    started = time.perf_counter()
    trainer.run_epoch()
    wall = time.perf_counter() - started
    with profile(activities=[ProfilerActivity.CPU]) as profiler:
        trainer.run_epoch()
    each = 1e-3 / spec.networks.count
    operations = {event.key: event.self_cpu_time_total * each for event in profiler.key_averages()}
    largest = sorted(operations.items(), key=lambda item: -item[1])[:SHOWN]
    return {"all": wall * 1e6 * each} | dict(largest)


def main(widths: str = "500", batch: str = "32") -> None:
    """Prints the profile."""
    found = profiled(tuple(map(int, widths.split("-"))), int(batch))
    print(json.dumps({name: round(value, 3) for name, value in found.items()}, indent=1))


if __name__ == "__main__":
    main(*sys.argv[1:])
