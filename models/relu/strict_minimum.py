"""A local minimum of a ReLU network with a positive definite Hessian, found in floats and proved over Q.

h(x) = sum over k of max(0, w_k x + b_k) + c, output weights fixed at one as in
Safran and Shamir 2018, "Spurious local minima are common in two-layer ReLU
networks"; they have Gaussian inputs and labels from such a network, here both are
given data, hidden units have biases and the output has one. On a finite sample
the loss is quadratic while no unit changes sign on a sample. A point is a strict
local minimum if it is the minimiser of its own quadratic, no pre-activation is
zero and the quadratic is positive definite; all three are decided over Q.

Trainable output weights v_k add only what the rescaling symmetry adds: for v_k > 0,
v_k max(0, u) = max(0, v_k u), so near v = 1 the losses are those of the network
with ones at (v_k w_k, v_k b_k), close by. The point stays a local minimum, and its
Hessian has exactly one zero eigenvalue for each hidden unit.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import reduce
from math import lcm

import flint
import numpy as np

from models.exact import integers
from models.relu.shallow import ShallowReLU, loss, preactivations

__all__ = ["StrictPoint", "cell_minimum", "inspect", "search", "smallest_eigenvalue"]

STEPS = 100
"""Cells that the search passes through from one start before it gives up."""

BITS = 256
"""Precision of the eigenvalue's ball; its radius says what that was worth."""


@dataclass(frozen=True, slots=True)
class StrictPoint:
    """What decides whether a point is a strict local minimum.

    Attributes:
        stationary: whether the gradient within the cell is exactly zero.
        nearest: smallest |pre-activation| over samples and units, exact; 0 is on the edge of a cell.
        reach: largest |x|_1 + 1 over the samples.
        minors: signs of the leading principal minors of the Hessian, in order.
        hessian: [n, n] integers, in the order w_1, b_1, w_2, b_2, ..., c.
        loss: L at the point.
        active: on how many samples each unit is positive.
    """

    stationary: bool
    nearest: Fraction
    reach: Fraction
    minors: tuple[int, ...]
    hessian: flint.fmpz_mat
    loss: Fraction
    active: tuple[int, ...]

    @property
    def positive_definite(self) -> bool:
        """Sylvester: a symmetric matrix is positive definite if and only if all leading minors are."""
        return all(sign > 0 for sign in self.minors)

    @property
    def is_strict_minimum(self) -> bool:
        """Whether the proof closes."""
        return self.stationary and self.nearest > 0 and self.positive_definite

    @property
    def radius(self) -> Fraction:
        """While every first-layer weight and bias moves by less than this, the loss is the one quadratic."""
        return self.nearest / self.reach


def cell_minimum(X: np.ndarray, y: np.ndarray, pattern: np.ndarray) -> ShallowReLU:
    """The minimiser of the quadratic that belongs to an activation pattern, over Q.

    It solves Phi^T Phi theta = Phi^T y with Phi [m, K (d_x + 1) + 1], whose row i holds
    a_ik (x_i, 1) for every unit k, and 1. Nothing says that the solution has this pattern.

    Args:
        X: [m, d_x] integers, samples in rows.
        y: [m] integers.
        pattern: [m, K], true where unit k is active on sample i.

    Raises:
        ZeroDivisionError: Phi^T Phi is singular.
    """
    phi = _features(X, pattern)
    gram, moment = integers.product(phi, phi), integers.product(phi, y[:, None])
    try:
        solution = flint.fmpq_mat(integers.as_fmpz(gram)).solve(flint.fmpq_mat(integers.as_fmpz(moment)))
    except ZeroDivisionError:
        raise ZeroDivisionError(
            f"got a singular Hessian of size {len(gram)}, wanted a regular one: "
            "two units with one pattern share a direction, a unit that is always active shares the bias"
        ) from None
    theta = [Fraction(int(v.p), int(v.q)) for v in solution.entries()]
    units, width = pattern.shape[1], X.shape[1] + 1
    common = lcm(*(v.denominator for v in theta[:-1]))
    first = np.array([int(v * common) for v in theta[:-1]], dtype=object).reshape(units, width)
    bias = theta[-1]
    ones = np.full((1, units), bias.denominator, dtype=object)
    offset = np.array([bias.numerator], dtype=object)
    return ShallowReLU(first[:, :-1], first[:, -1], ones, offset, common, bias.denominator)


