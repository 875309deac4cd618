"""A chain of preparations gives the moments of data prepared so by hand, up to the factor it states."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from itertools import product

import flint
import numpy as np
import pytest

from claims.evidence.linear import hypotheses
from claims.evidence.linear.preparation import prepared
from models.exact import sigma
from models.exact.moments import Moments, moments
from models.linear.closed_form import sigma_spectrum
from models.linear.exact_network import exact_moments
from models.linear.exact_spectrum import fitted_moments

Table = np.ndarray
"""[m, d_x] of fractions, samples in rows."""


def centred(X: Table) -> Table:
    return X - X.sum(axis=0) / Fraction(len(X))


def nonzero(X: Table) -> Table:
    return X[:, [column.any() for column in X.T]]


def with_bias(X: Table) -> Table:
    return np.column_stack([X, np.full(len(X), Fraction(1))])


def independent(X: Table) -> Table:
    kept: list[int] = []
    for column in range(X.shape[1]):
        chosen = X[:, [*kept, column]]
        entries = [flint.fmpq(f.numerator, f.denominator) for f in chosen.ravel()]
        if flint.fmpq_mat(*chosen.shape, entries).rank() > len(kept):
            kept.append(column)
    return X[:, kept]


def pooling(d_x: int) -> np.ndarray:
    """[d_x, d_x // 2 + 1], neighbours added up."""
    return np.eye(d_x // 2 + 1, dtype=np.int64)[np.arange(d_x) // 2]


STEPS: dict[str, tuple[Callable[[Moments], Moments], Callable[[Table], Table]]] = {
    "centred": (Moments.centred, centred),
    "standardised": (Moments.standardised, lambda X: nonzero(centred(X))),
    "bias": (Moments.with_bias, with_bias),
    "nonzero": (Moments.nonzero, nonzero),
    "independent": (Moments.independent, independent),
    "pooled": (lambda of: of.projected(pooling(of.d_x)), lambda X: X @ pooling(X.shape[1])),
}

DRAW = np.random.default_rng(5)
SIGNS = np.array([[1], [1], [-1], [-1]])
DATA = {
    "signs": (SIGNS, np.column_stack([SIGNS, np.ones(4, dtype=np.int64)])),
    "dependent": (
        np.column_stack([DRAW.integers(0, 9, (7, 3)), np.zeros(7, dtype=int), np.full(7, 3)])[
            :, [0, 1, 2, 1, 3, 4]
        ],
        DRAW.integers(0, 4, (7, 2)),
    ),
    "large": (DRAW.integers(0, 2**28, (5, 3)), DRAW.integers(0, 2**20, (5, 2))),
}

CHAINS = [(step,) for step in STEPS] + list(product(STEPS, repeat=2))
LONGER = [
    ("centred", "bias", "centred"),
    ("bias", "centred", "bias"),
    ("standardised", "bias", "independent"),
    ("centred", "centred", "bias"),
    ("pooled", "centred", "bias"),
]


def chained(data: str, chain: tuple[str, ...]) -> tuple[Moments, Table, Table]:
    """The moments after the chain, and X and Y prepared by hand."""
    X, Y = DATA[data]
    of, by_hand = moments(X, Y), np.vectorize(Fraction, otypes=[object])(X)
    for step in chain:
        of, by_hand = STEPS[step][0](of), STEPS[step][1](by_hand)
    return of, by_hand, np.vectorize(Fraction, otypes=[object])(Y)


@pytest.mark.parametrize("data", DATA)
@pytest.mark.parametrize("chain", CHAINS + LONGER, ids="-".join)
def test_every_chain_is_the_data_prepared_by_hand(chain, data):
    """All five moments, each divided by the factor, are those of the rational data."""
    of, X, Y = chained(data, chain)
    wanted = {
        "gram": X.T @ X,
        "cross": X.T @ Y,
        "sums": X.sum(axis=0),
        "label_sums": Y.sum(axis=0),
        "label_square": (Y * Y).sum(),
    }
    for name, value in wanted.items():
        assert np.array_equal(np.asarray(getattr(of, name), dtype=object), of.factor * value), name
    assert of.factor == len(X) ** sum(step in ("centred", "standardised") for step in chain)
    assert len(of.scale) == of.d_x


@pytest.mark.parametrize("chain", [*CHAINS, *LONGER], ids="-".join)
def test_rational_moments_have_no_factor(chain):
    """Over the rationals the loss is that of the prepared data, in its own unit."""
    of, X, Y = chained("dependent", chain)
    data = exact_moments(of)
    expected = (X.T @ X).ravel().tolist()
    assert [Fraction(int(e.p), int(e.q)) for e in data.gram.entries()] == expected
    assert data.label_square == int((Y * Y).sum())


@pytest.mark.parametrize("preparation", ["bias", "centred-bias", "standardised-bias", "bias-independent"])
def test_the_same_row_space_has_the_same_least_loss(preparation):
    """Boston with a bias: L* is 0.01849 of tr Y Y^T, whether the inputs were centred first or not."""
    of = prepared("boston", preparation)
    assert sigma_spectrum(of).lowest_loss(1) == pytest.approx(0.0184877, abs=1e-7)
    reduced, plain = (fitted_moments(m, balls=False) for m in (of, prepared("boston", "bias")))
    assert (reduced.gram, reduced.label_square) == (plain.gram, plain.label_square)


@pytest.mark.parametrize("balls", [False, True])
def test_reduced_moments_have_no_factor(balls):
    """The reduced problem is that of a bias alone, in rationals and in balls."""
    X, Y = DATA["large"]
    plain, chain = moments(X, Y).with_bias(), moments(X, Y).centred().with_bias()
    one, other = fitted_moments(plain, balls=balls), fitted_moments(chain, balls=balls)
    if balls:
        assert one.gram.overlaps(other.gram)
        assert one.label_square.overlaps(other.label_square)
        assert all(entry.rel_accuracy_bits() > 100 for entry in other.gram.entries())
    else:
        assert (one.gram, one.label_square) == (other.gram, other.label_square)


@pytest.mark.parametrize("chain", [("centred", "bias"), ("bias",), ("standardised", "bias")], ids="-".join)
def test_eigenvalues_that_coincide_with_a_bias(chain):
    """X = +-1 and Y = (X, 1): Sigma is 4 I with a bias, whatever was centred first, and H4 is refuted."""
    of, _, _ = chained("signs", chain)
    assert sigma.repeated_eigenvalues(of) == 1
    assert hypotheses.eigenvalue_evidence(of).proved is False
    assert fitted_moments(of, balls=False).gram == flint.fmpq_mat([[4, 0], [0, 4]])


def test_a_factor_beyond_int64_stays_exact():
    """Centring three times takes the corner of a bias past 2^63, where numpy would turn to floats."""
    X = np.arange(3_000_000, dtype=np.int64)[:, None] % 2
    of = moments(X, X)
    for _ in range(3):
        of = of.centred()
    biased = of.with_bias()
    assert biased.gram[1, 1] == 3_000_000**4
    assert biased.gram.dtype == object
    assert biased.rank == 2
