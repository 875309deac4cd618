"""Populations for the claims on medians over seeds or networks: E6, D1, D5, M1 and H7."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache, partial
from itertools import permutations

import numpy as np

from benchmarks.error_rates.lean_runs import EPOCHS, MOST, curves, pairs_of, run
from benchmarks.error_rates.shapes import DATA, TINY, UNEQUAL, shaped
from benchmarks.error_rates.simulate import Runs, Scenario
from claims.core.margins import A_LOT, DEPENDS, HALF_LOSS, MUCH_SLOWER, RANKS_ALIKE, TENTH_LOSS
from claims.evidence.relu import path_activations
from claims.evidence.trained.comparisons import accuracy_drop
from claims.evidence.trained.distances import rank_agreement
from claims.evidence.trained.speed import slowdown
from models.recorders.early import early_steps

__all__ = ["scenarios"]

Rng = np.random.Generator
STEPS = 32
EARLY = early_steps(STEPS, EPOCHS)
_REST = curves(np.full(MOST, 0.2))


def _scales(spread: str) -> np.ndarray | float:
    return 1.0 if spread == "equal" else UNEQUAL


# -- E6, D1: ratios of times ------------------------------------------------------------


def _ratios(rng: Rng, median: float, data: str, spread: str) -> np.ndarray:
    """Ratios [MOST] whose median is just on this side of, or at, the given one."""
    if data == "discrete":
        # Two values, or never under "unequal", in just more or fewer than half of the seeds.
        more = {True: 0.5 + TINY, False: 0.5 - TINY}[median >= MUCH_SLOWER]
        if median != MUCH_SLOWER and abs(median - MUCH_SLOWER) > 0.1:
            more = float(median > MUCH_SLOWER)
        return np.where(rng.random(MOST) < more, 4.0 if spread == "equal" else np.inf, 1.0)
    return median * np.exp(0.4 * shaped(rng, data, MOST, _scales(spread)))


def _timed(rng: Rng, ratios: np.ndarray, *, below: bool) -> tuple[np.ndarray, np.ndarray]:
    """First steps [MOST] at which the slow and the fast networks are at the level, in that ratio or just
    below."""
    fast = rng.integers(8, 40, MOST).astype(float)
    slow = ratios * fast
    return np.maximum(np.floor(slow - 1e-9) if below else np.ceil(slow), 1.0), fast


def _crossing(first: np.ndarray) -> dict[str, np.ndarray]:
    """Losses [rows, MOST] that fall from 1 to 0.04 at these steps."""

    def at(steps: np.ndarray) -> np.ndarray:
        return np.where(steps[:, None] >= first, 0.04, 1.0)

    return {"train": at(STEPS * np.arange(EPOCHS + 1)), "early": at(EARLY)}


def _slowdowns(rng: Rng, medians: Sequence[float], data: str, spread: str) -> Runs:
    """One comparison for each median, the slow run and the fast one each."""
    found = []
    for median in medians:
        ratios = _ratios(rng, median, data, spread)
        found += [_crossing(t) for t in _timed(rng, ratios, below=median < MUCH_SLOWER)]

    def runs(n: int):
        return [
            run(
                n,
                losses["train"],
                protocol="he" if spread == "equal" else "std",
                early_steps=EARLY,
                early_train_loss=losses["early"][:, :n],
                steps_per_epoch=np.array([STEPS]),
            )
            for losses in found
        ]

    return runs


def _compared(level: float, runs, claim):
    pairs = zip(runs[::2], runs[1::2], strict=True)
    return slowdown({f"comparison {k}": pair for k, pair in enumerate(pairs)}, level, claim)


# -- D5 -----------------------------------------------------------------------------------


def _drops(rng: Rng, median: float, data: str, spread: str) -> Runs:
    """Accuracies with and without softmax whose difference has this median."""
    if data == "discrete":
        more = 0.5 + (TINY if median >= A_LOT else -TINY)
        if abs(median - A_LOT) > 0.01:
            more = float(median > A_LOT)
        # Two values; or nearly nothing, with one network in ten stuck at chance.
        drop = np.where(rng.random(MOST) < more, 0.2, 0.0)
        if spread == "unequal":
            drop = np.where(rng.random(MOST) < 0.1, np.where(drop > 0, 0.8, -0.05), drop)
    else:
        drop = median + 0.02 * shaped(rng, data, MOST, _scales(spread))
    without = np.full(MOST, 0.95)
    ends = [curves(accuracy, start=0.1) for accuracy in (without, np.clip(without - drop, 0.0, 1.0))]
    return lambda n: [run(n, _REST, protocol="std", test_accuracy=accuracy[:, :n]) for accuracy in ends]


# -- M1 -----------------------------------------------------------------------------------


@cache
def _orders() -> tuple[np.ndarray, np.ndarray]:
    """The orders of six with at most one inversion, whose tau is 13 / 15 or more, and those with two to
    four."""
    by: dict[int, list] = {}
    for order in permutations(range(6)):
        by.setdefault(sum(order[a] > order[b] for a in range(6) for b in range(a, 6)), []).append(order)
    return np.array(by[0] + by[1]), np.array(by[2] + by[3] + by[4])


def _ranks(rng: Rng, alike: float) -> Runs:
    """Quadruples that rank their six pairs alike (tau above the edge) with that chance; aligned, all do."""
    good, bad = _orders()
    quadruples = MOST // 4
    chosen = np.where(
        rng.random(quadruples)[:, None] < alike,
        good[rng.integers(0, len(good), quadruples)],
        bad[rng.integers(0, len(bad), quadruples)],
    )
    count, distance = chosen.reshape(-1).astype(float), np.tile(np.arange(6.0), quadruples)
    # Weights on a line: the further apart two networks are, the more of their weights differ.
    weights = (1 + rng.permutation(MOST))[:, None, None] * np.geomspace(0.1 / MOST, 0.1, 60).reshape(1, 60, 1)

    def runs(n: int):
        pairs = len(pairs_of(n))
        layers = {
            f"weights/{EPOCHS}/W1": weights[:n],
            f"weights/{EPOCHS}/b1": np.zeros((n, 1)),
            f"weights/{EPOCHS}/W2": np.zeros((n, 1, 2)),
            f"weights/{EPOCHS}/b2": np.zeros((n, 2)),
        }
        measures = {"weight_distance": distance[None, :pairs], "weights_differ": count[None, :pairs]}
        return [run(n, _REST, protocol="std", widths=(1,), **layers, **measures)]

    return runs


# -- H7 -----------------------------------------------------------------------------------


@cache
def _networks() -> tuple[np.ndarray, np.ndarray, list, list]:
    """Inputs, labels, and small networks of which the label explains no more of the paths than the margin, or
    more."""
    rng = np.random.default_rng(13)
    x = rng.normal(size=(60, 2))
    labels = (x[:, 0] + rng.normal(size=60) > 0).astype(int)
    paths, pixels = np.arange(3)[:, None], np.zeros(3, dtype=int)
    within, beyond = [], []
    while min(len(within), len(beyond)) < 20:
        layers = [(rng.normal(size=(2, 3)), rng.normal(size=3)), (rng.normal(size=(3, 2)), np.zeros(2))]
        effect = path_activations.effects(layers, x, labels, paths, pixels).label
        (within if effect <= DEPENDS else beyond).append(layers)
    return x, labels, within, beyond


def _paths(rng: Rng, beyond: float) -> Runs:
    """Trained networks that depend on the label with that probability; none does before training."""
    _, _, few, many = _networks()
    draw = [many if chance < beyond else few for chance in rng.random(MOST)]
    trained = [of[rng.integers(len(of))] for of in draw]
    start = [few[k] for k in rng.integers(0, len(few), MOST)]
    return lambda n: [start[:n], trained[:n]]


def _independence(times, claim):
    x, labels, *_ = _networks()
    with _each_once():
        return path_activations.independence(
            {"at initialisation": times[0], "after training": times[1]}, x, labels, claim
        )


_SEEN: dict[int, object] = {}


@contextmanager
def _each_once():
    """The effects of a network are computed once, since every experiment draws from the same few."""
    whole = path_activations.effects

    def once(layers, *rest):
        if id(layers) not in _SEEN:
            _SEEN[id(layers)] = whole(layers, *rest)
        return _SEEN[id(layers)]

    path_activations.effects = once
    try:
        yield
    finally:
        path_activations.effects = whole


def scenarios() -> Iterator[Scenario]:
    """Every scenario of these claims."""
    half, tenth = partial(_compared, HALF_LOSS), partial(_compared, TENTH_LOSS)
    edge, under = MUCH_SLOWER, MUCH_SLOWER * (1 - TINY)
    for data in DATA:
        for spread in ("equal", "unequal"):
            plant = {"data": data, "spread": spread}
            for holds, at_edge, median, other in (
                (False, True, under, 6.0),
                (True, True, edge, edge),
                (False, False, 1.0, 6.0),
                (True, False, 4.0, 4.0),
            ):
                about = (data, spread, holds, at_edge)
                one, two = (partial(_slowdowns, medians=m, **plant) for m in ((median,), (median, other)))
                yield Scenario(("E6",), *about, one, half, 0.6)
                yield Scenario(("D1",), *about, two, tenth, 0.3)
            for holds, at_edge, median in (
                (False, True, A_LOT * (1 - TINY)),
                (True, True, A_LOT),
                (False, False, 0.0),
                (True, False, 0.1),
            ):
                draw = partial(_drops, median=median, **plant)
                yield Scenario(
                    ("D5",), data, spread, holds, at_edge, draw, partial(_spread_out, accuracy_drop)
                )
    assert 13 / 15 > RANKS_ALIKE > 11 / 15
    for holds, at_edge, share in (
        (False, True, 0.5 - TINY),
        (True, True, 0.5),
        (False, False, 0.1),
        (True, False, 0.9),
    ):
        draw = partial(_ranks, alike=share)
        ranks = partial(_spread_out, rank_agreement)
        yield Scenario(("M1",), "discrete", "equal", holds, at_edge, draw, ranks, 0.3)
        beyond = 1 - share
        yield Scenario(
            ("H7",), "discrete", "equal", holds, at_edge, partial(_paths, beyond=beyond), _independence, 0.5
        )


def _spread_out(function, runs, claim):
    return function(*runs, claim)
