"""What a figure shows of a run: models and pairs of models over the epochs, with the spread of replicates."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations_with_replacement

import numpy as np

from models.run import Run

__all__ = ["Spread", "by_model", "by_pair", "pairs"]


@dataclass(frozen=True)
class Spread:
    """Over the replicates: mean, least and greatest, [T+1] each; NaN where no replicate is finite."""

    mean: np.ndarray
    low: np.ndarray
    high: np.ndarray


def _spread(values: np.ndarray) -> Spread:
    """Over the last axis of [T+1, R], leaving out what is not finite."""
    known = np.isfinite(values)
    some = known.any(-1)
    count = np.maximum(known.sum(-1), 1)
    mean = np.where(known, values, 0.0).sum(-1) / count
    low = np.where(known, values, np.inf).min(-1)
    high = np.where(known, values, -np.inf).max(-1)
    return Spread(*(np.where(some, series, np.nan) for series in (mean, low, high)))


def by_model(run: Run, values: np.ndarray) -> dict[int, Spread]:
    """For each model i the spread over its replicates, from [T+1, M]."""
    return {i: _spread(values[:, run.groups == i]) for i in run.spec.models}


def pairs(run: Run, *, same: bool = False) -> list[tuple[int, int]]:
    """The pairs (i, j), i < j; with `same` also (i, i), two replicates of one model."""
    found = combinations_with_replacement(run.spec.models, 2)
    return [(i, j) for i, j in found if i != j or (same and run.spec.replicates > 1)]


def by_pair(run: Run, values: np.ndarray, *, same: bool = False) -> dict[tuple[int, int], Spread]:
    """For each pair (i, j) the spread over all pairs of their replicates, from [T+1, M, M]."""
    found = {}
    for i, j in pairs(run, same=same):
        chosen = np.outer(run.groups == i, run.groups == j)
        chosen &= ~np.eye(len(chosen), dtype=bool)
        found[i, j] = _spread(values[:, chosen])
    return found
