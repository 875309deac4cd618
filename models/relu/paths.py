"""Path activations of real ReLU networks over real inputs, and what the label explains of them.

A path passes through one unit of every hidden layer; its activation on x is
Z_p(x) = product over these units of [pre-activation > 0] (Kawaguchi 2016, section
3.1, after Choromanska et al. 2015). Assumption A5u-m says that Z_p is independent
of the input. Weights are fixed and inputs vary here: the randomness is the data's.
(Read over random weights instead, a single unit without a bias is active with
probability 1/2 whatever x is; but a trained network has one set of weights.)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from math import prod

import numpy as np

__all__ = ["PathEffects", "activations", "effects", "explained_share", "sampled_paths"]

Layers = Sequence[tuple[np.ndarray, np.ndarray]]


@dataclass(frozen=True, slots=True)
class PathEffects:
    """How the activations of sampled paths depend on the data, for one model.

    Attributes:
        label: mean over paths of the share of variance that the label explains, corrected for chance.
        dead: share of paths that are active on no sample.
        always: share of paths that are active on every sample.
        pixel: mean over paths of |correlation| with the path's own input; 0 where either is constant.
    """

    label: float
    dead: float
    always: float
    pixel: float


_UNKNOWN = PathEffects(np.nan, np.nan, np.nan, np.nan)


def sampled_paths(widths: Sequence[int], count: int, seed: int) -> np.ndarray:
    """Units of `count` paths, [count, H]: all paths if no more, else a seeded draw with replacement.

    The first entry is the unit in layer 1. Input and output of a path do not touch its activation.
    """
    if prod(widths) <= count:
        return np.array(list(product(*(range(width) for width in widths))))
    draw = np.random.default_rng(seed)
    return np.stack([draw.integers(0, width, count) for width in widths], axis=1)


def activations(layers: Layers, X: np.ndarray, paths: np.ndarray) -> np.ndarray:
    """Z [m, P] bool of one model, as the network itself computes it: in the precision of its weights.

    Args:
        layers: weights [fan_in, fan_out] and biases [fan_out], the output layer included.
        X: [m, d_x], as the network reads them.
        paths: units [P, H], see `sampled_paths`.

    Raises:
        ValueError: the paths pass through another number of layers than the network has.
        OverflowError: a unit's output is beyond the numbers of that precision.
    """
    if paths.shape[1] != len(layers) - 1:
        raise ValueError(
            f"got paths through {paths.shape[1]} layers, wanted {len(layers) - 1}: one unit a hidden layer"
        )
    Z = np.ones((len(X), len(paths)), dtype=bool)
    outputs = np.asarray(X, dtype=layers[0][0].dtype)
    with np.errstate(over="ignore", invalid="ignore"):
        for (W, b), units in zip(layers[:-1], paths.T, strict=True):
            outputs = np.maximum(outputs @ W + b, 0.0)
            Z &= (outputs > 0)[:, units]
            if not np.isfinite(outputs.max(initial=0.0)):
                raise OverflowError(
                    f"got outputs beyond {outputs.dtype}, wanted finite ones: the model has diverged"
                )
    return Z


def explained_share(Z: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Share of each activation's variance that the label explains, corrected for chance, [P].

    eta^2 = (sum over labels c of n_c (mean of Z within c - mean of Z)^2) / (sum of (Z - mean of Z)^2),
    epsilon^2 = 1 - (1 - eta^2) (m - 1) / (m - k) for k labels (Kelley 1935). Shuffled labels give eta^2 the
    expectation (k - 1) / (m - 1) whatever Z is, hence epsilon^2 the expectation 0. An activation that is
    the same on every sample depends on nothing: its share is 0.

    Args:
        Z: [m, P] bool.
        labels: [m] integers.

    Raises:
        ValueError: fewer than two labels occur, or no more samples than labels.
    """
    classes, index = np.unique(labels, return_inverse=True)
    m, k = len(labels), len(classes)
    if not 2 <= k < m:
        raise ValueError(f"got {k} labels on {m} samples, wanted at least 2 and more samples than labels")
    member = np.eye(k)[index]
    size = member.sum(axis=0)[:, None]
    active = member.T @ Z.astype(np.float64)
    total = active.sum(axis=0)
    between = (active**2 / size).sum(axis=0) - total**2 / m
    within = total - total**2 / m
    varies = (total > 0) & (total < m)
    share = np.divide(between, within, out=np.zeros(len(total)), where=varies)
    return np.where(varies, 1.0 - (1.0 - share) * (m - 1) / (m - k), 0.0)


def effects(
    layers: Layers, X: np.ndarray, labels: np.ndarray, paths: np.ndarray, pixels: np.ndarray
) -> PathEffects:
    """The effect sizes of one model.

    Weights or outputs that are not finite (a diverged model) give NaN throughout: nothing is known of its
    paths.

    Args:
        layers: see `activations`.
        X: [m, d_x].
        labels: [m] integers.
        paths: units [P, H].
        pixels: [P], the input at which each path starts.
    """
    if not all(np.isfinite(part).all() for layer in layers for part in layer):
        return _UNKNOWN
    try:
        Z = activations(layers, X, paths)
    except OverflowError:
        return _UNKNOWN
    total = Z.sum(axis=0)
    return PathEffects(
        label=float(explained_share(Z, labels).mean()),
        dead=float((total == 0).mean()),
        always=float((total == len(Z)).mean()),
        pixel=float(np.abs(_correlation(Z.astype(np.float64), X[:, pixels].astype(np.float64))).mean()),
    )


def _correlation(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Pearson's correlation of matching columns [m, P], 0 where one of them is constant."""
    a, b = a - a.mean(axis=0), b - b.mean(axis=0)
    norm = np.sqrt((a**2).sum(axis=0) * (b**2).sum(axis=0))
    # A constant column's mean may be rounded: what is left of it is no variation.
    varies = norm > 1e-9 * len(a)
    return np.divide((a * b).sum(axis=0), norm, out=np.zeros(len(norm)), where=varies)
