"""A pytest plugin for `benchmarks.time_left`: prints each collected test with its group."""

from __future__ import annotations

import pytest

__all__ = ["pytest_collection_finish"]


@pytest.hookimpl(trylast=True)
def pytest_collection_finish(session: pytest.Session) -> None:
    """One line a test."""
    for item in session.items:
        groups = [str(mark.args[0]) for mark in item.iter_markers("xdist_group")]
        print("GROUP", item.nodeid, "_".join(groups), sep="\t")
