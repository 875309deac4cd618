"""Synthetic runs: trajectories written down instead of trained, so that the right verdict is known."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from claims.catalogue import Claim, claim
from claims.core.margins import NETWORKS
from claims.core.verdict import Evidence, Outcome, Verdict, decide
from models.descent.certificates.certificate import Certificate, Kind, certificate_arrays
from models.runs.run import Run
from models.second_leg.descent import Descent
from tests.helpers.specs import mlp

__all__ = [
    "SAMPLES",
    "Case",
    "altered",
    "by_model",
    "descended",
    "fall",
    "judge",
    "judged",
    "on_its_way",
    "planted",
    "plateau",
    "spread",
]

SAMPLES = 1000
"""Samples on either side."""

BASELINE = np.array([0.45, 0.5])
"""L0 on train and test: not 1, so that a loss that was not normalised shows."""

STEPS = 32
"""Minibatch steps in an epoch."""

STEPS_DOWN = 4
"""Steps of a second leg."""

ROWS = (
    *(f"train_{what}" for what in ("loss", "accuracy", "predictions", "agreement")),
    *(f"test_{what}" for what in ("loss", "accuracy", "predictions", "agreement")),
    *("weight_distance", "weights_differ"),
)
"""What either leg records, row by row."""

EARLY = np.array([1, 2, 4, 8, 16, 45, 91])


def spread(networks: int, width: float) -> np.ndarray:
    """An even spread [networks] of +-width; networks of one model i have it evenly too."""
    rank = np.arange(networks) // 4 - (networks // 4 - 1) / 2
    return width * rank / max(rank.max(), 1)


def by_model(values: Sequence[float], networks: int, width: float = 0.0) -> np.ndarray:
    """One value for each model i, [networks]: network k is of model k % 4; with an even spread."""
    return np.resize(np.asarray(values, dtype=float), networks) + spread(networks, width)


def plateau(final: ArrayLike, epochs: int = 20) -> np.ndarray:
    """Curves [T+1, M] that start at 1 and stay at their final value [M] from an eighth of the way on."""
    part = np.minimum(np.arange(epochs + 1) / max(epochs // 8, 1), 1.0)[:, None]
    return 1.0 + part * (np.asarray(final) - 1.0)


def fall(rate: ArrayLike, epochs: int = 20) -> np.ndarray:
    """Curves [T+1, M] of exp(-t / rate): l = level is reached after rate * log(1 / level) epochs."""
    return np.exp(-np.arange(epochs + 1)[:, None] / np.asarray(rate))


def on_its_way(end: float, step: float, networks: int = 32) -> np.ndarray:
    """Curves [T+1, M] that fall by `step` an epoch, the same until the last."""
    return end + step * np.arange(20, -1, -1)[:, None] + spread(networks, 1e-4)


def every_pair(networks: int) -> np.ndarray:
    """The six pairs of every quadruple, [6 * networks / 4, 2]."""
    six = np.array(list(combinations(range(4), 2)))
    return np.concatenate([six + 4 * q for q in range(networks // 4)])


def planted(
    train: ArrayLike,
    test: ArrayLike | None = None,
    *,
    agreement: ArrayLike = 0.9,
    accuracy: ArrayLike = 0.9,
    predictions: np.ndarray | None = None,
    weights: np.ndarray | None = None,
    protocol: str = "std",
    **spec: Any,
) -> Run:
    """A run of as many networks as the loss has columns.

    Args:
        train: normalised training loss [T+1, M].
        test: normalised test loss, as `train` by default.
        agreement: fraction of samples that pairs label alike, broadcast to [T+1, P]; train and test.
        accuracy: broadcast to [T+1, M]; train and test.
        predictions: labels [M, SAMPLES] at every epoch, all 0 by default.
        weights: first-layer weights [M, fan_in, fan_out] after the last epoch; the other layer is zero.
        protocol: std by default, where the four models i are four populations.
        spec: further fields of the experiment.
    """
    train = np.asarray(train, dtype=float)
    test = train if test is None else np.asarray(test, dtype=float)
    epochs, networks = len(train) - 1, train.shape[1]
    experiment = mlp("mnist-5k", (2,), networks=networks, epochs=epochs, protocol=protocol, **spec)
    assert train.shape == test.shape
    pairs = every_pair(networks)
    alike = np.rint(np.broadcast_to(np.asarray(agreement, float), (epochs + 1, len(pairs))) * SAMPLES)
    weights = np.zeros((networks, 3, 2)) if weights is None else weights
    gaps = np.abs(weights[pairs[:, 0]] - weights[pairs[:, 1]]).reshape(len(pairs), -1)
    labels = np.zeros((networks, SAMPLES), dtype=np.uint8) if predictions is None else predictions
    early = EARLY[STEPS * epochs > EARLY]
    arrays = {
        "train_loss": train * BASELINE[0],
        "test_loss": test * BASELINE[1],
        "early_steps": early,
        "early_train_loss": between(train, early) * BASELINE[0],
        "early_train_agreement": np.rint(between(alike, early)).astype(np.int64),
        "steps_per_epoch": np.array([STEPS]),
        "pairs": pairs,
        "weight_distance": np.tile(np.sqrt((gaps**2).sum(-1)), (epochs + 1, 1)),
        "weights_differ": np.tile((gaps > 0.1).sum(-1), (epochs + 1, 1)),
        "baseline": BASELINE,
        "largest_class": np.array([0.1, 0.1]),
        "diverged_at": np.full(networks, -1),
        "initial_seeds": np.arange(networks),
        "order_seeds": np.arange(networks),
        f"weights/{epochs}/W1": weights,
        f"weights/{epochs}/b1": np.zeros((networks, 2)),
        f"weights/{epochs}/W2": np.zeros((networks, 2, 10)),
        f"weights/{epochs}/b2": np.zeros((networks, 10)),
    }
    for side in ("train", "test"):
        arrays[f"{side}_predictions"] = np.tile(labels, (epochs + 1, 1, 1))
        arrays[f"{side}_agreement"] = alike.astype(np.int64)
        arrays[f"{side}_accuracy"] = np.array(np.broadcast_to(accuracy, (epochs + 1, networks)), dtype=float)
    return Run(experiment, arrays)


def descended(
    first: Run,
    train: ArrayLike | None = None,
    *,
    kind: Kind | Sequence[Kind] | None = None,
    gap: float = float("nan"),
    proved: bool = True,
    attained: bool = True,
    moved: ArrayLike = 0.1,
    flips: ArrayLike = 0.1,
    **arrays: np.ndarray,
) -> Run:
    """The run with a second leg of STEPS_DOWN steps, which rests from its first step on.

    Args:
        first: the first leg; labels, accuracies, weights and all that is not given stay as they end there.
        train: normalised training loss [M] at the end, else that of the first leg's end.
        kind: of the certificates, of all networks or of each; else "global within tau" up to 1e-4 and "local
            minimum" above, and "still falling" of a network without a loss.
        gap, proved, attained: of every certificate.
        moved, flips: broadcast to [M].
        arrays: of the last row of the second leg, by name, in the units of a run.
    """
    last = {name: first.arrays[name][-1] for name in ROWS if name in first.arrays}
    if train is not None:
        last["train_loss"] = np.asarray(train, dtype=float) * BASELINE[0]
    ends = last["train_loss"] / BASELINE[0]
    rows = {
        name: np.concatenate([first.arrays[name][-1:], np.tile(row, (STEPS_DOWN, *[1] * row.ndim))])
        for name, row in (last | {name: row for name, row in arrays.items() if name in ROWS}).items()
    }
    if kind is None:
        kind = [
            Kind.FALLING if not np.isfinite(end) else Kind.GLOBAL if end <= 1e-4 else Kind.LOCAL_MINIMUM
            for end in ends
        ]
    every = [kind] * len(ends) if isinstance(kind, Kind) else list(kind)
    certificates = [
        Certificate(one, proved, float(end), float(end), attained, gap)
        for one, end in zip(every, ends, strict=True)
    ]
    count = np.arange(STEPS_DOWN + 1)[:, None] + np.zeros(len(ends), dtype=np.int64)
    rows |= {"gradient": 0.1**count, "products": 3 * count}
    final = f"weights/{first.spec.budget.epochs}/"
    weights = {
        f"weights/{STEPS_DOWN}/{name.removeprefix(final)}": value
        for name, value in first.arrays.items()
        if name.startswith(final)
    }
    once = {
        name: first.arrays[name]
        for name in ("pairs", "baseline", "largest_class", "initial_seeds", "diverged_at")
    }
    own = {
        name: np.broadcast_to(value, ends.shape).astype(float)
        for name, value in (("moved", moved), ("flips", flips))
    }
    own["steps"] = np.full(len(ends), STEPS_DOWN)
    other = {name: value for name, value in arrays.items() if name not in ROWS}
    return replace(
        first,
        second=Run(
            Descent(first.spec), rows | weights | once | own | certificate_arrays(certificates) | other
        ),
    )


def between(rows: np.ndarray, steps: np.ndarray) -> np.ndarray:
    """The rows [T+1, ...] of a quantity at steps between the epochs' ends, interpolated."""
    at = steps / STEPS
    low = np.floor(at).astype(int)
    part = (at - low)[:, None]
    return rows[low] * (1 - part) + rows[np.minimum(low + 1, len(rows) - 1)] * part


