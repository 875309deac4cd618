"""What an executor takes: a run, or something computed, that is to be in the store."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from data import Dataset
    from models.backend import Backend
    from models.experiment import Experiment
    from models.runs.run import Run
    from models.runs.store import RunStore
    from models.second_leg.descent import Descent

__all__ = ["Computation", "Task"]


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


@dataclass(frozen=True, eq=False)
class Computation:
    """Calls a function that leaves what it makes in the store.

    Attributes:
        name: for people.
        function: of the top of a module; called with the store and the arguments.
        arguments: plain JSON.
        modules: that the function takes by name, and its own: with all that they import, the code it takes.
        libraries: whose arithmetic it takes.
        store: where what it makes is kept.
        data: sets that it loads by name and a node may not have.
        memory: bytes that it is expected to need.
        seconds: core seconds that it is expected to take.
        limit: seconds after which it counts as hung; None for a limit by its size.
    """

    name: str
    function: Callable[[RunStore, Any], None]
    arguments: Any
    modules: tuple[str, ...]
    libraries: tuple[str, ...]
    store: RunStore
    data: tuple[Dataset, ...]
    memory: int
    seconds: float
    limit: float | None = None

    def __call__(self) -> None:
        """Computes it here."""
        self.function(self.store, self.arguments)
