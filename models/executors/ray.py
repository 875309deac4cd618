"""Trains as tasks of a Ray cluster."""

from __future__ import annotations

__all__ = ["Executor"]


class Executor:
    """Being written."""

    slots = 1
