"""Least squares over a box, by Newton's method on the face that the bounds leave."""

from __future__ import annotations

import numpy as np

__all__ = ["box_least_squares"]

STEPS = 100
"""Newton steps; a handful is usual."""

SHORTEST = 1e-6
"""Of a Newton step, below which it has failed."""


def box_least_squares(A: np.ndarray, b: np.ndarray) -> np.ndarray:
    """s [n] in [0, 1]^n at which ||A s + b|| is least, or nearly so.

    The two-metric projection of Bertsekas (1982, "Projected Newton methods for optimization problems with
    simple constraints", SIAM J. Control Optim. 20): a Newton step in the variables that are free, projected
    and halved until the residual is smaller. scipy's BVLS frees one variable a step, each with a
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
    ridge = 1e-15 * max(float(np.trace(G)), 1e-300)

    def value(s: np.ndarray) -> float:
        return float(np.linalg.norm(A @ s + b))

    s, scale = np.full(n, 0.5), float(np.linalg.norm(b))
    for _ in range(STEPS):
        slope = G @ s + h
        free = ~(((s <= 0.0) & (slope > 0.0)) | ((s >= 1.0) & (slope < 0.0)))
        if not free.any():
            break
        step = np.zeros(n)
        step[free] = -np.linalg.solve(G[np.ix_(free, free)] + ridge * np.eye(int(free.sum())), slope[free])
        here, length = value(s), 1.0
        while length > SHORTEST and not value(np.clip(s + length * step, 0.0, 1.0)) < here:
            length *= 0.5
        found = np.clip(s + length * step, 0.0, 1.0)
        if not value(found) < here - 1e-15 * scale:
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
