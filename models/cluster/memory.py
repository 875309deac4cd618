"""How much memory an experiment wants, and how much there is."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING

import psutil

from models.experiment import QUADRUPLE
from models.second_leg.descent import Descent

if TYPE_CHECKING:
    from data import Entry
    from models.experiment import Experiment

__all__ = ["SIDE_BY_SIDE", "estimate", "free", "human", "share"]

SIDE_BY_SIDE = 16
"""Most trainings on one card: each has a context of its own, and they take turns."""

_BASE = 640 * 2**20
"""Bytes of a process with its libraries, before it trains: 554 MB where torch is CUDA's build, else 249."""

_STATES = 8
"""Arrays of all weights, float32, while an ensemble trains: weights, Adam's two moments, the gradient, and as
many while a checkpoint is written."""

_KEPT = 3
"""Such arrays for every epoch whose weights are kept: themselves, and their copies while they are written."""

_VECTORS = 24
"""Arrays of a descending network's weights, float64: where it is and was, steps, gradients, directions."""

_LAYERS = 16
"""Arrays of its units on all samples, float64, while it is linearised; of its inputs two."""

_MATRICES = 10
"""Matrices between samples, float32, where its kernel is formed: Gram matrices, means, factors."""

_KERNEL = 4_000
"""Most samples whose kernel `models.descent.newton.systems` forms; it says so beside torch, which is not
imported here."""


def estimate(spec: Experiment | Descent, of: Entry, threads: int = 1) -> int:
    """Bytes that a training or a descent wants, an upper estimate from its sizes.

    Args:
        spec: what is trained.
        of: its data set.
        threads: networks of a descent that are under way at a time, in quadruples.
    """
    experiment = spec.experiment if isinstance(spec, Descent) else spec
    about = experiment.network.parameters(of.sample_shape, of.outputs)
    parameters, networks = sum(prod(one.shape) for one in about.values()), experiment.networks.count
    units = [prod(one.shape[1:]) for one in about.values() if one.role == "weight"]
    samples = of.train + of.test
    data = 3 * 4 * samples * of.d_x
    if not isinstance(spec, Descent):
        arrays = _STATES + _KEPT * len({*experiment.budget.checkpoints, experiment.budget.epochs})
        return _BASE + data + 4 * arrays * parameters * networks + 4 * 4 * samples * max(of.d_x, *units)
    own = 8 * (_VECTORS * parameters + of.train * (2 * of.d_x + _LAYERS * sum(units)))
    if of.train * of.outputs <= parameters and of.train <= _KERNEL:
        own += 4 * _MATRICES * of.train**2
    return _BASE + 2 * data + 8 * 2 * parameters * networks + own * min(networks, QUADRUPLE * threads)


def free() -> int:
    """Bytes that this machine can give to a process now."""
    return int(psutil.virtual_memory().available)


def share(memory: int, card: int) -> float:
    """Part of a card that a training of so many bytes takes: a whole number of equals fit, at most
    `SIDE_BY_SIDE`. Rounded down to ten-thousandths, the finest that schedulers count; 0.0 if it does not fit.

    Args:
        memory: bytes that it wants.
        card: bytes of the card's memory.
    """
    fit = min(SIDE_BY_SIDE, card // max(1, memory))
    return (10_000 // fit) / 10_000 if fit else 0.0


def human(size: int) -> str:
    """ "3.2 GB"."""
    return f"{size / 1e9:.1f} GB"
