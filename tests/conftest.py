"""Warnings are errors in the project's own tests, and in these only.

A run of the claims must not break because a dependency has begun to warn: there a warning is only shown.
"""

from __future__ import annotations

import signal

import pytest

STRICT = (
    "error",
    # A damaged run is set aside and trained again: the user is told, the test goes on.
    "default:run store:UserWarning",
)


def pytest_configure(config: pytest.Config) -> None:
    """In front, so that what pyproject.toml ignores stays ignored."""
    config.getini("filterwarnings")[:0] = STRICT


@pytest.fixture(autouse=True)
def own_sets(monkeypatch: pytest.MonkeyPatch) -> None:
    """A data set that a test makes known is forgotten after it: what came to a node has no exact table."""
    from data import registry

    monkeypatch.setattr(registry, "_added", dict(registry._added))


@pytest.fixture(scope="session", autouse=True)
def heeded_interrupts() -> None:
    """A shell starts what it puts in the background with SIGINT ignored, which processes hand down to those
    they start: runs inside tests must hear it all the same."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
