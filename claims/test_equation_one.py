"""Section 2.2, equation (1) read literally: a ReLU on the output too. Does it change any verdict?"""

from __future__ import annotations

from functools import partial

import pytest

from claims.catalogue.experiments import LINEAR_500, RELU_500, RELU_500_300, SOFTMAX_500, SOFTMAX_500_300
from claims.catalogue.trains import trains
from claims.evidence.trained.equality import equal_loss
from claims.evidence.trained.labels import highest_agreement
from claims.evidence.trained.output_relu import changed_verdict
from claims.evidence.trained.reaching import near_zero


@pytest.fixture
def unchanged(judge_runs, specs):
    """Judges N3 on the rule of another claim, and names the setting after it."""

    def judged(rule, evidence):
        return judge_runs(
            "N3", partial(changed_verdict, rule, evidence), setting=f"{rule}-{specs[0].setting}"
        )

    return judged


@trains((LINEAR_500, RELU_500))
def test_relu_output_reaches_near_zero_loss_alike(unchanged):
    """N3 on the rule of E1, figure 1."""
    assert unchanged("E1", near_zero).reason


@trains((LINEAR_500, RELU_500))
def test_relu_output_reaches_equal_loss_alike(unchanged):
    """N3 on the rule of E2, figure 1."""
    assert unchanged("E2", equal_loss).reason


@trains((SOFTMAX_500, RELU_500))
def test_relu_output_pairs_agree_alike(unchanged):
    """N3 on the rule of E8: a ReLU where the paper has the softmax; on the network that E1 trains anyway."""
    assert unchanged("E8", highest_agreement).reason


@pytest.mark.scale("paper")
@trains((SOFTMAX_500_300, RELU_500_300))
def test_relu_output_pairs_of_two_layers_agree_alike(unchanged):
    """N3 on the rule of E8, figure 7, with both hidden layers: the most expensive of N3's trainings."""
    assert unchanged("E8", highest_agreement).reason
