"""Evidence on T2, that every local minimum of a deep linear network is global: restarts to second order.

A `Cell` is one landscape with its starts and the closed form of its global minimum; `run`
brings every start to rest; `evidence` counts. What is fixed beforehand stands in capitals.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from claims.core.margins import FEW, NOT_GLOBAL, RESTARTS
from claims.core.verdict import Evidence, Strength
from claims.evidence.linear.preparation import prepared
from claims.statistics import Share
from models.exact.moments import Moments
from models.linear.closed_form import Spectrum, sigma_spectrum
from models.linear.descent import settle
from models.linear.landscape import LinearLandscape
from models.linear.lbfgs import Landscape, descend
from models.linear.problem import LinearProblem
from models.linear.reduction import Reduction, reduction
from models.linear.stationarity import GRADIENT

__all__ = ["Cell", "Restarts", "architectures", "cells", "evidence", "grid_note", "run"]

GAINS = (0.3, 1.0, 2.0**0.5)
"""Initial weights are N(0, gain^2 / fan_in): small, LeCun's and He's, for inputs of unit root mean square."""

FULL_SHARE = 6
"""One start in so many descends in all inputs, as they are, instead of the whitened and reduced ones."""

FULL_WEIGHTS = 400
"""Up to so many weights it stays there to the end; beyond, for FULL_STEPS, then it is moved over."""

FULL_STEPS = 15


@dataclass(frozen=True, eq=False)
class Cell:
    """Restarts on one landscape.

    Attributes:
        landscape: the loss.
        starts: [M, P].
        lowest: L*, by the closed form.
        zero: L0.
        tolerance: bound on the error of `lowest`.
        full: how many of the starts descend or descended in all inputs.
    """

    landscape: Landscape
    starts: np.ndarray
    lowest: float
    zero: float
    tolerance: float = 0.0
    full: int = 0


@dataclass(frozen=True, eq=False)
class Restarts:
    """What became of n restarts.

    Attributes:
        excess: [n], (L - L*) / (L0 - L*) where each came to rest.
        settled: [n], whether it converged to a local minimum.
        strict: [n], lower bound on the excess of a strict local minimum proved to exist there, else NaN.
        saddles: [n], saddles left on the way.
        full: how many began in all inputs.
    """

    excess: np.ndarray
    settled: np.ndarray
    strict: np.ndarray
    saddles: np.ndarray
    full: int


def architectures(d_y: int) -> tuple[tuple[int, ...], ...]:
    """Hidden widths of the grid: 1 to 3 layers, the narrowest below (where d_y > 1), at and above d_y."""
    low, high = max(1, d_y // 2), d_y + 2
    found: list[tuple[int, ...]] = [(low,), (d_y,), (high,)]
    found += [(low + 1, low), (d_y, d_y), (d_y + 1, high)]
    found += [(low + 1, low, low + 2), (d_y, d_y + 1, d_y), (high, d_y + 1, high)]
    return tuple(dict.fromkeys(found))


def cells(moments: Moments, seed: int = 0) -> Iterator[Cell]:
    """The grid of T2 on one data set, two cells an architecture: in few inputs and in all of them.

    Raises:
        ValueError: X X^T is singular.
        ArithmeticError: the next critical value is too near L*, or L* is not known well enough.
    """
    spectrum = sigma_spectrum(moments)
    small = reduction(LinearProblem.of(moments))
    _check(spectrum, small)
    grid = architectures(moments.d_y)
    each = math.ceil(RESTARTS / (len(grid) * len(GAINS)))
    outside = math.ceil(each / FULL_SHARE)
    for hidden in grid:
        full = LinearLandscape(small.full, hidden)
        few = LinearLandscape(small.problem(hidden[0]), hidden)
        zero, lowest = small.full.zero_loss, spectrum.lowest_loss(full.narrowest)
        tolerance = spectrum.loss_bound(full.narrowest)
        if spectrum.gap(full.narrowest) < 1000 * NOT_GLOBAL * (zero - lowest):
            raise ArithmeticError(
                f"got the next critical value {spectrum.gap(full.narrowest):.1e} above L* for p = "
                f"{full.narrowest}, wanted 1000 times {NOT_GLOBAL:g}: the verdict could not tell them apart"
            )
        name = zlib.crc32(repr((hidden, moments.d_x, moments.m)).encode())
        rng = np.random.default_rng([seed, name])
        starts = [_initial(full, gain, each, rng) for gain in GAINS]
        begun = np.concatenate([w[:outside] for w in starts])
        rest = _down(small, full, few, np.concatenate([w[outside:] for w in starts]))
        if full.size <= FULL_WEIGHTS:
            yield Cell(full, begun, lowest, zero, tolerance, full=len(begun))
            yield Cell(few, rest, lowest, zero, tolerance)
        else:
            begun = descend(full, begun, tolerance=GRADIENT, iterations=FULL_STEPS)
            moved = np.concatenate([_down(small, full, few, begun), rest])
            yield Cell(few, moved, lowest, zero, tolerance, full=len(begun))


def _initial(landscape: LinearLandscape, gain: float, members: int, rng: np.random.Generator) -> np.ndarray:
    return landscape.flat(
        [gain / math.sqrt(b) * rng.normal(size=(members, a, b)) for a, b in landscape.shapes]
    )


def _down(small: Reduction, full: LinearLandscape, few: LinearLandscape, w: np.ndarray) -> np.ndarray:
    first, *rest = full.layers(w)
    return few.flat([small.down(first), *rest])


def _check(spectrum: Spectrum, small: Reduction) -> None:
    """The landscape that is descended and the closed form must speak of the same Sigma."""
    size = float(spectrum.eigenvalues.sum())
    away = float(np.abs(small.singular**2 - spectrum.eigenvalues[: small.kept]).max())
    if away + spectrum.bound > 1e-3 * NOT_GLOBAL * size:
        raise ArithmeticError(
            f"got eigenvalues of Sigma {away:.1e} from those certified to {spectrum.bound:.1e}, "
            f"wanted a thousandth of the margin {NOT_GLOBAL:g}: X X^T is too ill-conditioned for float64"
        )


def run(grid: Iterable[Cell], *, seed: int = 0, **budget: int) -> Restarts:
    """Brings every start of every cell to rest.

    Args:
        grid: the cells.
        seed: of the probes.
        budget: `first` and `second` of `models.linear.descent.settle`, its own by default.

    Raises:
        ArithmeticError: a loss lies below the closed form by more than rounding, which is then wrong.
    """
    found, full = [], 0
    for number, cell in enumerate(grid):
        span = cell.zero - cell.lowest
        enough = cell.lowest + NOT_GLOBAL * span
        ends = settle(cell.landscape, cell.starts, enough=enough, seed=seed + 10_000 * number, **budget)
        excess = (ends.loss - cell.lowest) / span
        if np.nanmin(excess) < -1e-3 * NOT_GLOBAL:
            raise ArithmeticError(
                f"got a loss {-np.nanmin(excess):.1e} (L0 - L*) below the closed form, wanted none: L* = "
                f"{cell.lowest:.6g} is not the global minimum"
            )
        found.append(
            (excess, ends.settled, (ends.strict - cell.lowest - cell.tolerance) / span, ends.saddles)
        )
        full += cell.full
    excess, settled, strict, saddles = (np.concatenate(parts) for parts in zip(*found, strict=True))
    return Restarts(excess, settled, strict, saddles, full)


def evidence(of: Restarts, alpha: float, note: str = "") -> Evidence:
    """k of n not global, with one-sided Clopper-Pearson bounds at alpha; unconverged ones count both ways.

    The share is that over the starts of this grid, drawn cell by cell. Cells may differ in it: with none
    found, (1 - p_1) ... (1 - p_n) <= (1 - mean p)^n, so the bound holds for the mean; beyond that by
    Hoeffding (Ann. Math. Stat. 27, 1956). A strict local minimum proved to lie above L* by more than
    NOT_GLOBAL refutes by itself.

    Args:
        of: the restarts.
        alpha: error rate of either bound.
        note: what the grid was.
    """
    n, open_ = len(of.excess), int((~of.settled).sum())
    bad = of.settled & (of.excess > NOT_GLOBAL)
    k = int(bad.sum())
    share = Share(k, open_, n)
    interval = share.lower(alpha), share.upper(alpha)
    resting = of.excess[of.settled]
    parts = [
        f"{k} of {n} not global, at most {interval[1]:.2%} at {1 - alpha:.0%}",
        f"{open_} did not converge",
        f"largest excess {resting.max():.1e}, margin {NOT_GLOBAL:g}" if len(resting) else "none came to rest",
        f"{int(of.saddles.sum())} saddles left on the way",
    ]
    proved = of.strict > NOT_GLOBAL
    if proved.any():
        parts.insert(0, f"a strict local minimum proved {of.strict[proved].max():.2g} (L0 - L*) above L*")
    return Evidence(
        estimate=k / (n - open_) if n > open_ else None,
        interval=interval,
        n=n,
        strength=Strength.CERTIFICATE if proved.any() else Strength.STATISTICAL,
        proved=False if proved.any() else None,
        p_support=share.at_most(FEW),
        p_refute=share.beyond(FEW),
        sampling_unit="restarts",
        unresolved=open_,
        note="; ".join([*parts, note] if note else parts),
    )


def restarted(name: str, preparation: str, alpha: float) -> Evidence:
    """T2 by restarts on the set `name` after the steps in `preparation`."""
    moments = prepared(name, preparation)
    ends = run(cells(moments))
    return evidence(ends, alpha, grid_note(moments, ends))


def grid_note(moments: Moments, of: Restarts) -> str:
    """The grid in words."""
    below = "below, at and above" if moments.d_y > 1 else "at and above"
    return (
        f"{len(architectures(moments.d_y))} networks of 1 to 3 hidden layers, narrowest width {below} d_y = "
        f"{moments.d_y}; gains {', '.join(f'{gain:.2g}' for gain in GAINS)}; {of.full} restarts began in all "
        f"{moments.d_x} inputs, the rest in whitened ones"
    )
