"""How many networks a claim is judged on, chosen before a run: all at once, or in looks.

*Fixed* spends the whole alpha at one number of networks that can decide. *Looks* begins with few and adds
networks while the answer is open; look k may decide at its share of alpha, so the chance of a wrong decision
at any look stays at alpha (union bound; what it costs in power is simulated in benchmarks/). Looking at a
fixed design and then adding networks to it would spend alpha twice: `claims.core.ledger` refuses.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from claims.core.margins import ALPHA, LOOK_WEIGHTS, LOOKS, NETWORKS, SHARE

__all__ = ["FIXED", "SEQUENTIAL", "Design", "Look", "fixed"]


@dataclass(frozen=True, slots=True)
class Look:
    """One look of a design.

    Attributes:
        number: from 1.
        networks: how many are looked at, those of earlier looks included.
        weight: the share of alpha that this look may spend.
        name: "2 of 4", "" where there is only one.
    """

    number: int
    networks: int
    weight: float
    name: str


@dataclass(frozen=True, slots=True)
class Design:
    """Numbers of networks, ascending, and the share of alpha at each.

    Raises:
        ValueError: numbers that do not ascend, are no multiples of four, or weights that exceed one.
    """

    networks: tuple[int, ...]
    weights: tuple[float, ...]

    def __post_init__(self) -> None:
        ascending = all(a < b for a, b in zip(self.networks, self.networks[1:], strict=False))
        if not self.networks or not ascending or any(n % 4 or n < 4 for n in self.networks):
            raise ValueError(
                f"got looks at {self.networks} networks, wanted ascending multiples of 4: every look holds "
                "the paper's four models in equal numbers"
            )
        if len(self.weights) != len(self.networks) or sum(self.weights) > 1 + 1e-9:
            raise ValueError(f"got weights {self.weights}, wanted one a look, adding up to at most 1")

    @property
    def kind(self) -> str:
        """ "fixed" or "looks"."""
        return "fixed" if len(self.networks) == 1 else "looks"

    def __iter__(self) -> Iterator[Look]:
        count = len(self.networks)
        for k, (networks, weight) in enumerate(zip(self.networks, self.weights, strict=True), start=1):
            yield Look(k, networks, weight, f"{k} of {count}" if count > 1 else "")

    def as_json(self) -> dict[str, object]:
        """For the report."""
        return {
            "kind": self.kind,
            "networks": list(self.networks),
            "weights": list(self.weights),
            "share": SHARE,
            "alpha": ALPHA,
        }


def fixed(networks: int) -> Design:
    """The whole alpha at one number of networks."""
    return Design((networks,), (1.0,))


FIXED = fixed(NETWORKS)
SEQUENTIAL = Design(LOOKS, LOOK_WEIGHTS)
