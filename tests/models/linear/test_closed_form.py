"""The closed form of the global minimum, its bound, and the reduction to few inputs."""

from fractions import Fraction

import flint
import numpy as np
import pytest

from claims.evidence.linear.preparation import prepared
from data import load_synthetic
from models.exact import integers
from models.exact.moments import Moments, moments
from models.linear.closed_form import Spectrum, global_weights, sigma_spectrum
from models.linear.definite import eigenvalue_floor
from models.linear.descent import settle
from models.linear.landscape import LinearLandscape
from models.linear.problem import LinearProblem
from models.linear.reduction import reduction

REAL = [("synthetic", "raw"), ("boston", "raw"), ("mnist-5k", "pooled-independent")]
IDS = [name for name, _ in REAL]
WIDTHS = [(1,), (2,), (5,), (12,), (4, 2), (12, 11), (3, 1, 4), (11, 12, 11)]


def exact_sigma(of: Moments) -> flint.fmpq_mat:
    """Sigma over the rationals."""
    gram, cross = (flint.fmpq_mat(integers.as_fmpz(a)) for a in (of.gram, of.cross))
    return cross.transpose() * gram.solve(cross)


@pytest.mark.parametrize(("name", "preparation"), REAL, ids=IDS)
def test_eigenvalues_are_within_their_bound(name, preparation):
    """Balls around the eigenvalues of the exact rational Sigma lie within the bound."""
    of = prepared(name, preparation)
    spectrum = sigma_spectrum(of)
    share = exact_sigma(of) * flint.fmpq(1, of.label_square)
    with flint.ctx.workprec(300):
        roots = flint.acb_mat(flint.arb_mat(share)).eig(multiple=True)
        true = sorted((root.real for root in roots), key=lambda ball: -float(ball))
        for found, ball in zip(spectrum.eigenvalues, true, strict=True):
            assert abs(flint.arb(float(found)) - ball) <= flint.arb(spectrum.bound)
    assert 0 < spectrum.bound < 1e-14


def test_planted_eigenvalues_are_found():
    """On the planted set Sigma's eigenvalues are known integers."""
    planted = load_synthetic("synthetic")
    of = moments(planted.X, planted.Y)
    true = sorted((Fraction(value, of.label_square) for value in planted.eigenvalues), reverse=True)
    spectrum = sigma_spectrum(of)
    assert np.abs(spectrum.eigenvalues - [float(t) for t in true]).max() <= spectrum.bound
    assert spectrum.lowest_loss(2) == pytest.approx(float(1 - true[0] - true[1]) / 2, abs=1e-15)
    assert spectrum.gap(1) == pytest.approx(float(true[0] - true[1]) / 2, abs=1e-15)
    assert spectrum.gap(3) == spectrum.gap(9) == pytest.approx(float(true[2]) / 2, abs=1e-15)


@pytest.mark.parametrize("hidden", WIDTHS, ids=str)
@pytest.mark.parametrize(("name", "preparation"), REAL, ids=IDS)
def test_global_weights_attain_the_closed_form(name, preparation, hidden):
    """For any depth and widths the loss equals L* and the gradient is zero to rounding."""
    of = prepared(name, preparation)
    landscape = LinearLandscape(LinearProblem.of(of), hidden)
    w = global_weights(landscape)
    loss, gradient = landscape.loss_and_gradient(w)
    assert loss[0] == pytest.approx(sigma_spectrum(of).lowest_loss(min(hidden)), abs=1e-14)
    assert np.linalg.norm(gradient) <= 1e-13


def test_no_map_of_that_rank_is_below_the_closed_form():
    """Alternating least squares over maps of rank p, an independent way down, ends at L* from above."""
    problem = LinearProblem.of(prepared("mnist-5k", "pooled-independent"))
    spectrum = sigma_spectrum(prepared("mnist-5k", "pooled-independent"))
    rng = np.random.default_rng(0)
    for p in (1, 4, 10):
        U = np.linalg.qr(rng.normal(size=(10, p)))[0]
        for _ in range(3000):
            V = np.linalg.solve(problem.gram, problem.cross_transposed.T @ U)
            U = np.linalg.qr(problem.cross_transposed @ V)[0]
        loss = problem.map_loss(U @ U.T @ np.linalg.solve(problem.gram, problem.cross_transposed.T).T)
        assert -1e-14 <= loss - spectrum.lowest_loss(p) <= 1e-8


