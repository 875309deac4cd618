"""`@trains(...)`: what a claim's test trains, once for each alternative and protocol."""

from __future__ import annotations

import pytest

from claims.experiments import Network

__all__ = ["trains"]


def trains(*alternatives: Network | tuple[Network, ...]) -> pytest.MarkDecorator:
    """Marks a test that trains; claims/conftest.py collects it once for each alternative and protocol.

    The fixture `runs` holds an alternative's runs in the order given, `run` the first of them.

    Args:
        alternatives: a network, or a tuple of networks that one verdict compares.
    """
    return pytest.mark.trains(*alternatives)
