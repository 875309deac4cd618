"""The share of a population that has a property, from counts: exact, whatever the networks are like.

Networks may come from several populations in equal numbers, the paper's i = 0..3: the share is then that of
all of them together. Among all ways to have one mean share the binomial, where every network has it, spreads
most (Hoeffding, Annals of Mathematical Statistics 27, 1956, theorem 5), so its tails still bound the error.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from scipy import special

from claims.statistics.checks import check_alpha

__all__ = ["Share"]


@dataclass(frozen=True, slots=True)
class Share:
    """Units with a property among n, some of which are not known to have it or to lack it.

    The lower bound counts every unresolved unit as a miss, the upper one as a hit, so both hold however
    they would have turned out. Bounds are Clopper & Pearson's (Biometrika 26, 1934), one-sided.

    Args:
        hits: units that have it.
        unresolved: units of which it is not known.
        n: all units, misses included.

    Raises:
        ValueError: for counts that do not fit into n.
    """

    hits: int
    unresolved: int
    n: int

    def __post_init__(self) -> None:
        if min(self.hits, self.unresolved) < 0 or self.hits + self.unresolved > self.n:
            raise ValueError(
                f"got {self.hits} hits and {self.unresolved} unresolved of {self.n}, wanted counts that fit: "
                "a unit is a hit, a miss or unresolved"
            )

    @property
    def value(self) -> float:
        """hits / n: what is known to have happened; NaN without units."""
        return self.hits / self.n if self.n else math.nan

    def lower(self, alpha: float) -> float:
        check_alpha(alpha)
        return float(special.betaincinv(self.hits, self.n - self.hits + 1, alpha)) if self.hits else 0.0

    def upper(self, alpha: float) -> float:
        check_alpha(alpha)
        k = self.hits + self.unresolved
        return float(special.betaincinv(k + 1, self.n - k, 1.0 - alpha)) if k < self.n else 1.0

    def at_least(self, edge: float) -> float:
        """P(Bin(n, edge) >= hits)."""
        if edge <= 0.0:
            return 0.0
        if not self.hits or edge > 1.0:
            return 1.0
        return float(special.betainc(self.hits, self.n - self.hits + 1, edge))

    def beyond(self, edge: float) -> float:
        return 1.0 if edge == 0.0 and not self.hits else self.at_least(edge)

    def at_most(self, edge: float) -> float:
        """P(Bin(n, edge) <= hits + unresolved)."""
        k = self.hits + self.unresolved
        if edge >= 1.0:
            return 0.0
        if k == self.n or edge < 0.0:
            return 1.0
        return float(special.betaincc(k + 1, self.n - k, edge))

    def below(self, edge: float) -> float:
        return 1.0 if edge == 1.0 and self.hits + self.unresolved == self.n else self.at_most(edge)
