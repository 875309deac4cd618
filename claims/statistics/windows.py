""" "All end at the same value": the largest share of a population that lies within one margin.

Two clusters, an even spread and one stray network in ten all have a mean and a spread that an equivalence
test may pass; what the paper says is that the networks' values agree. So: theta = the largest probability of
any interval as wide as the margin, and "equal" means that theta is at least the share asked for.

Upper bound: the sample's fullest window of that width holds at least as many networks as the population's
best interval, whose number is binomial: Clopper & Pearson. Lower bound: k of n networks in a window span an
interval no wider than the margin between two order statistics; its probability has the Beta(k - 1, n - k + 2)
law or more (Wilks, Annals of Mathematical Statistics 12, 1941), for each of the n - k + 1 places where such a
run of k can begin (union bound). With all n networks in one window this is Wilks' n theta^(n-1) - (n-1)
theta^n.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from scipy import special

from claims.statistics.checks import check_alpha
from claims.statistics.shares import Share

__all__ = ["Window"]


@dataclass(frozen=True, slots=True)
class Window:
    """How many of n networks share a window of the margin's width.

    Attributes:
        inside: at least so many do, whatever the unresolved ones turn out to be.
        possible: at most so many may.
        n: all networks.
    """

    inside: int
    possible: int
    n: int

    @classmethod
    def of(cls, lows: Iterable[float], highs: Iterable[float], width: float) -> Window:
        """From networks whose values lie in [low, high], (-inf, inf) where nothing is known.

        Args:
            lows, highs: the ends [n].
            width: the equivalence margin, in the same unit.

        Raises:
            ValueError: different numbers of ends, or a width that is not positive and finite.
        """
        low, high = (np.asarray(list(ends), dtype=np.float64) for ends in (lows, highs))
        if low.shape != high.shape or not 0.0 < width < math.inf:
            raise ValueError(
                f"got {low.size} lower and {high.size} upper ends and the width {width}, wanted one of each "
                "a network and a positive width"
            )
        unknown = np.isnan(low) | np.isnan(high)
        low, high = np.where(unknown, -math.inf, low), np.where(unknown, math.inf, high)
        # A fullest window can be moved until it begins at a lower end (to hold whole intervals), or at an
        # upper end (to touch them). The slack is for sums that round: 0.1 + 0.01 is not 0.11.
        wide = width * (1 + 1e-9)
        begin = low[np.isfinite(low), None]
        inside = ((low >= begin) & (high <= begin + wide)).sum(1).max(initial=0)
        possible = ((high >= high[:, None]) & (low <= high[:, None] + wide)).sum(1).max(initial=0)
        return cls(int(inside), int(possible), len(low))

    @property
    def value(self) -> float:
        """Share of the sampled networks that are known to be in the fullest window."""
        return self.inside / self.n if self.n else math.nan

    def lower(self, alpha: float) -> float:
        check_alpha(alpha)
        k = self.inside
        if k < 2:
            return 0.0
        return float(special.betaincinv(k - 1, self.n - k + 2, alpha / (self.n - k + 1)))

    def upper(self, alpha: float) -> float:
        return self._most.upper(alpha)

    def at_least(self, edge: float) -> float:
        k = self.inside
        if edge <= 0.0:
            return 0.0
        if k < 2 or edge > 1.0:
            return 1.0
        return min(1.0, (self.n - k + 1) * float(special.betainc(k - 1, self.n - k + 2, edge)))

    def beyond(self, edge: float) -> float:
        return 1.0 if edge == 0.0 and self.inside < 2 else self.at_least(edge)

    def at_most(self, edge: float) -> float:
        return self._most.at_most(edge)

    def below(self, edge: float) -> float:
        return self._most.below(edge)

    @property
    def _most(self) -> Share:
        """What the upper bound is of: so many networks, at most, in the population's best interval."""
        return Share(self.possible, 0, self.n)
