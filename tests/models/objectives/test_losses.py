"""Losses, their hand-written gradients and the constant predictor's loss, against torch's own."""

from __future__ import annotations

import itertools

import flint
import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional

from models.objectives.losses import constant_loss, loss_gradient, loss_per_sample
from models.objectives.objective import LOSSES, OUTPUTS

COMBINATIONS = list(itertools.product(OUTPUTS, LOSSES))
SCALES = {"small logits": 1.0, "large logits": 30.0, "saturated logits": 1e3}


def torchs_own(z: Tensor, y: Tensor, output: str, loss: str) -> Tensor:
    """Loss [M, B] by torch.nn.functional."""
    h = {"linear": z, "relu": z.relu(), "softmax": z.softmax(-1)}[output]
    y = y.expand_as(h)
    if loss == "mse":
        return functional.mse_loss(h, y, reduction="none").sum(-1) / 2
    if loss == "bce":
        own = (
            functional.binary_cross_entropy
            if output == "softmax"
            else functional.binary_cross_entropy_with_logits
        )
        return own(h, y, reduction="none").sum(-1)
    # -log softmax(z)_label, whether z is the logits h or what softmax h is made from.
    scores = z if output == "softmax" else h
    labels = y.argmax(-1).flatten()
    return functional.cross_entropy(scores.flatten(0, 1), labels, reduction="none").view(z.shape[:2])


def drawn(scale: float, dtype: torch.dtype = torch.float64) -> tuple[Tensor, Tensor]:
    """Logits [M, B, K] and one-hot targets [B, K]."""
    generator = torch.Generator().manual_seed(3)
    z = scale * torch.randn(3, 8, 5, generator=generator, dtype=torch.float64)
    y = functional.one_hot(torch.randint(5, (8,), generator=generator), 5)
    return z.to(dtype), y.to(dtype)


@pytest.mark.parametrize(
    ("output", "loss", "scale"),
    [
        pytest.param(*pair, scale, id=f"{'-'.join(pair)}-{name}")
        for pair in COMBINATIONS
        for name, scale in SCALES.items()
        # BCELoss of a saturated softmax is wrong in torch: see the exact values below.
        if pair != ("softmax", "bce") or scale == 1.0
    ],
)
def test_loss_and_gradient_equal_autograd(output, loss, scale):
    """Values and gradients are torch's, also where sigmoid and softmax are 0 or 1 to the last bit."""
    z, y = drawn(scale)
    z.requires_grad_()
    expected = torchs_own(z, y, output, loss)
    torch.testing.assert_close(
        loss_per_sample(z.detach(), y, output, loss), expected.detach(), rtol=1e-12, atol=1e-12
    )
    expected.mean(1).sum().backward()
    found = loss_gradient(z.detach(), y, output, loss)
    assert torch.isfinite(found).all()
    # h (1 - h) of a nearly saturated softmax cancels, in torch's own gradient too.
    torch.testing.assert_close(found, z.grad, rtol=1e-10, atol=1e-8 if output == "softmax" else 1e-12)


def exactly(z: list[float], y: list[float]) -> tuple[float, list[float]]:
    """Binary cross entropy of softmax(z) against y and its gradient, in 20,000 bits from the definition."""
    with flint.ctx.workprec(20_000):
        e, labels, n = [flint.arb(v).exp() for v in z], [flint.arb(v) for v in y], range(len(z))
        total = sum(e, flint.arb(0))
        h = [v / total for v in e]
        rest = [sum((e[k] for k in n if k != j), flint.arb(0)) / total for j in n]
        loss = -sum((labels[k] * h[k].log() + (1 - labels[k]) * rest[k].log() for k in n), flint.arb(0))
        a = [(1 - labels[k]) * h[k] / rest[k] - labels[k] for k in n]
        slope = sum(a, flint.arb(0))
        return float(loss), [float(a[j] - h[j] * slope) for j in n]


SCORES = [0.1, 1.0, 5.0, 12.0, 20.0, 30.0, 100.0, 1e3]
EPS = {torch.float32: 3e-6, torch.float64: 1e-12}


