"""The quantities that rules judge at the end of a run, at any moment of it: estimates without intervals.

Each takes moments and a claim's runs and gives [K], NaN where there is nothing to compute. At the last moment
it is what the claim's evidence estimates there, where nothing of the end is open.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from claims.core.margins import EQUAL_LOSS, HALF_LABELS, NEAR_ZERO, SAME_LABELS
from claims.curves.moments import Moments
from claims.evidence.trained.equal_pairs import equal_pairs
from claims.evidence.trained.legs import LOW
from claims.evidence.trained.metrics import by_population, rotating
from claims.statistics import Window, kendall_tau
from models.runs.run import Run

__all__ = [
    "Array",
    "Quantity",
    "accuracy_drop",
    "agreeing_models",
    "agreement",
    "alike_generalising",
    "alike_labelling",
    "apart",
    "arrived",
    "arrived_in_each",
    "arrived_on_test",
    "certified_low",
    "different_ends",
    "gap",
    "gap_across",
    "largest_window",
    "ranks_alike",
    "same_end",
    "same_labels",
    "same_side",
    "same_side_on_test",
]

Array = NDArray[np.float64]
Quantity = Callable[[Moments, Sequence[Run]], Array]

_INSIDE = ((0, 1), (2, 3))
_ACROSS = ((0, 2), (0, 3), (1, 2), (1, 3))


# -- losses ---------------------------------------------------------------------------


def arrived(moments: Moments, runs: Sequence[Run], side: str = "train", level: float = NEAR_ZERO) -> Array:
    """Share of networks at or below the level."""
    return _share(moments.loss(runs[0], side) <= level)


def arrived_on_test(moments: Moments, runs: Sequence[Run]) -> Array:
    """The same on the test set."""
    return arrived(moments, runs, "test")


def certified_low(moments: Moments, runs: Sequence[Run]) -> Array:
    """Share of networks whose training loss is its own certificate of a global minimum (E11)."""
    return arrived(moments, runs, level=LOW)


def arrived_in_each(moments: Moments, runs: Sequence[Run]) -> Array:
    """The same in the network in which fewest arrive (D2)."""
    return _least(_share(moments.loss(run) <= NEAR_ZERO) for run in runs)


def largest_window(moments: Moments, runs: Sequence[Run]) -> Array:
    """Largest share of networks within the margin of each other (E2, E7, E10)."""
    loss = moments.loss(runs[0])
    known = [row[np.isfinite(row)] for row in loss]
    return np.array(
        [Window.of(row, row, EQUAL_LOSS).inside / len(whole) for row, whole in zip(known, loss, strict=True)]
    )


def same_side(moments: Moments, runs: Sequence[Run], side: str = "train") -> Array:
    """Share of seeds whose two networks are both at or below the level, or both above (E5)."""
    small, large = (moments.loss(run, side) <= NEAR_ZERO for run in runs)
    return _share(small == large)


def same_side_on_test(moments: Moments, runs: Sequence[Run]) -> Array:
    """The same on the test set."""
    return same_side(moments, runs, "test")


def different_ends(moments: Moments, runs: Sequence[Run]) -> Array:
    """Share of seeds of which one loss has arrived and another has not, for the two losses where it is
    largest (D6)."""
    there = [moments.loss(run) <= NEAR_ZERO for run in runs]
    return _greatest(_share(a != b) for a, b in combinations(there, 2))


def same_end(moments: Moments, runs: Sequence[Run]) -> Array:
    """Share of seeds whose losses lie within the margin whatever the optimiser (E12)."""
    every = np.stack([moments.loss(run) for run in runs])
    with np.errstate(invalid="ignore"):
        return _share(every.max(0) - every.min(0) <= EQUAL_LOSS)


# -- models i -------------------------------------------------------------------------


def _differences(moments: Moments, run: Run) -> dict[tuple[int, int], Array]:
    """|Median difference of training l| between models i < j, by pairs of networks of one quadruple."""
    loss, members = moments.loss(run), by_population(run)
    with np.errstate(invalid="ignore"):
        return {
            (i, j): np.abs(np.median(loss[:, members[i]] - loss[:, members[j]], axis=1))
            for i, j in combinations(run.spec.populations, 2)
        }


def gap(moments: Moments, runs: Sequence[Run]) -> Array:
    """The largest of them (E2-sigma)."""
    return _greatest(_differences(moments, runs[0]).values())


def apart(moments: Moments, runs: Sequence[Run]) -> Array:
    """Room left to "two groups": inside them within the margin, across them beyond it (E10-groups)."""
    found = _differences(moments, runs[0])
    if len(found) < len(_INSIDE) + len(_ACROSS):
        return _nothing(moments)
    room = [EQUAL_LOSS - found[pair] for pair in _INSIDE]
    return _least([*room, *(found[pair] - EQUAL_LOSS for pair in _ACROSS)])


def gap_across(moments: Moments, runs: Sequence[Run]) -> Array:
    """The largest difference across the groups (E10-merge)."""
    found = _differences(moments, runs[0])
    if len(found) < len(_INSIDE) + len(_ACROSS):
        return _nothing(moments)
    return _greatest(found[pair] for pair in _ACROSS)


# -- labels ---------------------------------------------------------------------------


def agreement(moments: Moments, runs: Sequence[Run]) -> Array:
    """Median over disjoint pairs of the share of training samples labelled alike (E3, E8)."""
    found: Array = np.median(moments.agreement(runs[0])[:, rotating(runs[0])], axis=1)
    return found


def agreeing_models(moments: Moments, runs: Sequence[Run]) -> Array:
    """How many of the six pairs of models i, j agree on more than half of the labels (E8-one)."""
    if len(runs[0].spec.populations) < 4:
        return _nothing(moments)
    alike = moments.agreement(runs[0])
    medians = [np.median(alike[:, k::6], axis=1) for k in range(6)]
    agreeing: Array = np.sum([of > HALF_LABELS for of in medians], axis=0).astype(np.float64)
    return agreeing


def same_labels(moments: Moments, runs: Sequence[Run]) -> Array:
    """Share of disjoint pairs that label a set alike, on the set where fewer do (M2)."""
    chosen = rotating(runs[0])
    sides = (moments.agreement(runs[0], side)[:, chosen] for side in ("train", "test"))
    return _least(_share(alike >= SAME_LABELS) for alike in sides)


def alike_labelling(moments: Moments, runs: Sequence[Run]) -> Array:
    """Share, of the pairs that end with equal training loss, of those with the same training labels (D3)."""
    pairs = equal_pairs(runs[0])
    labels = moments.rows(runs[0], "train_predictions")
    alike = [(labels[:, a] == labels[:, b]).mean(1) >= SAME_LABELS for a, b in pairs]
    return _share(np.stack(alike, axis=1)) if alike else _nothing(moments)


def alike_generalising(moments: Moments, runs: Sequence[Run]) -> Array:
    """Share, of the same pairs, of those whose test losses lie within the margin (D4)."""
    pairs, loss = equal_pairs(runs[0]), moments.loss(runs[0], "test")
    if not len(pairs):
        return _nothing(moments)
    with np.errstate(invalid="ignore"):
        return _share(np.abs(loss[:, pairs[:, 0]] - loss[:, pairs[:, 1]]) <= EQUAL_LOSS)


def accuracy_drop(moments: Moments, runs: Sequence[Run]) -> Array:
    """Median over seeds of test accuracy without softmax less with it (D5)."""
    without, with_softmax = (moments.rows(run, "test_accuracy").astype(np.float64) for run in runs)
    found: Array = np.median(without - with_softmax, axis=1)
    return found


# -- weights --------------------------------------------------------------------------


def ranks_alike(moments: Moments, runs: Sequence[Run]) -> Array:
    """Median over quadruples of Kendall's tau between the two distances, units as they stand (M1)."""
    distance = moments.rows(runs[0], "weight_distance").astype(np.float64)
    count = moments.rows(runs[0], "weights_differ").astype(np.float64)
    places = range(0, distance.shape[1], 6)
    taus = [
        [kendall_tau(d[k : k + 6], c[k : k + 6]) for k in places]
        for d, c in zip(distance, count, strict=True)
    ]
    return np.array([np.nanmedian(row) if not np.isnan(row).all() else np.nan for row in taus])


# -- together -------------------------------------------------------------------------


def _share(of: NDArray[np.bool_]) -> Array:
    found: Array = of.mean(axis=1)
    return found


def _least(of: Iterable[Array]) -> Array:
    found: Array = np.min(list(of), axis=0)
    return found


def _greatest(of: Iterable[Array]) -> Array:
    found: Array = np.max(list(of), axis=0)
    return found


def _nothing(moments: Moments) -> Array:
    return np.full(moments.epochs + 1 + len(moments.steps), np.nan)
