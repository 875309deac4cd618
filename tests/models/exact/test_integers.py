"""Exact ranks, eigenvalue multiplicities and collinear columns against slow truths and known values."""

import os
from dataclasses import replace
from fractions import Fraction
from functools import cache

import flint
import numpy as np
import pytest

from claims.evidence.linear.preparation import variant
from data import load
from models.exact import integers
from models.exact.collinear import column_classes
from models.exact.moments import moments
from models.exact.rank_methods import METHODS, check_rank
from models.exact.sigma import repeated_eigenvalues


def slow_rank(matrix: np.ndarray) -> int:
    """Gaussian elimination in Python fractions."""
    rows = [[Fraction(int(value)) for value in row] for row in matrix]
    found = 0
    for column in range(matrix.shape[1]):
        pivot = next((i for i in range(found, len(rows)) if rows[i][column]), None)
        if pivot is None:
            continue
        rows[found], rows[pivot] = rows[pivot], rows[found]
        for i in range(found + 1, len(rows)):
            factor = rows[i][column] / rows[found][column]
            rows[i] = [a - factor * b for a, b in zip(rows[i], rows[found], strict=True)]
        found += 1
    return found


def low_rank(seed: int, m: int, d: int, r: int) -> np.ndarray:
    """A random integer matrix [m, d] of rank at most r."""
    draw = np.random.default_rng(seed)
    return draw.integers(-4, 5, (m, r)) @ draw.integers(-4, 5, (r, d))


CASES = [
    (seed, m, d, r) for seed, (m, d, r) in enumerate([(6, 4, 4), (9, 7, 3), (4, 8, 4), (12, 6, 1), (7, 7, 6)])
]


@pytest.mark.parametrize(("seed", "m", "d", "r"), CASES)
def test_rank_equals_elimination_in_fractions(seed, m, d, r):
    """The rank of X, and of its Gram matrix, is that of slow elimination."""
    X = low_rank(seed, m, d, r)
    of = moments(X, X[:, :1])
    assert integers.rank(X) == of.rank == slow_rank(X)
    assert of.rank_seconds > 0


@pytest.mark.parametrize(("seed", "m", "d", "r"), CASES)
def test_variants_equal_forming_them_by_hand(seed, m, d, r):
    """Centring, a bias row and standardising change the moments as they change the data."""
    X, Y = low_rank(seed, m, d, r), low_rank(seed + 100, m, 2, 2)
    X[:, 0] = 3
    of = moments(X, Y)
    centred = m * X - X.sum(axis=0)  # m times the centred inputs, in integers
    biased = np.column_stack([X, np.ones(m, dtype=int)])
    assert (m * of.centred().gram == centred.T @ centred).all()
    assert (of.centred().cross == centred.T @ Y).all()
    assert (of.with_bias().gram == biased.T @ biased).all()
    assert (of.with_bias().cross == biased.T @ Y).all()
    assert of.with_bias().scale.shape == (d + 1,)
    assert of.centred().rank == slow_rank(centred) == of.with_bias().rank - 1
    assert of.standardised().d_x == int((centred != 0).any(axis=0).sum())
    assert of.standardised().rank == of.centred().rank
    assert of.independent().d_x == of.independent().rank == of.rank


def test_a_product_beyond_float64_is_still_exact():
    """Where sums pass 2^53, and where they pass 2^63, integers take over from float64."""
    for bits in (20, 27, 31, 40):
        X = np.array([[2**bits - 1, 3], [2**bits - 3, 2**bits - 7], [5, 2**bits - 1]], dtype=np.int64)
        wanted = X.astype(object).T @ X.astype(object)
        assert (integers.product(X, X).astype(object) == wanted).all()


def test_centring_beyond_int64_is_exact():
    """m X X^T - s s^T turns to Python integers before it overflows."""
    X = np.array([[2**29, 1], [2**29 + 1, 2**28], [2**29 + 5, 7]], dtype=np.int64)
    big = 3 * X.astype(object) - X.astype(object).sum(axis=0)
    assert (3 * moments(X, X).centred().gram == big.T @ big).all()


def test_many_rows_are_taken_in_chunks():
    """More rows than a chunk give the same product."""
    X = np.random.default_rng(0).integers(0, 256, (integers.CHUNK * 2 + 3, 5)).astype(np.uint8)
    assert (integers.product(X, X) == X.astype(np.int64).T @ X.astype(np.int64)).all()


