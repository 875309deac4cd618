"""Commit and time of a run, short enough for a table."""

from __future__ import annotations

__all__ = ["commit", "minute"]


def commit(revision: str | None, dirty: bool | None) -> str:
    """The short commit, with a star where files differed from it."""
    return f"{revision[:7]}{'*' if dirty else ''}" if revision else "none"


def minute(stamp: str) -> str:
    """`2026-01-31 09:05` of an ISO 8601 time."""
    return stamp[:16].replace("T", " ")
