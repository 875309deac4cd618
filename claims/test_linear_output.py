"""Section 4.1: ReLU networks with a linear output and squared error."""

from __future__ import annotations

from claims.catalogue import claim
from claims.empirical import equal_loss, near_zero
from claims.experiments import LINEAR_10_10, LINEAR_500, LINEAR_500_300
from claims.labels import early_fall_then_rise
from claims.trains import trains


@trains(LINEAR_500)
def test_one_hidden_layer_reaches_near_zero_loss(run, judge):
    """E1, figure 1."""
    assert judge("E1", near_zero(run, claim("E1"))).reason


@trains(LINEAR_500, LINEAR_500_300)
def test_models_reach_equal_training_loss(run, judge):
    """E2, figures 1 and 3."""
    assert judge("E2", equal_loss(run, claim("E2"))).reason


@trains(LINEAR_500)
def test_models_disagree_first_then_agree(run, judge):
    """E3, figure 2."""
    assert judge("E3", early_fall_then_rise(run, claim("E3"))).reason


@trains(LINEAR_500_300)
def test_two_hidden_layers_reach_near_zero_loss(run, judge):
    """E4, figure 3."""
    assert judge("E4", near_zero(run, claim("E4"))).reason


@trains(LINEAR_10_10)
def test_small_network_behaves_the_same(run, judge):
    """E5, figure 4."""
    assert judge("E5", near_zero(run, claim("E5"))).reason
