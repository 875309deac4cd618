"""What a run writes down: after every epoch, and at the early steps inside the first ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from torch import Tensor

from models.experiment import Experiment
from models.recorders.early import early_steps
from models.recorders.pairs import label_agreement, quadruple_pairs

__all__ = ["DIVERGED", "Judged", "Recorder"]

DIVERGED = 10.0
"""A network has diverged when its training loss left the finite numbers or ends this many times its start."""

Judged = tuple[np.ndarray, np.ndarray]
"""Losses [M] and labels [M, m] of networks on one side of the data."""


class Recorder:
    """The trajectories of an ensemble of M networks so far.

    Args:
        spec: the experiment.
        networks: M.
        steps_per_epoch: minibatches of an epoch.
        labels: the classes of the training and the test side, None for regression.
    """

    def __init__(
        self,
        spec: Experiment,
        networks: int,
        steps_per_epoch: int,
        labels: tuple[np.ndarray, np.ndarray] | None,
    ) -> None:
        self.spec, self._labels = spec, labels
        self.pairs = quadruple_pairs(networks)
        self.steps_per_epoch = steps_per_epoch
        self.early_steps = early_steps(steps_per_epoch, spec.epochs)
        self.history: dict[str, list[np.ndarray]] = {}
        self.kept: dict[str, np.ndarray] = {}
        count = len(self.early_steps)
        self.early = {"early_train_loss": np.zeros((count, networks))}
        if labels is not None:
            self.early["early_train_agreement"] = np.zeros((count, len(self.pairs)), dtype=np.int64)

    def stops(self, epoch: int) -> list[int]:
        """After which steps of an epoch, counted from its start, the training side is judged."""
        return (self.early_steps[self._inside(epoch)] - epoch * self.steps_per_epoch).tolist()

    def _inside(self, epoch: int) -> np.ndarray:
        start = epoch * self.steps_per_epoch
        return np.flatnonzero((self.early_steps > start) & (self.early_steps < start + self.steps_per_epoch))

    def inside(self, epoch: int, found: Sequence[Judged]) -> None:
        """Records the training side at each of the epoch's stops."""
        for row, (losses, predictions) in zip(self._inside(epoch), found, strict=True):
            self.early["early_train_loss"][row] = losses
            if self._labels is not None:
                self.early["early_train_agreement"][row] = label_agreement(predictions, self.pairs)

    def after(self, sides: tuple[Judged, Judged], squared: np.ndarray, differ: np.ndarray) -> None:
        """Records an epoch's end.

        Args:
            sides: training and test.
            squared: squared distance between the weights of each pair [P].
            differ: weights of each pair that differ [P].
        """
        row: dict[str, np.ndarray] = {}
        for side, (name, (losses, predictions)) in enumerate(zip(("train", "test"), sides, strict=True)):
            row[f"{name}_loss"] = losses
            if self._labels is not None:
                row[f"{name}_predictions"] = predictions
                row[f"{name}_accuracy"] = (predictions == self._labels[side]).mean(1)
                row[f"{name}_agreement"] = label_agreement(predictions, self.pairs)
        row["weight_distance"], row["weights_differ"] = np.sqrt(squared), differ
        for key, value in row.items():
            self.history.setdefault(key, []).append(value)

    def keep(self, epoch: int, layers: Sequence[tuple[Tensor, Tensor]]) -> None:
        """Keeps the weights and biases of a checkpoint."""
        for depth, (W, bias) in enumerate(layers, start=1):
            self.kept[f"weights/{epoch}/W{depth}"] = W.numpy()
            self.kept[f"weights/{epoch}/b{depth}"] = bias.numpy()

    def result(self) -> dict[str, np.ndarray]:
        """All of it, and when each network diverged; see `models.runs.run.Run`."""
        arrays = {key: np.stack(values) for key, values in self.history.items()}
        losses = arrays["train_loss"]
        with np.errstate(invalid="ignore"):
            blown_up = losses > DIVERGED * losses[0]
        bad = ~np.isfinite(losses) | (blown_up & blown_up[-1])  # a spike that was overcome is no divergence
        first = np.where(bad.any(0), bad.argmax(0), -1)
        ends = {
            "pairs": self.pairs,
            "early_steps": self.early_steps,
            "steps_per_epoch": np.array([self.steps_per_epoch], dtype=np.int64),
            "diverged_at": first.astype(np.int64),
            "largest_class": self._largest_class(),
        }
        return arrays | self.early | self.kept | ends

    def _largest_class(self) -> np.ndarray:
        """Share of the most frequent label, train and test [2]: accuracy at chance; NaN for a regression."""
        if self._labels is None:
            return np.full(2, np.nan)
        return np.array([np.bincount(labels).max() / len(labels) for labels in self._labels])

    def state(self) -> dict[str, np.ndarray]:
        """What `load` needs to go on."""
        arrays = {f"history/{key}": np.stack(values) for key, values in self.history.items()}
        arrays |= {f"early/{key}": value for key, value in self.early.items()}
        return arrays | {f"kept/{key}": value for key, value in self.kept.items()}

    def load(self, arrays: Mapping[str, np.ndarray]) -> None:
        """Goes on from a `state()` of the same experiment."""
        self.history = {key: list(values) for key, values in _under("history/", arrays).items()}
        self.early = {key: value.copy() for key, value in _under("early/", arrays).items()}
        self.kept = _under("kept/", arrays)


def _under(head: str, arrays: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    return {key.removeprefix(head): value for key, value in arrays.items() if key.startswith(head)}