def test_what_cannot_be_exact_is_refused():
    """Floats and rows that do not pair up are errors."""
    with pytest.raises(TypeError, match="got X of float64, wanted integers: scale the decimals"):
        integers.product(np.ones((2, 2)), np.ones((2, 2), dtype=int))
    with pytest.raises(ValueError, match="got 2 rows of X and 3 of Y"):
        integers.product(np.ones((2, 2), dtype=int), np.ones((3, 2), dtype=int))


def test_a_prime_that_divides_every_minor_lowers_only_the_modular_rank():
    """The modular rank is a lower bound; the integer rank is not misled by an unlucky prime."""
    assert all(flint.fmpz(prime).is_prime() for prime in integers.PRIMES)
    unlucky = np.array([[integers.PRIMES[0], 0], [0, 1]], dtype=object)
    assert integers.rank_mod(unlucky, integers.PRIMES[0]) == 1
    assert integers.rank(unlucky) == 2
    assert sorted(integers.pivot_columns(unlucky, 2)) == [0, 1]


def test_a_rank_that_no_prime_confirms_is_an_error(monkeypatch):
    """Disagreement between the two ways is reported, not averaged away."""
    monkeypatch.setattr(integers, "PRIMES", (2, 3))
    with pytest.raises(
        ArithmeticError, match=r"got the rank 1 over the integers and \[0, 0\] modulo \(2, 3\)"
    ):
        integers.rank(np.array([[6]]))


EIGENVALUES = {
    "distinct": ([1, 2, 3], 0),
    "one-pair": ([2, 2, 3], 1),
    "zero-pair": ([0, 0, 5], 1),
    "all-equal": ([4, 4, 4], 2),
    "nearly-equal": ([10**9, 10**9 + 1, 3], 0),
}