@pytest.mark.parametrize("dtype", EPS, ids=str)
@pytest.mark.parametrize("labels", ["one-hot", "top", "soft", "none", "all"])
@pytest.mark.parametrize("scale", SCORES)
def test_binary_cross_entropy_of_a_softmax_is_exact(scale, labels, dtype):
    """Value and gradient keep their digits at any scores, where h rounds to 0 or 1 in the arithmetic of h."""
    generator = torch.Generator().manual_seed(int(scale * 10))
    for K in (2, 3, 7, 10):
        z = (scale * torch.randn(2, 4, K, generator=generator, dtype=torch.float64)).to(dtype)
        y = {
            "one-hot": functional.one_hot(torch.randint(K, (4,), generator=generator), K),
            "top": functional.one_hot(z[0].argmax(-1), K),
            "soft": torch.rand(4, K, generator=generator, dtype=torch.float64),
            "none": torch.zeros(4, K),
            "all": torch.ones(4, K),
        }[labels].to(dtype)
        found, slopes = loss_per_sample(z, y, "softmax", "bce"), loss_gradient(z, y, "softmax", "bce") * 4
        tiny = float(torch.finfo(dtype).tiny) / EPS[dtype]
        for m, b in itertools.product(range(2), range(4)):
            loss, slope = exactly(z[m, b].tolist(), y[b].tolist())
            assert float(found[m, b]) == pytest.approx(loss, rel=EPS[dtype], abs=tiny)
            # Without a label, or with all of them, the gradient is a difference of terms of order 1.
            size = max(map(abs, slope)) if labels in ("one-hot", "top") else 1.0
            assert slopes[m, b].tolist() == pytest.approx(slope, rel=EPS[dtype], abs=EPS[dtype] * size + tiny)


@pytest.mark.parametrize("gap", [10.0, 17.5, 25.0, 40.0, 90.0, 200.0])
@pytest.mark.parametrize("label", [0, 1, 2])
def test_one_class_ahead_in_float32(gap, label):
    """Scores (gap, 0, 1), where 1 - h is lost in float32: torch's own gradient is off by thousands."""
    z, y = torch.tensor([[[gap, 0.0, 1.0]]]), functional.one_hot(torch.tensor([label]), 3).float()
    loss, slope = exactly(z[0, 0].tolist(), y[0].tolist())
    assert float(loss_per_sample(z, y, "softmax", "bce")) == pytest.approx(loss, rel=1e-6, abs=1e-37)
    assert loss_gradient(z, y, "softmax", "bce")[0, 0].tolist() == pytest.approx(slope, rel=1e-5, abs=1e-6)


