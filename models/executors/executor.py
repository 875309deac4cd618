"""Where trainings run: an executor takes one as a task and gives its future.

An executor is a file of this folder with a class `Executor`; `--executor <file's name>` chooses it. The run
store asks for a training only when it holds the run's lock, and writes what comes back.
"""

from __future__ import annotations

import importlib
import pkgutil
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any, Protocol, cast

if TYPE_CHECKING:
    from models.runs.training import Trained, Training

__all__ = ["Executor", "executor", "executors"]


class Executor(Protocol):
    """Somewhere to train, in the shape of `concurrent.futures`."""

    def submit(self, task: Training) -> Future[Trained]:
        """Has the task done; its future holds what `task()` returns or raises."""


def executors() -> list[str]:
    """Names of those there are."""
    package = importlib.import_module("models.executors")
    names = [module.name for module in pkgutil.iter_modules(package.__path__)]
    return sorted(name for name in names if hasattr(_module(name), "Executor") and name != "executor")


def executor(name: str) -> Executor:
    """The executor of this name.

    Raises:
        ValueError: there is no such file, or it holds no executor.
    """
    if name not in executors():
        raise ValueError(
            f"got the executor {name!r}, wanted one of {', '.join(executors())}: a new one is a file "
            f"models/executors/{name}.py with a class Executor"
        )
    return cast(Executor, _module(name).Executor())


def _module(name: str) -> Any:
    return importlib.import_module(f"models.executors.{name}")
