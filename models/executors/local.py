"""Trains in the process that asks, at once."""

from __future__ import annotations

from concurrent.futures import Future
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from models.cluster.task import Task
    from models.runs.run import Run

__all__ = ["Executor"]


class Executor:
    """The process itself."""

    def submit(self, task: Task) -> Future[Run]:
        """Does the task; an interrupt is raised here and not kept in the future."""
        future: Future[Run] = Future()
        try:
            future.set_result(task())
        except Exception as error:
            future.set_exception(error)
        return future
