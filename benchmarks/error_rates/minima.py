"""Populations of second legs: ends with certificates, some of which are missing, at random or where it hurts.

What is true of a network is where its descent would end. A network without a conclusive certificate shows a
higher loss than that, and the chance of it may depend on where it would end.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial

import numpy as np

from benchmarks.error_rates.lean_runs import MOST, ended, open_ends
from benchmarks.error_rates.losses import models_apart
from benchmarks.error_rates.shapes import DATA, TINY, UNEQUAL, by_model, scaled_to_window, shaped
from benchmarks.error_rates.shares import POPULATIONS
from benchmarks.error_rates.simulate import Runs, Scenario
from claims.core.margins import A_LOT, EQUAL_LOSS, NEAR_ZERO, SHARE
from claims.evidence.minima.kinds import global_minima
from claims.evidence.minima.optimisers import optimisers_agree
from claims.evidence.minima.scales import lazy_training, scale_changes_accuracy
from claims.evidence.trained.equality import equal_loss, sigma_effect
from claims.evidence.trained.reaching import near_zero

__all__ = ["scenarios"]

Rng = np.random.Generator

OPEN = {"open at random": (0.05, 0.05), "open where stuck": (0.0, 0.5), "open where low": (0.1, 0.0)}
"""How often a certificate is missing: of networks that end low, and of the others."""


def _of_one(function: Callable, runs: Sequence, claim: object):
    return function(runs[0], claim)


def _protocol(spread: str) -> str:
    return "he" if spread == "equal" else "std"


def _ends(rng: Rng, low: np.ndarray, data: str) -> np.ndarray:
    """True final l [M]: a global minimum for those that are low, a local one well above for the others."""
    if data == "discrete":
        return np.where(low, 0.0, 1.0)
    away = np.abs(shaped(rng, data, len(low)))
    return np.where(low, 1e-4 * np.exp(-away), NEAR_ZERO * (1.1 + away))


def _lows(rng: Rng, shares: Sequence[float], data: str, missing: str, spread: str) -> Runs:
    low = rng.random(MOST) < by_model(shares, MOST)
    shown, kinds = open_ends(rng, _ends(rng, low, data), np.where(low, *OPEN[missing]))
    return lambda n: [ended(n, shown, kinds, protocol=_protocol(spread))]


def _alike(rng: Rng, shares: Sequence[float], data: str, missing: str, spread: str) -> Runs:
    """Two optimisers that end within the margin from that share of seeds, on either side of near zero."""
    same = rng.random(MOST) < by_model(shares, MOST)
    low = rng.random(MOST) < 0.7
    first = _ends(rng, low, data)
    away = 2 * EQUAL_LOSS * (1 + (0.0 if data == "discrete" else np.abs(shaped(rng, data, MOST))))
    second = np.where(same, first + 0.5 * EQUAL_LOSS * rng.random(MOST), first + away)
    found = [open_ends(rng, ends, np.where(same, *OPEN[missing])) for ends in (first, second)]
    return lambda n: [ended(n, *one, protocol=_protocol(spread)) for one in found]


def _window(rng: Rng, share: float, missing: str) -> Runs:
    """Normal ends of which that share lies in the best window of the margin's width."""
    (scale,) = scaled_to_window("normal", np.ones(1), EQUAL_LOSS, share)
    ends = 0.2 + scale * rng.standard_normal(MOST)
    middle = np.abs(ends - 0.2) <= EQUAL_LOSS / 2
    shown, kinds = open_ends(rng, ends, np.where(middle, *OPEN[missing]))
    return lambda n: [ended(n, shown, kinds)]


def _models(rng: Rng, missing: str, **plant) -> Runs:
    ends = 0.2 + models_apart(rng, data="normal", spread="unequal", **plant)
    shown, kinds = open_ends(rng, ends, np.where(ends < 0.2, *OPEN[missing]))
    return lambda n: [ended(n, shown, kinds, protocol="std")]


# -- D7 ---------------------------------------------------------------------------------