def inspect(network: ShallowReLU, X: np.ndarray, y: np.ndarray) -> StrictPoint:
    """Whether the network is a strict local minimum, from its weights alone, over Q.

    Args:
        network: one output, all output weights equal to one.
        X: [m, d_x] integers, samples in rows.
        y: [m] integers.

    Raises:
        ValueError: more than one output, or output weights other than one.
    """
    if network.W2.shape[0] != 1 or any(int(v) != network.output for v in network.W2.ravel()):
        raise ValueError(
            f"got the output weights {network.W2.tolist()} over {network.output}, wanted one output "
            "and ones: rescale each unit, v max(0, u) = max(0, v u)"
        )
    values = np.concatenate([block.astype(object) for block in preactivations(network, X)])
    pattern = (values > 0).astype(bool)
    phi = _features(X, pattern)
    # With features a_ik (x_i, 1), hidden * output * (h(x) - y) is linear in the integer numerators.
    first = np.column_stack([network.W1, network.b1]).ravel().astype(object)
    theta = np.append(first * network.output, network.b2[0] * network.hidden)
    residual = phi.astype(object) @ theta - network.hidden * network.output * y.astype(object)
    hessian = integers.product(phi, phi)
    norms = np.abs(X.astype(np.int64)).sum(axis=1)
    return StrictPoint(
        stationary=not (phi.T.astype(object) @ residual).any(),
        nearest=Fraction(int(np.abs(values).min()), network.hidden),
        reach=Fraction(int(norms.max()) + 1),
        minors=tuple(
            _sign(integers.as_fmpz(hessian[:size, :size]).det()) for size in range(1, len(hessian) + 1)
        ),
        hessian=integers.as_fmpz(hessian),
        loss=loss(network, X, y[:, None]),
        active=tuple(int(count) for count in pattern.sum(axis=0)),
    )


def smallest_eigenvalue(hessian: flint.fmpz_mat) -> flint.arb:
    """A ball that holds the smallest eigenvalue of a symmetric integer matrix (FLINT's verified eig)."""
    with flint.ctx.workprec(BITS):
        values = [value.real for value in flint.acb_mat(hessian).eig(multiple=True)]
        return reduce(flint.arb.min, values)


def search(X: np.ndarray, y: np.ndarray, units: int, *, starts: int, seed: int) -> list[np.ndarray]:
    """Activation patterns [m, units] that the minimisers of their own quadratic keep, in float64.

    From seeded weights, the least-squares solution within the current pattern gives
    the next pattern (Newton's method, cell by cell) until it repeats itself. What is
    returned is a list of candidates without repetitions: `inspect` decides.
    """
    deviation = X.std(axis=0)
    standard = (X - X.mean(axis=0)) / np.where(deviation > 0, deviation, 1.0)
    inputs = np.column_stack([standard, np.ones(len(X))])
    target = y / max(float(y.std()), 1e-300)
    draw = np.random.default_rng(seed)
    found: dict[bytes, np.ndarray] = {}
    for _ in range(starts):
        pattern = inputs @ draw.normal(size=(inputs.shape[1], units)) > 0
        for _ in range(STEPS):
            phi = np.column_stack([inputs * pattern[:, [k]] for k in range(units)] + [np.ones(len(X))])
            theta, _, rank, _ = np.linalg.lstsq(phi, target, rcond=None)
            if rank < phi.shape[1]:
                break
            reached = inputs @ theta[:-1].reshape(units, -1).T > 0
            if (reached == pattern).all():
                # Units may be exchanged; sorted columns are one minimum's name.
                ordered = pattern[:, np.lexsort(pattern)]
                found.setdefault(ordered.tobytes(), ordered)
                break
            pattern = reached
    return list(found.values())


def _features(X: np.ndarray, pattern: np.ndarray) -> np.ndarray:
    """Phi [m, K (d_x + 1) + 1], integers."""
    rows = np.column_stack([X.astype(np.int64), np.ones(len(X), dtype=np.int64)])
    blocks = [rows * pattern[:, [k]] for k in range(pattern.shape[1])]
    return np.column_stack([*blocks, np.ones(len(X), dtype=np.int64)])


def _sign(value: flint.fmpz) -> int:
    return (value > 0) - (value < 0)
