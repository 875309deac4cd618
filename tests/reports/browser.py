"""The page in a browser, as the tests of it ask."""

from __future__ import annotations

from typing import Any

import pytest

__all__ = ["SHOWN", "ask", "claims", "eventually", "rows"]

SHOWN = "[...document.querySelectorAll('#table tbody tr')].filter(row => row.checkVisibility()).length"


def rows(page: Any) -> int:
    """How many verdicts the table shows."""
    return page.evaluate(SHOWN)


def claims(page: Any) -> list[str]:
    """The claims whose cards are shown."""
    return page.evaluate(
        "[...document.querySelectorAll('.claim')].filter(c => c.checkVisibility()).map(c => c.dataset.claim)"
    )


def ask(page: Any, words: str) -> list[str]:
    """The claims that a search finds."""
    page.fill("#filter-text", words)
    return claims(page)


def eventually(page: Any, condition: str) -> None:
    """Wait for an animation or an event; the page's policy keeps playwright's own wait from working."""
    for _ in range(100):
        if page.evaluate(condition):
            return
        page.wait_for_timeout(50)
    pytest.fail(f"never came true: {condition}")
