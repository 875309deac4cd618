"""Where a curve is going: how far more training could still move it, and when it first reached a level.

"The loss stood still for a while" passes every slow law: 0.35 / sqrt(t) moves by a hundredth in twelve epochs
and still goes to zero. A law a + b t^(-c) falls by d1 from T/4 to T/2 and by d2 from T/2 to T, and d2 / d1 =
2^(-c) whatever a and b; each further doubling of the epochs adds that fraction of the last, so all that is
left is d2 r / (1 - r). Exponential decay leaves less than this says. A law that falls more slowly than any
power (1 / log t) leaves more, by its own drift of r; hence twice the sum, and r is never taken below what was
seen.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

__all__ = ["reached", "remainder"]

Array = NDArray[np.float64]

LEAST = 8
"""Fewest epochs from which a law is fitted: T/4 is then the second epoch."""

SLOWEST = 0.9
"""A ratio of falls at or above this shows no end; noise about a plateau shows it too, around falls of
nothing. The rest is then taken as what this ratio would leave, nine times the last fall."""

SAFETY = 2.0
"""Times the remainder of the fitted law."""


def remainder(curve: Array) -> Array:
    """How far each curve [T+1, M] may still move from its last smoothed value, [M]; inf where nothing tells.

    The value at epoch t is a mean over the eighth of the epochs before it, which leaves the ratio of a power
    law as it is and takes out most of a minibatch's noise; what noise is left within the last eighth is
    added. A curve of fewer than eight epochs, or one that is not finite, tells nothing.
    """
    epochs = len(curve) - 1
    if epochs < LEAST:
        return np.full(curve.shape[1], math.inf)
    with np.errstate(invalid="ignore", over="ignore", divide="ignore"):
        rest = _law(curve, 0.0, epochs)
        if epochs >= 2 * LEAST:
            # A training that changed its pace half-way follows a law from there. A slow law seen from a later
            # origin looks slower still, so the smaller of the two covers it as well, down to t^(-0.2).
            rest = np.minimum(rest, _law(curve, epochs / 2, epochs))
        noise = np.abs(_window(curve, epochs) - _smooth(curve, epochs)).max(0)
        rest = rest + noise
    read = np.isfinite(curve[_begin(_quarter(0, epochs)) :]).all(0)
    return np.where(read & np.isfinite(rest), rest, math.inf)


def _law(curve: Array, origin: float, epochs: int) -> Array:
    """What is left of a power law in t - origin, times the safety factor."""
    # Between two epochs a quarter is late and a half early, so that the ratio is no smaller than it was.
    half = math.floor((origin + epochs) / 2)
    quarter, middle, end = (_smooth(curve, t) for t in (_quarter(origin, epochs), half, epochs))
    first, last = np.abs(middle - quarter), np.abs(end - middle)
    ratio = np.where(last == 0, 0.0, np.minimum(last / first, SLOWEST))
    return SAFETY * last * ratio / (1 - ratio)


def _quarter(origin: float, epochs: int) -> int:
    return math.ceil((3 * origin + epochs) / 4)


def _begin(t: int) -> int:
    return math.ceil(t * 7 / 8)


def _window(curve: Array, t: int) -> Array:
    return curve[_begin(t) : t + 1]


def _smooth(curve: Array, t: int) -> Array:
    return _window(curve, t).mean(0)


def reached(losses: Array, steps: NDArray[np.int64], level: float) -> tuple[Array, Array]:
    """Between which two minibatch steps each network first reached a level: lows, highs [M].

    A network that is above the level at one record and at or below it at the next crossed somewhere between:
    after at least one step more than the first, and at most at the second. One that starts at or below it
    gets (1, 1), since ratios are taken. One that never gets there gets (the steps that were run, inf).

    Args:
        losses: [R, M] at the recorded steps; NaN has reached nothing.
        steps: [R], ascending, the first 0.
        level: positive.
    """
    if not level > 0:
        raise ValueError(f"got the level {level}, wanted a positive one")
    networks = losses.shape[1]
    low, high = np.full(networks, float(steps[-1])), np.full(networks, math.inf)
    for m in range(networks):
        below = np.flatnonzero(losses[:, m] <= level)
        if len(below):
            at = int(below[0])
            low[m] = float(steps[at - 1] + 1) if at else 1.0
            high[m] = float(max(steps[at], 1))
    return low, high
