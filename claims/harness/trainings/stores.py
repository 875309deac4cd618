"""The run store that `--store` names, as this process uses it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from claims.harness.hooks import Progress, Silence
from claims.harness.options import Options

if TYPE_CHECKING:
    from models.runs.store import RunStore

__all__ = ["opened"]


def opened(config: pytest.Config, progress: Progress | None = None) -> RunStore:
    """The store; trainings in this process use its share of the cores.

    Raises:
        StoreError: it is an object store that cannot be reached.
    """
    from models.backend import thread_count
    from models.runs.remote.opened import open_store

    options = Options.of(config)
    given = getattr(config, "workerinput", {})
    return open_store(
        options.store,
        limit=options.store_cache,
        refresh=options.refresh,
        session=given.get("testrunuid", ""),
        progress=progress or Silence(),
        threads=thread_count(int(given.get("workercount", 1))),
    )
