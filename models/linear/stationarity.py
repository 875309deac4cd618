"""What a point of a landscape is: stationary to second order, a minimum as far as probes tell, certified."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import linalg

from models.curvature.dense import symmetric_eigensystem
from models.linear.definite import eigenvalue_floor, rounding_of
from models.linear.lbfgs import Landscape, descend

__all__ = [
    "CURVATURE",
    "GRADIENT",
    "Probe",
    "curvature_floor",
    "minimum_value",
    "negative_direction",
    "probe",
]

GRADIENT = 1e-9
"""Stationary: ||gradient|| is at most this, in units where the loss of zero weights is 1/2."""

CURVATURE = 1e-6
"""Second-order stationary: no Hessian eigenvalue lies below minus this, in the same units, with all
rounding counted."""

RADII = (1e-1, 1e-2, 1e-3)
"""Distances of the probes, as shares of max(1, ||w||); the last is what "nearby" means."""

DIRECTIONS = 2
"""Random directions of each kind a radius, both signs: plain ones and ones near the null space of H."""

PROBE_STEPS = 150
"""L-BFGS steps from each probe."""


@dataclass(frozen=True, slots=True)
class Probe:
    """The lowest point found from perturbations of a point, by how far they reached.

    Attributes:
        near: lower weights [P] found from the smallest radius, or None: a saddle if there are any.
        far: whether some larger radius led lower: nothing is decided then, because a kick may also
            leave the basin of a true minimum.
    """

    near: np.ndarray | None
    far: bool


def curvature_floor(landscape: Landscape, w: np.ndarray) -> float | None:
    """A number that no Hessian eigenvalue at w [P] lies below, or None where -CURVATURE is not reached."""
    H, error = landscape.hessian(w[None])[0], float(landscape.hessian_error(w[None])[0])
    for shift in (CURVATURE / 100, CURVATURE / 4):
        floor = eigenvalue_floor(H, max(shift, 4 * (rounding_of(H) + error)), error)
        if floor is not None and floor >= -CURVATURE:
            return floor
    return None


def negative_direction(landscape: Landscape, w: np.ndarray) -> np.ndarray | None:
    """A unit vector [P] with v^T H v < 0 beyond the bound on all rounding, or None."""
    H, error = landscape.hessian(w[None])[0], float(landscape.hessian_error(w[None])[0])
    eigenvalues, vectors, bound = symmetric_eigensystem(H)
    return vectors[:, 0] if eigenvalues[0] + bound + error < 0 else None


def probe(landscape: Landscape, w: np.ndarray, seed: int) -> Probe:
    """Perturbs w [P] at several radii and descends from there; does any end lie below the loss at w?

    Half of the directions are random; half are (H + s I)^-1 times random ones, which lie in the span of
    the smallest eigenvalues, where a degenerate saddle hides its descent. "Below" is by more than
    1e-12 plus the decrease that the gradient at w allows for: rounding and an unfinished descent do
    not count.
    """
    rng = np.random.default_rng(seed)
    H = landscape.hessian(w[None])[0]
    plain = rng.normal(size=(DIRECTIONS, len(w)))
    shift = max(CURVATURE, 4 * rounding_of(H))
    null = np.linalg.solve(H + shift * np.eye(len(w)), rng.normal(size=(DIRECTIONS, len(w))).T).T
    directions = np.concatenate([plain, null])
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    directions = np.concatenate([directions, -directions])
    size = max(1.0, float(np.linalg.norm(w)))
    here = float(landscape.loss(w[None])[0])
    far = False
    for radius in RADII:
        ends = descend(landscape, w + radius * size * directions, tolerance=1e-13, iterations=PROBE_STEPS)
        losses = landscape.loss(ends)
        lowest = int(np.argmin(losses))
        # Within this radius a stationary w owes at most ||gradient|| * distance to an unfinished descent.
        if losses[lowest] < here - 1e-12 - GRADIENT * radius * size:
            if radius == RADII[-1]:
                return Probe(ends[lowest], far)
            far = True
    return Probe(None, far)


def minimum_value(landscape: Landscape, w: np.ndarray) -> float | None:
    """A lower bound on the value of a strict local minimum proved to exist near w [P], or None.

    With ||gradient|| <= g and eigenvalues of H >= mu at w, and |D^3 L| <= K within rho of w,
    L(w + rho u) >= L(w) - g rho + mu rho^2 / 2 - K rho^3 / 6 for every unit u. If that exceeds L(w), the
    least value in the closed ball is taken inside, so there is a local minimum, and because
    mu - K rho > 0 makes L strongly convex there, it is strict and its value is at least L(w) - g rho.
    """
    at = w[None]
    H, error = landscape.hessian(at)[0], float(landscape.hessian_error(at)[0])
    guess = float(linalg.eigvalsh(H, subset_by_index=(0, 0))[0])
    mu = eigenvalue_floor(H, -guess / 2, error) if guess > 0 else None
    if mu is None or mu <= 0:
        return None
    loss, gradient = landscape.loss_and_gradient(at)
    g = float(np.linalg.norm(gradient[0]) + landscape.gradient_error(at)[0])
    for rho in 4 * g / mu * np.array([1.0, 10.0, 100.0]):
        K = float(landscape.third_derivative(at, float(rho))[0])
        if mu - K * rho > 0 and mu * rho / 2 - K * rho**2 / 6 > g:
            return float(loss[0]) - g * float(rho)
    return None
