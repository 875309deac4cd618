"""Synthetic runs: trajectories written down instead of trained, so that the right verdict is known."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from claims.catalogue import Claim, claim
from claims.verdict import Evidence, Outcome, Verdict, decide
from models.experiment import Experiment
from models.run import Run

__all__ = ["SAMPLES", "Case", "by_model", "fall", "judge", "planted", "plateau", "spread"]

SAMPLES = 1000
"""Samples on either side."""

BASELINE = np.array([0.45, 0.5])
"""L0 on train and test: not 1, so that a loss that was not normalised shows."""


def spread(replicates: int, width: float) -> np.ndarray:
    """An even spread [4 * R] of +-width over the replicates of each of the four models."""
    return np.tile(np.linspace(-width, width, replicates) if replicates > 1 else [0.0], 4)


def by_model(values: Sequence[float], replicates: int, width: float = 0.0) -> np.ndarray:
    """One value for each model i, [4 * R], with an even spread over its replicates."""
    return np.repeat(np.asarray(values, dtype=float), replicates) + spread(replicates, width)


def plateau(final: ArrayLike, epochs: int = 20) -> np.ndarray:
    """Curves [T+1, M] that start at 1 and stay at their final value [M] from the middle on."""
    part = np.minimum(np.arange(epochs + 1) / (epochs // 2), 1.0)[:, None]
    return 1.0 + part * (np.asarray(final) - 1.0)


def fall(rate: ArrayLike, epochs: int = 20) -> np.ndarray:
    """Curves [T+1, M] of exp(-t / rate): l = level is reached after rate * log(1 / level) epochs."""
    return np.exp(-np.arange(epochs + 1)[:, None] / np.asarray(rate))


def planted(
    train: ArrayLike,
    test: ArrayLike | None = None,
    *,
    replicates: int = 3,
    agreement: ArrayLike = 0.9,
    accuracy: ArrayLike = 0.9,
    weights: np.ndarray | None = None,
    **spec: Any,
) -> Run:
    """A run of four models with R replicates each.

    Args:
        train: normalised training loss [T+1, M].
        test: normalised test loss, as `train` by default.
        agreement: fraction of samples that pairs label alike, broadcast to [T+1, M, M]; train and test.
        accuracy: broadcast to [T+1, M]; train and test.
        weights: first-layer weights [M, fan_in, fan_out] after the last epoch; the other layer is zero.
        spec: further fields of the experiment.
    """
    train = np.asarray(train, dtype=float)
    test = train if test is None else np.asarray(test, dtype=float)
    epochs, members = len(train) - 1, 4 * replicates
    experiment = Experiment("mnist-5k", (2,), replicates=replicates, epochs=epochs, **spec)
    assert train.shape == test.shape == (epochs + 1, members)
    alike = np.broadcast_to(np.asarray(agreement, dtype=float), (epochs + 1, members, members))
    counts = np.rint(np.where(np.eye(members, dtype=bool), 1.0, alike) * SAMPLES).astype(np.int64)
    weights = np.zeros((members, 3, 2)) if weights is None else weights
    gaps = np.abs(weights[:, None] - weights[None, :]).reshape(members, members, -1)
    every_epoch = (epochs + 1, 1, 1)
    arrays = {
        "train_loss": train * BASELINE[0],
        "test_loss": test * BASELINE[1],
        "weight_distance": np.tile(np.sqrt((gaps**2).sum(-1)), every_epoch),
        "weights_differ": np.tile((gaps > 0.1).sum(-1), every_epoch),
        "baseline": BASELINE,
        "diverged_at": np.full(members, -1),
        f"weights/{epochs}/W1": weights,
        f"weights/{epochs}/b1": np.zeros((members, 2)),
        f"weights/{epochs}/W2": np.zeros((members, 2, 10)),
        f"weights/{epochs}/b2": np.zeros((members, 10)),
    }
    for side in ("train", "test"):
        arrays[f"{side}_predictions"] = np.zeros((epochs + 1, members, SAMPLES), dtype=np.uint8)
        arrays[f"{side}_agreement"] = counts
        arrays[f"{side}_accuracy"] = np.array(np.broadcast_to(accuracy, (epochs + 1, members)), dtype=float)
    return Run(experiment, arrays)


@dataclass(frozen=True)
class Case:
    """A planted control: what to judge and what must come out.

    Attributes:
        id: the claim.
        runs: replicates R -> the runs that the evidence function gets.
        evidence: the claim's real evidence function, on those runs.
        outcome: the planted verdict.
        name: tells this case from others of the same claim and outcome.
    """

    id: str
    outcome: Outcome
    evidence: Callable[[Sequence[Run], Claim], Evidence]
    runs: Callable[[int], Sequence[Run]]
    name: str = ""

    def __str__(self) -> str:
        return "-".join(text for text in (self.id, self.outcome.value, self.name) if text)

    def verdict(self, replicates: int = 3, change: Callable[[Run], Run] | None = None) -> Verdict:
        """The verdict on the case's runs, each of them changed first."""
        runs = self.runs(replicates)
        return judge(
            self.id, self.evidence([change(run) for run in runs] if change else runs, claim(self.id))
        )


def judge(id: str, evidence: Evidence) -> Verdict:
    """The verdict by the claim's own rule."""
    return decide(claim(id), evidence, setting="planted", dataset="planted", protocol="he")


def altered(run: Run, **arrays: np.ndarray) -> Run:
    """The run with some arrays replaced."""
    return replace(run, arrays={**run.arrays, **arrays})
