"""Whether training had settled: could more epochs change the answer?"""

from __future__ import annotations

import math

import numpy as np

__all__ = ["epochs_to_reach", "settled"]


def settled(curve: np.ndarray, tolerance: float) -> np.ndarray:
    """Which models' curves [T+1, M] moved by at most `tolerance` over the last quarter of the epochs, [M] of bool.

    The tolerance is half the claim's margin in the claim's own unit, so that
    "settled" means: the answer does not hang on when training stopped. At least
    two epochs are looked back on. A curve that is not finite has not settled.
    """
    epochs = len(curve) - 1
    window = curve[-(min(epochs, max(2, math.ceil(epochs / 4))) + 1) :]
    with np.errstate(invalid="ignore"):
        return np.isfinite(window).all(0) & (np.abs(window - window[-1]) <= tolerance).all(0)


def epochs_to_reach(curve: np.ndarray, level: float, floor: float) -> np.ndarray:
    """Epochs [M] until each model's curve [T+1, M] first falls to `level`, inf where it never does.

    Between two recorded epochs the curve is taken as exponential. A model that
    starts below the level, or crosses within the first minibatch, gets `floor`
    (one minibatch, in epochs), since its logarithm is taken later.
    """
    times = np.full(curve.shape[1], math.inf)
    for model in range(curve.shape[1]):
        below = np.flatnonzero(curve[:, model] <= level)
        if not len(below):
            continue
        t = int(below[0])
        if t == 0:
            times[model] = floor
            continue
        before, after = curve[t - 1, model], max(curve[t, model], np.finfo(float).tiny)
        part = math.log(before / level) / math.log(before / after) if math.isfinite(before) else 1.0
        times[model] = max(t - 1 + part, floor)
    return times