@dataclass(frozen=True)
class Case:
    """A planted control: what to judge and what must come out.

    Attributes:
        id: the claim.
        outcome: the planted verdict.
        evidence: the claim's real evidence function, on those runs.
        runs: number of networks -> the runs that the evidence function gets.
        name: tells this case from others of the same claim and outcome.
    """

    id: str
    outcome: Outcome
    evidence: Callable[[Sequence[Run], Claim], Evidence]
    runs: Callable[[int], Sequence[Run]]
    name: str = ""

    def __str__(self) -> str:
        return "-".join(text for text in (self.id, self.outcome.value, self.name) if text)

    def verdict(self, networks: int = NETWORKS, change: Callable[[Run], Run] | None = None) -> Verdict:
        """The verdict on the case's runs, each of them changed first."""
        runs = self.runs(networks)
        return judge(
            self.id, self.evidence([change(run) for run in runs] if change else runs, claim(self.id))
        )


def judge(id: str, evidence: Evidence) -> Verdict:
    """The verdict by the claim's own rule."""
    return decide(claim(id), evidence, setting="planted", dataset="planted", protocol="he")


def judged(id: str, evidence: Callable[..., Evidence], *runs: Any) -> Verdict:
    """The verdict on these runs by the claim's own rule."""
    return judge(id, evidence(*runs, claim(id)))


def altered(run: Run, **arrays: np.ndarray) -> Run:
    """The run with some arrays replaced."""
    return replace(run, arrays={**run.arrays, **arrays})
