"""Where trainings run: an executor takes one as a task and gives a handle in the shape of a future.

An executor is a file of this folder with a class `Executor`; `--executor <file's name>` chooses it. When a
handle is done its run is in the store: the task locks, trains and publishes there, wherever it is called.
"""

from __future__ import annotations

import importlib
import inspect
import re
from collections.abc import Mapping
from concurrent.futures import Future
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, cast, runtime_checkable

if TYPE_CHECKING:
    from models.backend import Backend
    from models.cluster.task import Computation, Task

__all__ = ["Cluster", "Executor", "executor", "executors", "on_cluster"]


_CLASS = re.compile(r"^class Executor\b", re.MULTILINE)


class Executor(Protocol):
    """Somewhere to train, in the shape of `concurrent.futures`."""

    def submit(self, task: Task) -> Future[Any]:
        """Has the task done; its future holds the run, or None where another process has trained it."""


@runtime_checkable
class Cluster(Executor, Protocol):
    """An executor whose tasks run on other machines, several at a time, while this process judges.

    Attributes:
        slots: tasks that may be submitted at a time, now; the scheduler keeps the others.
    """

    @property
    def slots(self) -> int: ...

    def submit(self, task: Task | Computation) -> Future[Any]:
        """Has the task done; its future holds nothing of what nodes leave in the store."""

    def backend(self, kind: str) -> Backend:
        """The nodes' device of this kind, "auto" for the best they have."""

    def shutdown(self) -> None:
        """Cancels what runs, and lets go of the cluster."""


def executors() -> list[str]:
    """Names of those there are; read off the files, since to import them takes what they stand on."""
    paths = sorted(Path(__file__).parent.glob("*.py"))
    own = Path(__file__).name
    return [path.stem for path in paths if path.name != own and _CLASS.search(path.read_text("utf-8"))]


def executor(name: str, options: Mapping[str, str] | None = None) -> Executor:
    """The executor of this name.

    Args:
        name: of its file.
        options: its own, by keyword.

    Raises:
        ValueError: there is no such file, it holds no executor, or the executor has no such option.
    """
    if name not in executors():
        raise ValueError(
            f"got the executor {name!r}, wanted one of {', '.join(executors())}: a new one is a file "
            f"models/executors/{name}.py with a class Executor"
        )
    made = _module(name).Executor
    known = list(inspect.signature(made).parameters)
    for key in options or {}:
        if key not in known:
            raise ValueError(
                f"got the option {key!r} of the executor {name}, wanted "
                f"{'one of ' + ', '.join(known) if known else 'none: it has no options'}"
            )
    return cast(Executor, made(**(options or {})))


def on_cluster(name: str) -> bool:
    """Whether the executor of this name is a `Cluster`; false where there is none. Nothing is connected."""
    return name in executors() and hasattr(_module(name).Executor, "slots")


def _module(name: str) -> Any:
    return importlib.import_module(f"models.executors.{name}")
