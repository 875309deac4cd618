"""Section 4.1: ReLU networks with a linear output and squared error."""

from __future__ import annotations

from functools import partial

from claims.catalogue.experiments import LINEAR_10_10, LINEAR_500, LINEAR_500_300
from claims.catalogue.trains import trains
from claims.evidence.trained.equality import equal_loss, sigma_effect
from claims.evidence.trained.labels import fall_then_rise
from claims.evidence.trained.reaching import near_zero, same_behaviour


@trains(LINEAR_500)
def test_one_hidden_layer_reaches_near_zero_training_loss(judge_runs):
    """E1, figure 1, upper panel."""
    assert judge_runs("E1", near_zero).reason


@trains(LINEAR_500)
def test_one_hidden_layer_reaches_near_zero_test_loss(judge_runs):
    """E1-test, figure 1, lower panel."""
    assert judge_runs("E1-test", partial(near_zero, side="test")).reason


@trains(LINEAR_500, LINEAR_500_300)
def test_models_reach_equal_training_loss(judge_runs):
    """E2, figures 1 and 3."""
    assert judge_runs("E2", equal_loss).reason


@trains(LINEAR_500, LINEAR_500_300, protocols=("std", "var"))
def test_sigma_does_not_change_the_loss_reached(judge_runs):
    """E2-sigma, figures 1 and 3."""
    assert judge_runs("E2-sigma", sigma_effect).reason


@trains(LINEAR_500)
def test_models_disagree_first_then_agree(judge_runs):
    """E3, figure 2."""
    assert judge_runs("E3", fall_then_rise).reason


@trains(LINEAR_500_300)
def test_two_hidden_layers_reach_near_zero_training_loss(judge_runs):
    """E4, figure 3, upper panel."""
    assert judge_runs("E4", near_zero).reason


@trains(LINEAR_500_300)
def test_two_hidden_layers_reach_near_zero_test_loss(judge_runs):
    """E4-test, figure 3, lower panel."""
    assert judge_runs("E4-test", partial(near_zero, side="test")).reason


@trains((LINEAR_10_10, LINEAR_500))
def test_small_network_behaves_the_same(judge_runs):
    """E5, figure 4."""
    assert judge_runs("E5", same_behaviour).reason


@trains((LINEAR_10_10, LINEAR_500))
def test_small_network_behaves_the_same_on_the_test_set(judge_runs):
    """E5-test: the figure shows training only; the test loss is what overfitting would show in."""
    assert judge_runs("E5-test", partial(same_behaviour, side="test")).reason
