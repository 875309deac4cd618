"""The planted sets are what they say: each breaks the hypothesis it is named for, and only that."""

import numpy as np
import pytest

from claims.catalogue import claim
from claims.evidence.linear.prerequisites import failed
from data import SYNTHETIC, load_synthetic
from models.exact.moments import moments

BROKEN = {
    "synthetic": [],
    "synthetic-rank-deficient": ["H2"],
    "synthetic-repeated": ["H4"],
    "synthetic-more-outputs": ["H1"],
    "synthetic-cross-deficient": ["H3"],
    "synthetic-unrelated": ["H3", "H4"],
}


@pytest.mark.parametrize("name", SYNTHETIC)
def test_each_breaks_what_it_is_named_for(name):
    """The exact hypotheses fail on it as planned, and no other does."""
    planted = load_synthetic(name)
    found = failed(claim("T2").prerequisites, moments(planted.X, planted.Y), name)
    assert [one.claim for one in found] == BROKEN[name]


@pytest.mark.parametrize("name", SYNTHETIC)
def test_sigma_has_the_planted_eigenvectors(name):
    """Sigma Q = Q diag(eigenvalues), with n Q in integers and Q orthogonal."""
    planted = load_synthetic(name)
    of = moments(planted.X, planted.Y).independent()
    sigma = of.cross.T @ np.linalg.solve(of.gram.astype(float), of.cross.astype(float))
    Q = planted.reflection / planted.n
    assert np.allclose(Q.T @ Q, np.eye(len(Q)), atol=1e-14)
    assert np.allclose(sigma @ Q, Q * planted.eigenvalues, atol=1e-8)
    assert of.label_square > sum(planted.eigenvalues)  # something is left that no linear map explains


def test_unknown_name():
    """A misspelt set is answered with those that exist."""
    with pytest.raises(ValueError, match="got the synthetic set 'synthetik', wanted one of synthetic, "):
        load_synthetic("synthetik")


def test_a_failed_hypothesis_is_named():
    """The record says which hypothesis, the sentence also the data and the figure."""
    planted = load_synthetic("synthetic-rank-deficient")
    (found,) = failed(claim("T1").prerequisites, moments(planted.X, planted.Y), planted.name)
    assert (found.claim, found.sentence) == ("H2", "H2 failed on synthetic-rank-deficient (rank 4 of 5)")
