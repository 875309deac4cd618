"""`python -m benchmarks.gpu_training RESULTS.json`: many networks on one CUDA GPU, beside a plain loop.

256 networks 784-500-10, 60,000 digits, 20 epochs, minibatches of 128, Adam, squared error:
seconds in fp32, TF32 and bf16, the training alone and with what a run records after each
epoch. The loop is ordinary torch on the same GPU, data resident, one network after
another; one network is timed for an epoch after one that is not, and counted 256 * 20
times. Times are taken after warm-up and between synchronisations. Full MNIST is needed
(README.md says from where).
"""

from __future__ import annotations

import json
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import nn

from benchmarks.machine import describe
from data import load
from models.backend import resolve_backend
from models.engines.trainer import Trainer
from models.parts.seeds import minibatch_order
from tests.helpers.specs import mlp

__all__ = ["engine_seconds", "loop_seconds", "main"]

DEVICE, DATA, MEMBERS, EPOCHS, BATCH, ROUNDS = "cuda", "mnist", 256, 20, 128, 5
PRECISIONS = ("fp32", "tf32", "bf16")


def _seconds(work: Callable[[], object]) -> float:
    torch.cuda.synchronize()
    started = time.perf_counter()
    work()
    torch.cuda.synchronize()
    return time.perf_counter() - started


def engine_seconds(precision: str, members: int, epochs: int) -> dict[str, float]:
    """Seconds of the whole training: building it and capturing its graph, the epochs, and recording them."""
    spec = mlp(DATA, (500,), networks=members, epochs=epochs, batch=BATCH, precision=precision)
    backend, data = resolve_backend(DEVICE), load(DATA)
    made: list[Trainer] = []
    build = _seconds(lambda: made.append(Trainer(spec, data, backend)))
    (trainer,) = made
    first = _seconds(trainer.train_epoch)  # captures the graph, then replays it
    others = [_seconds(trainer.train_epoch) for _ in range(epochs - 1)]

    recording = _seconds(trainer.record)
    return {
        "build": build,
        "capture": first - statistics.median(others),
        "epochs": epochs * statistics.median(others),
        "recording": (epochs + 1) * recording,
        "peak_gib": torch.cuda.max_memory_allocated() / 2**30,
    }


def loop_seconds(precision: str, members: int, epochs: int) -> float:
    """Seconds that an ordinary script takes for all members, from one network's median epoch."""
    data = load(DATA)
    x, y = (torch.tensor(a, device=DEVICE) for a in (data.rows_train, data.targets_train))
    torch.set_float32_matmul_precision("high" if precision == "tf32" else "highest")
    model = nn.Sequential(nn.Linear(784, 500), nn.ReLU(), nn.Linear(500, 10)).to(DEVICE)
    optimiser = torch.optim.Adam(model.parameters())

    def epoch() -> None:
        for batch in minibatch_order(len(x), 0, 0).to(DEVICE).split(BATCH):
            optimiser.zero_grad()
            with torch.autocast(DEVICE, torch.bfloat16, enabled=precision == "bf16"):
                z = model(x[batch])
            (0.5 * (z.float() - y[batch]).square().sum(-1).mean()).backward()
            optimiser.step()

    _seconds(epoch)
    return members * epochs * statistics.median(_seconds(epoch) for _ in range(ROUNDS))


def main(path: str | None = None) -> None:
    """Prints the figures and writes them as JSON to the path, if one is given."""
    if DEVICE == "cuda" and not torch.cuda.is_available():
        sys.exit(
            f"got torch {torch.__version__} without a CUDA GPU, wanted one: "
            "install a CUDA build of torch on a machine that has one"
        )
    found: dict[str, Any] = {
        "machine": describe("torch", "numpy"),
        "work": f"{MEMBERS} networks 784-500-10, 60,000 digits, {EPOCHS} epochs, batch {BATCH}",
    }
    for precision in PRECISIONS:
        torch.cuda.reset_peak_memory_stats()
        engine = engine_seconds(precision, MEMBERS, EPOCHS)
        loop = loop_seconds(precision, MEMBERS, EPOCHS)
        found[precision] = {"engine": engine, "loop": loop, "times_faster": loop / engine["epochs"]}
        torch.cuda.empty_cache()
        print(precision, json.dumps(found[precision]), flush=True)
    if path:
        Path(path).write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:2])
