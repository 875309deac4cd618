"""What a run writes down: after every epoch, and at the early steps inside the first ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from models.recorders.early import early_steps
from models.recorders.field import Field, Recorder, recorders

if TYPE_CHECKING:
    from torch import Tensor

    from data import Dataset
    from models.experiment import Experiment
    from models.recorders.view import View

__all__ = ["DIVERGED", "FACTS", "History", "largest_class"]

DIVERGED = 10.0
"""A network has diverged when its training loss left the finite numbers or ends this many times its start."""

FACTS = {
    "pairs": Field(("pair", "place"), "", "the two networks of each pair, by place in the ensemble", "int64"),
    "early_steps": Field(
        ("step",), "steps", "minibatch steps inside the first epochs that are recorded", "int64"
    ),
    "steps_per_epoch": Field(("one",), "steps", "minibatches of an epoch", "int64"),
    "diverged_at": Field(("network",), "epoch", "when each network diverged, -1 for never", "int64"),
    "largest_class": Field(("side",), "share", "share of the most frequent label: accuracy at chance"),
    "baseline": Field(("side",), "loss", "loss of the best constant predictor"),
    "initial_seeds": Field(("network",), "", "seed of each network's initial weights", "int64"),
    "order_seeds": Field(("network",), "", "seed of each network's minibatch order", "int64"),
}
"""Arrays that every run holds once, besides what recorders record and the weights."""


class History:
    """The trajectories of an ensemble of M networks so far.

    Args:
        spec: the experiment.
        data: its data set.
        pairs: [P, 2] of networks that are compared.
        networks: M.
    """

    def __init__(self, spec: Experiment, data: Dataset, pairs: np.ndarray, networks: int) -> None:
        self.spec, self.pairs = spec, pairs
        self.steps_per_epoch = -(-data.n_train // spec.budget.batch)
        self.early_steps = early_steps(self.steps_per_epoch, spec.budget.epochs)
        self.recorders: tuple[Recorder, ...] = tuple(
            one for one in recorders() if getattr(one, "applies", lambda data: True)(data)
        )
        self.rows: dict[str, list[np.ndarray]] = {}
        self.kept: dict[str, np.ndarray] = {}
        sizes = {"step": len(self.early_steps), "network": networks, "pair": len(pairs)}
        self.early = {
            name: np.zeros([sizes[dim] for dim in field.dims], dtype=field.dtype)
            for recorder in self.recorders
            for name, field in getattr(recorder, "EARLY", {}).items()
        }
        self._largest_class = largest_class(data)

    def stops(self, epoch: int) -> list[int]:
        """After which steps of an epoch, counted from its start, the training side is recorded."""
        return (self.early_steps[self._inside(epoch)] - epoch * self.steps_per_epoch).tolist()

    def _inside(self, epoch: int) -> np.ndarray:
        start = epoch * self.steps_per_epoch
        return np.flatnonzero((self.early_steps > start) & (self.early_steps < start + self.steps_per_epoch))

    def inside(self, epoch: int, views: Sequence[View]) -> None:
        """Records the training side at each of the epoch's stops."""
        for place, view in zip(self._inside(epoch), views, strict=True):
            for recorder in self.recorders:
                if hasattr(recorder, "early"):
                    for name, row in recorder.early(view).items():
                        self.early[name][place] = row

    def after(self, view: View) -> None:
        """Records an epoch's end.

        Raises:
            TypeError: a recorder whose row is not what its fields declare.
        """
        for recorder in self.recorders:
            row = recorder.record(view)
            declared = {name: len(field.dims) - 1 for name, field in recorder.FIELDS.items()}
            found = {name: np.ndim(value) for name, value in row.items()}
            if found != declared:
                raise TypeError(
                    f"got rows with these numbers of axes from {recorder.__name__}: {found}, wanted "
                    f"{declared}: a row is a field without its first axis, and each of FIELDS has one"
                )
            for name, value in row.items():
                self.rows.setdefault(name, []).append(value)

    def keep(self, epoch: int, parameters: Mapping[str, Tensor]) -> None:
        """Keeps the parameters of a checkpoint."""
        for name, tensor in parameters.items():
            self.kept[f"weights/{epoch}/{name}"] = tensor.numpy()

    def result(self) -> dict[str, np.ndarray]:
        """All of it, and when each network diverged; see `models.runs.run.Run`."""
        arrays = {name: np.stack(rows) for name, rows in self.rows.items()}
        losses = arrays["train_loss"]
        with np.errstate(invalid="ignore"):
            blown_up = losses > DIVERGED * losses[0]
        bad = ~np.isfinite(losses) | (blown_up & blown_up[-1])  # a spike that was overcome is no divergence
        first = np.where(bad.any(0), bad.argmax(0), -1)
        facts = {
            "pairs": self.pairs,
            "early_steps": self.early_steps,
            "steps_per_epoch": np.array([self.steps_per_epoch], dtype=np.int64),
            "diverged_at": first.astype(np.int64),
            "largest_class": self._largest_class,
        }
        return arrays | self.early | self.kept | facts

    def state(self) -> dict[str, np.ndarray]:
        """What `load` needs to go on."""
        arrays = {f"history/{name}": np.stack(rows) for name, rows in self.rows.items()}
        arrays |= {f"early/{name}": value for name, value in self.early.items()}
        return arrays | {f"kept/{name}": value for name, value in self.kept.items()}

    def load(self, arrays: Mapping[str, np.ndarray]) -> None:
        """Goes on from a `state()` of the same experiment; a recorder that was not there yet stays out."""
        self.rows = {name: list(rows) for name, rows in _under("history/", arrays).items()}
        self.recorders = tuple(one for one in self.recorders if one.FIELDS.keys() <= self.rows.keys())
        self.early = {name: value.copy() for name, value in _under("early/", arrays).items()}
        self.kept = _under("kept/", arrays)


def largest_class(data: Dataset) -> np.ndarray:
    """Share of the most frequent label on the training and the test side, NaN for a regression."""
    if data.task != "classification":
        return np.array([np.nan, np.nan])
    return np.array([np.bincount(of).max() / len(of) for of in (data.y_train, data.y_test)])


def _under(head: str, arrays: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    return {key.removeprefix(head): value for key, value in arrays.items() if key.startswith(head)}
