"""`@trains(...)`: what a claim's test trains, once for each alternative and protocol."""

from __future__ import annotations

import pytest

from claims.catalogue.experiments import Network
from models.experiment import PROTOCOLS

__all__ = ["trains"]


def trains(
    *alternatives: Network | tuple[Network, ...], protocols: tuple[str, ...] = PROTOCOLS
) -> pytest.MarkDecorator:
    """Marks a test that trains; claims/conftest.py collects it once for each alternative and protocol.

    Args:
        alternatives: a network, or a tuple of networks that one verdict compares.
        protocols: of the initial weights, where the claim speaks of some only.
    """
    return pytest.mark.trains(*alternatives, protocols=protocols)
