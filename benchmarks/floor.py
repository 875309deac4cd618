"""The floor: how long an epoch takes at least at this machine's own rates, measured.

Two things cannot be avoided: the products' floating-point operations, at the rate of one
large product, and the optimiser's bytes, at the best rate at which memory gives and takes
them. Everything else (activations, losses, Python, a gradient written and read again)
counts as overhead. The floor takes all inputs and the memory beyond the caches: an engine
that leaves out inputs that are 0, or keeps a network's state in a cache, may go below it.
"""

from __future__ import annotations

import math
import os
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import torch

from models.engines.mlp.adam import Adam

__all__ = ["ADAM_BYTES", "Rates", "epoch_floor", "epoch_flops", "measure_rates"]

ADAM_BYTES = 28
"""Bytes Adam moves a float32 parameter: reads it, its gradient and two moments, writes it and the moments."""

_STATE = 24_000_000
"""Parameters of the state that measures memory: 384 MB with gradient and moments, beyond any cache."""

_SQUARE = 2048


@dataclass(frozen=True, slots=True)
class Rates:
    """Of all cores together: operations a second of a product, bytes a second of memory."""

    flops: float
    bytes: float


def _median_seconds(work: Callable[[], object], rounds: int = 7) -> float:
    work()
    taken = []
    for _ in range(rounds):
        started = time.perf_counter()
        work()
        taken.append(time.perf_counter() - started)
    return statistics.median(taken)


def measure_rates() -> Rates:
    """Measured now, on all cores: a product of 2,048 squared, and the better of a copy and a fused Adam."""
    before = torch.get_num_threads()
    torch.set_num_threads(os.cpu_count() or 1)
    try:
        a, b = torch.randn(2, _SQUARE, _SQUARE).unbind()
        out = torch.empty_like(a)
        flops = 2 * _SQUARE**3 / _median_seconds(lambda: torch.mm(a, b, out=out))
        flat, gradient = torch.ones(2, _STATE).unbind()
        updated = ADAM_BYTES * _STATE / _median_seconds(Adam(flat, gradient, 1e-3, fused=True).step)
        copied = 2 * 4 * _STATE / _median_seconds(lambda: flat.copy_(gradient))
        return Rates(flops, max(copied, updated))
    finally:
        torch.set_num_threads(before)


def epoch_flops(sizes: Sequence[int], samples: int) -> int:
    """Operations of one network's epoch: forward and weights' gradient for every layer, back through all but
    the first, two operations a weight and sample each."""
    layers = [a * b for a, b in pairwise(sizes)]
    return 2 * samples * (3 * sum(layers) - layers[0])


def epoch_floor(sizes: Sequence[int], members: int, samples: int, batch: int, rates: Rates) -> float:
    """Seconds of one epoch of all members, all inputs taking part.

    Args:
        sizes: units of every layer, inputs and outputs included.
        members: networks trained.
        samples: training samples.
        batch: samples in a minibatch, one optimiser step each.
        rates: of the machine.
    """
    parameters = sum((a + 1) * b for a, b in pairwise(sizes))
    moved = ADAM_BYTES * parameters * math.ceil(samples / batch)
    return members * (epoch_flops(sizes, samples) / rates.flops + moved / rates.bytes)
