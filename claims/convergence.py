"""Whether training had settled: could more epochs change the answer?"""

from __future__ import annotations

import math

import numpy as np

__all__ = ["epochs_to_reach", "settled"]


def settled(curve: np.ndarray, tolerance: float, edge: float | None = None) -> np.ndarray:
    """Which curves [T+1, M] moved by at most `tolerance` over the last quarter of the epochs, [M] of bool.

    The tolerance is half the claim's margin in the claim's own unit, so that
    "settled" means: the answer does not hang on when training stopped. At least
    two epochs are looked back on. A curve that is not finite has not settled.

    Args:
        curve: one column a model, or a single column for a mean over models.
        tolerance: how far a settled curve may move.
        edge: where the claim's answer changes. A curve may then move by no more than half its distance to
            it either: one at 0.06 that fell by 0.02 is on its way past 0.05, however small the step.
    """
    if edge is not None:
        with np.errstate(invalid="ignore"):
            tolerance = np.minimum(tolerance, np.abs(curve[-1] - edge) / 2)
    epochs = len(curve) - 1
    window = curve[-(min(epochs, max(2, math.ceil(epochs / 4))) + 1) :]
    with np.errstate(invalid="ignore"):
        return np.isfinite(window).all(0) & (np.abs(window - window[-1]) <= tolerance).all(0)


def epochs_to_reach(curve: np.ndarray, level: float, floor: float) -> np.ndarray:
    """Epochs [M] until each model's curve [T+1, M] first falls to `level`, inf where it never does.

    Between two recorded epochs the curve is taken as exponential. A model that
    starts below the level, or crosses within the first minibatch, gets `floor`
    (one minibatch, in epochs), since its logarithm is taken later. An epoch whose
    loss is NaN has not reached anything; a fall from NaN or inf takes the whole epoch.

    Raises:
        ValueError: for a level or a floor that is not positive.
    """
    if not (level > 0 and floor > 0):
        raise ValueError(
            f"got level {level} and floor {floor}, wanted both positive: their logarithms are taken"
        )
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
        part = 1.0
        if math.isfinite(before):
            # before > level >= after, but their logarithms may be one; before / after may overflow.
            whole = math.log(before) - math.log(after)
            part = min((math.log(before) - math.log(level)) / whole, 1.0) if whole > 0 else 1.0
        times[model] = max(t - 1 + part, floor)
    return times