@pytest.mark.parametrize(("values", "repeated"), EIGENVALUES.values(), ids=EIGENVALUES.keys())
def test_repeated_eigenvalues_are_counted(values, repeated):
    """Sigma with known eigenvalues in a rotated basis: repetitions are counted, near ones told apart."""
    # Sigma = R^T diag(w / P) R with R R^T = 25 I has eigenvalues 25 w / P. In integers, G = diag(P / w),
    # with P the product of the weights w; an eigenvalue 0 comes from a row of R that is left out.
    weights = [value or 1 for value in values]
    whole = int(np.prod([int(w) for w in weights], dtype=object))
    gram = np.diag(np.array([whole // w for w in weights], dtype=object))
    rotation = np.array([[3, 4, 0], [-4, 3, 0], [0, 0, 5]])
    keep = np.diag([int(value != 0) for value in values])
    of = moments(np.eye(3, dtype=int), np.eye(3, dtype=int))
    planted = replace(of, gram=gram, cross=(keep @ rotation).astype(object))
    assert repeated_eigenvalues(planted) == repeated


def test_a_repetition_too_large_to_prove_is_left_open():
    """Beyond the limit for rational arithmetic the answer is None, never a guess."""
    of = moments(np.eye(3, dtype=int), np.eye(3, dtype=int))
    assert repeated_eigenvalues(of) == 2
    assert repeated_eigenvalues(of, limit=2) is None


def test_sigma_of_a_singular_gram_is_refused():
    """Where X X^T cannot be inverted there is no Sigma."""
    of = moments(np.array([[1, 1], [2, 2]]), np.array([[1], [2]]))
    with pytest.raises(ZeroDivisionError, match=r"got X X\^T of rank 1 in 2 dimensions, wanted full rank"):
        repeated_eigenvalues(of)


def test_columns_are_sorted_into_classes():
    """Zero columns, multiples (of either sign) and near misses are told apart exactly."""
    a = np.array([3, 1, 4, 1, 5]) * 10**6
    near = a.copy()
    near[0] += 1
    X = np.column_stack([a, 0 * a, -2 * a, near, 7 * near, np.ones(5, dtype=int)])
    classes = column_classes(integers.product(X, X))
    assert (classes.zero, classes.proportional, classes.distinct) == (1, 2, 3)


def test_constant_columns_are_zero_once_centred():
    """Constants count as zero on centred inputs and as multiples of the bias beside one."""
    X = np.column_stack([[1, 2, 4], [7, 7, 7]])
    of = moments(X, X)
    assert column_classes(of.gram).distinct == 2
    assert column_classes(of.centred().gram).zero == 1
    assert column_classes(of.with_bias().gram).proportional == 1


def test_every_method_answers_on_easy_matrices():
    """On the identity all say full, on the zero matrix none does, and each call is timed."""
    assert all(answer.full_rank and answer.seconds > 0 for answer in check_rank(np.eye(4, dtype=int)))
    assert not any(answer.full_rank for answer in check_rank(np.zeros((4, 4), dtype=int)))
    assert [answer.method for answer in check_rank(np.eye(1, dtype=int))] == list(METHODS)


def test_an_overflowing_determinant_is_no_answer():
    """An infinite determinant is neither full nor not; slogdet does not overflow."""
    answers = {answer.method: answer for answer in check_rank(10**9 * np.eye(40, dtype=np.int64))}
    assert answers["det"].full_rank is None
    assert not answers["det"].agrees(True)
    assert answers["slogdet"].full_rank


def test_scale_divides_the_columns():
    """The methods see the numbers as printed: 100 divided by 10 in both columns is 1."""
    answer = check_rank(100 * np.eye(2, dtype=int), np.array([10.0, 10.0]))[0]
    assert answer.shown == "1"


@cache
def known(name: str):
    return variant(load(name), "raw")


def test_known_values_of_the_5000_digits():
    """663 pixels are ever inked and the rank is 653, for the integers and for two primes."""
    of = known("mnist-5k")
    assert (of.m, len(of.nonzero_columns), of.rank, of.cross_rank) == (5000, 663, 653, 10)
    assert [integers.rank_mod(of.gram, prime) for prime in integers.PRIMES[1:]] == [653, 653]
    assert of.gram.diagonal().max() < integers.FLOAT_EXACT


def test_known_values_of_boston():
    """All 13 columns are independent."""
    assert (known("boston").m, known("boston").rank) == (506, 13)


@pytest.mark.skipif(
    not os.environ.get("LANDSCAPE_DATA"), reason="LANDSCAPE_DATA is not set: no full MNIST here"
)
def test_known_values_of_mnist():
    """Of the 60,000 images 717 pixels are ever inked and the rank is 712, for the integers and two primes."""
    of = known("mnist")
    assert (of.m, len(of.nonzero_columns), of.rank, of.cross_rank) == (60_000, 717, 712, 10)
    assert [integers.rank_mod(of.gram, prime) for prime in integers.PRIMES[1:]] == [712, 712]


def test_a_projection_costs_no_samples():
    """Projected moments are those of the projected samples."""
    rng = np.random.default_rng(0)
    X, Y, P = rng.integers(0, 9, (20, 6)), rng.integers(0, 3, (20, 2)), rng.integers(-2, 3, (6, 3))
    made, slow = moments(X, Y).projected(P), moments(X @ P, Y)
    for name in ("gram", "cross", "sums", "label_sums", "scale"):
        assert np.array_equal(getattr(made, name), getattr(slow, name)), name
    assert made.label_square == slow.label_square == int((Y**2).sum())


def test_a_projection_of_the_wrong_shape():
    """The row count that was wanted is named."""
    with pytest.raises(ValueError, match="got a projection of 2 rows, wanted d_x = 3 of them"):
        moments(np.eye(3, dtype=int), np.eye(3, dtype=int)).projected(np.ones((2, 1), dtype=int))


def test_centred_moments_are_m_times_those_of_centred_inputs():
    """All three moments of the loss scale alike, tr Y Y^T too; labels keep their mean."""
    rng = np.random.default_rng(1)
    X, Y = rng.integers(0, 9, (20, 4)), rng.integers(0, 3, (20, 2))
    of = moments(X, Y).centred()
    inputs = X - X.mean(0)
    np.testing.assert_allclose(of.gram.astype(float), 20 * inputs.T @ inputs, atol=1e-9)
    np.testing.assert_allclose(of.cross.astype(float), 20 * inputs.T @ Y, atol=1e-9)
    assert of.label_square == 20 * int((Y**2).sum())
