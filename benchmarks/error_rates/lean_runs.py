"""Runs of a few arrays: what an evidence function reads and nothing else, so that thousands are built in a
second."""

from __future__ import annotations

from functools import cache
from itertools import combinations
from typing import Any

import numpy as np

from models.experiment import QUADRUPLE, Experiment
from models.runs.run import Run
from tests.helpers.specs import mlp

__all__ = ["EPOCHS", "MOST", "SAMPLES", "curves", "labelled", "moving", "pairs_of", "run"]

MOST = 96
"""Networks drawn for an experiment; smaller ones are its first."""

EPOCHS = 8
"""The fewest from which `claims.statistics.convergence` tells where a curve goes."""

SAMPLES = 10_000
"""Samples that pairs label, where only their number matters."""


@cache
def _spec(networks: int, epochs: int, protocol: str, more: tuple[tuple[str, Any], ...]) -> Experiment:
    return mlp(
        "mnist-5k", **({"widths": (2,)} | dict(more)), networks=networks, epochs=epochs, protocol=protocol
    )


@cache
def pairs_of(networks: int) -> np.ndarray:
    """The six pairs of every quadruple, [6 networks / 4, 2]."""
    six = np.array(list(combinations(range(QUADRUPLE), 2)))
    return np.concatenate([six + k for k in range(0, networks, QUADRUPLE)])


def run(
    networks: int, train: np.ndarray, test: np.ndarray | None = None, *, protocol: str = "he", **more: Any
) -> Run:
    """A run of the first so many networks.

    Args:
        networks: a multiple of 4.
        train, test: normalised losses [T+1, at least so many], `train` on both sides by default.
        protocol: "std" where the four models differ.
        more: fields of the spec, or arrays that are handed on as they are.
    """
    fields = {k: v for k, v in more.items() if not isinstance(v, np.ndarray)}
    arrays = {
        "train_loss": train[:, :networks],
        "test_loss": (train if test is None else test)[:, :networks],
        "baseline": np.ones(2),
        "diverged_at": np.full(networks, -1),
        "pairs": pairs_of(networks),
        **{k: v for k, v in more.items() if isinstance(v, np.ndarray)},
    }
    return Run(_spec(networks, len(train) - 1, protocol, tuple(sorted(fields.items()))), arrays)


def labelled(agreement: np.ndarray, networks: int, test: np.ndarray | None = None) -> dict[str, np.ndarray]:
    """Arrays for `run` of the fraction [T+1, P] of samples that pairs label alike, in whole samples."""
    pairs = 6 * networks // QUADRUPLE
    no_labels = np.empty((0, 0, SAMPLES), dtype=np.uint8)
    found = {"train_agreement": agreement, "test_agreement": agreement if test is None else test}
    return {k: np.rint(v[:, :pairs] * SAMPLES).astype(np.int64) for k, v in found.items()} | {
        "train_predictions": no_labels,
        "test_predictions": no_labels,
    }


def curves(ends: np.ndarray, start: float = 1.0, epochs: int = EPOCHS) -> np.ndarray:
    """Curves [T+1, M] that have stood at their ends [M] from the first epoch on."""
    found = np.empty((epochs + 1, len(ends)))
    found[:] = ends
    found[0] = start
    return found


def moving(rng: np.random.Generator, ends: np.ndarray, epochs: int = 32) -> np.ndarray:
    """Curves [T+1, M], half of which stand and half still fall towards their ends, as 1 / t or its root."""
    far = np.where(rng.random(len(ends)) < 0.5, 0.0, 0.2)
    power = np.where(rng.random(len(ends)) < 0.5, 1.0, 0.5)
    return ends + far * np.arange(1.0, epochs + 2)[:, None] ** -power
