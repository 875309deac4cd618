"""Populations for the claims of section 2 that are sampled: T2's restarts and N2's draws of paths."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from functools import cache, partial

import numpy as np

from benchmarks.error_rates.shapes import DATA, SHAPES, TINY
from benchmarks.error_rates.simulate import Runs, Scenario
from claims.core.margins import FEW, NOT_GLOBAL, RESCALED, RESTARTS
from claims.evidence.linear import restarts
from claims.evidence.relu import bernoulli_paths
from data import load_synthetic
from models.relu import bernoulli

__all__ = ["scenarios"]

Rng = np.random.Generator


# -- T2 -------------------------------------------------------------------------------------


def _restarts(rng: Rng, share: float, spread: str, lost: float) -> Runs:
    """So many restarts of which that share ends above the global minimum, and some do not come to rest."""
    by = np.full(RESTARTS, share)
    if spread == "unequal":  # a tenth of the grid's cells have all of it
        by = np.where(np.arange(RESTARTS) % 10 == 0, 10 * share, 0.0)
    excess = np.where(rng.random(RESTARTS) < by, 100 * NOT_GLOBAL, 0.0)
    settled = rng.random(RESTARTS) >= lost
    nothing = np.full(RESTARTS, np.nan)
    found = restarts.Restarts(excess, settled, nothing, np.zeros(RESTARTS, dtype=int), 0)
    return lambda n: [found]


def _counted(runs, claim):
    return restarts.evidence(runs[0], claim.alpha)


# -- N2 -------------------------------------------------------------------------------------


@cache
def _errors() -> np.ndarray:
    """What the deep linear network gets wrong, [m, d_y]: half its squares sum to the deep linear loss."""
    data, weights = load_synthetic("synthetic"), bernoulli_paths._weights(bernoulli_paths.LARGE, 1)
    product = weights[0]
    for layer in weights[1:]:
        product = layer @ product
    return np.array(np.array(data.X) @ product.T - np.array(data.Y), dtype=float)


def _draws(rng: Rng, difference: float, data: str) -> Runs:
    """Draws whose expected output has a loss that much beyond the deep linear one, relatively."""
    errors = _errors()
    shape = (bernoulli_paths.DRAWS, *errors.shape)
    if data == "discrete":  # rarely, much
        noise = np.where(rng.random(shape) < 0.01, 0.99, -0.01) * 10
    else:
        noise = SHAPES[data](rng, int(np.prod(shape))).reshape(shape)
        noise -= np.exp(0.5) - 1 if data == "log-normal" else 0.0
    size = 0.02 * np.sqrt((errors**2).mean()) * np.sqrt(bernoulli_paths.DRAWS) / 4
    return lambda n: [errors * np.sqrt(1 + difference) + size * noise]


def _sampled(runs, claim):
    with _drawn(runs[0]):
        return bernoulli_paths.sampled_evidence("expected-output", claim)


@contextmanager
def _drawn(gaps: np.ndarray):
    """These draws in place of the seeded ones."""
    whole = bernoulli_paths._sampled_gaps
    bernoulli_paths._sampled_gaps = lambda name: gaps
    try:
        yield
    finally:
        bernoulli_paths._sampled_gaps = whole


def linear_loss() -> float:
    """The deep linear loss by the project's own exact formula, for a test of `_errors`."""
    data, weights = load_synthetic("synthetic"), bernoulli_paths._weights(bernoulli_paths.LARGE, 1)
    return float(bernoulli.linear_loss(weights, data.X, data.Y, Fraction(1)))


def scenarios() -> Iterator[Scenario]:
    """Every scenario of these claims."""
    for spread in ("equal", "unequal"):
        for holds, edge, share in (
            (True, True, FEW),
            (False, True, FEW + TINY),
            (True, False, 0.0),
            (False, False, 0.05),
        ):
            for lost in (0.0, 0.005):
                name = spread if not lost else f"{spread}, some lost"
                draw = partial(_restarts, share=share, spread=spread, lost=lost)
                yield Scenario(("T2",), "discrete", name, holds, edge, draw, _counted, sizes=())
    for data in DATA:
        for holds, edge, difference in (
            (True, True, RESCALED),
            (False, True, RESCALED + TINY),
            (True, False, 0.0),
            (False, False, 0.1),
        ):
            draw = partial(_draws, difference=difference, data=data)
            yield Scenario(("N2",), data, "equal", holds, edge, draw, _sampled, sizes=())
