"""Scores that are right by a margin, nearest to given ones."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
import torch
from scipy.optimize import minimize

from models.descent.targets import nearest_right_logits, nearest_right_scores
from models.objectives.losses import loss_per_sample


def one_hot(labels, classes):
    return torch.eye(classes, dtype=torch.float64)[torch.as_tensor(labels)]


@pytest.mark.parametrize("size", [0.1, 3.0, 1e4])
def test_they_are_the_projection_that_a_solver_finds(size):
    """Distance and place agree with a general solver of the same quadratic programme."""
    random = np.random.default_rng(0)
    z, labels = size * random.normal(size=(6, 5)), random.integers(5, size=6)
    found = nearest_right_scores(torch.from_numpy(z)[None], one_hot(labels, 5), 2.0)[0].numpy()
    for own, label, mine in zip(z, labels, found, strict=True):
        others = [k for k in range(5) if k != label]
        scale = max(size, 2.0)
        solved = minimize(
            lambda v, own=own, scale=scale: (((v * scale - own) / scale) ** 2).sum(),
            mine / scale + 0.1,
            constraints={
                "type": "ineq",
                "fun": lambda v, label=label, others=others, scale=scale: v[label] - v[others] - 2.0 / scale,
            },
            method="SLSQP",
            options={"ftol": 1e-14, "maxiter": 500},
        )
        assert solved.success
        np.testing.assert_allclose(mine, solved.x * scale, atol=1e-5 * scale)


def test_every_class_leads_by_the_margin_and_right_samples_stay():
    """Many samples at once; those that were right by the margin are where they were, to the bit."""
    z = 20 * torch.randn(2, 500, 10, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    y = one_hot(torch.arange(500) % 10, 10)
    found = nearest_right_scores(z, y, 7.0)

    def lead(scores):
        return (scores * y).sum(-1) - scores.masked_fill(y.bool(), -torch.inf).amax(-1)

    assert (lead(found) > 7 - 1e-9).all()
    right = lead(z) >= 7
    assert right.any()
    assert torch.equal(found[right], z[right])
    assert torch.allclose(lead(found)[~right], torch.tensor(7.0, dtype=torch.float64))


def test_the_loss_of_a_softmax_falls_all_the_way_there():
    """From scores that are sure of the wrong class, where the slope itself is next to nothing."""
    z = 40 * torch.randn(1, 200, 10, dtype=torch.float64, generator=torch.Generator().manual_seed(2))
    y = one_hot(torch.arange(200) % 10, 10)
    move = nearest_right_scores(z, y, 10.0) - z
    losses = [
        0.5 * (torch.softmax(z + t * move, -1) - y).square().sum(-1)
        for t in torch.linspace(0, 1, 41, dtype=torch.float64)
    ]
    assert all((after <= before + 1e-12).all() for before, after in pairwise(losses))
    assert losses[0].max() > 0.9
    assert losses[-1].max() < 1e-6


def test_soft_targets_are_refused():
    """A margin is over the other classes of a sample that has one of its own."""
    z = torch.zeros(1, 2, 3, dtype=torch.float64)
    with pytest.raises(ValueError, match="got targets that are not one-hot"):
        nearest_right_scores(z, torch.full((2, 3), 1 / 3, dtype=torch.float64), 1.0)


def test_logits_move_to_their_labels_side_and_their_loss_falls():
    """Each by as little as puts it a margin from 0; who is there stays. The loss falls all the way."""
    z = 20 * torch.randn(2, 300, 10, dtype=torch.float64, generator=torch.Generator().manual_seed(3))
    y = one_hot(torch.arange(300) % 10, 10)
    found = nearest_right_logits(z, y, 7.0)
    side = 2 * y - 1
    right = side * z >= 7
    assert right.any()
    assert torch.equal(found[right], z[right])
    assert torch.equal((side * found)[~right], torch.full_like(z, 7.0)[~right])
    steps = torch.linspace(0, 1, 41, dtype=torch.float64)
    losses = [loss_per_sample(z + t * (found - z), y, "linear", "bce") for t in steps]
    assert all((after <= before + 1e-12).all() for before, after in pairwise(losses))
    assert losses[-1].max() < 0.01


def test_logits_without_a_side_are_refused():
    """Under bce a target between 0 and 1 has a least loss of its own at a finite logit."""
    with pytest.raises(ValueError, match="got targets between 0 and 1"):
        nearest_right_logits(torch.zeros(1, 2, 3), torch.full((2, 3), 0.5), 1.0)
