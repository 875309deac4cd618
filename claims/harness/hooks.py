"""What claims tell whoever listens. Nobody has to: without reports, verdicts and progress go nowhere."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any, Protocol

import pytest

from claims.core.verdict import Verdict

if TYPE_CHECKING:
    from models.experiment import Experiment
    from models.second_leg.descent import Descent

__all__ = ["Progress", "Silence"]


class Progress(Protocol):
    """Receives the progress of trainings."""

    def __call__(self, spec: Experiment | Descent, epoch: int, trainer: Any) -> None:
        """Called before the first and after every epoch of a training, or round of a descent."""

    def wanted(self, spec: Experiment | Descent) -> AbstractContextManager[None]:
        """Around asking for a run, which the store has, or trains, or waits for."""


class Silence:
    """Progress that nobody follows."""

    def __call__(self, spec: Experiment | Descent, epoch: int, trainer: Any) -> None:
        """Say nothing."""

    def wanted(self, spec: Experiment | Descent) -> AbstractContextManager[None]:
        """Do nothing."""
        return nullcontext()


def pytest_claims_verdict(item: pytest.Item, verdict: Verdict, provenance: dict[str, Any]) -> None:
    """A test reached its verdict.

    Args:
        item: the test.
        verdict: what it found.
        provenance: where the verdict came from, as plain JSON: checksums of the data by name, and, where
            something trained, the backend, seeds and runs.
    """


@pytest.hookspec(firstresult=True)
def pytest_claims_progress(config: pytest.Config) -> Progress | None:
    """What receives the progress of this process' trainings."""
