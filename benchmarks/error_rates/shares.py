"""Populations for the claims on a share of networks that arrive: E1, E4, E5, E9, D2, D6 and N3."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial

import numpy as np

from benchmarks.error_rates.lean_runs import MOST, curves, moving, run
from benchmarks.error_rates.shapes import DATA, SHAPES, TINY, by_model, shaped
from benchmarks.error_rates.simulate import Runs, Scenario
from claims.core.margins import MODEL_SHARE, NEAR_ZERO, SHARE
from claims.evidence.relu.output_relu import changed_verdict
from claims.evidence.trained.comparisons import different_ends
from claims.evidence.trained.reaching import every_architecture, near_zero, same_behaviour

__all__ = ["scenarios"]

Rng = np.random.Generator

_MIXED = np.array([0.97, 0.92, 0.86, 0.65])
"""Shares of the four models with the mean SHARE."""

POPULATIONS: dict[str, dict[tuple[bool, bool], Sequence[float]]] = {
    # spread: {(edge, holds): shares of the four models}
    "equal": {
        (True, False): [SHARE - TINY] * 4,
        (True, True): [SHARE] * 4,
        (False, False): [0.4] * 4,
        (False, True): [0.99] * 4,
    },
    "unequal": {
        (True, False): _MIXED - TINY,
        (True, True): _MIXED,
        (False, False): [0.9, 0.5, 0.2, 0.0],
        (False, True): [1.0, 1.0, 0.99, 0.97],
    },
    "one model": {
        (True, False): [1.0, 1.0, 1.0, MODEL_SHARE - TINY],
        (True, True): [1.0, 1.0, 0.9, MODEL_SHARE],
        (False, False): [1.0, 1.0, 1.0, 0.0],
        (False, True): [1.0, 1.0, 1.0, 0.97],
    },
}


def _protocol(spread: str) -> str:
    return "he" if spread == "equal" else "std"


def _states(rng: Rng, shares: Sequence[float]) -> np.ndarray:
    """Which of the networks have the property, [MOST]."""
    return rng.random(MOST) < by_model(shares, MOST)


def _losses(rng: Rng, arrived: np.ndarray, data: str) -> np.ndarray:
    """Final l [M]: at or below the level for those that arrived, above for the others, as far as data say."""
    if data == "discrete":
        return np.where(arrived, 0.01, 1.0)
    away = np.abs(shaped(rng, data, len(arrived)))
    return np.where(arrived, NEAR_ZERO * np.exp(-away), np.minimum(NEAR_ZERO * np.exp(0.05 + away), 9.0))


def _near(rng: Rng, shares: Sequence[float], data: str, spread: str, side: str) -> Runs:
    still = data == "still falling"
    ends = _losses(rng, _states(rng, shares), "normal" if still else data)
    judged = moving(rng, ends) if still else curves(ends)
    other = curves(np.full(MOST, 0.01), epochs=len(judged) - 1)
    sides = (judged, other) if side == "train" else (other, judged)
    return lambda n: [run(n, *sides, protocol=_protocol(spread))]


def _alike(rng: Rng, shares: Sequence[float], data: str, spread: str) -> Runs:
    alike, large = _states(rng, shares), rng.random(MOST) < 0.9
    small = np.where(alike, large, ~large)
    both = [curves(_losses(rng, state, data)) for state in (small, large)]
    return lambda n: [run(n, curve, protocol=_protocol(spread)) for curve in both]


def _three(rng: Rng, shares: Sequence[float], data: str, spread: str, *, all_alike: bool) -> Runs:
    """Three architectures: all with these shares, or one, while in the others every network arrives."""
    states = [_states(rng, shares)] + [
        _states(rng, shares) if all_alike else np.ones(MOST, dtype=bool) for _ in range(2)
    ]
    found = [curves(_losses(rng, state, data)) for state in states]
    return lambda n: [
        run(n, curve, protocol=_protocol(spread), widths=(width,))
        for width, curve in zip((2, 3, 4), found, strict=True)
    ]


def _landscapes(rng: Rng, stuck: Sequence[Sequence[float]], data: str, spread: str) -> Runs:
    """For each loss, the share of seeds [4] by model from which it alone is stuck."""
    draw, bounds = rng.random(MOST), np.cumsum([by_model(shares, MOST) for shares in stuck], axis=0)
    which = (draw >= bounds).sum(0)  # 0, 1, 2: this loss is stuck; 3: none
    ends = [curves(_losses(rng, which != k, data)) for k in range(3)]
    losses = ("mse", "bce", "ce")
    return lambda n: [
        run(n, curve, protocol=_protocol(spread), loss=loss) for loss, curve in zip(losses, ends, strict=True)
    ]


def _two_outputs(rng: Rng, usual: Sequence[float], literal: Sequence[float], data: str, spread: str) -> Runs:
    ends = [curves(_losses(rng, _states(rng, shares), data)) for shares in (usual, literal)]
    outputs = ("linear", "relu")
    return lambda n: [
        run(n, curve, protocol=_protocol(spread), output=output)
        for output, curve in zip(outputs, ends, strict=True)
    ]


def _single(function: Callable, runs: Sequence, claim: object, **more: object):
    return function(*runs, claim, **more)


def scenarios() -> Iterator[Scenario]:
    """Every scenario of these claims."""
    train, test = (partial(_single, near_zero, side=side) for side in ("train", "test"))
    behaviour = partial(_single, same_behaviour)
    relu = partial(_single, partial(changed_verdict, "E1", near_zero))
    for data in (*DATA, "still falling"):
        for spread, by_place in POPULATIONS.items():
            for (edge, holds), shares in by_place.items():
                about = (data, spread, holds, edge)
                plant = {"shares": shares, "data": data, "spread": spread}
                yield Scenario(("E1", "E4", "E9"), *about, partial(_near, side="train", **plant), train)
                if data == "still falling":
                    continue
                sides = ("E1-test", "E4-test", "E9-test")
                yield Scenario(sides, *about, partial(_near, side="test", **plant), test)
                yield Scenario(("E5", "E5-test"), *about, partial(_alike, **plant), behaviour)
                # Against support one architecture at the edge is worst, against refutation all of them.
                three = partial(_three, all_alike=holds, **plant)
                yield Scenario(("D2",), *about, three, every_architecture, effort=0.5)
    for data in (*SHAPES, "discrete"):
        yield from _of_landscapes(data)
        for spread, (inside, outside) in {
            "equal": ([SHARE] * 4, [SHARE - TINY] * 4),
            "unequal": (_MIXED, _MIXED - TINY),
        }.items():
            far_in, far_out = ([share] * 4 for share in (1.0, 0.3))
            for holds, edge, usual, literal in (
                (True, True, inside, inside),
                (False, True, inside, outside),
                (True, False, far_in, far_in),
                (False, False, far_in, far_out),
            ):
                draw = partial(_two_outputs, usual=usual, literal=literal, data=data, spread=spread)
                yield Scenario(("N3",), data, spread, holds, edge, draw, relu, effort=0.5)


def _of_landscapes(data: str) -> Iterator[Scenario]:
    edge = round(1 - SHARE, 12)
    tilt = np.array([0.2, 0.6, 1.2, 2.0])  # mean 1
    none = np.zeros(4)
    for spread, by in {"equal": np.ones(4), "unequal": tilt}.items():
        # Two losses, each alone stuck in half of the seeds, differ in all of these.
        for holds, place, stuck in (
            (False, True, [by * (edge / 2 - TINY)] * 3),
            (True, True, [by * edge, none, none]),
            (False, False, [by * 0.002] * 3),
            (True, False, [by * 0.45, none, none]),
        ):
            draw = partial(_landscapes, stuck=stuck, data=data, spread=spread)
            yield Scenario(("D6",), data, spread, holds, place, draw, different_ends, effort=0.7)
