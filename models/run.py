"""A trained ensemble: its trajectories, and what they mean on the scale of the claims."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from models.experiment import Experiment

__all__ = ["Run"]


@dataclass(frozen=True, eq=False, repr=False)
class Run:
    """The finished run of an experiment of M members over T epochs.

    Attributes:
        spec: the experiment.
        arrays: by name; T + 1 rows each, the first before any training:
            train_loss, test_loss [T+1, M]; train_accuracy, test_accuracy [T+1, M];
            train_predictions, test_predictions [T+1, M, m]; pairs [P, 2]; train_agreement, test_agreement
            [T+1, P] (samples labelled alike); weight_distance, weights_differ [T+1, P]; early_steps [G],
            early_train_loss [G, M], early_train_agreement [G, P]; initial_seeds, order_seeds [M];
            baseline [2] (L0 on train and test); diverged_at [M] (epoch, -1 for never);
            weights/<epoch>/W<layer> [M, fan_in, fan_out] and weights/<epoch>/b<layer> [M, fan_out].
            Regression has no accuracy, predictions or agreement.
        key: the run's name in the store.
        provenance: data checksum, backend and engine version, plain JSON.
        trained: True when this process trained it, False when it came from the store.
        resumed_from: epoch it was resumed from, None when unbroken.
        seconds: wall time of training.
    """

    spec: Experiment
    arrays: Mapping[str, np.ndarray]
    key: str = ""
    provenance: Mapping[str, Any] | None = None
    trained: bool = False
    resumed_from: int | None = None
    seconds: float = 0.0

    def __repr__(self) -> str:
        return f"Run({self.spec.name}, {self.spec.networks} networks, {self.spec.epochs} epochs)"

    def normalised_loss(self, side: str = "train") -> np.ndarray:
        """l = L / L0 [T+1, M] on the "train" or "test" set, L0 the best constant predictor's loss there."""
        return self.arrays[f"{side}_loss"] / self.arrays["baseline"][("train", "test").index(side)]

    def agreement(self, side: str = "train") -> np.ndarray:
        """Fraction [T+1, P] of the samples that each pair labels identically."""
        return self.arrays[f"{side}_agreement"] / self.arrays[f"{side}_predictions"].shape[-1]

    @property
    def groups(self) -> np.ndarray:
        """Population [M] of every network."""
        return np.array(self.spec.groups)

    @property
    def steps_per_epoch(self) -> int:
        """Minibatches in an epoch."""
        return -(-self.arrays["train_predictions"].shape[-1] // self.spec.batch)

    @staticmethod
    def join(runs: Sequence[Run]) -> Run:
        """Runs of one spec on networks in a row as one run; arrays that only some have are left out."""
        first = runs[0]
        shared = set.intersection(*(set(run.arrays) for run in runs))
        arrays = {}
        for name in shared:
            parts = [run.arrays[name] for run in runs]
            if name == "pairs":
                starts = np.cumsum([0, *(run.spec.networks for run in runs)])
                arrays[name] = np.concatenate([p + s for p, s in zip(parts, starts, strict=False)])
            elif name in ("baseline", "early_steps"):
                arrays[name] = parts[0]
            else:
                arrays[name] = np.concatenate(
                    parts, axis=0 if parts[0].ndim == 1 or "weights/" in name else 1
                )
        networks = sum(run.spec.networks for run in runs)
        return replace(first, spec=replace(first.spec, networks=networks), arrays=arrays)

    @property
    def diverged(self) -> int:
        """How many members diverged."""
        return int((self.arrays["diverged_at"] >= 0).sum())

    def weights(self, epoch: int | None = None) -> list[tuple[np.ndarray, np.ndarray]]:
        """Weights [M, fan_in, fan_out] and biases [M, fan_out] of each layer, at the end or a checkpoint.

        Raises:
            KeyError: no weights were kept at that epoch.
        """
        epoch = self.spec.epochs if epoch is None else epoch
        if f"weights/{epoch}/W1" not in self.arrays:
            kept = sorted({int(key.split("/")[1]) for key in self.arrays if key.startswith("weights/")})
            raise KeyError(
                f"got epoch {epoch}, wanted one of the kept checkpoints {kept}: "
                "add it to Experiment.checkpoints"
            )
        depth = range(1, len(self.spec.widths) + 2)
        return [(self.arrays[f"weights/{epoch}/W{d}"], self.arrays[f"weights/{epoch}/b{d}"]) for d in depth]
