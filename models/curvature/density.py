"""Trace and spectral density beyond the dense limit, from products with random vectors.

Both are estimates over the draw of the vectors, and say so: the trace with an interval, the density with its
number of probes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import stats

from models.curvature.answers import Estimate
from models.curvature.extremes import Operator
from models.curvature.krylov import lanczos

__all__ = ["Density", "spectral_density", "trace"]


@dataclass(frozen=True, eq=False, repr=False)
class Density:
    """The spectral measure (1/P) sum of point masses at the eigenvalues, by quadrature.

    Attributes:
        nodes: [n] ascending, in the unit of H.
        weights: [n], sum 1.
        probes: random vectors it is averaged over.
        cumulated_error: largest standard error of `below` between nodes, by the probes' spread; inf for one.
    """

    nodes: np.ndarray
    weights: np.ndarray
    probes: int
    cumulated_error: float

    def below(self, t: np.ndarray | float) -> np.ndarray:
        """Fraction of the eigenvalues at or below t, shaped like t."""
        sums = np.r_[0.0, np.cumsum(self.weights)]
        return sums[np.searchsorted(self.nodes, t, side="right")]

    def smoothed(self, t: np.ndarray, width: float) -> np.ndarray:
        """Density at t [n], each node a Gaussian of this standard deviation (Ghorbani 2019)."""
        z = (np.asarray(t)[:, None] - self.nodes) / width
        return np.exp(-0.5 * z * z) @ self.weights / (width * np.sqrt(2 * np.pi))


def spectral_density(operator: Operator, probes: int = 10, steps: int = 80, seed: int = 0) -> Density:
    """Stochastic Lanczos quadrature (Ubaru, Chen & Saad 2017; Ghorbani, Krishnan & Xiao 2019; Papyan 2020).

    Every probe's Krylov sequence gives the Gauss quadrature of its own spectral measure: nodes are the Ritz
    values, weights the squared first components of T's eigenvectors. It ends at the first breakdown, where
    it is exact.

    Args:
        operator: H.
        probes: random starts, uniform on the sphere.
        steps: products a probe; moments up to 2 steps - 1 are exact for each probe.
        seed: of the starts.
    """
    nodes, weights = [], []
    for probe in range(probes):
        krylov = lanczos(
            operator.product,
            operator.size,
            steps,
            np.random.SeedSequence([seed, probe]).generate_state(1)[0],
            done=lambda k: k.first_sequence < len(k.diagonal),
            check_every=1,
        )
        n = krylov.first_sequence
        T = np.diag(krylov.diagonal[:n]) + np.diag(krylov.off_diagonal[: n - 1], 1)
        theta, S = np.linalg.eigh(T, UPLO="U")
        nodes.append(theta)
        weights.append(S[0] ** 2)
    everything = np.concatenate(nodes)
    order = np.argsort(everything, kind="stable")
    shares = np.concatenate(weights)[order] / probes
    return Density(everything[order], shares / shares.sum(), probes, _spread(nodes, weights))


def _spread(nodes: list[np.ndarray], weights: list[np.ndarray]) -> float:
    if len(nodes) < 2:
        return float("inf")
    at = np.sort(np.concatenate(nodes))
    # A hair to the right of the nodes: the probes' copies of one eigenvalue differ by rounding.
    at = at + 1e-9 * np.abs(at).max()
    sums = [
        np.r_[0, np.cumsum(w)][np.searchsorted(x, at, "right")] for x, w in zip(nodes, weights, strict=True)
    ]
    return float((np.std(sums, axis=0, ddof=1) / np.sqrt(len(nodes))).max())


def trace(operator: Operator, products: int = 90, level: float = 0.99, seed: int = 0) -> Estimate:
    """tr H by Hutch++ (Meyer, Musco, Musco & Woodruff 2021, algorithm 1), with an interval.

    A third of the products finds a subspace Q that holds most of H, a third gives tr(Q^T H Q) exactly, the
    last third Hutchinson's estimate of the rest, z^T (I - QQ^T) H (I - QQ^T) z over random signs z. The
    interval is Student's over those; it leaves out rounding, and the shape of the distribution for a handful
    of probes.

    Args:
        operator: H.
        products: Hessian-vector products to spend, at least 9.
        level: of the interval.
        seed: of the random signs.

    Raises:
        ValueError: fewer than 9 products.
    """
    if products < 9:
        raise ValueError(f"got {products} products, wanted at least 9: three for each third of Hutch++")
    P, k = operator.size, min(products // 3, operator.size)
    draw = np.random.default_rng(seed)
    sketch = np.array([operator.product(z) for z in draw.choice([-1.0, 1.0], (k, P))])
    Q = np.linalg.qr(sketch.T)[0].T
    inside = float(sum(q @ operator.product(q) for q in Q))
    if len(Q) == P:
        return Estimate(inside, inside, inside, False, level, "all dimensions; rounding not bounded")
    rest = []
    for z in draw.choice([-1.0, 1.0], (products - 2 * k, P)):
        z = z - (Q @ z) @ Q
        rest.append(float(z @ operator.product(z)))
    half = float(stats.t.ppf(0.5 + level / 2, len(rest) - 1) * np.std(rest, ddof=1) / np.sqrt(len(rest)))
    value = inside + float(np.mean(rest))
    return Estimate(value, value - half, value + half, False, level, f"Hutch++, {products} products")
