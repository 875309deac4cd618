"""The landscape from sufficient statistics, against torch on raw samples; its coordinates."""

import numpy as np
import pytest
import torch

from claims.evidence.linear.preparation import prepared
from data import load, load_synthetic
from models.exact.moments import moments
from models.linear.landscape import LinearLandscape
from models.linear.problem import LinearProblem

WIDTHS = [(3,), (5,), (3, 2), (4, 4), (2, 3, 2), (3, 3, 3)]


def digits() -> tuple[np.ndarray, np.ndarray]:
    """40 real digits in [0, 1], on 9 blocks of pixels, with labels as indicators."""
    dataset = load("mnist-5k")
    pixels = dataset.raw_train[:40].reshape(40, 28, 28)[:, 5:23, 5:23].reshape(40, 3, 6, 3, 6)
    return pixels.mean(axis=(2, 4)).reshape(40, 9) / 255.0, np.eye(10)[dataset.raw_y_train[:40]]


def planted() -> tuple[np.ndarray, np.ndarray]:
    data = load_synthetic("synthetic")
    return data.X.astype(float), data.Y.astype(float) / 14


def boston() -> tuple[np.ndarray, np.ndarray]:
    data = load("boston")
    return data.raw_train[:60] / data.raw_train.max(axis=0), data.raw_y_train[:60].reshape(60, 1) / 50


DATA = {"synthetic": planted, "digits": digits, "boston": boston}


def statistics(X: np.ndarray, Y: np.ndarray) -> LinearProblem:
    return LinearProblem(X.T @ X, Y.T @ X, float((Y**2).sum()))


def draw(landscape: LinearLandscape, members: int, seed: int = 3) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(members, landscape.size)) * 0.6


def raw_loss(landscape: LinearLandscape, X: np.ndarray, Y: np.ndarray):
    """The loss of one member on the raw samples, in torch and in no other way."""

    def loss(flat: torch.Tensor) -> torch.Tensor:
        out, used = torch.from_numpy(X.T), 0
        for rows, columns in landscape.shapes:
            out = flat[used : used + rows * columns].reshape(rows, columns) @ out
            used += rows * columns
        return 0.5 * ((out - torch.from_numpy(Y.T)) ** 2).sum()

    return loss


@pytest.mark.parametrize("data", DATA)
@pytest.mark.parametrize("hidden", WIDTHS, ids=str)
def test_derivatives_agree_with_autograd(data, hidden):
    """Loss, gradient, Hessian and Hessian products equal torch's on the raw samples, for 1 to 3 layers."""
    X, Y = DATA[data]()
    landscape = LinearLandscape(statistics(X, Y), hidden)
    w = draw(landscape, 2)
    v = draw(landscape, 2, seed=4)
    loss, gradient = landscape.loss_and_gradient(w)
    H, product = landscape.hessian(w), landscape.hessian_product(w, v)
    assert np.array_equal(loss, landscape.loss(w))
    for m in range(2):
        slow, at = raw_loss(landscape, X, Y), torch.from_numpy(w[m])
        true_gradient = torch.autograd.functional.jacobian(slow, at).numpy()
        true_hessian = torch.autograd.functional.hessian(slow, at).numpy()
        size = np.linalg.norm(true_hessian)
        assert loss[m] == pytest.approx(float(slow(at)), rel=1e-12)
        assert np.linalg.norm(gradient[m] - true_gradient) <= 1e-12 * np.linalg.norm(true_gradient)
        assert np.linalg.norm(H[m] - true_hessian) <= 1e-12 * size
        assert np.linalg.norm(product[m] - true_hessian @ v[m]) <= 1e-12 * size * np.linalg.norm(v[m])
        assert np.linalg.norm(gradient[m] - true_gradient) <= 2 * landscape.gradient_error(w)[m]
        # The two roundings differ, so their distance may take both bounds; it must not exceed them.
        assert np.linalg.norm(H[m] - true_hessian, 2) <= 2 * landscape.hessian_error(w)[m] <= 1e-10 * size
    assert np.array_equal(H, H.swapaxes(1, 2))


@pytest.mark.parametrize("hidden", WIDTHS, ids=str)
def test_third_derivative_is_bounded(hidden):
    """The Hessian changes no faster along seeded directions than the third derivative's bound says."""
    landscape = LinearLandscape(statistics(*planted()), hidden)
    w = draw(landscape, 1)
    rng = np.random.default_rng(0)
    for _ in range(20):
        u = rng.normal(size=w.shape)
        u /= np.linalg.norm(u)
        step = 1e-3
        change = (landscape.hessian(w + step * u) - landscape.hessian(w))[0] / step
        assert abs(u[0] @ change @ u[0]) <= landscape.third_derivative(w, step)[0]


