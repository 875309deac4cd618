"""Runs of a few arrays: what an evidence function reads and nothing else, so that thousands are built in a
second."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from itertools import combinations
from typing import Any

import numpy as np

from models.descent.certificates.certificate import Kind
from models.experiment import QUADRUPLE, Experiment
from models.runs.run import Run
from tests.helpers.specs import mlp

__all__ = [
    "EPOCHS",
    "MOST",
    "SAMPLES",
    "curves",
    "ended",
    "labelled",
    "moving",
    "open_ends",
    "pairs_of",
    "run",
]

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


def ended(networks: int, ends: np.ndarray, kinds: np.ndarray, *, protocol: str = "he", **more: Any) -> Run:
    """A run of the first so many networks whose descents ended at these training l, and were certified.

    Args:
        networks: a multiple of 4.
        ends: [at least so many].
        kinds: codes of `Kind`, [at least so many].
        protocol: "std" where the four models differ.
        more: fields of the spec, or further values at the end, [at least so many].
    """
    fields = {k: v for k, v in more.items() if not isinstance(v, np.ndarray)}
    own = {k: v[:networks] for k, v in more.items() if isinstance(v, np.ndarray)}
    facts = {name: own.pop(name) for name in ("moved", "flips") if name in own}
    first = run(networks, _UNTRAINED, protocol=protocol, **fields)
    loss = np.tile(ends[:networks], (2, 1))
    arrays = {
        **{name: first.arrays[name] for name in ("baseline", "diverged_at", "pairs")},
        "train_loss": loss,
        "test_loss": loss,
        "certificate_kind": kinds[:networks],
        "certificate_gap": np.full(networks, np.nan),
        **{name: loss[-1] for name in ("certificate_l", "certificate_l_bound")},
        "certificate_rate_per_product": np.full(networks, np.nan),
        **{f"certificate_{name}": np.ones(networks, dtype=np.int8) for name in ("attained", "proved")},
        **{name: np.tile(values, (2, 1)) for name, values in own.items()},
        **facts,
    }
    blank = np.full((len(_UNTRAINED), networks), np.nan)
    first = replace(first, arrays={**first.arrays, **{name: blank for name in own}})
    return replace(first, second=Run(first.spec, arrays))


def open_ends(
    rng: np.random.Generator, ends: np.ndarray, often: np.ndarray | float
) -> tuple[np.ndarray, np.ndarray]:
    """What a descent that had not ended shows of these true ends: a higher l, and codes of its certificate.

    Args:
        rng: of the draws.
        ends: where the networks would end, [M].
        often: with what probability the descent of each has no certificate, which may depend on its end.
    """
    missing = rng.random(len(ends)) < often
    certified = np.where(ends <= 1e-4, Kind.GLOBAL.code, Kind.LOCAL_MINIMUM.code)
    without = np.where(rng.random(len(ends)) < 0.5, Kind.FLAT.code, Kind.FALLING.code)
    return ends + np.where(missing, rng.exponential(0.05, len(ends)), 0.0), np.where(
        missing, without, certified
    )


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


_UNTRAINED = curves(np.ones(MOST))


def moving(rng: np.random.Generator, ends: np.ndarray, epochs: int = 32) -> np.ndarray:
    """Curves [T+1, M], half of which stand and half still fall towards their ends, as 1 / t or its root."""
    far = np.where(rng.random(len(ends)) < 0.5, 0.0, 0.2)
    power = np.where(rng.random(len(ends)) < 0.5, 1.0, 0.5)
    return ends + far * np.arange(1.0, epochs + 2)[:, None] ** -power
