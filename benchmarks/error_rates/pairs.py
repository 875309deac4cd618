"""Populations for the claims on the labels of pairs: E3, E8, E8-one, M2, D3 and D4."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache, partial

import numpy as np

from benchmarks.error_rates.lean_runs import EPOCHS, MOST, curves, labelled, run
from benchmarks.error_rates.shapes import DATA, SHAPES, TINY, UNEQUAL, by_model, shaped
from benchmarks.error_rates.simulate import Runs, Scenario
from claims.core.margins import EQUAL_LOSS, HALF_LABELS, PAIR_SHARE, SAME_LABELS
from claims.evidence.trained.equal_pairs import equal_generalisation, equal_labels
from claims.evidence.trained.labels import exactly_one_pair, fall_then_rise, highest_agreement, same_labels

__all__ = ["scenarios"]

Rng = np.random.Generator
PAIRS = 6 * MOST // 4
ABOVE = 2e-4
"""An agreement of one half and this is beyond one half by at least a sample of the ten thousand."""

_REST = curves(np.full(MOST, 0.2))
_SIX = np.array([1.0, 1.0, 1.0, -1.0, -1.0, -1.0])
"""Of two pairs that make up a quadruple one has the sign + and one -: (0,1) and (2,3), and so on."""


def _of_one(function, runs, claim):
    return function(runs[0], claim)


def _size(rng: Rng, data: str, n: int) -> np.ndarray:
    return np.zeros(n) if data == "discrete" else np.abs(shaped(rng, data, n))


# -- shares of pairs: E3, M2 ------------------------------------------------------------


def _states(rng: Rng, share: float, spread: str) -> np.ndarray:
    """Which pairs have the property, [PAIRS]; under "unequal" one of every two more often than the other."""
    room = min(share, 1 - share) * (0.8 if spread == "unequal" else 0.0)
    return rng.random(PAIRS) < np.resize(share + room * _SIX, PAIRS)


def _shapes(rng: Rng, share: float, data: str, spread: str) -> Runs:
    """Agreement that falls and rises in that share of pairs; others never fell, or never rose."""
    hit, size = _states(rng, share, spread), _size(rng, data, PAIRS)
    low = np.clip(0.45 - 0.05 * size, 0.0, 1.0)
    rise = np.clip(np.arange(EPOCHS)[:, None] * (0.02 + 0.01 * size), 0.0, 0.4)
    down_up = np.concatenate([np.full((1, PAIRS), 0.5), low + rise])
    never_fell = np.concatenate([np.full((1, PAIRS), 0.2), 0.25 + rise])
    never_rose = np.concatenate([np.full((1, PAIRS), 0.5), np.tile(low, (EPOCHS, 1))])
    agreement = np.where(hit, down_up, np.where(rng.random(PAIRS) < 0.5, never_fell, never_rose))

    def runs(n: int):
        early = {
            "early_steps": np.empty(0, dtype=int),
            "early_train_loss": np.empty((0, n)),
            "early_train_agreement": np.empty((0, 6 * n // 4), dtype=int),
            "steps_per_epoch": np.array([32]),
        }
        return [run(n, _REST, **early, **labelled(agreement, n), **_accuracy(n))]

    return runs


def _same(rng: Rng, share: float, data: str, spread: str, *, both: bool) -> Runs:
    """That share of pairs labels alike on the training set, and on the test set too or all of them there."""

    def side(share: float) -> np.ndarray:
        size = _size(rng, data, PAIRS)
        alike = np.minimum(SAME_LABELS + 0.01 * size, 1.0)
        found = np.where(_states(rng, share, spread), alike, np.maximum(SAME_LABELS - 0.02 - 0.1 * size, 0.0))
        return curves(found, start=0.1)

    train, test = side(share), side(share if both else 1.0)
    return lambda n: [run(n, _REST, **labelled(train, n, test))]


# -- how often pairs agree: E8, E8-one ----------------------------------------------------


def _agreements(rng: Rng, median: float, data: str, spread: str, n: int = PAIRS) -> np.ndarray:
    """Agreements [n] with this median, to be rounded to samples."""
    if data == "discrete":
        high = 0.5 + (TINY if median > HALF_LABELS else -TINY)
        if abs(median - HALF_LABELS) > 0.1:
            high = float(median > HALF_LABELS)
        return np.where(rng.random(n) < high, 0.8, 0.2)
    scales = np.resize([*UNEQUAL, 1.0, 0.5], n) if spread == "unequal" else 1.0
    return np.clip(median + 0.1 * scales * SHAPES[data](rng, n), 0.0, 1.0)


def _accuracy(n: int) -> dict[str, np.ndarray]:
    accuracy = np.full((EPOCHS + 1, n), 0.9)
    return {"train_accuracy": accuracy, "test_accuracy": accuracy, "largest_class": np.full(2, 0.1)}


def _highest(rng: Rng, medians: tuple[float, ...], data: str, spread: str) -> Runs:
    rows = [_agreements(rng, median, data, spread) for median in medians]
    agreement = np.stack([np.full(PAIRS, 0.1), *rows])
    return lambda n: [run(n, _REST, protocol="std", **labelled(agreement, n), **_accuracy(n))]


def _six_pairs(rng: Rng, medians: tuple[float, ...], data: str, spread: str) -> Runs:
    """Six medians, one for each pair of models."""
    columns = [_agreements(rng, median, data, spread, MOST // 4) for median in medians]
    agreement = curves(np.stack(columns, axis=1).reshape(-1), start=0.1)
    return lambda n: [run(n, _REST, protocol="std", **labelled(agreement, n), **_accuracy(n))]


# -- pairs of equal loss: D3, D4 ----------------------------------------------------------


def _training_losses(rng: Rng, data: str, spread: str) -> np.ndarray:
    """Losses within the margin of each other, by model where populations differ."""
    kind = "normal" if data == "discrete" else data
    return 0.1 + 1e-4 * shaped(rng, kind, MOST) + (by_model([0, 1, 2, 3], MOST) if spread == "unequal" else 0)


def _labels(rng: Rng, share: float, data: str, spread: str) -> Runs:
    """Networks that label as one type does, or each in its own way: such a share of pairs is alike."""
    by = np.full(4, share)
    if spread == "unequal":
        by = share + min(share, 1 - share) * np.array([0.9, 0.5, -0.4, -1.0])
    of_type = rng.random(MOST) < np.sqrt(by_model(by, MOST))
    labels = np.where(of_type[:, None], 0, rng.integers(1, 10, (MOST, 40))).astype(np.uint8)
    labels[np.arange(MOST), rng.integers(0, 40, MOST)] = 1  # one in forty is each network's own
    predictions = np.broadcast_to(labels, (EPOCHS + 1, MOST, 40))
    train = curves(_training_losses(rng, data, spread))
    protocol = "he" if spread == "equal" else "std"
    return lambda n: [run(n, train, protocol=protocol, train_predictions=predictions[:, :n])]


@cache
def _test_scale(data: str, scales: tuple[float, ...], share: float) -> float:
    """The factor at which two test losses of one model are within the margin with this share, on average."""
    rng = np.random.default_rng(12)
    gaps = np.abs(SHAPES[data](rng, 10**6) - SHAPES[data](rng, 10**6))
    pooled = np.concatenate([gaps * s for s in scales])  # a share of all of them is the mean of the shares
    return float(EQUAL_LOSS / np.quantile(pooled, share))


def _tests(rng: Rng, share: float, data: str, spread: str) -> Runs:
    scales = (1.0,) * 4 if spread == "equal" else tuple(UNEQUAL)
    if data == "discrete":  # q^2 + (1 - q)^2 is the share
        by = np.full(4, share)
        if spread == "unequal":
            by = share + min(share - 0.5, 1 - share) * np.array([0.9, 0.5, -0.4, -1.0])
        q = (1 + np.sqrt(2 * by_model(by, MOST) - 1)) / 2
        ends = np.where(rng.random(MOST) < q, 0.3, 0.5)
    else:
        ends = 0.5 + shaped(rng, data, MOST, np.array(scales)) * _test_scale(data, scales, share)
    train, test = curves(_training_losses(rng, data, spread)), curves(ends)
    return lambda n: [run(n, train, test, protocol="he" if spread == "equal" else "std")]


def scenarios() -> Iterator[Scenario]:
    """Every scenario of these claims."""
    shape, same, highest, six, labels, tests = (
        partial(_of_one, f)
        for f in (
            fall_then_rise,
            same_labels,
            highest_agreement,
            exactly_one_pair,
            equal_labels,
            equal_generalisation,
        )
    )
    half, low, high = HALF_LABELS, 0.2, 0.9
    above = half + ABOVE
    for data in DATA:
        for spread in ("equal", "unequal"):
            plant = {"data": data, "spread": spread}
            for holds, edge, share in (
                (False, True, PAIR_SHARE - TINY),
                (True, True, PAIR_SHARE),
                (False, False, 0.3),
                (True, False, 0.98),
            ):
                about = (data, spread, holds, edge)
                yield Scenario(("E3",), *about, partial(_shapes, share=share, **plant), shape, 0.6)
                pairs = partial(_same, share=share, both=holds, **plant)
                yield Scenario(("M2",), *about, pairs, same)
                yield Scenario(("D3",), *about, partial(_labels, share=share, **plant), labels, 0.5)
                share = (
                    max(share, 0.5) if data == "discrete" else share
                )  # two values cannot differ more often
                yield Scenario(("D4",), *about, partial(_tests, share=share, **plant), tests)
            for holds, edge, medians in (
                (False, True, (low, low, low, above, low, low, low, low)),
                (True, True, (half,) * EPOCHS),
                (False, False, (low, 0.9, *[low] * 6)),
                (True, False, (low,) * EPOCHS),
            ):
                draw = partial(_highest, medians=medians, **plant)
                yield Scenario(("E8",), data, spread, holds, edge, draw, highest, 0.5)
            for name, holds, edge, medians in (
                ("none", False, True, (half, low, low, low, low, low)),
                ("two", False, True, (high, above, low, low, low, low)),
                ("one", True, True, (above, half, half, half, half, half)),
                ("none", False, False, (low,) * 6),
                ("two", False, False, (high, high, low, low, low, low)),
                ("one", True, False, (high, low, low, low, low, low)),
            ):
                draw = partial(_six_pairs, medians=medians, **plant)
                yield Scenario(("E8-one",), data, f"{spread}, {name}", holds, edge, draw, six, 0.5)
