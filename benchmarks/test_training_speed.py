"""The stacked engine beside a plain torch loop, one epoch of the same work, in one run.

`python -m pytest benchmarks/ -p no:xdist`; read the ratio of the two medians, not
their absolute values, which belong to the machine.
"""

from __future__ import annotations

import pytest
import torch
from torch import nn

from data import load
from models.backend import resolve_backend
from models.experiment import Experiment
from models.training import Trainer

SPEC = Experiment("mnist-5k", (500,), replicates=1, epochs=1, batch=100)


def stacked_epoch(trainer: Trainer) -> None:
    trainer.run_epoch()


def loop_epoch(members: list[tuple[nn.Module, torch.optim.Adam]], x: torch.Tensor, y: torch.Tensor) -> None:
    """One model after another, as an ordinary training script does, evaluated after the epoch."""
    for model, optimiser in members:
        for batch in torch.randperm(len(x)).split(SPEC.batch):
            optimiser.zero_grad()
            loss = 0.5 * (model(x[batch]) - y[batch]).square().sum(-1).mean()
            loss.backward()
            optimiser.step()
        with torch.no_grad():
            model(x).argmax(-1)


@pytest.mark.benchmark(group="one epoch of four 784-500-10 networks")
def test_stacked_ensemble(benchmark):
    """The engine, on one thread."""
    data, backend = load("mnist-5k"), resolve_backend("cpu")
    benchmark.pedantic(
        stacked_epoch,
        setup=lambda: ((Trainer(SPEC, data, backend, threads=1),), {}),
        rounds=3,
        warmup_rounds=1,
    )


@pytest.mark.benchmark(group="one epoch of four 784-500-10 networks")
def test_plain_loop(benchmark):
    """Ordinary modules, one after another, on one thread."""
    data = load("mnist-5k")
    x, y = torch.from_numpy(data.x_train.copy()), torch.from_numpy(data.targets_train.copy())

    def members() -> tuple[tuple, dict]:
        models = [nn.Sequential(nn.Linear(784, 500), nn.ReLU(), nn.Linear(500, 10)) for _ in SPEC.members]
        return ([(m, torch.optim.Adam(m.parameters())) for m in models], x, y), {}

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        benchmark.pedantic(loop_epoch, setup=members, rounds=3, warmup_rounds=1)
    finally:
        torch.set_num_threads(threads)
