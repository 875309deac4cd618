"""From starts to second-order stationary points: L-BFGS, Newton, and out of every saddle met on the way."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from models.linear.lbfgs import Landscape, descend
from models.linear.newton import newton
from models.linear.stationarity import (
    GRADIENT,
    curvature_floor,
    minimum_value,
    negative_direction,
    probe,
)

__all__ = ["Ends", "settle"]

SMALL, FEW_STEPS, MANY_STEPS = 120, 30, 400
"""L-BFGS steps of a round for up to SMALL weights, and beyond. A Newton step costs P^3 and is the more
robust: where a layer of width 1 is a bottleneck, a long L-BFGS run sometimes drifts to layers of very
unequal norms, where progress is slow. So Newton begins early where it is cheap, and elsewhere has a
second try from the start."""

ROUNDS = 8
"""Saddles a member may leave before it counts as not converged."""


@dataclass(frozen=True, eq=False)
class Ends:
    """Where the members of an ensemble came to rest.

    Attributes:
        w: [M, P].
        loss: [M].
        gradient: [M], norms.
        floor: [M], lower bound on the Hessian's eigenvalues, rounding included; -inf where none was proved.
        settled: [M], stationary to second order and not left by any probe: a local minimum to tolerance.
        strict: [M], lower bound on the value of a strict local minimum proved to exist there, else NaN.
        saddles: [M], saddles left on the way.
    """

    w: np.ndarray
    loss: np.ndarray
    gradient: np.ndarray
    floor: np.ndarray
    settled: np.ndarray
    strict: np.ndarray
    saddles: np.ndarray


def settle(
    landscape: Landscape,
    starts: np.ndarray,
    *,
    enough: float = -np.inf,
    seed: int = 0,
    first: int | None = None,
    second: int = 200,
) -> Ends:
    """Descends from every start until it is a local minimum to tolerance, or the budget ends.

    Converged means ||gradient|| <= GRADIENT, and every Hessian eigenvalue >= -CURVATURE with all rounding
    counted. That leaves degenerate saddles, so members whose loss is above `enough` are probed too
    (`stationarity.probe`); those at or below it are global minima, and nothing lies lower. A saddle,
    strict or found by the nearest probes, is left along its descent, at most ROUNDS times. A member
    that larger kicks alone lead lower stays where it is and does not count as settled: whether it was a
    minimum is open.

    Args:
        landscape: the loss.
        starts: [M, P].
        enough: losses up to this need no probe.
        seed: of the probes.
        first: L-BFGS steps of each round; by default as SMALL says. A member that is nowhere stationary
            in the end is taken from its start once more without them, whatever its loss.
        second: Newton steps of each round.
    """
    if first is None:
        first = FEW_STEPS if starts.shape[1] <= SMALL else MANY_STEPS
    ends = _rounds(landscape, starts, enough, seed, first, second)
    # Not those that are stationary but open: what they are must not be settled by another try.
    again = np.flatnonzero(np.isneginf(ends.floor)) if first else np.zeros(0, dtype=np.int64)
    if not len(again):
        return ends
    other = _rounds(landscape, starts[again], enough, seed, 0, second)
    for name in ("w", "loss", "gradient", "floor", "settled", "strict", "saddles"):
        getattr(ends, name)[again] = getattr(other, name)
    return ends


def _rounds(
    landscape: Landscape, starts: np.ndarray, enough: float, seed: int, first: int, second: int
) -> Ends:
    M = len(starts)
    w, floor = starts.copy(), np.full(M, -np.inf)
    settled, strict, saddles = np.zeros(M, dtype=bool), np.full(M, np.nan), np.zeros(M, dtype=np.int64)
    going = np.arange(M)
    for _ in range(ROUNDS + 1):
        w[going] = descend(landscape, w[going], tolerance=GRADIENT, iterations=first)
        left = []
        for m in going:
            w[m] = newton(landscape, w[m], tolerance=GRADIENT, iterations=second)
            loss, gradient = landscape.loss_and_gradient(w[m][None])
            if not (np.isfinite(loss[0]) and np.linalg.norm(gradient[0]) <= GRADIENT):
                continue
            lower, far, value = None, False, None
            bound = curvature_floor(landscape, w[m])
            if bound is None:
                direction = negative_direction(landscape, w[m])
                lower = None if direction is None else _along(landscape, w[m], direction)
            elif loss[0] > enough:
                # A proof that a minimum is there comes first: kicks may leave its basin.
                value = minimum_value(landscape, w[m])
                if value is None:
                    found = probe(landscape, w[m], seed + int(m))
                    lower, far = found.near, found.far
            if lower is not None:
                w[m] = lower
                left.append(m)
            elif bound is not None:
                floor[m], settled[m] = bound, not far
                strict[m] = np.nan if value is None else value
        saddles[left] += 1
        going = np.array(left, dtype=np.int64)
        if not len(going):
            break
    loss, gradient = landscape.loss_and_gradient(w)
    return Ends(w, loss, np.linalg.norm(gradient, axis=1), floor, settled, strict, saddles)


def _along(landscape: Landscape, w: np.ndarray, direction: np.ndarray) -> np.ndarray | None:
    """The lowest of points at many distances along +- a direction of negative curvature, if any is lower."""
    size = max(1.0, float(np.linalg.norm(w)))
    distances = size * np.ldexp(1.0, -np.arange(24))
    line = w + np.concatenate([distances, -distances])[:, None] * direction
    losses = landscape.loss(line)
    lowest = int(np.argmin(losses))
    return line[lowest] if losses[lowest] < landscape.loss(w[None])[0] else None
