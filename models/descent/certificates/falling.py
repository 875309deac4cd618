"""How fast an objective still falls at the end of what was recorded."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

__all__ = ["History", "rates"]


@dataclass(frozen=True, slots=True, eq=False)
class History:
    """What was recorded of M networks, in order.

    Attributes:
        loss: [T, M], what is minimised.
        products: [T, M], so far; see `models.descent.method.Descending`.
        steps: [T], so far; 0, 1, 2, ... by default.
    """

    loss: np.ndarray
    products: np.ndarray | None = None
    steps: np.ndarray | None = None


def rates(history: History | None, network: int) -> tuple[float, float]:
    """Relative fall of a network's objective per step and per product, over the last quarter of records.

    It is the logarithm of the ratio of first and last, a step: halving it twice in 10 steps is log(4) / 10.
    NaN where there is nothing to compare, or a 0 in it.
    """
    if history is None or len(history.loss) < 2:
        return math.nan, math.nan
    last = len(history.loss) - 1
    first = min(last - 1, math.floor(0.75 * last))
    before, after = (float(history.loss[k, network]) for k in (first, last))
    if not (0 < after < math.inf and 0 < before < math.inf):
        return math.nan, math.nan
    fall = math.log(before / after)

    def per(counts: np.ndarray | None) -> float:
        if counts is None:
            return math.nan
        passed = float(counts[last] - counts[first])
        return fall / passed if passed > 0 else math.nan

    steps = np.arange(last + 1) if history.steps is None else history.steps
    return per(steps), per(None if history.products is None else history.products[:, network])