def test_cost_does_not_depend_on_the_number_of_samples():
    """A data set repeated a hundred times gives the same normalised landscape."""
    data = load_synthetic("synthetic")
    once = LinearProblem.of(moments(data.X, data.Y))
    often = LinearProblem.of(moments(np.tile(data.X, (100, 1)), np.tile(data.Y, (100, 1))))
    assert often.gram.shape == once.gram.shape
    assert np.allclose(often.gram, once.gram, atol=1e-15)
    assert np.allclose(often.cross_transposed, once.cross_transposed, atol=1e-15)


@pytest.mark.parametrize("name", ["synthetic", "boston", "mnist-5k"])
def test_units_of_the_data_cancel(name):
    """Inputs and labels have unit square, and zero weights lose one half."""
    problem = LinearProblem.of(prepared(name, "independent"))
    assert np.allclose(problem.gram.diagonal(), 1)
    assert problem.zero_loss == 0.5
    landscape = LinearLandscape(problem, (2, 2))
    assert landscape.loss(np.zeros((1, landscape.size))).tolist() == [0.5]


@pytest.mark.parametrize("hidden", [(2,), (3, 2)], ids=str)
def test_whitening_is_a_change_of_coordinates(hidden):
    """W_1 -> W_1 F keeps the loss, maps the gradient by F, and keeps the inertia of the Hessian."""
    problem = LinearProblem.of(prepared("boston", "raw"))
    before = LinearLandscape(problem, hidden)
    after = LinearLandscape(problem.whitened(), hidden)
    F = problem.factor()
    w = draw(before, 3)
    weights = before.layers(w)
    moved = after.flat([weights[0] @ F, *weights[1:]])
    assert np.allclose(after.problem.gram, np.eye(13))
    assert np.allclose(before.loss(w), after.loss(moved), rtol=1e-12)
    pulled = after.layers(after.gradient(moved))
    assert np.allclose(before.gradient(w), before.flat([pulled[0] @ F.T, *pulled[1:]]), atol=1e-11)
    J = np.eye(before.size)
    J[: hidden[0] * 13, : hidden[0] * 13] = np.kron(np.eye(hidden[0]), F.T)
    for one, other in zip(before.hessian(w), after.hessian(moved), strict=True):
        assert np.allclose(one, J.T @ other @ J, atol=1e-11)
        for sign in (1, -1):  # rounding leaves zeros of 1e-16 either sign
            counts = [(sign * np.linalg.eigvalsh(H) > 1e-9).sum() for H in (one, other)]
            assert counts[0] == counts[1] > 0


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (
            lambda: LinearProblem(np.eye(3), np.ones((3, 2)), 1.0),
            r"got gram of shape \(3, 3\) and Y X\^T of shape \(3, 2\), wanted .* transpose X Y",
        ),
        (lambda: LinearProblem(np.eye(2), np.ones((1, 2)), 0.0), "wanted finite numbers and tr Y Y"),
        (
            lambda: LinearProblem.of(moments(np.diag([1, 1, 0]), np.diag([1, 1, 1]))),
            r"got 1 inputs that are zero in every sample .* use Moments.independent\(\)",
        ),
        (
            lambda: LinearProblem(np.ones((2, 2)), np.ones((1, 2)), 1.0).whitened(),
            r"without a Cholesky factor, wanted it regular: keep independent inputs",
        ),
        (
            lambda: LinearLandscape(LinearProblem(np.eye(2), np.ones((1, 2)), 1.0), ()),
            r"got the hidden widths \(\), wanted one positive width or more",
        ),
        (
            lambda: LinearLandscape(LinearProblem(np.eye(2), np.ones((1, 2)), 1.0), (2,)).loss(np.ones(6)),
            r"got weights of shape \(6,\), wanted \[M, 6\]",
        ),
    ],
    ids=["cross", "labels", "zero-column", "singular", "no-layer", "one-member"],
)  # fmt: skip
def test_wrong_input_is_named(wrong, message):
    """Each error says what was got, what was wanted, and the cure."""
    with pytest.raises(ValueError, match=message):
        wrong()
