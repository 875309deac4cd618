"""Moments of a training and its descent at which a quantity is computed, for several runs side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.runs.run import Run

__all__ = ["Moments"]

_MOST = 48
"""Steps of a descent that are looked at; more are an even choice."""


@dataclass(frozen=True, slots=True)
class Moments:
    """Ends of epochs, the start among them, then steps of the second legs.

    A run that is shorter than another beside it, or has no second leg, stays as it ended.

    Attributes:
        epochs: of the longest first leg.
        steps: of the second legs, 0 not among them; [S].
    """

    epochs: int
    steps: NDArray[np.int64]

    @classmethod
    def of(cls, runs: Sequence[Run]) -> Moments:
        most = max((run.second.last for run in runs if run.second is not None), default=0)
        chosen = np.unique(np.linspace(1, most, min(most, _MOST)).round().astype(np.int64))
        return cls(max(run.last for run in runs), chosen)

    def rows(self, run: Run, name: str) -> NDArray[np.generic]:
        """The rows of an array of the run at these moments, [epochs + 1 + S, ...]."""
        first = run.arrays[name]
        before = first[np.minimum(np.arange(self.epochs + 1), len(first) - 1)]
        later = first if run.second is None else run.second.arrays[name]
        places = np.full(len(self.steps), len(first) - 1) if run.second is None else self.steps
        after = later[np.minimum(places, len(later) - 1)]
        found: NDArray[np.generic] = np.concatenate([before, after])
        return found

    def loss(self, run: Run, side: str = "train") -> NDArray[np.float64]:
        """l = L / L0, [K, M]; beyond all others where it is no number any more."""
        unit = run.arrays["baseline"][("train", "test").index(side)]
        over: NDArray[np.float64] = self.rows(run, f"{side}_loss").astype(np.float64) / unit
        return np.where(np.isnan(over), np.inf, over)

    def agreement(self, run: Run, side: str = "train") -> NDArray[np.float64]:
        """Fraction of the samples that each of the run's pairs labels alike, [K, P]."""
        alike: NDArray[np.float64] = self.rows(run, f"{side}_agreement").astype(np.float64)
        return alike / run.samples(side)
