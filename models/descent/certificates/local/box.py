"""Least squares over a box, by Newton's method on the face that the bounds leave."""

from __future__ import annotations

import numpy as np

__all__ = ["box_least_squares"]

STEPS = 300
"""Newton steps; a handful is usual."""

HALVED = 12
"""Lengths of a Newton step that are tried, each half of the one before."""


def box_least_squares(A: np.ndarray, b: np.ndarray) -> np.ndarray:
    """s [n] in [0, 1]^n at which ||A s + b|| is least, or nearly so.

    The two-metric projection of Bertsekas (1982, "Projected Newton methods for optimization problems with
    simple constraints", SIAM J. Control Optim. 20): a Newton step in the variables that are free, projected,
    of the length that leaves the least residual. scipy's BVLS frees one variable a step, each with a
    factorisation.

    Args:
        A: [q, n].
        b: [q].
    """
    q, n = A.shape
    if q > n:
        Q, A = np.linalg.qr(A)
        b = Q.T @ b
    G, h = A.T @ A, A.T @ b
    largest = max(float(np.trace(G)), 1e-300)

    def value(s: np.ndarray) -> float:
        return float(np.linalg.norm(A @ s + b))

    s, scale = np.full(n, 0.5), float(np.linalg.norm(b))
    for _ in range(STEPS):
        slope = G @ s + h
        free = ~(((s <= 0.0) & (slope > 0.0)) | ((s >= 1.0) & (slope < 0.0)))
        if not free.any():
            break
        newton = np.zeros(n)
        # Where columns depend on each other, the damping keeps the step in the box's size.
        damped = G[np.ix_(free, free)] + 1e-10 * largest * np.eye(int(free.sum()))
        newton[free] = -np.linalg.solve(damped, slope[free])
        # The gradient's step lowers the residual wherever that can be done, if only by little.
        trials = [s + 0.5**k * newton for k in range(HALVED)] + [s - slope / largest]
        found = min((np.clip(trial, 0.0, 1.0) for trial in trials), key=value)
        if not value(found) < value(s) - 1e-15 * scale:
            break
        s = found
    # The products above squared the condition; once more without them, on the face that was found.
    free = (s > 0.0) & (s < 1.0)
    if free.any():
        better = s.copy()
        better[free] = np.linalg.lstsq(A[:, free], -(b + A[:, ~free] @ s[~free]), rcond=None)[0]
        if bool(((better >= 0.0) & (better <= 1.0)).all()) and value(better) <= value(s):
            return better
    return s
