"""One run that is to be in the store: what an executor takes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from data import Dataset
    from models.backend import Backend
    from models.experiment import Experiment
    from models.runs.run import Run
    from models.runs.store import RunStore
    from models.second_leg.descent import Descent

__all__ = ["Task"]


@dataclass(frozen=True, eq=False)
class Task:
    """Makes a run, unless the store has it; whoever calls it trains.

    Attributes:
        spec: the experiment, or the descent, which begins with its experiment's run.
        store: where the run is found and kept.
        data: its data set.
        backend: the device.
        limit: seconds after which it counts as hung; None for a limit by its size.
    """

    spec: Experiment | Descent
    store: RunStore
    data: Dataset
    backend: Backend
    limit: float | None = None

    def __call__(self) -> Run:
        """The run, trained here or found."""
        return self.store.get(self.spec, self.data, self.backend)