def _accuracies(rng: Rng, gaps: tuple[float, float], data: str, spread: str) -> Runs:
    """he, std and var, whose test accuracies are lower than he's by these medians. One network in ten of std
    has no certificate and one in ten ends at another loss; what these label says nothing."""
    scales = 0.01 * (np.ones(4) if spread == "equal" else UNEQUAL)
    found = []
    for protocol, gap in zip(("he", "std", "var"), (0.0, *gaps), strict=True):
        if data == "discrete" and gap:
            beyond = (
                0.5 + (TINY if gap >= A_LOT else -TINY) if abs(gap - A_LOT) < 0.01 else float(gap > A_LOT)
            )
            lost = np.where(rng.random(MOST) < beyond, 2 * A_LOT, 0.0)
        else:
            lost = gap + (shaped(rng, data, MOST, scales) if data != "discrete" and protocol != "he" else 0.0)
        ends, fate = np.zeros(MOST), rng.random(MOST)
        if protocol == "std":
            ends = np.where(fate < 0.1, 0.3, ends)
        open_ = (fate > 0.9) * (protocol == "std")
        shown, kinds = open_ends(rng, ends, open_)
        accuracy = np.where((fate < 0.1) | (fate > 0.9), 0.1, 0.9 - lost) if protocol == "std" else 0.9 - lost
        found.append((shown, kinds, protocol, np.broadcast_to(np.clip(accuracy, 0.0, 1.0), MOST)))
    return lambda n: [
        ended(n, shown, kinds, protocol=protocol, test_accuracy=np.array(accuracy))
        for shown, kinds, protocol, accuracy in found
    ]


# -- D8 ---------------------------------------------------------------------------------


def _moves(rng: Rng, shares: tuple[float, float], missing: float) -> Runs:
    """Quadruples in which a network of larger sigma moved less, such a share of them for either measure; in
    the others it moved more."""
    rank = np.arange(MOST) % 4
    measures = {}
    for name, share in zip(("moved", "flips"), shares, strict=True):
        falls = np.repeat(rng.random(MOST // 4) < share, 4)
        measures[name] = np.where(falls, 4.0 - rank, 1.0 + rank) + 0.1 * rng.random(MOST)
    shown, kinds = open_ends(rng, np.zeros(MOST), missing)
    return lambda n: [ended(n, shown, kinds, protocol="std", **measures)]


def scenarios() -> Iterator[Scenario]:
    """Every scenario of second legs."""
    near, globally, lazy, window, sigma = (
        partial(_of_one, f) for f in (near_zero, global_minima, lazy_training, equal_loss, sigma_effect)
    )
    for spread, by_place in POPULATIONS.items():
        for (edge, holds), shares in by_place.items():
            for missing in OPEN:
                plant = {"shares": shares, "missing": missing, "spread": spread}
                about = (f"{spread}, {missing}", holds, edge)
                draw = partial(_lows, data="normal", **plant)
                yield Scenario(("E1", "E4", "E9"), "descents", *about, draw, near, 0.5)
            for data in DATA:
                missing = ("open at random", "open where stuck")[spread == "unequal"]
                plant = {"shares": shares, "missing": missing, "spread": spread, "data": data}
                yield Scenario(("E11",), data, spread, holds, edge, partial(_lows, **plant), globally, 0.5)
                draw = partial(_alike, **plant)
                yield Scenario(("E12",), data, spread, holds, edge, draw, optimisers_agree, 0.5)
    for missing in OPEN:
        for edge, low, high in ((True, SHARE - TINY, SHARE), (False, 0.4, 0.999)):
            for holds, share in ((False, low), (True, high)):
                draw = partial(_window, share=share, missing=missing)
                about = ("descents", f"equal, {missing}")
                yield Scenario(("E2", "E10"), *about, holds, edge, draw, window, 0.3)
                yield Scenario(("E7",), *about, not holds, edge, draw, window, 0.3)
        for holds, edge, gap in (
            (False, True, EQUAL_LOSS * (1 + 1e-4)),
            (True, True, EQUAL_LOSS),
            (False, False, 10 * EQUAL_LOSS),
            (True, False, 0.0),
        ):
            draw = partial(_models, missing=missing, places=(0.0,) * 4, pair=(3, 0), gap=gap)
            about = ("descents", f"unequal, {missing}", holds, edge)
            yield Scenario(("E2-sigma", "E10-sigma"), *about, draw, sigma, 0.3)
    for data in DATA:
        for spread in ("equal", "unequal"):
            for holds, edge, gaps in (
                (False, True, (A_LOT - TINY, A_LOT - TINY)),
                (True, True, (A_LOT, 0.0)),
                (False, False, (0.0, 0.0)),
                (True, False, (4 * A_LOT, 0.0)),
            ):
                draw = partial(_accuracies, gaps=gaps, data=data, spread=spread)
                yield Scenario(("D7",), data, spread, holds, edge, draw, scale_changes_accuracy, 0.5)
    for name, missing in (("certified", 0.0), ("one in ten open", 0.1)):
        for holds, edge, falls in (
            (False, True, (0.5 - TINY, 1.0)),
            (True, True, (0.5 + TINY, 0.5 + TINY)),
            (False, False, (0.1, 0.1)),
            (True, False, (0.97, 0.97)),
        ):
            draw = partial(_moves, shares=falls, missing=missing)
            yield Scenario(("D8",), "discrete", f"unequal, {name}", holds, edge, draw, lazy, 0.5)
