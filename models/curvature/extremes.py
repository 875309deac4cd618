"""Extreme eigenvalues beyond the dense limit: what Lanczos proves, and what it does not.

A unit vector v with H v = theta v + r, ||r|| = rho, proves that some eigenvalue lies within rho of theta,
and its Rayleigh quotient bounds the smallest eigenvalue from above and the largest from below. Nothing of
the kind says that no eigenvalue lies further out. Two things are known there: ||H|| <= the norm of the
majorant's Hessian, which is proved and far off; and the bound of Kuczynski & Wozniakowski (1992) for a
random start, which holds with a probability.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from models.curvature.answers import Count, Eigenvalue
from models.curvature.dense import SLACK, UNIT, gamma
from models.curvature.krylov import Krylov, lanczos, norm
from models.curvature.objective import Objective
from models.curvature.products import hessian_products, majorised

__all__ = ["Extremes", "Operator", "extreme_eigenvalues", "hessian_operator", "random_start_margin"]

FAILURE = 1e-6
"""Probability, over the random start, with which the random-start bound may fail."""


@dataclass(frozen=True, eq=False)
class Operator:
    """A symmetric matrix known by its products.

    Attributes:
        size: P.
        product: v [P] to H v.
        error: v [P] to a bound on |fl(H v) - H v|, entry by entry; None where there is none.
        norm: proved bound on ||H||_2, inf where there is none.
    """

    size: int
    product: Callable[[np.ndarray], np.ndarray]
    error: Callable[[np.ndarray], np.ndarray] | None = None
    norm: float = math.inf


@dataclass(frozen=True, eq=False, repr=False)
class Extremes:
    """Ritz values at both ends.

    Attributes:
        lowest: [k], ascending, with `lowest_residuals` the measured ||H v - theta v||, rounding included.
        highest: [k], descending, with `highest_residuals`.
        vectors: [2k, P], the lowest ones' first.
        smallest: the answer for the smallest eigenvalue.
        largest: the answer for the largest.
        negative: how many eigenvalues are negative.
        converged: whether every residual is below the tolerance asked for; False is a warning, not a detail.
        products: how many products it took.
    """

    lowest: np.ndarray
    lowest_residuals: np.ndarray
    highest: np.ndarray
    highest_residuals: np.ndarray
    vectors: np.ndarray
    smallest: Eigenvalue
    largest: Eigenvalue
    negative: Count
    converged: bool
    products: int


def hessian_operator(objective: Objective, w: Tensor) -> Operator:
    """The Hessian at w [P] by its products, with their rounding and a bound on its norm where it has a
    majorant."""

    def of(what: Objective, at: Tensor) -> Callable[[np.ndarray], np.ndarray]:
        return lambda v: hessian_products(what, at, torch.from_numpy(np.ascontiguousarray(v))).numpy()

    twin = majorised(objective, w)
    if twin is None:
        return Operator(objective.parameters, of(objective, w))
    majorant, factor = of(twin, w.abs()), gamma(objective.roundings) * (1 + SLACK)
    v, bound = np.ones(objective.parameters), math.inf
    for _ in range(20):
        # max_i (E v)_i / v_i bounds the spectral radius of E >= 0 for every v > 0 (Collatz and Wielandt).
        image = majorant(v)
        bound = min(bound, float((image / v).max()))
        v = np.maximum(image / max(float(image.max()), 1e-300), 1e-6)
    return Operator(
        objective.parameters, of(objective, w), lambda u: factor * majorant(np.abs(u)), bound * (1 + 1e-6)
    )


def extreme_eigenvalues(
    operator: Operator, count: int = 3, tolerance: float = 1e-8, steps: int = 300, seed: int = 0
) -> Extremes:
    """The `count` lowest and highest eigenvalues that Lanczos finds, with what they prove.

    One Krylov sequence holds one copy of every eigenvalue, so further rounds, each orthogonal to the vectors
    kept so far, look for the other copies of a repeated one, until a round brings nothing new to either end.
    Neither this nor convergence proves that an eigenvalue was not missed.

    Args:
        operator: H.
        count: eigenvalues an end.
        tolerance: a Ritz pair has converged when its residual is below tolerance times the largest Ritz
        value.
        steps: products a round.
        seed: of the random starts.

    Raises:
        ValueError: count below 1.
    """
    if count < 1:
        raise ValueError(f"got {count} eigenvalues an end, wanted at least 1")
    P = operator.size
    count = min(count, P)
    kept, values, first, products = np.zeros((0, P)), np.zeros(0), None, 0

    def done(krylov: Krylov) -> bool:
        return bool((_ends(krylov.residuals, count) <= 0.1 * tolerance * np.abs(krylov.theta).max()).all())

    for turn in range(count + 1):
        krylov = lanczos(operator.product, P, steps, seed + turn, done, kept)
        first = first or krylov
        exhausted = len(krylov.theta) + len(kept) >= P
        new = np.array([krylov.vector(i) for i in _end_indices(len(krylov.theta), count)])
        merged, found = _rayleigh_ritz(operator.product, np.concatenate([kept, new]))
        products += len(krylov.theta) + len(merged)
        order, before = _end_indices(len(found), count), values
        kept, values = merged[order], found[order]
        if exhausted or (len(before) == len(values) and _close(values, before, tolerance)):
            break
    assert first is not None, "count is at least 1"
    return _answered(operator, kept, first, count, tolerance, products)


def random_start_margin(size: int, steps: int, failure: float = FAILURE) -> float:
    """epsilon with lambda_max(A) (1 - epsilon) <= theta_max after `steps` Lanczos steps, for any A >= 0.

    1.648 sqrt(P) exp(-sqrt(epsilon) (2k - 1)) bounds the probability over the uniformly random start that it
    fails (Kuczynski & Wozniakowski, SIAM J. Matrix Anal. Appl. 13, 1992). Above 1 it says
    nothing.
    """
    return (math.log(1.648 * math.sqrt(size) / failure) / (2 * steps - 1)) ** 2


def _end_indices(n: int, count: int) -> np.ndarray:
    """Indices of the first and last `count` of n, without repetition."""
    return np.unique(np.r_[np.arange(min(count, n)), np.arange(max(n - count, 0), n)])


def _ends(values: np.ndarray, count: int) -> np.ndarray:
    return values[_end_indices(len(values), count)]


def _close(a: np.ndarray, b: np.ndarray, tolerance: float) -> bool:
    return bool(np.abs(a - b).max() <= tolerance * np.abs(a).max())


def _rayleigh_ritz(
    product: Callable[[np.ndarray], np.ndarray], rows: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Ritz vectors [j, P] and values [j], ascending, in the span of the rows."""
    Q = np.linalg.qr(rows.T)[0].T
    images = np.array([product(q) for q in Q])
    T = Q @ images.T
    values, S = np.linalg.eigh(0.5 * (T + T.T))
    return S.T @ Q, values