@pytest.mark.parametrize("scale", [1.0, 30.0, 1e3])
def test_the_value_of_a_saturated_softmax_can_be_differentiated(scale):
    """Autograd of the value is the hand-written gradient, and its Hessian is finite and symmetric."""
    z, y = drawn(scale)
    slope = torch.func.grad(lambda z: loss_per_sample(z, y, "softmax", "bce").mean(1).sum())(z)
    torch.testing.assert_close(slope, loss_gradient(z, y, "softmax", "bce"), rtol=1e-9, atol=1e-12)
    slope = torch.func.jacrev(lambda v: loss_per_sample(v[None, None], y[:1], "softmax", "bce").sum())
    one = torch.func.jacrev(slope)(z[0, 0])
    assert torch.isfinite(one).all()
    torch.testing.assert_close(one, one.T, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("label", [0.0, 1.0])
def test_a_softmax_of_one_class_is_one(label):
    """Whatever the score: nothing to learn, and where the label denies it the floor is paid."""
    z, y = torch.tensor([[[3.0], [-200.0]]]), torch.full((2, 1), label)
    assert loss_per_sample(z, y, "softmax", "bce").tolist() == [[100.0 * (1 - label)] * 2]
    assert not loss_gradient(z, y, "softmax", "bce").any()


@pytest.mark.parametrize(("output", "loss"), COMBINATIONS)
def test_gradient_equals_finite_differences(output, loss):
    """A step of 1e-6 either way in each logit changes the mean loss as the gradient says."""
    z, y = drawn(1.0)
    found, step = loss_gradient(z, y, output, loss), 1e-6
    for m, b, k in itertools.product(*map(range, z.shape)):
        up, down = z.clone(), z.clone()
        up[m, b, k] += step
        down[m, b, k] -= step
        slope = (loss_per_sample(up, y, output, loss) - loss_per_sample(down, y, output, loss)).mean(1)[m] / (
            2 * step
        )
        assert float(found[m, b, k]) == pytest.approx(float(slope), abs=1e-8)


@pytest.mark.parametrize(("output", "loss"), COMBINATIONS)
def test_saturation_stays_finite_in_float32(output, loss):
    """Logits of a thousand cost much, not infinity, in the arithmetic of training."""
    z, y = drawn(1e3, torch.float32)
    assert torch.isfinite(loss_per_sample(z, y, output, loss)).all()
    assert torch.isfinite(loss_gradient(z, y, output, loss)).all()


@pytest.mark.parametrize(("output", "loss"), COMBINATIONS)
def test_inputs_are_left_as_they_were(output, loss):
    """Neither function writes to its arguments."""
    z, y = drawn(1.0)
    before = z.clone(), y.clone()
    loss_per_sample(z, y, output, loss)
    loss_gradient(z, y, output, loss)
    assert torch.equal(z, before[0])
    assert torch.equal(y, before[1])


def test_relu_passes_nothing_at_zero():
    """The slope of max(z, 0) at 0 is taken as 0, as torch does."""
    z, y = torch.zeros(1, 2, 3), torch.ones(2, 3)
    assert not loss_gradient(z, y, "relu", "mse").any()


# -- the constant predictor -----------------------------------------------------------


def constant_prediction(h: np.ndarray, y: np.ndarray, loss: str) -> float:
    """Mean loss on y [m, K] of predicting the constant h [K], written out."""
    if loss == "mse":
        return 0.5 * float(((h - y) ** 2).sum(1).mean())
    per_label = y * np.log(h) if loss == "ce" else y * np.log(h) + (1 - y) * np.log(1 - h)
    return -float(per_label.sum(1).mean())


@pytest.mark.parametrize("loss", LOSSES)
def test_no_constant_does_better(loss):
    """L0 on the fitted set itself is the loss of the mean, and below that of every other constant."""
    draw = np.random.default_rng(5)
    y = np.eye(4)[draw.integers(0, 4, 30)]
    least = constant_loss(torch.from_numpy(y), torch.from_numpy(y), loss)
    assert least == pytest.approx(constant_prediction(y.mean(0), y, loss), rel=1e-12)
    for step in (1e-3, 0.03, 0.3):
        for _ in range(50):
            other = np.abs(y.mean(0) + step * draw.normal(size=4)) + 1e-9
            if loss == "ce":
                other /= other.sum()
            if loss == "bce":
                other = np.clip(other, 1e-9, 1 - 1e-9)
            assert constant_prediction(other, y, loss) > least


@pytest.mark.parametrize("loss", LOSSES)
def test_constant_is_fitted_on_one_set_and_judged_on_another(loss):
    """L0 on the test set is the loss there of the training set's mean."""
    draw = np.random.default_rng(6)
    fit, y = (np.eye(3)[draw.integers(0, 3, n)] for n in (40, 11))
    found = constant_loss(torch.from_numpy(fit), torch.from_numpy(y), loss)
    assert found == pytest.approx(constant_prediction(fit.mean(0), y, loss), rel=1e-12)


@pytest.mark.parametrize(("loss", "expected"), [("ce", 50.0), ("bce", 100.0)])
def test_a_class_never_seen_costs_the_floor(loss, expected):
    """log 0 counts as -100, as in torch.nn.BCELoss, so that L0 stays finite."""
    fit, y = torch.tensor([[1.0, 0.0]]), torch.tensor([[1.0, 0.0], [0.0, 1.0]])
    assert constant_loss(fit, y, loss) == pytest.approx(expected)
