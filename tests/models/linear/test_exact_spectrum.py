"""Sigma, the least-squares map and enclosed eigenvectors, against their defining equations."""

from itertools import pairwise

import flint
import numpy as np
import pytest

from data import load_synthetic
from models.exact.moments import moments
from models.linear import exact_spectrum
from models.linear.exact_network import ExactMoments, exact_moments, gradient, identity, loss
from models.linear.exact_spectrum import (
    BITS,
    ball_spectrum,
    best_map,
    fitted_moments,
    kernel,
    rational_spectrum,
)
from models.linear.sigma_enclosure import Enclosed, enclosed_sigma

PLANTED = load_synthetic("synthetic")
OF = moments(PLANTED.X, PLANTED.Y)
DATA = exact_moments(OF)


def drawn(sizes, seed):
    draw = np.random.default_rng(seed)
    return [flint.fmpq_mat(b, a, [int(n) for n in draw.integers(-3, 4, a * b)]) for a, b in pairwise(sizes)]


@pytest.mark.parametrize("name", ["synthetic", "synthetic-rank-deficient", "synthetic-more-outputs"])
def test_best_map_solves_the_normal_equations(name):
    """Z X X^T = Y X^T, also where X X^T is singular."""
    planted = load_synthetic(name)
    data = exact_moments(moments(planted.X, planted.Y))
    assert best_map(data) * data.gram == data.cross.transpose()


def test_kernel_is_what_the_inputs_do_not_see():
    """A doubled column gives one row n with n X = 0; independent columns give none."""
    planted = load_synthetic("synthetic-rank-deficient")
    (row,) = kernel(exact_moments(moments(planted.X, planted.Y)))
    found = np.array([int(entry.p) for entry in row.entries()])
    assert found.any()
    assert not (planted.X @ found).any()
    assert kernel(DATA) == []


def test_the_reduced_problem_has_the_losses_of_the_whole_one():
    """L(R Z, W_2, ...) with all inputs is L(R, W_2, ...) with the fitted labels as inputs."""
    reduced, Z = fitted_moments(OF, balls=False), best_map(DATA)
    R, *rest = drawn((3, 2, 4, 3), 1)
    assert reduced.gram == Z * DATA.gram * Z.transpose()
    assert loss(reduced, [R, *rest]) == loss(DATA, [R * Z, *rest])


def test_the_reduced_gradient_is_that_of_the_whole_one():
    """Later layers have the same gradient, and the reduced first one is the whole one times Z^T."""
    reduced, Z = fitted_moments(OF, balls=False), best_map(DATA)
    R, *rest = drawn((3, 2, 4, 3), 2)
    small, large = gradient(reduced, [R, *rest]), gradient(DATA, [R * Z, *rest])
    assert small[1:] == large[1:]
    assert small[0] == large[0] * Z.transpose()


def test_a_singular_gram_has_no_sigma():
    """The reduction names the cure."""
    planted = load_synthetic("synthetic-rank-deficient")
    with pytest.raises(ZeroDivisionError, match=r"got a singular X X\^T in 5 dimensions, .*independent\(\)"):
        fitted_moments(moments(planted.X, planted.Y), balls=False)


def test_balls_enclose_the_planted_spectrum():
    """Eigenvalues and, up to length, eigenvectors of the planted Sigma lie in the balls."""
    exact = rational_spectrum(best_map(DATA) * DATA.cross, PLANTED.reflection.T.tolist())
    found = ball_spectrum(fitted_moments(OF, balls=True).gram)
    with flint.ctx.workprec(BITS):
        for value, ball, vector, column in zip(
            exact.values, found.values, exact.vectors, found.vectors, strict=True
        ):
            assert ball.contains(value)
            assert ball.rad() < 1e-40
            for i in range(3):
                for j in range(3):
                    assert (column[i, 0] * vector[j, 0] - column[j, 0] * vector[i, 0]).contains(0)


def test_enclosed_vectors_are_eigenvectors_of_a_drawn_matrix():
    """Sigma v - l v encloses zero narrowly, and v is not zero, for a matrix without rational eigenvectors."""
    draw = np.random.default_rng(3)
    root = draw.integers(-9, 10, (8, 12))
    with flint.ctx.workprec(BITS):
        sigma = flint.arb_mat((root @ root.T).tolist())
        spectrum = ball_spectrum(sigma)
        for value, column in zip(spectrum.values, spectrum.vectors, strict=True):
            residual = (sigma - value * identity(flint.arb_mat, 8)) * column
            assert all(entry.contains(0) and entry.abs_upper() < 1e-40 for entry in residual.entries())
            assert any(entry == 1 for entry in column.entries())
        assert all(a > b for a, b in pairwise(spectrum.values))


