"""The curvature in outputs is a factor of what it says, and takes the slope along."""

from __future__ import annotations

import pytest
import torch
from torch.func import jacrev

from models.descent.newton.outputs import output_curvature
from models.objectives.losses import loss_gradient, loss_per_sample
from tests.models.descent.test_problem import PAIRS


def sampled(scale=1.0):
    draw = torch.Generator().manual_seed(3)
    z = scale * torch.randn(2, 7, 4, dtype=torch.float64, generator=draw)
    y = torch.eye(4, dtype=torch.float64)[torch.randint(4, (7,), generator=draw)]
    return z, y


def square(curvature, K=4):
    """L L^T of every sample."""
    eye = torch.eye(K, dtype=torch.float64).expand(*curvature.residual.shape, K)
    columns = [curvature.apply(curvature.transposed(eye[..., k])) for k in range(K)]
    return torch.stack(columns, -1)


@pytest.mark.parametrize("scale", [1e-3, 1.0, 30.0, 1e5])
@pytest.mark.parametrize(("output", "loss"), PAIRS)
def test_factor_times_residual_is_the_slope(output, loss, scale):
    """L r is each sample's slope, at scores where probabilities underflow too, and nothing is infinite."""
    z, y = sampled(scale)
    found = output_curvature(z, y, output, loss)
    slope = loss_gradient(z, y, output, loss) * z.shape[1]
    assert found.residual.isfinite().all()
    torch.testing.assert_close(found.apply(found.residual), slope, rtol=1e-8, atol=1e-12)


@pytest.mark.parametrize(
    ("output", "loss"), [("linear", "mse"), ("linear", "bce"), ("linear", "ce"), ("softmax", "ce")]
)
def test_where_the_loss_is_convex_the_curvature_is_its_own(output, loss):
    """L L^T is the Hessian in scores, and at most a tenth of the slope's norm more."""
    z, y = sampled()
    found = square(output_curvature(z, y, output, loss))

    def of_one(s, t):
        return jacrev(jacrev(lambda s: loss_per_sample(s[None, None], t[None], output, loss).sum()))(s)

    true = torch.stack([torch.stack([of_one(s, t) for s, t in zip(row, y, strict=True)]) for row in z])
    more = torch.linalg.eigvalsh(found - true)
    slope = loss_gradient(z, y, output, loss) * z.shape[1]
    assert (more >= -1e-12).all()
    assert (more[..., -1] <= 0.1 * slope.norm(dim=-1) + 1e-12).all()


def test_softmax_of_the_squared_error_is_the_square_of_its_jacobian():
    """Gauss-Newton: S^2, without the second derivative of the softmax."""
    z, y = sampled()
    h = torch.softmax(z, -1)
    S = torch.diag_embed(h) - h[..., None] * h[..., None, :]
    torch.testing.assert_close(square(output_curvature(z, y, "softmax", "mse")), S @ S)


def test_softmax_of_the_binary_cross_entropy_is_the_fisher_matrix():
    """S diag(1 / h (1 - h)) S, and the reach."""
    z, y = sampled()
    h = torch.softmax(z, -1)
    S = torch.diag_embed(h) - h[..., None] * h[..., None, :]
    more = square(output_curvature(z, y, "softmax", "bce")) - S @ torch.diag_embed(1 / (h * (1 - h))) @ S
    values = torch.linalg.eigvalsh(more)
    torch.testing.assert_close(values[..., 0], values[..., -1], rtol=1e-6, atol=1e-12)
    assert (values >= -1e-12).all()