@pytest.mark.parametrize("hidden", [(2,), (5,), (60,), (3, 2), (5, 12, 4)], ids=str)
@pytest.mark.parametrize(("name", "preparation"), REAL, ids=IDS)
def test_reduction_keeps_the_loss(name, preparation, hidden):
    """Down and up again the loss stays, also where the first layer is wider than the inputs left out."""
    small = reduction(LinearProblem.of(prepared(name, preparation)))
    full = LinearLandscape(small.full, hidden)
    few = LinearLandscape(small.problem(hidden[0]), hidden)
    assert few.problem.d_x == small.kept + min(hidden[0], full.problem.d_x - small.kept)
    w = np.random.default_rng(1).normal(size=(3, full.size)) * 0.3
    first, *rest = full.layers(w)
    down = small.down(first)
    back = full.flat([small.up(down), *rest])
    assert np.allclose(few.loss(few.flat([down, *rest])), full.loss(w), rtol=1e-11)
    assert np.allclose(full.loss(back), full.loss(w), rtol=1e-11)


@pytest.mark.parametrize("hidden", [(2,), (3, 2)], ids=str)
def test_reduction_keeps_the_hessian(hidden):
    """The whitened Hessian at a lifted point is the reduced one beside blocks Q^T Q, Q = W_{H+1} ... W_2."""
    small = reduction(LinearProblem.of(prepared("boston", "raw")))
    few = LinearLandscape(small.problem(hidden[0]), hidden)
    whitened = LinearLandscape(small.full.whitened(), hidden)
    w = np.random.default_rng(2).normal(size=(1, few.size)) * 0.5
    first, *rest = few.layers(w)
    lifted = whitened.flat([small.up(first) @ small.factor, *rest])
    left_out = 13 - few.problem.d_x
    Q = rest[0][0] if len(rest) == 1 else rest[1][0] @ rest[0][0]
    expected = np.concatenate(
        [np.linalg.eigvalsh(few.hessian(w)[0]), np.tile(np.linalg.eigvalsh(Q.T @ Q), left_out)]
    )
    assert np.allclose(np.linalg.eigvalsh(whitened.hessian(lifted)[0]), np.sort(expected), atol=1e-12)


def test_descent_in_all_inputs_ends_where_the_reduced_one_does():
    """From the same starts, the full and the reduced landscape of the digits give the same final loss."""
    of = prepared("mnist-5k", "pooled-independent")
    small = reduction(LinearProblem.of(of))
    full = LinearLandscape(small.full, (3,))
    few = LinearLandscape(small.problem(3), (3,))
    starts = np.random.default_rng(3).normal(size=(4, full.size)) * 0.3
    first, *rest = full.layers(starts)
    moved = few.flat([small.down(first), *rest])
    lowest = sigma_spectrum(of).lowest_loss(3)
    one, other = settle(full, starts, enough=lowest + 1e-6), settle(few, moved, enough=lowest + 1e-6)
    assert one.settled.all()
    assert other.settled.all()
    assert np.abs(one.loss - lowest).max() <= 1e-12
    assert np.abs(other.loss - lowest).max() <= 1e-12


@pytest.mark.parametrize("smallest", [1e-3, 1e-9, 0.0, -1e-9, -1e-3])
def test_floor_never_exceeds_the_smallest_eigenvalue(smallest):
    """A proved floor lies below the true eigenvalue, and no proof is given of what is false."""
    Q = np.linalg.qr(np.random.default_rng(5).normal(size=(40, 40)))[0]
    H = Q @ np.diag(np.concatenate([[smallest], np.linspace(0.5, 3, 39)])) @ Q.T
    H = (H + H.T) / 2
    floor = eigenvalue_floor(H, 1e-6)
    assert (floor is None) == (smallest < -1e-6)
    assert floor is None or -1.1e-6 <= floor <= smallest
    positive = eigenvalue_floor(H, -1e-4)
    assert (positive is None) == (smallest < 1e-4)
    assert positive is None or 0 < positive <= smallest


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (
            lambda: sigma_spectrum(prepared("synthetic-rank-deficient", "raw")),
            r"wanted it regular beyond rounding: keep independent inputs, Moments.independent\(\)",
        ),
        (
            lambda: Spectrum(np.ones(2), 0.0).lowest_loss(0),
            "got the narrowest width 0, wanted at least 1",
        ),
    ],
    ids=["rank-deficient", "no-width"],
)
def test_wrong_input_is_named(wrong, message):
    """Each error says what was got, what was wanted, and the cure."""
    with pytest.raises(ValueError, match=message):
        wrong()