def test_a_repeated_eigenvalue_is_not_separated():
    """Balls that cannot be told apart raise instead of guessing."""
    with pytest.raises(ArithmeticError, match=r"got eigenvalues that do not separate at 192 bits"):
        ball_spectrum(flint.arb_mat([[5, 0, 0], [0, 3, 0], [0, 0, 3]]))


def test_a_zero_eigenvalue_is_not_taken_for_positive():
    """A singular Sigma raises, because opening its null direction would not descend."""
    with pytest.raises(ArithmeticError, match=r"got the smallest eigenvalue .* X Y\^T needs rank d_y"):
        ball_spectrum(flint.arb_mat([[1, 1], [1, 1]]))


@pytest.mark.parametrize(
    ("vectors", "error"),
    [
        ([[1, 0, 0], [0, 1, 0], [0, 0, 1]], r"got the vector \[1, 0, 0\], wanted an eigenvector of Sigma"),
        (
            PLANTED.reflection.T.tolist()[:2],
            "got 2 vectors for 3 labels, wanted as many, orthogonal in pairs",
        ),
    ],
    ids=["not-eigenvectors", "too-few"],
)
def test_proposed_eigenvectors_are_checked(vectors, error):
    """A wrong basis never enters a proof."""
    with pytest.raises(ValueError, match=error):
        rational_spectrum(best_map(DATA) * DATA.cross, vectors)


def test_only_one_eigenspace_may_be_rotated():
    """Rotating vectors of different eigenvalues would leave the eigenvectors."""
    spectrum = rational_spectrum(best_map(DATA) * DATA.cross, PLANTED.reflection.T.tolist())
    with pytest.raises(ValueError, match=r"got the eigenvalues 78400 and 28224 .* wanted equal ones"):
        spectrum.rotated(0, 1)


def test_a_rotated_basis_has_the_same_eigenvalues():
    """3 u + 4 v and 4 u - 3 v are eigenvectors again, and orthogonal."""
    planted = load_synthetic("synthetic-repeated")
    data = exact_moments(moments(planted.X, planted.Y))
    sigma = best_map(data) * data.cross
    turned = rational_spectrum(sigma, planted.reflection.T.tolist()).rotated(1, 2)
    for value, column in zip(turned.values, turned.vectors, strict=True):
        assert sigma * column == column * value
    assert (turned.vectors[1].transpose() * turned.vectors[2])[0, 0] == 0


@pytest.mark.parametrize("refined", [True, False], ids=["refined", "rational-first"])
def test_moments_of_the_reduction_are_enclosed(refined, monkeypatch):
    """The narrow balls of Sigma contain the rational Sigma, by refinement and where that is out of reach."""
    if not refined:
        monkeypatch.setattr(exact_spectrum, "enclosed_sigma", lambda of, share: Enclosed(None, 1, 2 * share))
    exact, balls = (fitted_moments(OF, balls=kind) for kind in (False, True))
    assert isinstance(balls, ExactMoments)
    assert balls.gram.contains(exact.gram)
    assert all(entry.rad() < 1e-55 * OF.label_square for entry in balls.gram.entries())


def test_what_refinement_leaves_out_is_in_the_radius(monkeypatch):
    """Sigma less nearly all that the bound allows, as a share of tr Y Y^T, is still enclosed."""

    def lowered(of, share):
        found = enclosed_sigma(of, share)
        step = found.unit * of.label_square * 99 // 100 // round(1 / share)
        assert step > 2**20
        inside = [
            [int(e) - step * (i == j) for j, e in enumerate(row)]
            for i, row in enumerate(found.inside.tolist())
        ]
        return Enclosed(flint.fmpz_mat(inside), found.unit, share)

    monkeypatch.setattr(exact_spectrum, "enclosed_sigma", lowered)
    exact, balls = (fitted_moments(OF, balls=kind) for kind in (False, True))
    assert balls.gram.contains(exact.gram)


def test_a_gram_beyond_float64_is_solved_over_the_rationals():
    """Two nearly equal inputs, which float64 cannot prove independent, give the same narrow balls."""
    X = np.column_stack([PLANTED.X, PLANTED.X[:, 0] * 10**9])
    X[0, -1] += 1
    of = moments(X, PLANTED.Y)
    with pytest.raises(ValueError, match="wanted it regular beyond rounding"):
        enclosed_sigma(of, 1e-3)
    exact, balls = (fitted_moments(of, balls=kind) for kind in (False, True))
    assert balls.gram.contains(exact.gram)
