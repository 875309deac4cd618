"""Section 2.2, equation (1) read literally: a ReLU on the output too. Does it change any verdict?"""

from __future__ import annotations

import pytest

from claims.catalogue import claim
from claims.empirical import equal_loss, near_zero
from claims.experiments import LINEAR_500, RELU_500, RELU_500_300, SOFTMAX_500, SOFTMAX_500_300
from claims.labels import highest_agreement
from claims.output_relu import changed_verdict
from claims.trains import trains


@trains((LINEAR_500, RELU_500))
def test_relu_output_reaches_near_zero_loss_alike(runs, judge):
    """N3 on the rule of E1, figure 1."""
    found = changed_verdict("E1", near_zero, *runs, claim("N3"))
    assert judge("N3", found, setting=f"E1-{runs[0].spec.setting}").reason


@trains((LINEAR_500, RELU_500))
def test_relu_output_reaches_equal_loss_alike(runs, judge):
    """N3 on the rule of E2, figure 1."""
    found = changed_verdict("E2", equal_loss, *runs, claim("N3"))
    assert judge("N3", found, setting=f"E2-{runs[0].spec.setting}").reason


@trains((SOFTMAX_500, RELU_500))
def test_relu_output_pairs_agree_alike(runs, judge):
    """N3 on the rule of E8: a ReLU where the paper has the softmax; on the network that E1 trains anyway."""
    found = changed_verdict("E8", highest_agreement, *runs, claim("N3"))
    assert judge("N3", found, setting=f"E8-{runs[0].spec.setting}").reason


@pytest.mark.scale("paper")
@trains((SOFTMAX_500_300, RELU_500_300))
def test_relu_output_pairs_of_two_layers_agree_alike(runs, judge):
    """N3 on the rule of E8, figure 7, with both hidden layers: the most expensive of N3's trainings."""
    found = changed_verdict("E8", highest_agreement, *runs, claim("N3"))
    assert judge("N3", found, setting=f"E8-{runs[0].spec.setting}").reason
