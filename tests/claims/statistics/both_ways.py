"""Bounds and p-values are one thing said twice: the check that every quantity must pass."""

from __future__ import annotations

import math
from collections.abc import Iterable

from claims.statistics import Quantity

__all__ = ["ALPHAS", "bounds_and_p_values_agree", "plain"]

ALPHAS = (1e-6, 0.001, 0.005, 0.0083, 0.0125, 0.02, 0.025, 0.05, 0.1, 0.2, 0.3, 0.45)


def bounds_and_p_values_agree(
    of: Quantity, edges: Iterable[float], alphas: Iterable[float] = ALPHAS, slack: float = 1e-9
) -> None:
    """A bound reaches an edge at alpha exactly where the p-value against that edge is at most alpha.

    Args:
        of: the quantity.
        edges: what it is held against; values at which data stand tell closed edges from open ones.
        alphas: error rates.
        slack: an alpha so near to the p-value is left out, since rounding decides there; 0 for counts.
    """
    for alpha in alphas:
        lower, upper = of.lower(alpha), of.upper(alpha)
        assert not math.isnan(lower), (of, alpha)
        assert not math.isnan(upper), (of, alpha)
        for edge in edges:
            for name, decided in {
                "at_least": lower >= edge,
                "beyond": lower > edge,
                "at_most": upper <= edge,
                "below": upper < edge,
            }.items():
                p = getattr(of, name)(edge)
                assert 0.0 <= p <= 1.0, (of, name, edge, p)
                if abs(p - alpha) > slack or not slack:
                    assert (p <= alpha) == decided, (of, name, edge, alpha, p, lower, upper)


def plain(of: Quantity, edge: float = 0.5) -> bool:
    """Whether every number that leaves is a Python float: a numpy scalar crashes a report with workers."""
    found = [of.value, of.lower(0.05), of.upper(0.05)]
    found += [getattr(of, name)(edge) for name in ("at_least", "beyond", "at_most", "below")]
    return all(type(number) is float for number in found)