def _answered(
    operator: Operator, vectors: np.ndarray, first: Krylov, count: int, tolerance: float, products: int
) -> Extremes:
    """Measures the residual and the Rayleigh quotient of every vector kept, and says what they prove."""
    P, proved = operator.size, operator.error is not None
    theta, residual, slack = (np.zeros(len(vectors)) for _ in range(3))
    spread_products = [operator.product(v) for v in vectors]
    for i, (v, image) in enumerate(zip(vectors, spread_products, strict=True)):
        error = np.zeros(P) if operator.error is None else operator.error(v)
        square = float(v @ v)
        theta[i] = float(v @ image) / square
        size = float(np.abs(v) @ np.abs(image))
        # |fl(v.image) - v.Hv| and the division by v.v, whose own rounding is gamma_P.
        slack[i] = (float(np.abs(v) @ error) + 3 * gamma(P + 2) * size) / square * (1 + 1e-6)
        residual[i] = (
            (norm(image - theta[i] * v) + norm(error) + 4 * UNIT * norm(image))
            / math.sqrt(square)
            * (1 + 1e-6)
        )
    order = np.argsort(theta, kind="stable")
    theta, residual, slack, vectors = theta[order], residual[order], slack[order], vectors[order]
    k = min(count, len(theta))
    scale = float(np.abs(theta).max())
    converged = bool((_ends(residual, k) <= tolerance * scale).all())
    note = _random_start_note(P, first)
    if not proved:
        note = f"the rounding of the products is not bounded; {note}"
    high = float(theta[0] + slack[0]) if proved else math.inf
    low = float(theta[-1] - slack[-1]) if proved else -math.inf
    smallest = _extreme("smallest", theta[0], residual[0], (0.0 - operator.norm, high), note)
    largest = _extreme("largest", theta[-1], residual[-1], (low, operator.norm), note)
    return Extremes(
        lowest=theta[:k],
        lowest_residuals=residual[:k],
        highest=theta[::-1][:k],
        highest_residuals=residual[::-1][:k],
        vectors=np.concatenate([vectors[:k], vectors[::-1][:k]]),
        smallest=smallest,
        largest=largest,
        negative=_negative(vectors, theta, residual, P, proved),
        converged=converged,
        products=products + len(theta),
    )


def _extreme(which: str, theta: float, bound: float, known: tuple[float, float], note: str) -> Eigenvalue:
    low, high = known
    # Rarely: where the norm bound meets the Rayleigh quotient, as for H = 0.
    certified = high - low <= 2 * bound
    return Eigenvalue(which, float(theta), float(bound), low, high, bool(certified), f"Lanczos; {note}")


def _negative(vectors: np.ndarray, theta: np.ndarray, residual: np.ndarray, P: int, proved: bool) -> Count:
    """At least as many eigenvalues are negative as a subspace with v^T H v < 0 has dimensions (Sylvester)."""
    below = theta + residual < 0
    if not proved or not below.any():
        return Count(0, P, "no negative curvature was proved")
    V, size = vectors[below], int(below.sum())
    # V^T H V = diag(theta) + V^T R; its largest eigenvalue is below max(theta) + the residuals' Frobenius
    # norm.
    defect = float(np.linalg.norm(V @ V.T - np.eye(size))) + gamma(P) * size
    worst = theta[below].max() + np.linalg.norm(residual[below]) + np.abs(theta[below]).max() * defect
    return Count(size if worst < 0 else 1, P, "that many directions of negative curvature")


def _random_start_note(P: int, first: Krylov) -> str:
    # Both ends fail with probability FAILURE at most, half of it each.
    steps = first.first_sequence
    if steps < len(first.theta) or steps == P:
        return f"{len(first.theta)} of {P} dimensions, the first invariant subspace at step {steps}"
    epsilon = random_start_margin(P, steps, FAILURE / 2)
    if epsilon >= 0.5:
        return f"{steps} steps in {P} dimensions, too few for the random-start bound"
    spread = float(first.theta[-1] - first.theta[0])
    margin = epsilon / (1 - 2 * epsilon) * spread
    chance = f"except with probability {FAILURE:g} over the random start"
    return f"no eigenvalue is further out by {margin:.2g}, {chance}"
