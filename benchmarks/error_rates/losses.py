"""Populations for the claims on equal losses: E2, E7, E10, what sigma does to them, and the two groups."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache, partial

import numpy as np

from benchmarks.error_rates.lean_runs import MOST, curves, moving, run
from benchmarks.error_rates.shapes import (
    DATA,
    SHAPES,
    TINY,
    UNEQUAL,
    by_model,
    scaled_to_window,
    shaped,
)
from benchmarks.error_rates.simulate import Runs, Scenario
from claims.core.margins import EQUAL_LOSS, SHARE
from claims.evidence.trained.equality import equal_loss, sigma_effect
from claims.evidence.trained.groups import groups_merge, two_groups

__all__ = ["models_apart", "scenarios"]

Rng = np.random.Generator

NOISE = 0.3 * EQUAL_LOSS
"""Scale of a network's own loss about its model's."""


def _of_one(function, runs, claim):
    return function(runs[0], claim)


# -- all in one window ----------------------------------------------------------------


def _window(rng: Rng, share: float, data: str, spread: str) -> Runs:
    """Final losses of which that share lies in the best window of the margin's width."""
    equal = spread == "equal"
    scales = np.ones(4) if equal else UNEQUAL
    if data == "uniform":
        ends = 0.2 + rng.random(MOST) * EQUAL_LOSS / share
    elif data == "discrete":
        by = np.full(4, share) if equal else share + (1 - share) * np.array([0.8, 0.4, 0.0, -1.2])
        stray = rng.random(MOST) >= by_model(by, MOST)
        ends = np.where(stray, 1 + 1e3 * rng.random(MOST), 0.2)
    else:
        kind = "normal" if data == "still falling" else data
        ends = 0.2 + shaped(rng, kind, MOST, _scales(kind, tuple(scales), share))
    curve = moving(rng, ends) if data == "still falling" else curves(ends)
    return lambda n: [run(n, curve, protocol="he" if equal else "std")]


@cache
def _scales(data: str, scales: tuple[float, ...], share: float) -> np.ndarray:
    return scaled_to_window(data, np.array(scales), EQUAL_LOSS, share)


def _windows() -> Iterator[Scenario]:
    evidence = partial(_of_one, equal_loss)
    for data in (*DATA, "uniform", "still falling"):
        for spread in ("equal", "unequal"):
            if data in ("uniform", "still falling") and spread == "unequal":
                continue
            for edge, low, high in ((True, SHARE - TINY, SHARE), (False, 0.4, 0.999)):
                for holds, share in ((False, low), (True, high)):
                    draw = partial(_window, share=share, data=data, spread=spread)
                    yield Scenario(("E2", "E10"), data, spread, holds, edge, draw, evidence)
            for edge, low, high in ((True, SHARE, SHARE + TINY), (False, 0.4, 0.999)):
                for holds, share in ((True, low), (False, high)):
                    draw = partial(_window, share=share, data=data, spread=spread)
                    yield Scenario(("E7",), data, spread, holds, edge, draw, evidence)


# -- medians of differences between the models -----------------------------------------


@cache
def _drift(data: str, a: float, b: float) -> float:
    """The median of a X - b Y for independent draws of the shape, by a million of them."""
    if data != "log-normal" or a == b:
        return 0.0  # a symmetric difference
    rng = np.random.default_rng(11)
    return float(np.median(a * SHAPES[data](rng, 10**6) - b * SHAPES[data](rng, 10**6)))


def models_apart(
    rng: Rng, places: Sequence[float], data: str, spread: str, pair: tuple[int, int], gap: float
) -> np.ndarray:
    """Final losses [MOST] around these four places; the pair's median difference is the gap."""
    scales = NOISE * (np.ones(4) if spread == "equal" else UNEQUAL)
    places = np.array(places, dtype=float)
    if data == "discrete":
        # The first model of the pair steps from beside the other to well beyond the gap with probability
        # one half: the median difference is on the side of the half that is larger.
        i, j = pair
        ends = by_model(places, MOST)
        if gap:
            beyond = 0.5 + (TINY if gap > EQUAL_LOSS else -TINY if gap < EQUAL_LOSS else 0.0)
            step = rng.random(MOST) < beyond
            mine = np.arange(MOST) % 4 == i
            inside, outside = places[j], places[j] + 2 * EQUAL_LOSS
            ends = np.where(mine, np.where(step, outside, inside), ends)
        if spread == "unequal":
            stuck = (rng.random(MOST) < 0.1) & ~np.isin(np.arange(MOST) % 4, pair)
            ends = np.where(stuck, 1.0, ends)
        return ends
    if gap:
        i, j = pair
        places[i] = places[j] + gap - _drift(data, scales[i], scales[j])
    return by_model(places, MOST) + shaped(rng, data, MOST, scales)


