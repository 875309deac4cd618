"""How many networks a run trains and how its error rate is spent, chosen before it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from claims.margins import ALPHA

__all__ = ["FIXED", "SEQUENTIAL", "Design", "fixed"]


@dataclass(frozen=True, slots=True)
class Design:
    """Either one look at a fixed number of networks, or several with a part of alpha each."""

    kind: str
    networks: tuple[int, ...]
    share: float
    alpha: float
    weights: tuple[float, ...]

    def as_json(self) -> dict[str, Any]:
        """Plain JSON."""
        return {
            "kind": self.kind,
            "networks": list(self.networks),
            "share": self.share,
            "alpha": self.alpha,
            "weights": list(self.weights),
        }


def fixed(networks: int) -> Design:
    """The whole alpha at one number of networks."""
    return Design("fixed", (networks,), 0.85, ALPHA, (1.0,))


FIXED = fixed(32)
SEQUENTIAL = Design("looks", (12, 24, 48, 96), 0.85, ALPHA, (0.1, 0.2, 0.3, 0.4))
