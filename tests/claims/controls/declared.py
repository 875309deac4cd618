"""`@control("E1", Outcome.SUPPORTED)`: a test that plants a case and demands this verdict on it.

The declaration is read by the test that every claim has both kinds of control, and by the page, which says
how a claim's controls came out.
"""

from __future__ import annotations

from typing import Any

import pytest

from claims.catalogue import Claim
from claims.catalogue import claim as known_claim
from claims.core.verdict import Outcome

__all__ = ["control", "controls_of"]


def control(of: str | Claim, outcome: Outcome) -> pytest.MarkDecorator:
    """Marks a test, or one of its parameters, as a control of a claim.

    Args:
        of: the id of a claim of the catalogue, or a claim of one's own.
        outcome: the verdict that the planted case must have.

    Raises:
        KeyError: an id that the catalogue does not have.
    """
    return pytest.mark.control((of if isinstance(of, Claim) else known_claim(of)).id, outcome)


def controls_of(item: pytest.Item) -> list[dict[str, Any]]:
    """What a collected test is a control of, as plain JSON: [{"claim": "E1", "outcome": "supported"}]."""
    return [
        {"claim": claim, "outcome": str(outcome)}
        for claim, outcome in (mark.args for mark in item.iter_markers("control"))
    ]