def _settled(rng: Rng, **plant) -> Runs:
    moves = plant["data"] == "still falling"
    ends = 0.2 + models_apart(rng, **plant | ({"data": "normal"} if moves else {}))
    curve = moving(rng, ends) if moves else curves(ends)
    return lambda n: [run(n, curve, protocol="std")]


def _merging(rng: Rng, **plant) -> Runs:
    """Two groups at half the epochs; at once, from there on, the places that are planted."""
    half = by_model([0.0, 0.0, 0.3, 0.3], MOST) + NOISE * rng.standard_normal(MOST) / 4
    ends = models_apart(rng, **plant)
    curve = np.concatenate([curves(0.2 + half), np.tile(0.2 + ends, (8, 1))])
    return lambda n: [run(n, curve, protocol="std")]


D = EQUAL_LOSS
NEARLY = 1e-4 * D
"""How far outside: the drift of a skewed difference is known no better."""

_ONE = {"places": (0.0, D / 2, D / 2, D), "pair": (3, 0)}
"""One pair of models at the margin, the others within it."""

_MANY = {"places": (0.0, 0.0, D - NEARLY, D - NEARLY), "pair": (3, 0)}
"""Four pairs at the margin."""


def _gaps() -> Iterator[Scenario]:
    for data in (*DATA, "still falling"):
        for spread in ("equal", "unequal"):
            yield from _of_sigma(data, spread)
            if data != "still falling":
                yield from _of_groups(data, spread)


def _scenario(ids, data, spread, holds, edge, function, draw=_settled, gap=0.0, pair=(3, 0), **where):
    plant = {"data": data, "spread": spread.split(",")[0], "pair": pair, "gap": gap} | where
    evidence = partial(_of_one, function)
    return Scenario(ids, data, spread, holds, edge, partial(draw, **plant), evidence, 0.7)


def _of_sigma(data: str, spread: str) -> Iterator[Scenario]:
    none, far = {"places": (0.0,) * 4}, {"places": (0.0, 0.0, 0.0, 0.1)}
    # Skewed differences of unequal spread cannot all be brought to the margin at once.
    many = _ONE if (data, spread) == ("log-normal", "unequal") else _MANY
    for ids, turned in ((("E2-sigma", "E10-sigma"), False), (("E7-sigma",), True)):
        yield _scenario(ids, data, spread, turned, True, sigma_effect, gap=D + NEARLY, **_ONE)
        yield _scenario(ids, data, spread, not turned, True, sigma_effect, gap=D - NEARLY, **many)
        yield _scenario(ids, data, spread, turned, False, sigma_effect, **far)
        yield _scenario(ids, data, spread, not turned, False, sigma_effect, **none)


def _of_groups(data: str, spread: str) -> Iterator[Scenario]:
    ids = ("E10-groups",)
    inside = {"places": (0.0, D, 0.3, 0.3), "pair": (1, 0)}
    across = {"places": (0.0, -D / 2, D, 3 * D / 2), "pair": (2, 0)}
    yield _scenario(ids, data, spread, False, True, two_groups, gap=D + NEARLY, **inside)
    yield _scenario(ids, data, spread, True, True, two_groups, gap=D - NEARLY, **inside)
    yield _scenario(ids, data, spread, False, False, two_groups, places=(0.0, 0.1, 0.2, 0.3))
    yield _scenario(ids, data, spread, True, False, two_groups, places=(0.0, 0.001, 0.3, 0.301))
    if data != "discrete":
        name = f"{spread}, across"
        yield _scenario(ids, data, name, False, True, two_groups, gap=D - NEARLY, **across)
        yield _scenario(ids, data, name, True, True, two_groups, gap=D + NEARLY, **across)
    many = _ONE if (data, spread) == ("log-normal", "unequal") else _MANY
    ids = ("E10-merge",)
    yield _scenario(ids, data, spread, False, True, groups_merge, _merging, D + NEARLY, **_ONE)
    yield _scenario(ids, data, spread, True, True, groups_merge, _merging, D - NEARLY, **many)
    yield _scenario(ids, data, spread, False, False, groups_merge, _merging, places=(0.0, 0.0, 0.3, 0.3))
    yield _scenario(ids, data, spread, True, False, groups_merge, _merging, places=(0.0,) * 4)


def scenarios() -> Iterator[Scenario]:
    """Every scenario of these claims."""
    yield from _windows()
    yield from _gaps()
