"""Evidence on N2: is the loss over Bernoulli path activations a rescaled deep linear loss?

Two readings. The corollary's own loss, 1/2 |E[Y^] - Y|^2, has the expectation
inside; "expected loss", as the abstract says, is E[1/2 |Y^ - Y|^2]. They differ by
the variance of the paths. Real ReLU activations are neither independent of the
input (H7) nor of each other (paths share units), so both readings are about a model.
"""

from __future__ import annotations

from fractions import Fraction
from functools import cache
from itertools import pairwise

import numpy as np

from claims.catalogue import Claim
from claims.core.measured import measured
from claims.core.verdict import Evidence, Strength
from claims.statistics import Absolute, BatchMean
from data import load_synthetic
from models.relu import bernoulli

__all__ = ["READINGS", "exact_evidence", "sampled_evidence"]

READINGS = ("expected-output", "expected-loss")

RATE = Fraction(1, 3)
"""rho of the exact checks; not 1/2, where rho and 1 - rho could be exchanged unnoticed. q = 1 / rho."""

SMALL = ((4, 2, 3), (4, 4, 3), (4, 2, 2, 3))
"""Sizes with at most 16 paths to an output, on the planted data with d_x = 4 and d_y = 3."""

GRIDS = ((2, 2, 1), (2, 2, 2, 1))
"""Sizes for which the identity is proved for all weights and inputs."""

LARGE = (4, 20, 12, 3)
"""960 paths to each of three outputs."""

SAMPLED_RATE = Fraction(1, 2)
DRAWS, BATCHES = 4000, 40
SEED = 0


def exact_evidence(reading: str, claim: Claim, name: str = "synthetic", rate: Fraction = RATE) -> Evidence:
    """N2 on small networks, by enumerating every pattern of activations.

    The estimate is the largest relative difference from the deep linear loss over
    the networks. One beyond the margin refutes; a proof of the statement needs the
    identity for all weights besides, and without it the evidence stays open.

    Args:
        reading: one of READINGS.
        claim: N2, for its region.
        name: a planted data set.
        rate: rho.

    Raises:
        ValueError: unknown reading.
    """
    _check(reading)
    data, q = load_synthetic(name), 1 / rate
    differences: list[Fraction] = []
    identities: list[bool] = []
    for sizes in SMALL:
        weights = _weights(sizes, 3)
        linear = bernoulli.linear_loss(weights, data.X, data.Y, q * rate)
        if reading == "expected-output":
            outputs = bernoulli.enumerated_output(weights, data.X, rate)
            found = (
                sum(
                    (
                        (q * value - int(label)) ** 2
                        for row, labels in zip(outputs, data.Y, strict=True)
                        for value, label in zip(row, labels, strict=True)
                    ),
                    Fraction(0),
                )
                / 2
            )
            identities.append(found == linear)
        else:
            found = bernoulli.enumerated_loss(weights, data.X, data.Y, q, rate)
            identities.append(found == linear + bernoulli.variance_term(weights, data.X, q, rate))
        differences.append(abs(found / linear - 1))
    shown = ", ".join(
        f"{'-'.join(map(str, sizes))} {float(d):.4g}" for sizes, d in zip(SMALL, differences, strict=True)
    )
    about = f"relative difference at rho = {rate}, q = 1/rho: {shown}"
    if reading == "expected-loss":
        if not all(identities):
            return _proof(
                None, max(differences), f"the variance formula and the enumeration disagree; {about}"
            )
        note = (
            "E[1/2 |Y^ - Y|^2] exceeds the deep linear loss by 1/2 q^2 rho (1 - rho) times the sum of "
            f"W_(H+1)^2...W_1^2 X^2 (entrywise), by enumeration and by formula alike; {about}"
        )
        beyond = not claim.region.contains((float(max(differences)),) * 2)
        return _proof(False if beyond else None, max(differences), note)
    grids = [bernoulli.identity_failures(sizes, rate) for sizes in GRIDS]
    proved = all(identities) and not any(failed for failed, _ in grids)
    points = " and ".join(
        f"{'-'.join(map(str, sizes))} ({count} points)"
        for sizes, (_, count) in zip(GRIDS, grids, strict=True)
    )
    note = (
        f"1/2 |E[Y^] - Y|^2 is the deep linear loss at q rho = 1; {about}; for all weights and inputs of "
        f"{points}, as multilinear polynomials that agree on {{0, 1}}^n"
    )
    return _proof(proved, max(differences), note)


def sampled_evidence(reading: str, claim: Claim, name: str = "synthetic") -> Evidence:
    """N2 on a larger network, by drawing every path's activation; the interval is over batches of draws.

    |E[Y^] - Y|^2 is estimated without bias from D = Y^ - Y of n draws in a batch by
    (|sum of D|^2 - sum of |D|^2) / (n (n - 1)), a mean over pairs of different draws.

    Args:
        reading: one of READINGS.
        claim: whose alpha.
        name: a planted data set.

    Raises:
        ValueError: unknown reading.
    """
    _check(reading)
    data, weights = load_synthetic(name), _weights(LARGE, 1)
    linear = bernoulli.linear_loss(weights, data.X, data.Y, Fraction(1))
    gaps = _sampled_gaps(name).reshape(BATCHES, DRAWS // BATCHES, -1)
    squares = (gaps**2).sum(axis=(1, 2))
    n = gaps.shape[1]
    if reading == "expected-output":
        losses = ((gaps.sum(axis=1) ** 2).sum(axis=1) - squares) / (2 * n * (n - 1))
    else:
        losses = squares / (2 * n)
    mean = BatchMean.of((losses / float(linear) - 1).tolist())
    expected = bernoulli.variance_term(weights, data.X, 1 / SAMPLED_RATE, SAMPLED_RATE) / linear
    paths = LARGE[-1] * bernoulli.path_products(weights, data.X[:1]).shape[1]
    note = (
        f"{'-'.join(map(str, LARGE))}, {paths} paths, {DRAWS} draws in {BATCHES} batches, "
        f"rho = {SAMPLED_RATE}; the variance of the paths is {float(expected):.4g} of the deep linear loss"
    )
    return measured(Absolute(mean), claim, BATCHES, "batches of draws", note=note)


@cache
def _sampled_gaps(name: str) -> np.ndarray:
    """Y^ - Y [draws, m, d_y], drawn once for both readings."""
    data, rate = load_synthetic(name), float(SAMPLED_RATE)
    draw = np.random.default_rng(SEED)
    return bernoulli.sampled_outputs(_weights(LARGE, 1), data.X, 1 / rate, rate, DRAWS, draw) - data.Y


def _weights(sizes: tuple[int, ...], largest: int) -> list[np.ndarray]:
    """Seeded whole weights between -largest and largest, [fan_out, fan_in] for each layer."""
    draw = np.random.default_rng(SEED)
    return [draw.integers(-largest, largest + 1, (fan_out, fan_in)) for fan_in, fan_out in pairwise(sizes)]


def _check(reading: str) -> None:
    if reading not in READINGS:
        raise ValueError(f"got the reading {reading!r}, wanted one of {', '.join(READINGS)}")


def _proof(proved: bool | None, difference: Fraction, note: str) -> Evidence:
    return Evidence(float(difference), None, 1, Strength.PROOF, proved=proved, note=note)
