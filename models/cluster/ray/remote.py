"""What runs on a node of Ray, text in and text out; in the code that went with the job."""

from __future__ import annotations

import json
import platform
from collections.abc import Iterator

__all__ = ["carry_out", "device"]


def carry_out(order: str) -> Iterator[str]:
    """Says first that it has begun, and on which node, then how the order ended."""
    yield json.dumps({"began": platform.node()})
    from models.cluster.node import carried_out

    yield carried_out(order)


def device(kind: str) -> str:
    """The node's device of a kind."""
    from models.cluster import node

    return node.device(kind)
