"""Section 2.2, equation (1) read literally: a ReLU on the output too. Does it change any verdict?"""

from __future__ import annotations

from functools import partial

import pytest

from claims.catalogue.declaration import claim
from claims.catalogue.experiments import LINEAR_500, RELU_500, RELU_500_300, SOFTMAX_500, SOFTMAX_500_300
from claims.evidence.relu.output_relu import changed_verdict
from claims.evidence.trained.equality import equal_loss
from claims.evidence.trained.labels import highest_agreement
from claims.evidence.trained.reaching import near_zero


@pytest.fixture
def judge_unchanged(judge_runs, declared):
    """Judges N3 on the rule of another claim, which its variant names."""
    return lambda evidence: judge_runs(partial(changed_verdict, declared.variant, evidence))


@claim("N3", (LINEAR_500, RELU_500), variant="E1")
def test_relu_output_reaches_near_zero_loss_alike(judge_unchanged):
    """Figure 1."""
    judge_unchanged(near_zero)


@claim("N3", (LINEAR_500, RELU_500), variant="E2")
def test_relu_output_reaches_equal_loss_alike(judge_unchanged):
    """Figure 1."""
    judge_unchanged(equal_loss)


@claim("N3", (SOFTMAX_500, RELU_500), variant="E8")
def test_relu_output_pairs_agree_alike(judge_unchanged):
    """A ReLU where the paper has the softmax; on the network that E1 trains anyway."""
    judge_unchanged(highest_agreement)


@pytest.mark.scale("paper")
@claim("N3", (SOFTMAX_500_300, RELU_500_300), variant="E8")
def test_relu_output_pairs_of_two_layers_agree_alike(judge_unchanged):
    """Figure 7, with both hidden layers: the most expensive of N3's trainings."""
    judge_unchanged(highest_agreement)
