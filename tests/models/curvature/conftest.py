"""Deep linear problems whose critical points are known, on planted data."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
import torch
from scipy import optimize

from data.synthetic import load_synthetic
from models.curvature.objective import Objective, deep_linear
from models.curvature.products import gradients, losses
from models.exact.moments import moments


class Planted:
    """The planted set with labels divided by their root total square, so that L(0) = 1/2."""

    def __init__(self) -> None:
        planted = load_synthetic("synthetic")
        found = moments(planted.X, planted.Y)
        self.total = float(found.label_square)
        self.gram = found.gram.astype(np.float64)
        self.cross = found.cross.astype(np.float64) / self.total**0.5
        order = np.argsort(planted.eigenvalues)[::-1]
        self.eigenvalues = np.array(planted.eigenvalues, dtype=np.float64)[order] / self.total
        self.vectors = planted.reflection[:, order] / planted.n

    def objective(self, sizes: tuple[int, ...]) -> Objective:
        return deep_linear(sizes, torch.from_numpy(self.gram), torch.from_numpy(self.cross), 1.0)

    def minimum(self, p: int) -> float:
        """L* for the narrowest width p."""
        return 0.5 * (1.0 - float(self.eigenvalues[:p].sum()))

    def padded(self, sizes: tuple[int, ...], subset: tuple[int, ...]) -> torch.Tensor:
        """The critical point that fits the eigenvectors in the subset, zero in every other unit.

        W_{H+1} = [u_i, 0], the middle layers are identities on the units used, W_1 = [u_i^T Y X^T (X
        X^T)^-1; 0].
        """
        U = self.vectors[:, subset]
        layers = [np.zeros((b, a)) for a, b in pairwise(sizes)]
        layers[0][: len(subset)] = U.T @ np.linalg.solve(self.gram, self.cross).T
        for middle in layers[1:-1]:
            middle[: len(subset), : len(subset)] = np.eye(len(subset))
        layers[-1][:, : len(subset)] = U
        return torch.from_numpy(np.concatenate([layer.ravel() for layer in layers]))


@pytest.fixture(scope="session")
def planted() -> Planted:
    return Planted()


@pytest.fixture(scope="session")
def trained(planted) -> torch.Tensor:
    """A minimum of the net 4-3-4-3 reached by BFGS from a random start: 36 weights, a map of 12 numbers."""
    objective = planted.objective((4, 3, 4, 3))

    def both(w: np.ndarray) -> tuple[float, np.ndarray]:
        at = torch.from_numpy(w)
        return float(losses(objective, at)), gradients(objective, at).numpy()

    start = np.random.default_rng(4).normal(size=objective.parameters) * 0.4
    found = optimize.minimize(both, start, jac=True, method="BFGS", options={"gtol": 1e-10, "maxiter": 3000})
    return torch.from_numpy(found.x)
